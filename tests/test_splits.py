"""A side is a pure function of the row; nothing is shared between sides."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seedbed.errors import LeakError
from seedbed.ledger import Drop
from seedbed.rows import SIDES
from seedbed.splits import ancestry_gate, drop_twins, leak_gate, side_of, stratified_folds

RAIN = "the rain fell on the old town all night long"


def frame(*lines: tuple[str, str, str], **columns) -> pd.DataFrame:
    """(id, split, text) a line."""
    rows = pd.DataFrame(lines, columns=["id", "split", "text"])
    fixed = {"text_pair": "", "group": "", "label": "x", "origin": "original", "parent": ""}
    return rows.assign(**(fixed | columns))


@given(st.integers(0, 5), st.text(), st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.floats(0, 0.15))
def test_a_larger_test_share_takes_rows_from_train_alone(seed, unit, validation, test, more):
    before = side_of(seed, unit, validation, test)
    after = side_of(seed, unit, validation, test + more)
    assert before == after or (before, after) == ("train", "test")


def test_shares_are_met_as_hashing_meets_them():
    found = [side_of(0, f"row {n}", 0.15, 0.2) for n in range(20_000)]
    assert found.count("test") / 20_000 == pytest.approx(0.2, abs=0.01)
    assert found.count("validation") / 20_000 == pytest.approx(0.15, abs=0.01)


def test_a_near_copy_on_the_lower_side_is_dropped_and_nothing_moves():
    rows = frame(
        ("a", "test", RAIN),
        ("b", "train", RAIN + " again"),
        ("c", "validation", RAIN + " they said"),
        ("d", "train", "an onion is fried in butter until it is brown"),
    )
    kept, dropped = drop_twins(rows, 3, 0.5)
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
    kept, dropped = drop_twins(rows, 3, 0.6)
    assert dropped == [Drop("validation", "twin_in_test", "test")]
    assert list(kept["id"]) == ["test", "train"]


def test_the_gate_lets_clean_sides_pass():
    rows = frame(
        ("a", "test", RAIN), ("b", "train", "fry an onion"), ("c", "train", "fry an onion")
    )
    assert leak_gate(rows, 3, 0.5) == {"exact_pairs": 0, "near_pairs": 0, "group_pairs": 0}


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
        leak_gate(rows, 3, 0.5)


def test_a_made_row_outside_train_is_refused():
    rows = frame(("a", "test", "x"), ("a-a0", "train", "y"), parent=["", "a"], origin="augmented")
    with pytest.raises(LeakError, match="a-a0"):
        ancestry_gate(rows)
    with pytest.raises(LeakError, match="a-a0"):
        ancestry_gate(rows.assign(split=["train", "test"]))
    ancestry_gate(rows.assign(split="train"))


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")), min_size=30))
def test_a_group_has_one_fold_and_test_rows_have_none(units):
    assume(len({unit for n, (unit, _) in enumerate(units) if n % 3 < 2}) > 1)
    rows = frame(
        *((f"{n:03d}", SIDES[n % 3], "t") for n in range(len(units))),
        group=[unit for unit, _ in units],
        label=[label for _, label in units],
    )
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        folds = stratified_folds(rows, 2, 0)
    assert set(folds[rows["split"] == "test"]) <= {-1}
    inside = rows[rows["split"] != "test"].assign(fold=folds[rows["split"] != "test"])
    assert inside.groupby("group")["fold"].nunique().max() == 1
    assert np.isin(inside["fold"], [0, 1]).all()
