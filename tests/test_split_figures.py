"""Shares by side and class next to what hashing gives, and what to collect."""

import numpy as np
import pandas as pd
import pytest

from seedbed.splitting.sides import (
    SideParams,
    hashing_interval,
    rows_by_class,
    shares_of,
    side_of,
)
from seedbed.splitting.splits import classes_to_collect
from seedbed.tasks import class_task

HASH = SideParams(
    way="hash", seed=0, validation_share=0.2, test_share=0.25, validation_from="", test_from="",
    validation_sources=[], test_sources=[],
)  # fmt: skip
SOURCE = HASH.model_copy(update={"way": "source", "test_sources": ["chat"]})


def placed(count: int = 400) -> pd.DataFrame:
    ids = [f"{n:03d}" for n in range(count)]
    labels = ["rare" if n % 20 == 0 else "common" for n in range(count)]
    return pd.DataFrame(
        {"id": ids, "group": "", "label": labels, "split": [side_of(0, i, 0.2, 0.25) for i in ids]}
    )


def test_shares_stand_in_their_interval_by_side_and_by_class():
    rows = placed()
    by_side = shares_of(rows, HASH, with_rows=True)
    assert sum(share.rows for share in by_side.values()) == 400
    by_class = {name: shares_of(part, HASH) for name, part in rows.groupby("label")}
    for shares in (by_side, *by_class.values()):
        for share in shares.values():
            assert share.expected_low <= share.share <= share.expected_high
    wide, narrow = (by_class[name]["test"] for name in ("rare", "common"))
    assert wide.expected_high - wide.expected_low > 2 * (narrow.expected_high - narrow.expected_low)


def test_a_class_with_few_test_rows_is_named_with_what_to_collect():
    by_class = rows_by_class(placed(), class_task)
    missing = 30 - by_class["rare"]["test"]
    assert classes_to_collect(by_class, HASH, 30) == {"rare": missing * 4}
    # rows of the held-out source itself
    by_class = {"rare": {"test": 25}, "nearly": {"test": 29}, "enough": {"test": 30}}
    assert classes_to_collect(by_class, SOURCE, 30) == {"rare": 5, "nearly": 1}


def test_the_interval_is_binomial_and_groups_make_it_wider():
    assert hashing_interval(np.ones(100, dtype=int), 0.2) == (0.12, 0.28)
    low, high = hashing_interval(np.full(10, 10), 0.2)  # ten groups of ten: ten draws
    assert (low, high) == (0.0, 0.5)


def test_the_interval_holds_what_hashing_does_95_times_of_100():
    sizes = np.array([1] * 60 + [5] * 12)
    low, high = hashing_interval(sizes, 0.25)
    found = []
    for seed in range(400):
        drawn = [side_of(seed, str(n), 0.2, 0.25) == "test" for n in range(len(sizes))]
        found.append(low <= sizes[drawn].sum() / sizes.sum() <= high)
    assert np.mean(found) == pytest.approx(0.95, abs=0.03)


def test_what_is_not_cut_by_hash_has_no_expected_share():
    rows = placed()
    by_side = shares_of(rows, SOURCE)
    assert set(by_side["test"].model_fields_set) == {"share"}
    inside = (rows["split"] != "test").mean()
    assert by_side["validation"].expected_share == pytest.approx(0.2 * inside)
    held = SOURCE.model_copy(update={"validation_sources": ["mail"]})
    by_side = shares_of(rows, held, with_rows=True)
    assert all(share.model_fields_set == {"rows", "share"} for share in by_side.values())
