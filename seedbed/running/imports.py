"""The imports of this project's modules, read from their source and never by importing them.

One reading serves two purposes: the version of a function in the memo (`running.code_versions`) and
the code dependencies of a stage in dvc.yaml (`pipeline.code_deps`).
"""

import ast
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("seedbed", "stages")


@cache
def imported(source: bytes) -> frozenset[str]:
    """Return the names of the modules that a source imports, lazily or not.

    `from a import b` gives both a and a.b, because b may be a module. Raises ValueError for a
    relative import.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ValueError("relative import: write the full name of the module")
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return frozenset(names)


def files_of(module: str, project: Path = PROJECT) -> list[Path]:
    """Return the files that importing a module of this project runs: its own and its packages'."""
    parts = module.split(".")
    packages = [project.joinpath(*parts[:end], "__init__.py") for end in range(1, len(parts) + 1)]
    own = project.joinpath(*parts).with_suffix(".py")
    return [file for file in (*packages, own) if file.exists()]


def closure(
    files: Iterable[Path], project: Path = PROJECT, without: Collection[Path] = ()
) -> set[Path]:
    """Return the files and everything that they import within this project, transitively.

    The files in `without` are left out, and so is what is reachable only through them.
    """
    reached: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file in reached or file in without:
            continue
        reached.add(file)
        for module in imported(file.read_bytes()):
            if module.partition(".")[0] in PACKAGES:
                waiting += files_of(module, project)
    return reached


def is_bare(file: Path) -> bool:
    """Whether a file holds a docstring at most, so that it cannot change anything."""
    body = ast.parse(file.read_bytes()).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
