"""Sides, the frozen test, and what is told about them."""

import pandas as pd
import pytest

from seedbed.errors import LeakError, RowsError
from stages.split import Params, assign_sides, check_sides, figures

PARAMS = Params(
    seed=0, validation_share=0.2, test_share=0.2, folds=3, shingle_words=3, twin_min_jaccard=0.5,
    warn_below=5,
)  # fmt: skip
ROWS = pd.DataFrame(
    {
        "id": [f"{n:03d}" for n in range(200)],
        "digest": [f"d{n}" for n in range(200)],
        "group": "",
        "label": ["rare" if n % 20 == 0 else "common" for n in range(200)],
    }
)


def test_a_row_has_the_same_side_whatever_rows_are_there():
    whole = assign_sides(ROWS, {}, PARAMS).set_index("id")["split"]
    part = assign_sides(ROWS[::3], {}, PARAMS).set_index("id")["split"]
    assert part.equals(whole[part.index])


def test_a_group_has_one_side():
    grouped = ROWS.assign(group=[f"g{n % 10}" for n in range(200)])
    placed = assign_sides(grouped, {}, PARAMS)
    assert placed.groupby("group")["split"].nunique().max() == 1
    assert placed["split"].nunique() > 1


def test_a_frozen_row_is_in_test_and_must_be_there_unchanged():
    free = assign_sides(ROWS, {}, PARAMS)
    row = free[free["split"] == "train"].iloc[0]
    frozen = {row["id"]: row["digest"]}
    placed = assign_sides(ROWS, frozen, PARAMS).set_index("id")["split"]
    assert placed[row["id"]] == "test"
    with pytest.raises(LeakError, match="gone or changed"):
        assign_sides(ROWS[ROWS["id"] != row["id"]], frozen, PARAMS)
    with pytest.raises(LeakError, match="gone or changed"):
        assign_sides(ROWS, {row["id"]: "another digest"}, PARAMS)


def test_a_class_without_train_rows_is_refused():
    placed = assign_sides(ROWS, {}, PARAMS)
    bad = placed[(placed["label"] != "rare") | (placed["split"] != "train")]
    with pytest.raises(RowsError, match="class rare has no row in train"):
        check_sides(bad, PARAMS)


def test_an_empty_side_and_too_few_rows_for_the_folds_are_refused():
    placed = assign_sides(ROWS, {}, PARAMS)
    with pytest.raises(RowsError, match="no row in validation"):
        check_sides(placed[placed["split"] != "validation"], PARAMS)
    few = pd.concat([placed[placed["split"] == side].head(1) for side in ("train", "validation")])
    few = pd.concat([few, placed[placed["split"] == "test"]])
    with pytest.raises(RowsError, match="at least one for each of 3 folds"):
        check_sides(few, PARAMS)


def test_a_class_with_few_test_rows_is_named_and_shares_stand_in_their_interval():
    found = figures(assign_sides(ROWS, {}, PARAMS), PARAMS)
    assert found["classes_with_few_test_rows"] == ["rare"]
    test = found["by_side"]["test"]
    assert test["expected_low"] <= test["share"] <= test["expected_high"]
    assert sum(side["rows"] for side in found["by_side"].values()) == 200


def test_rows_without_a_label_are_refused():
    placed = assign_sides(ROWS, {}, PARAMS)
    with pytest.raises(RowsError, match="200 rows without a label"):
        check_sides(placed.assign(label=""), PARAMS)
