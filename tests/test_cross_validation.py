"""Folds of whole approaches: no row is scored by a model that saw it or its group."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from seedbed.core.errors import RowsError
from seedbed.tasks import class_task
from seedbed.training.resampling import (
    fold_scores,
    folds_of,
    grid_points,
    read_out_of_fold,
    spread_over,
    write_out_of_fold,
)


def rows(number: int, folds: int = 3) -> pd.DataFrame:
    """Rows of three classes, in groups of three; every fourth group is in test."""
    groups = np.arange(number) // 3
    return pd.DataFrame(
        {
            "id": [f"{row:04x}" for row in range(number)],
            "group": [f"g{group}" if group % 2 else "" for group in groups],
            "label": [("rain", "sun", "fog")[row % 3] for row in range(number)],
            "fold": np.where(groups % 4 == 3, -1, groups % folds).astype(np.int8),
        }
    )


@given(st.integers(12, 90), st.floats(0.05, 0.45), st.integers(0, 5))
def test_each_row_is_held_out_once_and_neither_it_nor_its_group_is_trained_on(number, share, seed):
    table = rows(number)
    seen: list[str] = []
    for fold in folds_of(class_task, table, share, seed):
        parts = (fold.train, fold.stop, fold.held_out)
        assert sum(map(len, parts)) == (table["fold"] >= 0).sum()
        for part in parts[:2]:
            assert not set(part["id"]) & set(fold.held_out["id"])
            assert not (set(part["group"]) - {""}) & set(fold.held_out["group"])
        assert not (set(fold.train["group"]) - {""}) & set(fold.stop["group"])
        assert set(fold.stop["label"]) <= set(fold.train["label"])
        seen += list(fold.held_out["id"])
    assert sorted(seen) == sorted(table["id"][table["fold"] >= 0])


def test_which_rows_stop_training_hangs_on_each_row_alone():
    table = rows(60)
    whole = {row for fold in folds_of(class_task, table, 0.3, 0) for row in fold.stop["id"]}
    fewer = {row for fold in folds_of(class_task, table[6:], 0.3, 0) for row in fold.stop["id"]}
    assert fewer == whole & set(table["id"][6:])
    assert 5 < len(whole) < 30


def test_a_grid_is_every_combination_and_no_grid_is_one_point():
    grid = {"learning_rate": [1e-4, 2e-4], "epochs": [2, 3]}
    assert len(grid_points(grid)) == 4
    assert {"learning_rate": 2e-4, "epochs": 2} in grid_points(grid)
    assert grid_points({}) == [{}]


def test_a_class_that_a_model_never_saw_gets_no_probability():
    wide = spread_over(np.array([[0.4, 0.6]]), ["fog", "sun"], ["fog", "rain", "sun"])
    assert wide.tolist() == [[0.4, 0.0, 0.6]]


def test_scores_are_told_fold_by_fold():
    labels, folds = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    sure = np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.8, 0.2]])
    accuracy = fold_scores(class_task, labels, sure, folds)["accuracy"]
    assert accuracy.by_fold == {"0": 1.0, "1": 0.5}
    assert accuracy.mean == 0.75
    assert accuracy.sd == pytest.approx(0.35355, abs=1e-4)


def test_probabilities_come_back_in_the_order_asked_for(tmp_path):
    file = tmp_path / "full.parquet"
    write_out_of_fold(file, ["a", "b"], np.array([[0.1, 0.9], [0.7, 0.3]]), ["rain", "sun"])
    assert read_out_of_fold(file, ["b", "a"], ["rain", "sun"]).tolist() == [[0.7, 0.3], [0.1, 0.9]]
    with pytest.raises(RowsError, match="other rows or classes"):
        read_out_of_fold(file, ["c"], ["rain", "sun"])
    with pytest.raises(RowsError, match=r"cv\.approaches"):
        read_out_of_fold(tmp_path / "lora.parquet", ["a"], ["rain", "sun"])
