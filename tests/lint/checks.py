"""Checks of this repository that neither ruff nor mypy makes: import arrows, wording,
files that pages name, texts that are read without a paragraph for what is wrong with them.

Each returns its complaints, one a line, with file and line where there is one.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from seedbed.pipeline.code_deps import ROOMS
from seedbed.running.code_versions import imported

WORDS = Path(__file__).with_name("words.txt")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/**/*.md", "params.yaml", "data/README.md")
NAMED = re.compile(r"(?<![\w/.])(?:seedbed|stages|tests|benchmarks)/[\w/]+\.\w+\b")
OF_A_TASK = {"argmax", "idxmax", "softmax", "log_softmax", "cross_entropy", "CrossEntropyLoss"}
# Functions outside of tasks/ that may call one of these, since it is not of labels.
NOT_OF_LABELS = {
    "seedbed/encoding/tokens.py": {"auto_max_length": "the first length that keeps enough tokens"},
    "seedbed/training/chat/generation.py": {"_tokens": "the next token of an answer"},
    "seedbed/training/chat/losses.py": {"_sums": "over the tokens of answers"},
    "seedbed/scoring/priorities.py": {
        "regions_of": "the region that a row is in",
        "_far_apart": "the row nearest to the middle",
    },
    "seedbed/training/objectives.py": {
        "contrastive_losses": "over the other texts of a batch",
        "forward": "over texts, or tokens, without labels",
    },
}
MARGIN = 30  # characters shown around a word
# Files that read texts without `reading`, and why a damaged one ends in no traceback all the same.
READ_OTHERWISE = {
    "seedbed/core/params.py": "has a paragraph of its own for params.yaml",
    "seedbed/core/stage.py": "costs of earlier runs: half a line is left out",
    "seedbed/gate/same_rows.py": "any error is one of a model that is not whole",
    "seedbed/private/dictionary.py": "data of an installed package",
    "seedbed/private/languages.py": "data of this package",
    "seedbed/private/named_values.py": "data of this package",
    "seedbed/private/patterns.py": "data of this package",
}
ANY_COLUMNS = ("seedbed/scoring/behaviour.py",)  # cases of people, who may add columns
GUARDS = ("reading", "reading_source")


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


def label_arithmetic(project: Path) -> list[str]:
    """Calls outside of tasks/ that decode or normalise what a model gives, or compute its loss."""
    return [
        f"{file}:{line}: {call} in {function}, which is a task's: see seedbed/tasks/__init__.py"
        for file, function, call, line in _calls_of_tasks(project)
        if function not in NOT_OF_LABELS.get(file, {})
    ]


def _calls_of_tasks(project: Path) -> Iterator[tuple[str, str, str, int]]:
    """File, innermost function, call and line."""
    for folder in ("seedbed", "stages"):
        for path in sorted((project / folder).rglob("*.py")):
            file = path.relative_to(project).as_posix()
            if not file.startswith("seedbed/tasks/"):
                waiting: list[tuple[ast.AST, str]] = [(ast.parse(path.read_bytes()), "")]
                while waiting:
                    node, function = waiting.pop()
                    function = node.name if isinstance(node, ast.FunctionDef) else function
                    name = getattr(node, "attr", getattr(node, "id", ""))
                    if name in OF_A_TASK:
                        yield file, function, name, node.lineno
                    waiting += [(child, function) for child in ast.iter_child_nodes(node)]


def bare_reads(project: Path) -> list[str]:
    """Texts read outside of `with reading(...)`, where bytes that are no UTF-8 are a traceback;
    tables of ours read without their columns, where another header is a traceback, or nothing; and
    `splitlines`, which ends a line at U+2028 and the like, too, which texts of people hold."""
    complaints = []
    for file in [*project.glob("seedbed/**/*.py"), *project.glob("stages/*.py")]:
        name = file.relative_to(project).as_posix()
        tree = ast.parse(file.read_bytes())
        guarded = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.With) and any(map(_is_guard, node.items))
            for inner in ast.walk(node)
        }
        for node in sorted(_calls(tree), key=lambda node: node.lineno):
            if _called(node) == "splitlines":
                complaints.append(f'{name}:{node.lineno}: splitlines(): write split("\\n")')
            elif _called(node) == "read_csv" and len(node.args) < 2 and name not in ANY_COLUMNS:
                complaints.append(f"{name}:{node.lineno}: read_csv() without its columns")
            elif _reads_text(node) and node not in guarded and name not in READ_OTHERWISE:
                step = "use read_text of seedbed/core/files.py, or `with reading(...)`"
                complaints.append(f"{name}:{node.lineno}: a bare {_called(node)}(): {step}")
    return sorted(complaints)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(node: ast.Call) -> str:
    """The name of a function, or of a method."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def _is_guard(item: ast.withitem) -> bool:
    call = item.context_expr
    return isinstance(call, ast.Call) and _called(call) in GUARDS


def _reads_text(node: ast.Call) -> bool:
    """Whether a call is Path.read_text, or opens a file as text and not to write it."""
    if _called(node) != "open":
        return isinstance(node.func, ast.Attribute) and node.func.attr == "read_text"
    given = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
    modes = "".join(str(one.value) for one in given if isinstance(one, ast.Constant))
    as_text = any(word.arg == "encoding" for word in node.keywords) or not given
    return as_text and not set("wax") & set(modes)
