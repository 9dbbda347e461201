"""Size of the product, its modules and functions: `python -m tests.lint.figures`.

The limits keep a module an idea and a function a screen; tests/test_structure.py holds them.
"""

import ast
from pathlib import Path
from statistics import median
from typing import NamedTuple

from seedbed.pipeline.code_deps import ROOMS
from seedbed.running.engine import closure

MAX_MODULES = 193  # of seedbed/, without __init__.py
MIN_MEDIAN_LINES = 150
MAX_MODULE_LINES = 345
MAX_FUNCTION_LINES = 60
MAX_MODULES_OF_THE_WAY = 136  # on the ways of rows of all tasks, stage scripts among them
MAX_PRODUCT_LINES = 43_700  # of seedbed/ and stages/
MAX_PIPELINE_LINES = 650  # of dvc.yaml
MAX_LOCK_LINES = 2_900  # of dvc.lock

# The stages from a source file to the report.
WAY = (
    "collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "embed", "cv",
    "find_label_errors", "augment", "balance", "tokenize", "finetune", "evaluate", "select",
    "report",
)  # fmt: skip


class Figures(NamedTuple):
    """What is counted: lines of each module of seedbed/, and what the limits are about."""

    modules: dict[str, int]
    longest_function: tuple[int, str]
    way: list[str]
    product_lines: int
    pipeline_lines: int
    lock_lines: int

    @property
    def median_lines(self) -> float:
        """Of the modules of seedbed/."""
        return median(self.modules.values())


def lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def figures(project: Path) -> Figures:
    product = [
        *sorted((project / "seedbed").rglob("*.py")),
        *sorted((project / "stages").glob("*.py")),
    ]
    modules = {
        file.relative_to(project).as_posix(): lines_of(file)
        for file in product
        if file.name != "__init__.py" and file.is_relative_to(project / "seedbed")
    }
    scripts = [project / f"stages/{name}.py" for name in WAY]
    approaches = (project / "seedbed/approaches").glob("*.py")
    way = [
        file.relative_to(project).as_posix()
        for file in closure([*scripts, *approaches], project)
        if file.name != "__init__.py"
    ]
    return Figures(
        modules,
        max(_functions(project, product)),
        sorted(way),
        sum(map(lines_of, product)),
        lines_of(project / "dvc.yaml"),
        lines_of(project / "dvc.lock"),
    )


def _functions(project: Path, files: list[Path]) -> list[tuple[int, str]]:
    """Lines and place of each function, its decorators counted."""
    return [
        (node.end_lineno - _first_line(node) + 1, f"{file.relative_to(project)}:{node.name}")
        for file in files
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def main() -> None:
    found = figures(Path.cwd())
    longest = max(found.modules, key=lambda name: found.modules[name])
    print(f"modules of seedbed/      {len(found.modules):6} (at most {MAX_MODULES})")
    print(f"median lines             {found.median_lines:6} (at least {MIN_MEDIAN_LINES})")
    print(f"longest module           {found.modules[longest]:6} ({MAX_MODULE_LINES}) {longest}")
    size, name = found.longest_function
    print(f"longest function         {size:6} ({MAX_FUNCTION_LINES}) {name}")
    print(f"modules of the way       {len(found.way):6} (at most {MAX_MODULES_OF_THE_WAY})")
    print(f"product lines            {found.product_lines:6} (at most {MAX_PRODUCT_LINES})")
    print(f"dvc.yaml, dvc.lock lines {found.pipeline_lines:6} {found.lock_lines}"
          f" (at most {MAX_PIPELINE_LINES}, {MAX_LOCK_LINES})")  # fmt: skip
    print("\nroom            modules  lines  under 60  on the way")
    for room in ROOMS:
        sizes = [size for name, size in found.modules.items() if name.split("/")[1] == room]
        way = [name for name in found.way if name.startswith(f"seedbed/{room}/")]
        small = sum(size < 60 for size in sizes)
        print(f"{room:15} {len(sizes):7} {sum(sizes):6} {small:9} {len(way):11}")


if __name__ == "__main__":
    main()
