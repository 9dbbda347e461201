"""What the mutation harness changes, and that it tells a mutant that tests notice from one that
none does. The whole run is `python -m tests.trust mutation`."""

import ast

import pytest

from tests.trust import mutation
from tests.trust.__main__ import HARNESSES, LONG, SHORT, run_of, with_section
from tests.trust.mutation import CHILD_FAILED, CHILD_PASSED, TARGETS, Mutant, Target

SOURCE = '''
def sign(number: int) -> int:
    """1 above nothing."""
    if number > 0 and True:
        return 1
    raise ValueError(f"{number + 1}")
'''


def changed(what: str) -> str:
    tree = ast.parse(SOURCE)
    node = next(node for node, kind in mutation.places(tree) if kind == what)
    mutation.change(node, what)
    return ast.unparse(tree)


@pytest.mark.parametrize(
    ("what", "found"),
    [("comparison", "number >= 0"), ("and/or", "number > 0 or True"), ("constant", "and False"),
     ("condition", "not (number > 0 and True)"), ("return", "return None")],
)  # fmt: skip
def test_a_mutant_has_one_small_change(what, found):
    assert found in changed(what)


def test_messages_and_annotations_are_left_alone():
    kinds = [what for _, what in mutation.places(ast.parse(SOURCE))]
    assert "operator" not in kinds
    assert kinds.count("constant") == 3


def test_mutants_repeat_with_their_seed_and_all_targets_are_there():
    for target in TARGETS:
        drawn = mutation.mutants(target, 3, 1)
        assert drawn == mutation.mutants(target, 3, 1), target.module
        assert len({one.source for one in drawn}) == 3
        assert drawn[0] in mutation.mutants(target, 8, 1), target.module
        for file in target.tests:
            assert (mutation.ROOT / file).is_file(), file


@pytest.mark.parametrize(("source", "expected"), [(None, CHILD_PASSED), ("", CHILD_FAILED)])
def test_a_module_that_changed_is_noticed_and_one_that_did_not_is_not(tmp_path, source, expected):
    """On one quick target; an empty module is the worst mutant."""
    project = mutation.copied(tmp_path / "project")
    target = Target("seedbed/core/rows.py", ("tests/test_rows.py",))
    assert mutation.verdict(project, target, source) == expected
    assert (project / target.module).read_text() == (mutation.ROOT / target.module).read_text()


@pytest.mark.parametrize(("survivors", "missed"), [(1, 0), (3, 1)])
def test_too_many_survivors_miss_the_goal(survivors, missed):
    one = Mutant(TARGETS[0], 7, "constant", "")
    found = mutation.outcome([(TARGETS[0], 10, [one] * survivors)], 1)
    assert len(found.missed) == missed
    assert "7 (constant)" in found.table.rows[0][-1]


def test_the_page_has_a_place_for_each_harness():
    page = (mutation.ROOT / "docs/explanation/trust.md").read_text(encoding="utf-8")
    found = mutation.outcome([(TARGETS[0], 10, [])], 1)
    for name in (*HARNESSES, *LONG):
        assert "10 random mutants" in with_section(page, name, found)
    assert set(SHORT) <= set(HARNESSES)
    renewed = with_section(page, "kill", found, run_of("kill", in_full=False))
    assert "50% of a full run" in renewed
    assert "A full run" in run_of("mutation", in_full=True)
    assert run_of("fuzz", in_full=True) == ""
    with pytest.raises(ValueError, match="0 places"):
        with_section(page, "unknown", found)
