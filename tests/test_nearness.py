"""How near validation and test are to train, against every pair looked at."""

import numpy as np
import pandas as pd

from seedbed.encoding import nearest_rows as module
from seedbed.encoding.nearest_rows import nearest_cosines, nearness

RANDOM = np.random.default_rng(0)


def test_blocks_give_what_all_pairs_give(monkeypatch):
    ours, others = RANDOM.normal(size=(23, 5)), RANDOM.normal(size=(17, 5))
    norms = np.linalg.norm(ours, axis=1)[:, None] * np.linalg.norm(others, axis=1)
    wanted = (ours @ others.T / norms).max(axis=1)
    for cells in (17, 68, 2000):
        monkeypatch.setattr(module, "CELLS", cells)
        np.testing.assert_allclose(nearest_cosines(ours, others), wanted, atol=1e-6)


def test_shares_count_rows_with_a_near_train_row():
    angles = np.array([0.0, 0.3, 0.44, 1.0, 0.1, 0.2])  # cosine of .3 is .955, of .44 .905
    sides = ["train", "test", "test", "test", "validation", "train"]
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = nearness(
        pd.DataFrame({"split": sides}), np.where(angles[:, None] == 0.2, -1, 1) * vectors
    )
    assert found["test"].model_dump(by_alias=True) == {
        "rows": 3,
        "at_least_0.90": 2 / 3,
        "at_least_0.95": 1 / 3,
    }
    assert found["validation"].model_dump(by_alias=True) == {
        "rows": 1,
        "at_least_0.90": 1.0,
        "at_least_0.95": 1.0,
    }


def test_a_vector_of_zeros_and_an_empty_side_are_near_nothing():
    assert nearest_cosines(np.zeros((1, 2)), np.ones((1, 2))).tolist() == [0]
    assert nearest_cosines(np.ones((1, 2)), np.zeros((0, 2))).tolist() == [-1]
    found = nearness(pd.DataFrame({"split": ["train"]}), np.ones((1, 2)))
    assert found["test"].model_dump(by_alias=True) == {
        "rows": 0,
        "at_least_0.90": 0.0,
        "at_least_0.95": 0.0,
    }
