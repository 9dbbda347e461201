"""Updates of every kind leave what a run from scratch gives; work is in proportion to new texts."""

import pytest

from seedbed.running import engine
from tests.trust import long_use

SEED = 16


@pytest.fixture(scope="module")
def use(tmp_path_factory) -> long_use.Use:
    return long_use.Use(tmp_path_factory.mktemp("long") / "project", SEED)


def test_ten_updates_of_every_kind_are_as_from_scratch():
    found = long_use.measure(0.2, SEED)
    assert found.missed == ()
    assert len(found.table.rows) == 4


def test_an_output_that_is_not_from_scratch_is_reported(use):
    file = use.folder / "data/ledger/split.csv"
    before = file.read_bytes()
    file.write_bytes(before + b"x\n")
    use.compare()
    file.write_bytes(before)
    assert use.missed == ["data/ledger/split.csv is not that of a run from scratch"]
    use.missed.clear()


def test_work_that_is_not_in_proportion_is_reported(use, monkeypatch):
    known = engine.keyed
    monkeypatch.setattr(engine, "keyed", lambda *args: known(*args)._replace(
        keys={item: b"other" + key for item, key in known(*args).keys.items()}))  # fmt: skip
    use.run(0)
    assert use.missed
    assert all("computed" in one and "of 0 new texts" in one for one in use.missed)
