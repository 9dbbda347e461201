"""Checks of this repository that neither ruff nor mypy makes: import arrows, wording,
files that pages name.

Each returns its complaints, one a line, with file and line where there is one.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from seedbed.pipeline.code_deps import ROOMS
from seedbed.running.engine import imported

WORDS = Path(__file__).with_name("words.txt")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/**/*.md", "params.yaml", "data/README.md")
NAMED = re.compile(r"(?<![\w/.])(?:seedbed|stages|tests|benchmarks)/[\w/]+\.\w+\b")
MARGIN = 30  # characters shown around a word


def imports_by_room(project: Path) -> list[tuple[str, str, str]]:
    """(room, room it imports from, file) for each import between rooms of seedbed/."""
    arrows = []
    for file in sorted((project / "seedbed").rglob("*.py")):
        room = file.relative_to(project / "seedbed").parts[0].removesuffix(".py")
        for module in sorted(imported(file.read_bytes())):
            parts = module.split(".")
            module_file = project.joinpath(*parts).with_suffix(".py")
            if parts[:2] == ["seedbed", "approaches"] and not module_file.exists():
                continue  # every room may read the table of approaches: it imports nothing
            if parts[0] == "stages":
                arrows.append((room, "stages", file.relative_to(project).as_posix()))
            elif parts[0] == "seedbed" and len(parts) > 2 and parts[1] != room:
                arrows.append((room, parts[1], file.relative_to(project).as_posix()))
    return arrows


def arrows_back(project: Path) -> list[str]:
    """Imports of a stage script, and imports from a room that comes later in ROOMS."""
    order = {name: index for index, name in enumerate(ROOMS)}
    order["cli"] = order["upkeep"]  # cli.py puts all commands together, and upkeep documents them
    return list(
        dict.fromkeys(
            f"{file}: {room} imports {other}, which comes after it in seedbed/pipeline/code_deps.py"
            for room, other, file in imports_by_room(project)
            if order.get(other, len(order)) > order[room]
        )
    )


def wordings() -> dict[str, str]:
    """What not to write, and what to write instead."""
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("|") for line in lines if line and not line.startswith("#"))
    return {wrong.strip(): right.strip() for wrong, right in pairs}


def foreign_words(project: Path) -> list[str]:
    """Wording of the list in strings and docstrings of the code, in pages and in params.yaml."""
    words = wordings()
    longest_first = sorted(words, key=len, reverse=True)
    # Not between the bars of a regular expression that lists words of English.
    pattern = re.compile(
        rf"(?<![\w|-])({'|'.join(map(re.escape, longest_first))})(?![\w|-])", re.IGNORECASE
    )
    complaints = []
    for place, text in _prose(project):
        for match in pattern.finditer(text):
            around = text[max(0, match.start() - MARGIN) : match.end() + MARGIN].strip()
            complaints.append(f"{place}: `{match[0]}` in `{around}`: {words[match[0].lower()]}")
    return complaints


def _prose(project: Path) -> Iterator[tuple[str, str]]:
    """file:line and text of each string of the code, and of each line of a page."""
    for folder in ("seedbed", "stages"):
        for file in sorted((project / folder).rglob("*.py")):
            name = file.relative_to(project).as_posix()
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{name}:{node.lineno}", " ".join(node.value.split())
    for page in PAGES:
        for file in sorted(project.glob(page)):
            name = file.relative_to(project).as_posix()
            lines = file.read_text(encoding="utf-8").splitlines()
            yield from ((f"{name}:{number}", line) for number, line in enumerate(lines, start=1))


def files_not_there(project: Path) -> list[str]:
    """Files that pages name and the project does not have; NAME in a path stands for any name."""
    return [
        f"{place}: `{path}` does not exist"
        for place, text in _prose(project)
        if place.split(":")[0].endswith(".md")
        for path in NAMED.findall(text)
        if "NAME" not in path and not (project / path).exists()
    ]
