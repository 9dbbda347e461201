"""Rows near each other in meaning, and rows far from all."""

import numpy as np
import pandas as pd
import pytest

from seedbed.label_errors import out_of_fold as module
from seedbed.label_errors.out_of_fold import (
    NOBODY,
    Near,
    agreeing,
    check_whole_set,
    near_copies,
    near_rows,
    nearest_that,
    order_of_arrival,
)
from seedbed.label_errors.ranking import agreement

# Angles in degrees: 0 and 1 are near copies with two labels, 2 and 3 with one.
ANGLES = np.radians([0, 2, 60, 61, 170])
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1).astype(np.float32) * 3
LABELS = np.array([0, 1, 1, 1, 0])


BATCHES = ["2026-01-a"] * 5
ROWS = np.arange(5)


def found() -> Near:
    return near_rows(VECTORS, BATCHES)


def test_the_nearest_rows_are_listed_nearest_first_and_none_is_its_own():
    near = found()
    assert near.rows[:, :2].tolist() == [[1, 2], [0, 2], [3, 1], [2, 1], [3, 2]]
    assert near.rows.shape == (5, 4)
    assert near.cosines[0, 0] == pytest.approx(np.cos(np.radians(2)), abs=1e-6)


def test_the_nearest_that_count():
    rows, cosines = nearest_that(found(), ROWS, lambda one, other: LABELS[one] != LABELS[other], 2)
    assert rows.tolist() == [[1, 2], [0, 4], [0, 4], [0, 4], [3, 2]]
    assert cosines[0, 0] == pytest.approx(np.cos(np.radians(2)), abs=1e-6)


def test_where_fewer_rows_count_nobody_stands():
    rows, _ = nearest_that(found(), ROWS[:1], lambda one, other: (other == 4) & (one == 0), 2)
    assert rows.tolist() == [[4, NOBODY]]


@pytest.mark.parametrize("cells", [1, 10**6])
def test_a_list_that_is_too_short_is_made_good_by_all_rows(monkeypatch, cells):
    """Rows in crowds of one label: most lists hold no row of another."""
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    vectors = np.eye(3)[labels] + random.normal(0, 0.1, (90, 3))
    rows, batches = np.arange(90), ["a"] * 90
    asked = (rows, lambda one, other: labels[one] != labels[other], 4)
    whole = nearest_that(near_rows(vectors, batches), *asked)
    monkeypatch.setattr(module, "LISTED", 6)
    monkeypatch.setattr(module, "CELLS", cells)
    short = nearest_that(near_rows(vectors, batches), *asked)
    assert (short[0] == whole[0]).all()
    assert short[1] == pytest.approx(whole[1], abs=1e-6)
    unit = module.unit_length(vectors)
    cosines = np.where(labels[:, None] != labels, unit @ unit.T, -2)
    assert (whole[0] == np.argsort(-cosines, axis=1)[:, :4]).all()


def test_near_copies_have_another_label():
    rows, copies = near_copies(found(), LABELS, 0.95)
    assert (rows.tolist(), copies.tolist()) == ([0, 1], [1, 0])


def test_one_class_has_no_other():
    assert len(near_copies(found(), LABELS * 0, 0.1)[0]) == 0


def test_rows_that_agree_are_the_nearest_with_that_label_and_not_the_row_itself():
    rows, agrees = np.array([0, 2, 4]), agreement(LABELS, np.ones(5, int), np.empty(0))
    places = agreeing(found(), rows, agrees, 2)
    assert [one.tolist() for one in places] == [[1, 2], [3, 1], [3, 2]]
    (alone,) = agreeing(found(), np.array([0]), agreement(LABELS, np.zeros(5, int), np.empty(0)), 2)
    assert alone.tolist() == [4]


def crowd() -> Near:
    """Sixty rows close together, and the last far from them."""
    random = np.random.default_rng(0)
    vectors = np.array([1, 0, 0]) + random.normal(0, 0.05, (60, 3))
    vectors[-1] = [-1, 1, 0]
    return near_rows(vectors, ["2026-01-a"] * 60)


def test_a_row_far_from_all_others_is_an_outlier():
    outlier, score, _ = check_whole_set(crowd(), np.arange(60))
    assert outlier[59]
    assert outlier.sum() < 10
    assert score.argmin() == 59
    turned, scores, _ = check_whole_set(crowd(), np.arange(60)[::-1])  # order is no matter here
    assert (turned == outlier).all()
    assert scores == pytest.approx(score)


def test_rows_that_came_sorted_by_meaning_are_told():
    angles = np.radians(np.linspace(0, 180, 200))
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1)
    near = near_rows(vectors, ["2026-01-a"] * 200)
    assert check_whole_set(near, np.arange(200))[2] < 0.01
    shuffled = np.random.default_rng(1).permutation(200)
    assert check_whole_set(near, shuffled)[2] > 0.05


def test_a_few_rows_say_nothing_of_the_set():
    outlier, _, p = check_whole_set(found(), np.arange(5))
    assert (p, outlier.any()) == (None, False)


def test_rows_come_by_batch_source_file_and_line():
    came = [("2026-02-b", "f.csv", 1), ("2026-01-a", "g.csv", 10), ("2026-01-a", "g.csv", 9)]
    rows = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "batch": [batch for batch, _, _ in came],
            "source": "s",
            "provenance": [f'{{"file": "{file}", "line": {line}}}' for _, file, line in came],
        }
    )
    assert order_of_arrival(rows).tolist() == [2, 1, 0]
