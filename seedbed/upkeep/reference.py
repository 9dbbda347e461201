"""The reference pages of docs/reference, and README's graph, each made from one source of truth."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import typer

from seedbed.approaches import APPROACHES, NAMES
from seedbed.cli import app
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.source import Columns, Source
from seedbed.core.reasons import Reason
from seedbed.core.stages import STAGES
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
    options = [
        (f"`{_option(option)}`", getattr(option, "help", None) or "")
        for option in command.params
        if option.name != "help"
    ]
    described = [table(("argument or option", "meaning"), options)] if options else []
    return [f"## `{name}`", _sentence(command.help or ""), *described]


def _option(option: Any) -> str:
    if option.param_type_name == "argument":
        return str(option.name).upper()
    return ", ".join([*option.opts, *option.secondary_opts])


def params_page(project: Path) -> str:
    """Every key of params.yaml with its value and meaning, from the comments there."""
    path: list[str] = []
    keys: list[list[str]] = []
    for line in (project / "params.yaml").read_text(encoding="utf-8").splitlines():
        if (more := CONTINUED.match(line)) and keys:
            keys[-1][2] += " " + more["comment"]
        elif found := PARAM.match(line):
            path[len(found["indent"]) // 2 :] = [found["key"]]
            value = (found["value"] or "").strip()
            keys.append([".".join(path), f"`{value}`" if value else "", found["comment"] or ""])
    sections = []
    for name, lines in groupby(keys, lambda key: key[0].split(".")[0]):
        (_, _, about), *rest = lines
        sections += [f"## `{name}`", _sentence(about)]
        rows = [(f"`{key.removeprefix(f'{name}.')}`", *others) for key, *others in rest]
        if rows and name != "sources":  # whose entries are the project's own
            sections.append(table(("key", "value here", "meaning"), rows))
    return _page("Params", "params.yaml", filter(None, sections))


def approaches_page(project: Path) -> str:
    """Every approach with what it trains, from the table."""
    rows = [(f"`{name}`", about) for name, about in APPROACHES.items()]
    header = ("approach", "what is trained")
    return _page("Approaches", "seedbed/approaches/__init__.py", [table(header, rows)])


def stages_page(project: Path) -> str:
    """Every stage with what it reads and writes, from dvc.yaml."""
    flows = _flows(project)
    rows = [
        (
            f"`{stage.name}`",
            stage.about,
            *(", ".join(f"`{path}`" for path in paths) for paths in flow),
        )
        for stage in STAGES
        if (flow := flows.get(stage.name))
    ]
    header = ("stage", "does", "reads", "writes")
    return _page("Stages", "dvc.yaml and seedbed/core/stages.py", [table(header, rows)])


def sources_page(project: Path) -> str:
    """Every kind of source with its keys, from the models of the kinds."""
    shared = set(Source.model_fields)
    sections = [
        f"## `{name}`\n\n{_sentence(kind.about)}.\n\nIts own keys: "
        + (", ".join(f"`{key}`" for key in kind.model_fields if key not in shared) or "none")
        + "."
        for name, kind in KINDS.items()
    ]
    common, columns = (
        ", ".join(f"`{key}`" for key in model.model_fields) for model in (Source, Columns)
    )
    intro = f"Keys of every kind: {common}. `columns` has {columns}."
    return _page("Sources", "seedbed/collecting/kinds", [intro, *sections])


def reasons_page(project: Path) -> str:
    """Every reason of a fate with its sentence, from the table."""
    rows = [
        (f"`{reason}`", reason.sentence, str(reason.choice), reason.repair) for reason in Reason
    ]
    header = ("reason", "meaning", "whose choice", "what the source should do")
    return _page("Reasons", "seedbed/core/reasons.py", [table(header, rows)])


def metrics_page(project: Path) -> str:
    """Every metric with what it is computed from and where it is shown, from the table."""
    rows = [
        (f"`{metric.name}`", metric.title, metric.of, ", ".join(metric.shown_in))
        for metric in METRICS.values()
    ]
    header = ("metric", "title", "computed from", "shown in")
    return _page("Metrics", "seedbed/scoring/metrics.py", [table(header, rows)])


def kinds_page(project: Path) -> str:
    """Every kind of personal value that is found by pattern, from the table."""
    rows = [
        (f"`{kind.name}`", "yes" if kind.default else "no", kind.residual)
        for kind in PERSONAL_KINDS
    ]
    header = ("kind", "in params.yaml by default", "counted after anonymization as")
    order = "Where two values overlap, the kind that comes first names them."
    return _page("Kinds of personal data", "seedbed/private/kinds.py", [table(header, rows), order])


def graph() -> str:
    """The stages and what flows between them, as a Mermaid graph.

    An arrow is drawn where a stage reads what another writes, unless a longer way says the same.
    """
    flows = _flows(Path.cwd())
    writers = {path: name for name, flow in flows.items() for path in flow.writes}
    behind: dict[str, set[str]] = {name: set() for name in flows}
    for name, flow in flows.items():
        for path in flow.reads:
            if writers.get(path, name) != name:
                behind[writers[path]].add(name)
    order = [stage.name for stage in STAGES]
    chains: list[list[str]] = []  # each arrow continues the line that ends where it starts
    for start in sorted(behind, key=order.index):
        further = set().union(*(_reached(name, behind) for name in behind[start]))
        for end in sorted(behind[start] - further, key=order.index):
            chain = next((chain for chain in chains if chain[-1] == start), None)
            if chain:
                chain.append(end)
            else:
                chains.append([start, end])
    lines = [f"  {' --> '.join(chain)}" for chain in chains]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])


def _reached(name: str, behind: dict[str, set[str]]) -> set[str]:
    """The stages that a stage leads to, however many stages are between."""
    return behind[name].union(*(_reached(following, behind) for following in behind[name]))


class Flow(NamedTuple):
    """The data that a stage reads and writes; an approach's paths once, with NAME in its place."""

    reads: list[str]
    writes: list[str]


def _flows(project: Path) -> dict[str, Flow]:
    """What each stage of dvc.yaml reads and writes."""
    flows = {}
    for name, stage in read_yaml(str(project / "dvc.yaml"))["stages"].items():
        outputs = [*stage.get("outs", []), *stage.get("metrics", [])]
        flows[name] = Flow(
            _without_approaches(
                path for path in map(str, stage.get("deps", [])) if not is_code(path)
            ),
            _without_approaches(
                next(iter(out)) if isinstance(out, dict) else out for out in outputs
            ),
        )
    return flows


def _without_approaches(paths: Iterable[str]) -> list[str]:
    name = re.compile(rf"(?<=/)({'|'.join(NAMES)})(?=/|\.|$)")
    return list(dict.fromkeys(name.sub("NAME", path.replace(ITEM, "NAME")) for path in paths))


def _page(title: str, source: str, sections: Iterable[str]) -> str:
    intro = f"Made from `{source}` by `make sync`."
    return "\n\n".join([f"# {title}", MADE, intro, *sections]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table; cells of rows are kept on one line, and | is escaped in them."""
    lines = [header, ["---"] * len(header), *(map(_cell, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


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
