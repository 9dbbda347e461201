"""What the harness of line coverage counts. The whole run is `make coverage`."""

import pytest

from tests.trust import coverage
from tests.trust.coverage import Lines, outcome, parts


def test_every_test_of_the_suite_is_in_one_part():
    folder = coverage.ROOT / "tests"
    listed = [file for files in parts(folder) for file in files]
    assert len(set(listed)) == len(listed)
    left = set(folder.rglob("test_*.py")) - set(listed)
    names = set(coverage.NO_PRODUCT)
    assert {*names} & {name for file in left for name in (file.name, file.parent.name)} == names
    assert all(names & {file.name, file.parent.name} for file in left)


@pytest.mark.parametrize(("run", "is_missed"), [(92, False), (91, True)])
def test_too_few_lines_miss_the_goal_and_their_module_is_named(run, is_missed):
    whole = Lines("seedbed/core/rows.py", 50, [])
    part = Lines("stages/split.py", 50, list(range(100 - run)))
    found = outcome([whole, part, Lines("seedbed/__init__.py", 0, [])], [])
    assert bool(found.missed) is is_missed
    assert found.table.rows[-1][:4] == ["all", 100, run, f"{run}.0%"]
    assert outcome([whole, part._replace(missing=[1] * 11)], []).table.rows[1][-1] == "split.py 78%"


def test_a_test_that_fails_is_reported(tmp_path):
    file = tmp_path / "test_that_fails.py"
    file.write_text("def test_of_nothing():\n    assert 1 == 2\n")
    folder = tmp_path / "measured"
    told = coverage.run([file], folder, coverage.prepared(folder))
    assert "assert 1 == 2" in told
    assert coverage.outcome([Lines("stages/split.py", 1, [])], [told]).missed
