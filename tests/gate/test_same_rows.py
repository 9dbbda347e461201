"""The rows that count: those of this test side that the base has not learnt from."""

import pandas as pd
import pytest

from seedbed.core.errors import GateError, LeakError, RowsError
from seedbed.gate.same_rows import (
    check_classes,
    check_none_lost,
    check_run,
    check_same_ids,
    honest_rows,
)
from seedbed.splitting.sides import write_frozen
from seedbed.versions.row_records import Placed

TEST = pd.DataFrame(
    {"id": ["r1", "r2", "r3", "r4"], "digest": ["d1", "d2", "d3", "d4"], "label": "rain"}
)


def manifest(**sides: str) -> dict[str, Placed]:
    """Rows by id, `r7="train"`, each with the digest of its number."""
    return {row: Placed("2026-01-a", f"d{row[1:]}", "rain", side) for row, side in sides.items()}


def test_rows_that_were_test_or_not_there_in_the_base_all_count():
    rows, left_out = honest_rows(TEST, manifest(r1="test", r2="test", r9="train"))
    assert list(rows["id"]) == ["r1", "r2", "r3", "r4"]
    assert left_out == []


@pytest.mark.parametrize("side", ["train", "validation"])
def test_a_row_that_the_base_has_learnt_from_is_left_out(side):
    rows, left_out = honest_rows(TEST, manifest(r1="test", r3=side))
    assert left_out == ["r3"]
    assert list(rows["id"]) == ["r1", "r2", "r4"]


def test_so_is_a_row_whose_text_stood_there_under_another_id():
    base = manifest(r1="test") | {"old": Placed("2026-01-a", "d2", "rain", "train")}
    assert honest_rows(TEST, base)[1] == ["r2"]


def test_where_most_rows_would_be_left_out_nothing_can_be_compared():
    with pytest.raises(GateError, match="3 of the 4 test rows were in its train or validation"):
        honest_rows(TEST, manifest(r1="train", r2="train", r3="validation"))


def test_a_base_without_manifest_tells_nothing_of_what_it_learnt():
    with pytest.raises(GateError, match="no rows"):
        honest_rows(TEST, {})


def test_ids_of_another_key_tell_nothing_either():
    with pytest.raises(GateError, match="no id in common"):
        check_same_ids(manifest(r8="train"), manifest(r1="test"))


@pytest.mark.parametrize(
    "now",
    [
        manifest(r1="test", r2="test", r3="test"),
        manifest(r1="test", r2="test", r3="test", r4="train"),
        manifest(r1="test", r2="test", r3="test", r4="test", r5="test"),
    ],
)
def test_rows_and_manifest_must_be_of_one_run(now):
    with pytest.raises(RowsError, match="1 test rows are not those of data/manifest"):
        check_run(TEST, now)


def test_a_relabelled_row_is_of_another_run_too():
    now = manifest(r1="test", r2="test", r3="test", r4="test")
    check_run(TEST, now)
    now["r4"] = now["r4"]._replace(label="snow")
    with pytest.raises(RowsError, match="1 test rows"):
        check_run(TEST, now)


def test_a_frozen_row_may_be_lost_neither_here_nor_since_the_base(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_frozen({"r1": "d1"})
    check_none_lost(TEST, {"r1", "r2"})
    with pytest.raises(GateError, match="1 of its frozen test rows are not in test now: r7"):
        check_none_lost(TEST, {"r1", "r7"})
    write_frozen({"r1": "another text"})
    with pytest.raises(LeakError, match="1 frozen test rows are missing or changed: r1"):
        check_none_lost(TEST, set())


def test_models_with_other_classes_cannot_be_compared_and_the_classes_are_named():
    check_classes({"rain", "snow"}, {"snow", "rain"})
    with pytest.raises(GateError, match=r"new: fog, hail; gone: rain"):
        check_classes({"rain", "snow"}, {"snow", "hail", "fog"})
