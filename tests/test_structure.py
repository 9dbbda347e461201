"""The size of the product: modules, functions, the way of a row. `python -m tests.lint.figures`."""

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
