"""The feature approach chooses its regularisation on folds in which no copy tells its row."""

import numpy as np
import pytest

from seedbed.approaches import feature

PARAMS = feature.Params(run=True, inverse_regularisation=[0.01, 1.0, 1000.0], folds=3)


def noise(copies: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Vectors that say nothing of their labels, each row with so many copies of it."""
    draw = np.random.default_rng(0)
    vectors, labels = draw.normal(size=(60, 40)), draw.integers(0, 2, 60)
    roots = np.array([f"{row:016x}" for row in range(60)])
    parts = (vectors, labels, np.ones(60), roots)
    return tuple(np.repeat(part, copies + 1, axis=0) for part in parts)


@pytest.mark.parametrize("copies", [0, 2])
def test_what_cannot_be_learnt_is_regularised_however_many_copies_there_are(copies):
    assert feature._chosen(*noise(copies), PARAMS, seed=0) == 0.01


def test_copies_in_other_folds_would_have_told_the_labels():
    vectors, labels, weights, roots = noise(2)
    apart = np.array([f"{row:016x}" for row in range(len(roots))])
    assert feature._chosen(vectors, labels, weights, apart, PARAMS, seed=0) > 0.01
