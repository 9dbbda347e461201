"""`make sync`: everything in the repository that is made from code, tables and params.yaml.

That is the lines of dvc.yaml for each approach, its code dependencies, the files in .dvcignore that
cannot change a result, marked blocks of README and docs, and the reference pages. `--check`, which
`make lint` calls, writes nothing and fails with the difference.
"""

import difflib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any

import typer

from seedbed.approaches import APPROACHES, NAMES
from seedbed.cli import app
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.source import Columns, Source
from seedbed.core.errors import PipelineError, SeedbedError
from seedbed.core.files import read_text, write_text
from seedbed.core.reasons import Reason
from seedbed.core.stage import STAGES
from seedbed.pages.rendering import table
from seedbed.pipeline.code_deps import (
    ITEM,
    ROOMS,
    ignored_lines,
    is_code,
    with_approaches,
    with_code_deps,
)
from seedbed.pipeline.dvc import mermaid_arrows, read_yaml
from seedbed.private.kinds import KINDS as PERSONAL_KINDS
from seedbed.scoring.metrics import METRICS

MADE = "<!-- This page is made by `make sync`; edit its source instead. -->"
# A key, its value and its comment; a line that holds a comment alone continues the one before.
PARAM = re.compile(r"^(?P<indent> *)(?P<key>[\w-]+):(?P<value> [^#]*?)? *(?:# (?P<comment>.*))?$")
CONTINUED = re.compile(r"^ {16,}# (?P<comment>.*)$")
BLOCK = re.compile(
    r"(?P<start>^(?:<!--|#) made by make sync: (?P<name>[\w-]+)(?: -->)?\n)"
    r".*?(?P<end>^(?:<!--|#) end)",
    re.MULTILINE | re.DOTALL,
)


def pages(project: Path) -> dict[str, str]:
    """The pages of docs/reference by name, each made from one source of truth: the typer
    application, the comments of params.yaml, dvc.yaml, models of source kinds, and tables."""
    commands = _commands("seedbed", typer.main.get_command(app))
    approaches = [(f"`{name}`", about) for name, about in APPROACHES.items()]
    metrics = [
        (
            f"`{metric.name}`",
            metric.title,
            metric.of,
            ", ".join(metric.tasks),
            ", ".join(metric.shown_in),
        )
        for metric in METRICS.values()
    ]
    kinds = [
        (f"`{kind.name}`", "yes" if kind.default else "no", kind.residual)
        for kind in PERSONAL_KINDS
    ]
    reasons = [
        (f"`{reason}`", reason.sentence, str(reason.choice), reason.repair) for reason in Reason
    ]
    made = {
        "commands": ("Commands", "seedbed/commands", *commands),
        "params": ("Params", "params.yaml", *_params(project)),
        "stages": ("Stages", "dvc.yaml and seedbed/core/stage.py", _stages(project)),
        "approaches": (
            "Approaches",
            "seedbed/approaches/__init__.py",
            _table(("approach", "what is trained"), approaches),
        ),
        "metrics": (
            "Metrics",
            "seedbed/scoring/metrics.py",
            _table(("metric", "title", "computed from", "tasks", "shown in"), metrics),
        ),
        "kinds": (
            "Kinds of personal data",
            "seedbed/private/kinds.py",
            _table(("kind", "in params.yaml by default", "counted after anonymization as"), kinds),
            "Where two values overlap, the kind that comes first names them.",
        ),
        "reasons": (
            "Reasons",
            "seedbed/core/reasons.py",
            _table(("reason", "meaning", "whose choice", "what the source should do"), reasons),
        ),
        "sources": ("Sources", "seedbed/collecting/kinds", *_sources()),
    }
    return {
        name: "\n\n".join([f"# {title}", MADE, f"Made from `{source}` by `make sync`.", *sections])
        + "\n"
        for name, (title, source, *sections) in made.items()
    }


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
    described = [_table(("argument or option", "meaning"), options)] if options else []
    return [f"## `{name}`", _sentence(command.help or ""), *described]


def _option(option: Any) -> str:
    if option.param_type_name == "argument":
        return str(option.name).upper()
    return ", ".join([*option.opts, *option.secondary_opts])


def _params(project: Path) -> list[str]:
    """Every key of params.yaml with its value and meaning, from the comments there."""
    path: list[str] = []
    keys: list[list[str]] = []
    for line in read_text(project / "params.yaml").split("\n"):
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
            sections.append(_table(("key", "value here", "meaning"), rows))
    return [section for section in sections if section]


def _stages(project: Path) -> str:
    """Every stage with what it reads and writes, from dvc.yaml."""
    flows = _flows(project)
    rows = [
        (f"`{stage.name}`", stage.about, *map(_listed, flows[stage.name]))
        for stage in STAGES
        if stage.name in flows
    ]
    return _table(("stage", "does", "reads", "writes"), rows)


def _sources() -> list[str]:
    """Every kind of source with its keys, from the models of the kinds."""
    shared = Source.model_fields
    sections = [
        f"## `{name}`\n\n{_sentence(kind.about)}.\n\nIts own keys: "
        f"{_listed(key for key in kind.model_fields if key not in shared) or 'none'}."
        for name, kind in KINDS.items()
    ]
    keys = f"Keys of every kind: {_listed(shared)}. `columns` has {_listed(Columns.model_fields)}."
    return [keys, *sections]


def graph() -> str:
    """The stages and what flows between them, as a Mermaid graph.

    An arrow is drawn where a stage reads what another writes, unless a longer way says the same.
    """
    flows = _flows(Path.cwd())
    behind = {
        name: {
            other for other, (reads, _) in flows.items() if other != name and {*reads} & {*writes}
        }
        for name, (_, writes) in flows.items()
    }
    lines = mermaid_arrows(behind, [stage.name for stage in STAGES])
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])


def _flows(project: Path) -> dict[str, tuple[list[str], list[str]]]:
    """The data that each stage of dvc.yaml reads and writes; an approach's paths once, with NAME in
    its place."""
    flows = {}
    for name, stage in read_yaml(str(project / "dvc.yaml"))["stages"].items():
        reads = (path for path in map(str, stage.get("deps", [])) if not is_code(path))
        outputs = [*stage.get("outs", []), *stage.get("metrics", [])]
        writes = (next(iter(out)) if isinstance(out, dict) else out for out in outputs)
        flows[name] = (_without_approaches(reads), _without_approaches(writes))
    return flows


def _without_approaches(paths: Iterable[str]) -> list[str]:
    name = re.compile(rf"(?<=/)({'|'.join(NAMES)})(?=/|\.|$)")
    return list(dict.fromkeys(name.sub("NAME", path.replace(ITEM, "NAME")) for path in paths))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return table(
        header, [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    )


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]


def modules_of(room: str) -> list[str]:
    """The modules of a room by name, those of its folders as FOLDER/NAME."""
    folder = Path("seedbed") / room
    files = sorted(file for file in folder.rglob("*.py") if file.name != "__init__.py")
    return [file.relative_to(folder).with_suffix("").as_posix() for file in files]


BLOCKS: dict[str, Callable[[], str]] = {
    "graph": graph,
    "rooms": lambda: _table(
        ("room", "subject", "modules"),
        [(f"`{room}/`", about, _listed(modules_of(room))) for room, about in ROOMS.items()],
    ),
    "no-dependency": lambda: "\n".join(ignored_lines()),
}
WITH_BLOCKS = ("README.md", "docs/explanation/architecture.md", ".dvcignore")


def with_blocks(text: str, place: str) -> str:
    """Return a text with its marked blocks made anew. Raises PipelineError for an unknown block."""

    def made(block: re.Match[str]) -> str:
        name = block["name"]
        if name not in BLOCKS:
            raise PipelineError(
                place, f"block `{name}`", f"one of {', '.join(BLOCKS)}", "correct its name"
            )
        return f"{block['start']}{BLOCKS[name]()}\n{block['end']}"

    return BLOCK.sub(made, text)


def made_files(project: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each file that is made, wholly or in part, and the text it should have.

    Each is made from those before it. Files with made parts that a project does not have are left
    out; reference pages belong to the repository that has a folder for them.
    """
    text = with_approaches(read_text(project / "dvc.yaml"))
    yield "dvc.yaml", with_code_deps(text, project)
    for name in WITH_BLOCKS:
        if (project / name).exists():
            yield name, with_blocks(read_text(project / name), name)
    if (project / "docs/reference").is_dir():
        for page, text in pages(project).items():
            yield f"docs/reference/{page}.md", text


def stale(project: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each made file that is not as it should be: its name, its text ("" if there is no
    file), and the text that it should have."""
    for name, text in made_files(project):
        file = project / name
        now = read_text(file) if file.exists() else ""
        if now != text:
            yield name, now, text


def main(arguments: list[str]) -> int:
    """Write everything that is made; with `--check` only report what differs. Return exit code."""
    project = Path.cwd()
    try:
        if "--check" in arguments:
            found = ""
            for name, *texts in stale(project):
                old, new = (StringIO(text).readlines() for text in texts)
                found += "".join(difflib.unified_diff(old, new, name, name, n=1))
            print(f"{found}run `make sync`" if found else "everything made is up to date")
            return bool(found)
        for name, _, text in stale(project):
            write_text(project / name, text)
            print(f"made {name}")
    except SeedbedError as error:
        print(f"seedbed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
