"""What to label next: doubt, company and a weak class raise a row; any of them alone does not."""

import numpy as np
import pandas as pd
import pytest

from seedbed.scoring.metrics_files import ClassScores
from seedbed.scoring.priorities import density, prioritized, votes, weakness


def test_a_row_among_many_is_denser_than_one_alone():
    vectors = np.array([[1, 0], [1, 0.01], [1, 0.02], [-0.5, 1]], dtype=np.float32)
    found = density(vectors, 2)
    assert found[0] > 0.99
    assert found[3] == 0  # all its cosines are below 0
    assert density(vectors[:1], 2).tolist() == [0]


def test_a_class_without_errors_is_not_called_faultless():
    def scores(f1: float, rows: int) -> ClassScores:
        return ClassScores(precision=f1, recall=f1, f1=f1, rows=rows)

    weak = weakness({"cat": scores(1, 98), "dog": scores(1, 0), "fox": scores(0.5, 98)})
    assert weak == {"cat": 1 / 100, "dog": 1 / 2, "fox": 50 / 100}


def test_a_row_without_a_label_is_voted_on_by_its_nearest():
    labelled = np.array([[1, 0], [1, 0.1], [0, 1]], dtype=np.float32)
    found = votes(np.array([[1, 0.05]], np.float32), labelled, np.array([0, 0, 1]), 2, 3)
    assert found.tolist() == [[2 / 3, 1 / 3]]


ROWS = pd.DataFrame(
    [
        ("sure", "train", "cat", "cat", 0.0),
        ("doubted", "train", "cat", "cat", 0.8),
        ("weaker", "train", "cat", "fox", 0.8),
        ("lonely", "train", "cat", "fox", 0.8),
        ("bare", "unlabelled", "", "fox", 0.9),
        ("new", "train", "owl", "owl", 0.9),
    ],
    columns=["id", "split", "label", "suggested", "uncertainty"],
)
NEAR = np.array([0.9, 0.9, 0.9, 0.1, 0.9, 0.9])


def test_rows_are_ranked_by_all_three_and_unknown_classes_are_weak():
    ranked = prioritized(ROWS, NEAR, {"cat": 0.1, "fox": 0.5})
    assert list(ranked["id"]) == ["new", "bare", "weaker", "doubted", "lonely", "sure"]
    top = ranked.iloc[1]
    assert top["priority"] == pytest.approx(0.9 * 0.9 * 0.5)


def test_the_order_of_the_rows_changes_nothing():
    order = [3, 1, 5, 0, 2, 4]
    one = prioritized(ROWS, NEAR, {"cat": 0.1, "fox": 0.5})
    other = prioritized(
        ROWS.iloc[order].reset_index(drop=True), NEAR[order], {"cat": 0.1, "fox": 0.5}
    )
    pd.testing.assert_frame_equal(one, other)
