"""The size of the product: modules, functions, the way of a row. `python -m tests.lint.figures`."""

import ast

import pytest
from conftest import ROOT

from tests.lint.figures import (
    MAX_FUNCTION_LINES,
    MAX_LOCK_LINES,
    MAX_MODULE_LINES,
    MAX_MODULES,
    MAX_MODULES_OF_THE_WAY,
    MAX_PIPELINE_LINES,
    MAX_PRODUCT_LINES,
    MIN_MEDIAN_LINES,
    Figures,
    figures,
)


@pytest.fixture(scope="module")
def counted() -> Figures:
    return figures(ROOT)


def test_there_are_few_modules_and_each_is_an_idea(counted):
    assert len(counted.modules) <= MAX_MODULES
    assert counted.median_lines >= MIN_MEDIAN_LINES
    assert not [name for name, lines in counted.modules.items() if lines > MAX_MODULE_LINES]


def test_no_function_is_longer_than_a_screen(counted):
    lines, name = counted.longest_function
    assert lines <= MAX_FUNCTION_LINES, name


def test_a_row_passes_through_few_modules(counted):
    assert len(counted.way) <= MAX_MODULES_OF_THE_WAY


def test_the_product_does_not_grow_unnoticed(counted):
    assert counted.product_lines <= MAX_PRODUCT_LINES


def test_wiring_and_lock_stay_readable(counted):
    assert counted.pipeline_lines <= MAX_PIPELINE_LINES
    assert counted.lock_lines <= MAX_LOCK_LINES


def public_annotations(source: str) -> list[str]:
    """Annotations that other files see: of public functions, methods and fields."""
    found: list[str] = []
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            name = getattr(node, "name", "")
            if isinstance(node, ast.FunctionDef) and not name.startswith("_"):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                annotations = [argument.annotation for argument in arguments]
                found += [ast.unparse(one) for one in (*annotations, node.returns) if one]
            elif isinstance(node, ast.ClassDef) and not name.startswith("_"):
                waiting.append(node)
            elif isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
                found.append(ast.unparse(node.annotation))
    return found


def test_no_dict_of_anything_crosses_a_file():
    files = [*ROOT.glob("seedbed/**/*.py"), *ROOT.glob("stages/*.py")]
    loose = [
        file for file in files if "dict[str, Any]" in str(public_annotations(file.read_text()))
    ]
    assert not loose
    planted = "class Page:\n    def figures(self) -> dict[str, Any]: ..."
    assert public_annotations(planted) == ["dict[str, Any]"]
