"""Classes count as they should, and no row is invented."""

import pandas as pd
import pytest

from seedbed.balancing import cap, class_weights

TRAIN = pd.DataFrame({"id": [f"{n:03d}" for n in range(90)], "label": ["ham"] * 80 + ["spam"] * 10})


def test_a_cap_drops_by_hash_and_names_the_reason():
    kept, dropped = cap(TRAIN, 2.0, 0)
    assert kept["label"].value_counts().to_dict() == {"ham": 20, "spam": 10}
    assert {drop.reason for drop in dropped} == {"over_cap"}
    assert {drop.id for drop in dropped} | set(kept["id"]) == set(TRAIN["id"])


def test_which_rows_stay_does_not_hang_on_their_order():
    kept, _ = cap(TRAIN, 2.0, 0)
    shuffled, _ = cap(TRAIN.sample(frac=1, random_state=1), 2.0, 0)
    assert set(kept["id"]) == set(shuffled["id"])


def test_a_row_more_changes_at_most_the_rows_of_its_class():
    one, _ = cap(TRAIN[TRAIN["id"] != "005"], 2.0, 0)
    two, _ = cap(TRAIN, 2.0, 0)
    assert len(set(one["id"]) ^ set(two["id"])) <= 2


@pytest.mark.parametrize(
    ("method", "ratio"),
    [("inverse", 8), ("sqrt", 8**0.5), ("effective", (1 - 0.999**80) / (1 - 0.999**10))],
)
def test_weights_have_the_ratio_of_their_formula_and_mean_one(method, ratio):
    counts = TRAIN["label"].value_counts()
    weights = class_weights(counts, method)
    assert weights["spam"] / weights["ham"] == pytest.approx(ratio)
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1)
