"""The reference pages of docs/reference, and README's graph, each made from one source of truth."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from seedbed.approaches import APPROACHES, NAMES
from seedbed.cli import app
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.source import Columns, Source
from seedbed.core.reasons import Reason
from seedbed.core.stage import STAGES
from seedbed.pipeline.code_deps import ITEM, is_code
from seedbed.pipeline.dvc import read_yaml
from seedbed.private.kinds import KINDS as PERSONAL_KINDS
from seedbed.scoring.metrics import METRICS

MADE = "<!-- This page is made by `make sync`; edit its source instead. -->"
# A key, its value and its comment; a line that holds a comment alone continues the one before.
PARAM = re.compile(r"^(?P<indent> *)(?P<key>[\w-]+):(?P<value> [^#]*?)? *(?:# (?P<comment>.*))?$")
CONTINUED = re.compile(r"^ {16,}# (?P<comment>.*)$")


def commands_page(project: Path) -> str:
    """Every command with its arguments and options, from the typer application."""
    sections = _commands("seedbed", typer.main.get_command(app))
    return _page("Commands", "seedbed/commands", sections)


def _commands(name: str, command: Any) -> list[str]:
    """A command, or all commands of a group, as sections."""
    if children := getattr(command, "commands", None):
        return [
            section
            for child, content in children.items()
            for section in _commands(f"{name} {child}", content)
        ]
    return [_command(name, command)]


def _command(name: str, command: Any) -> str:
    lines = [f"## `{name}`", _sentence(command.help or "")]
    options = [
        f"| `{_option(option)}` | {_cell(getattr(option, 'help', None) or '')} |"
        for option in command.params
        if option.name != "help"
    ]
    if options:
        lines.append("\n".join(["| argument or option | meaning |", "| --- | --- |", *options]))
    return "\n\n".join(lines)


def _option(option: Any) -> str:
    if option.param_type_name == "argument":
        return str(option.name).upper()
    return ", ".join([*option.opts, *option.secondary_opts])


def params_page(project: Path) -> str:
    """Every key of params.yaml with its value and meaning, from the comments there."""
    sections: list[str] = []
    rows: list[list[str]] = []
    path: list[str] = []
    for line in (project / "params.yaml").read_text(encoding="utf-8").splitlines():
        if (more := CONTINUED.match(line)) and rows:
            rows[-1][2] += " " + more["comment"]
        elif found := PARAM.match(line):
            depth = len(found["indent"]) // 2
            path[depth:] = [found["key"]]
            if depth == 0:
                sections += _params_table(rows)
                rows = []
                sections.append(f"## `{found['key']}`")
                if found["comment"]:
                    sections.append(_sentence(found["comment"]))
            elif path[0] != "sources":  # whose entries are the project's own
                value = (found["value"] or "").strip()
                rows.append([".".join(path[1:]), value, found["comment"] or ""])
    return _page("Params", "params.yaml", [*sections, *_params_table(rows)])


def _params_table(rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    lines = [
        f"| `{key}` | {f'`{_cell(value)}`' if value else ''} | {_cell(meaning)} |"
        for key, value, meaning in rows
    ]
    return ["\n".join(["| key | value here | meaning |", "| --- | --- | --- |", *lines])]


def approaches_page(project: Path) -> str:
    """Every approach with what it trains, from the table."""
    lines = [f"| `{name}` | {about} |" for name, about in APPROACHES.items()]
    table = "\n".join(["| approach | what is trained |", "| --- | --- |", *lines])
    return _page("Approaches", "seedbed/approaches/__init__.py", [table])


def stages_page(project: Path) -> str:
    """Every stage with what it reads and writes, from dvc.yaml."""
    pipeline = _pipeline(project)
    lines = [
        f"| `{stage.name}` | {stage.about} | {_paths(_reads(pipeline[stage.name]))} "
        f"| {_paths(_writes(pipeline[stage.name]))} |"
        for stage in STAGES
        if stage.name in pipeline
    ]
    table = "\n".join(["| stage | does | reads | writes |", "| --- | --- | --- | --- |", *lines])
    return _page("Stages", "dvc.yaml and seedbed/core/stage.py", [table])


def sources_page(project: Path) -> str:
    """Every kind of source with its keys, from the models of the kinds."""
    shared = set(Source.model_fields)
    sections = [
        f"## `{name}`\n\n{_sentence(kind.about)}.\n\nIts own keys: "
        + (", ".join(f"`{key}`" for key in kind.model_fields if key not in shared) or "none")
        + "."
        for name, kind in KINDS.items()
    ]
    common = ", ".join(f"`{key}`" for key in Source.model_fields)
    intro = f"Keys of every kind: {common}. `columns` has {_columns()}."
    return _page("Sources", "seedbed/collecting/kinds", [intro, *sections])


def _columns() -> str:
    return ", ".join(f"`{key}`" for key in Columns.model_fields)


def reasons_page(project: Path) -> str:
    """Every reason of a fate with its sentence, from the table."""
    rows = [
        (f"`{reason}`", reason.sentence, str(reason.choice), reason.repair) for reason in Reason
    ]
    table = _table(("reason", "meaning", "whose choice", "what the source should do"), rows)
    return _page("Reasons", "seedbed/core/reasons.py", [table])


def metrics_page(project: Path) -> str:
    """Every metric with what it is computed from and where it is shown, from the table."""
    rows = [
        (f"`{metric.name}`", metric.title, metric.of, ", ".join(metric.shown_in))
        for metric in METRICS.values()
    ]
    table = _table(("metric", "title", "computed from", "shown in"), rows)
    return _page("Metrics", "seedbed/scoring/metrics.py", [table])


def kinds_page(project: Path) -> str:
    """Every kind of personal value that is found by pattern, from the table."""
    rows = [
        (f"`{kind.name}`", "yes" if kind.default else "no", kind.residual)
        for kind in PERSONAL_KINDS
    ]
    table = _table(("kind", "in params.yaml by default", "counted after anonymization as"), rows)
    order = "Where two values overlap, the kind that comes first names them."
    return _page("Kinds of personal data", "seedbed/private/kinds.py", [table, order])


def graph(project: Path | None = None) -> str:
    """The stages and what flows between them, as a Mermaid graph.

    An arrow is drawn where a stage reads what another writes, unless a longer way says the same.
    """
    pipeline = _pipeline(project or Path.cwd())
    writers = {path: name for name, stage in pipeline.items() for path in _writes(stage)}
    arrows = {
        (writers[path], name)
        for name, stage in pipeline.items()
        for path in _reads(stage)
        if path in writers and writers[path] != name
    }
    kept = [arrow for arrow in sorted(arrows, key=_order) if not _indirect(arrow, arrows)]
    lines = [f"  {' --> '.join(chain)}" for chain in _chains(kept)]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])


def _chains(arrows: list[tuple[str, str]]) -> list[list[str]]:
    """Arrows joined into lines: each one continues the line that ends where it starts."""
    chains: list[list[str]] = []
    for before, after in arrows:
        chain = next((chain for chain in chains if chain[-1] == before), None)
        if chain:
            chain.append(after)
        else:
            chains.append([before, after])
    return chains


def _order(arrow: tuple[str, str]) -> tuple[int, int]:
    names = [stage.name for stage in STAGES]
    return names.index(arrow[0]), names.index(arrow[1])


def _indirect(arrow: tuple[str, str], arrows: set[tuple[str, str]]) -> bool:
    """Whether the end of an arrow is reached from its start through another stage."""
    start, end = arrow
    waiting = [after for before, after in arrows if before == start and after != end]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        if name not in reached:
            reached.add(name)
            waiting += [after for before, after in arrows if before == name]
    return False


def _pipeline(project: Path) -> dict[str, Any]:
    return read_yaml(str(project / "dvc.yaml"))["stages"]


def _reads(stage: dict[str, Any]) -> Iterator[str]:
    """The data that a stage reads; an approach's paths once, with NAME in its place."""
    paths = (path for path in map(str, stage.get("deps", [])) if not is_code(path))
    return iter(dict.fromkeys(_without_approach(path) for path in paths))


def _writes(stage: dict[str, Any]) -> Iterator[str]:
    entries = [*stage.get("outs", []), *stage.get("metrics", [])]
    paths = (next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries)
    return iter(dict.fromkeys(_without_approach(path) for path in paths))


def _without_approach(path: str) -> str:
    path = path.replace(ITEM, "NAME")
    return re.sub(rf"(?<=/)({'|'.join(NAMES)})(?=/|\.|$)", "NAME", path)


def _paths(paths: Iterator[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def _page(title: str, source: str, sections: list[str]) -> str:
    intro = f"Made from `{source}` by `make sync`."
    return "\n\n".join([f"# {title}", MADE, intro, *sections]) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join(
        [f"| {' | '.join(header)} |", f"| {' | '.join('---' for _ in header)} |", *lines]
    )


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: dict[str, Callable[[Path], str]] = {
    "commands": commands_page,
    "params": params_page,
    "stages": stages_page,
    "approaches": approaches_page,
    "metrics": metrics_page,
    "kinds": kinds_page,
    "reasons": reasons_page,
    "sources": sources_page,
}
