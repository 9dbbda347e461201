"""Nothing is shared between sides, and folds are whole and even."""

import warnings

import pandas as pd
import pytest
from hypothesis import assume, given, settings, strategies as st

from seedbed.core.errors import LeakError, RowsError
from seedbed.core.metrics import Drop
from seedbed.core.rows import SIDES
from seedbed.splitting.splits import (
    NearTexts,
    ancestry_gate,
    drop_twins,
    drop_unlearnable,
    gate_after_split,
    leak_gate,
    made_near_another_side,
    stratified_folds,
    unlabelled_rows,
)
from seedbed.tasks import class_task

RAIN = "the rain fell on the old town all night long"


def frame(*lines: tuple[str, str, str], **columns) -> pd.DataFrame:
    """(id, split, text) a line."""
    rows = pd.DataFrame(lines, columns=["id", "split", "text"])
    fixed = {"text_pair": "", "group": "", "label": "x", "origin": "original", "parent": ""}
    return rows.assign(**(fixed | columns))


def test_a_near_copy_on_the_lower_side_is_dropped_and_nothing_moves():
    rows = frame(
        ("a", "test", RAIN),
        ("b", "train", RAIN + " again"),
        ("c", "validation", RAIN + " they said"),
        ("d", "train", "an onion is fried in butter until it is brown"),
    )
    kept, dropped = drop_twins(rows, NearTexts(rows, 3, 0.5))
    assert list(kept["id"]) == ["a", "d"]
    assert list(kept["split"]) == ["test", "train"]
    assert sorted(dropped) == [Drop("b", "twin_in_test", "a"), Drop("c", "twin_in_test", "a")]


def test_a_validation_row_that_is_dropped_itself_drops_no_train_row():
    middle = "one two three four five six seven eight nine ten"
    rows = frame(
        ("test", "test", "zero " + middle),
        ("validation", "validation", middle + " eleven"),
        ("train", "train", "two three four five six seven eight nine ten eleven twelve thirteen"),
    )
    kept, dropped = drop_twins(rows, NearTexts(rows, 3, 0.6))
    assert dropped == [Drop("validation", "twin_in_test", "test")]
    assert list(kept["id"]) == ["test", "train"]


def test_a_group_on_two_sides_keeps_its_highest_side():
    rows = frame(
        ("a", "train", "fry an onion"),
        ("b", "validation", "boil the rice"),
        ("c", "test", "ride a bicycle uphill"),
        ("d", "train", "rain all day"),
        ("e", "validation", "snow all night"),
        ("f", "train", "a storm from the west"),
        group=["g", "g", "g", "h", "h", ""],
    )
    kept, dropped = drop_twins(rows, NearTexts(rows, 3, 0.5))
    assert list(kept["id"]) == ["c", "e", "f"]
    assert sorted(dropped) == [
        Drop("a", "group_in_test", "c"),
        Drop("b", "group_in_test", "c"),
        Drop("d", "group_in_validation", "e"),
    ]


def test_a_group_keeps_train_rows_where_its_validation_row_is_a_twin_itself():
    rows = frame(
        ("a", "train", "fry an onion"),
        ("b", "validation", RAIN + " again"),
        ("c", "test", RAIN),
        group=["g", "g", ""],
    )
    kept, dropped = drop_twins(rows, NearTexts(rows, 3, 0.5))
    assert list(kept["id"]) == ["a", "c"]
    assert dropped == [Drop("b", "twin_in_test", "c")]


def test_a_class_that_train_lacks_is_dropped_and_a_frozen_row_never_is():
    rows = frame(("a", "train", "x"), ("b", "test", "y"), ("c", "validation", "z"))
    rows = rows.assign(label=["cat", "dog", "dog"])
    kept, dropped = drop_unlearnable(rows, {"a"}, class_task)
    assert list(kept["id"]) == ["a"]
    assert dropped == [Drop("b", "class_not_in_train"), Drop("c", "class_not_in_train")]
    with pytest.raises(RowsError, match="class dog has 1 frozen test rows, none in train"):
        drop_unlearnable(rows, {"b"}, class_task)


def test_the_gate_lets_clean_sides_pass():
    rows = frame(
        ("a", "test", RAIN), ("b", "train", "fry an onion"), ("c", "train", "fry an onion")
    )
    assert leak_gate(rows, NearTexts(rows, 3, 0.5)).model_dump() == {
        "exact_pairs": 0,
        "near_pairs": 0,
        "group_pairs": 0,
    }


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (frame(("a", "test", "Fry  it"), ("b", "train", "fry it")), "exact"),
        (frame(("a", "test", RAIN), ("b", "train", RAIN + " again")), "near"),
        (frame(("a", "test", "x"), ("b", "validation", "y"), group="g"), "group"),
    ],
)
def test_the_gate_refuses_each_planted_leak_and_lists_it(rows, kind):
    with pytest.raises(LeakError, match=f"the same {kind} on two sides: . and ."):
        leak_gate(rows, NearTexts(rows, 3, 0.5))


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (frame(("a", "test", "Fry  it"), ("b", "train", "fry it")), "the same exact .* a|b"),
        (frame(("a", "test", "x"), ("b", "validation", "y"), group="g"), "the same group"),
        (frame(("a", "train", "x"), ("a-a0", "test", "y"), parent=["", "a"]), "made rows .*a-a0"),
        (
            frame(("a", "test", RAIN), ("b-a0", "train", RAIN + " again"), parent=["", "b"]),
            "the same near .* b-a0 and a",
        ),
    ],
)
def test_the_gate_after_split_refuses_each_planted_leak(rows, found):
    with pytest.raises(LeakError, match=found):
        gate_after_split(rows, 3, 0.5)
    gate_after_split(rows.assign(split="train"), 3, 0.5)


def test_only_made_rows_are_looked_at_again_for_near_copies():
    rows = frame(
        ("a", "test", RAIN), ("b", "train", RAIN + " again"), ("c-a0", "train", RAIN + " now"),
        parent=["", "", "c"],
    )  # fmt: skip
    assert made_near_another_side(rows, 3, 0.5) == [("c-a0", "a")]
    assert made_near_another_side(rows.assign(parent=""), 3, 0.5) == []


def test_rows_without_a_label_that_are_near_to_or_grouped_with_held_out_rows_are_left_out():
    held = frame(("t", "test", RAIN), group="g")
    bare = frame(
        ("a", "", RAIN + " again"), ("b", "", "fry an onion"), ("c", "", "boil an egg"),
        label="", group=["", "g", "h"],
    )  # fmt: skip
    left = unlabelled_rows(pd.concat([held, bare]), held, 3, 0.5)
    assert left[["id", "split"]].to_numpy().tolist() == [["c", "train"]]
    assert list(left.index) == [0]
    assert "index" not in left.columns


def test_a_made_row_outside_train_is_refused():
    rows = frame(("a", "test", "x"), ("a-a0", "train", "y"), parent=["", "a"], origin="augmented")
    with pytest.raises(LeakError, match="a-a0"):
        ancestry_gate(rows)
    with pytest.raises(LeakError, match="a-a0"):
        ancestry_gate(rows.assign(split=["train", "test"]))
    ancestry_gate(rows.assign(split="train"))


UNITS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz")), min_size=12, max_size=30
)


def folded(units: list[tuple[str, str]], folds: int, grouped: bool) -> pd.DataFrame:
    """Rows of (group, label), every third in test, with their fold."""
    rows = frame(
        *((f"{n:03d}", SIDES[n % 3], "t") for n in range(len(units))),
        group=[unit if grouped else "" for unit, _ in units],
        label=[label for _, label in units],
    )
    inside = rows[rows["split"] != "test"]
    assume(len(inside) >= folds)
    assume(not grouped or inside["group"].nunique() >= folds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return rows.assign(fold=stratified_folds(rows, folds, 0, class_task))


@settings(max_examples=60)
@given(UNITS, st.integers(2, 4), st.booleans())
def test_folds_hold_whole_groups_and_no_test_row_and_none_is_empty(units, folds, grouped):
    rows = folded(units, folds, grouped)
    assert set(rows["fold"][rows["split"] == "test"]) <= {-1}
    inside = rows[rows["split"] != "test"]
    assert set(inside["fold"]) == set(range(folds))
    if grouped:
        assert inside.groupby("group")["fold"].nunique().max() == 1


@settings(max_examples=60)
@given(UNITS, st.integers(2, 4))
def test_a_class_is_spread_within_one_row_of_even(units, folds):
    rows = folded(units, folds, grouped=False)
    counts = pd.crosstab(rows["label"], rows["fold"]).reindex(columns=range(folds), fill_value=0)
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1


def test_a_class_is_spread_within_one_row_of_even_over_groups_of_one():
    rows = frame(*((f"{n:03d}", "train", "t") for n in range(103)))
    rows = rows.assign(label=["xyz"[n % 7 % 3] for n in range(103)], group=rows["id"])
    counts = pd.crosstab(rows["label"], stratified_folds(rows, 5, 0, class_task))
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1
