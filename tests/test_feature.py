"""The feature approach: its two heads, and a regularisation chosen on folds in which no copy tells
its row."""

import numpy as np
import pytest
import torch

from seedbed.approaches import feature
from seedbed.tasks import class_task
from seedbed.training.classifier import head_of

PARAMS = feature.Params(
    run=True, head="logistic", hidden=8, inverse_regularisation=[0.01, 1.0, 1000.0], folds=3
)
MLP = PARAMS.model_copy(update={"head": "mlp"})


def noise(copies: int) -> feature.Rows:
    """Vectors that say nothing of their labels, each row with so many copies of it."""
    draw = np.random.default_rng(0)
    vectors, labels = draw.normal(size=(60, 40)), draw.integers(0, 2, 60)
    roots = np.array([f"{row:016x}" for row in range(60)])
    parts = (vectors, labels, np.ones(60), roots)
    return feature.Rows(*(np.repeat(part, copies + 1, axis=0) for part in parts))


def even(
    vectors: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> feature.Rows:
    """Rows without copies, of equal weights where none are given."""
    weights = np.ones(len(labels)) if weights is None else weights
    return feature.Rows(vectors, labels, weights, np.arange(len(labels)))


@pytest.mark.parametrize("params", [PARAMS, MLP])
@pytest.mark.parametrize("copies", [0, 2])
def test_what_cannot_be_learnt_is_regularised_however_many_copies_there_are(copies, params):
    assert feature._chosen(class_task, noise(copies), params, seed=0) == 0.01


def test_copies_in_other_folds_would_have_told_the_labels():
    rows = noise(2)
    apart = np.array([f"{row:016x}" for row in range(len(rows.roots))])
    assert feature._chosen(class_task, rows._replace(roots=apart), PARAMS, seed=0) > 0.01


def corners(classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in the corners of a square: two classes lie crosswise (exclusive or), four apart."""
    draw = np.random.default_rng(0)
    corner = draw.integers(0, 4, 200)
    points = np.array([[-1, -1], [1, 1], [-1, 1], [1, -1]])[corner] + draw.normal(0, 0.2, (200, 2))
    return points.astype(np.float32), corner if classes == 4 else corner // 2


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("params", [PARAMS, MLP])
def test_the_layers_give_what_the_head_gives(classes, params):
    points, labels = corners(classes)
    head = feature.fitted_head(class_task, even(points, labels), 10.0, params, seed=0)
    logits = head_of(head, classes)(torch.from_numpy(points))
    assert logits.detach().softmax(1).numpy() == pytest.approx(head.predict_proba(points), abs=1e-5)


def test_the_perceptron_learns_what_no_line_parts():
    points, labels = corners(2)
    right = {}
    for params in (PARAMS, MLP):
        head = feature.fitted_head(class_task, even(points, labels), 10.0, params, seed=0)
        right[params.head] = (head.predict(points) == labels).mean()
    assert right["logistic"] < 0.7
    assert right["mlp"] > 0.95


def test_the_weight_of_a_row_counts_in_both_heads():
    vectors = np.zeros((20, 2), np.float32)
    labels, weights = np.arange(20) % 2, np.where(np.arange(20) % 2, 3.0, 1.0)
    for params in (PARAMS, MLP):
        head = feature.fitted_head(
            class_task, even(vectors, labels, weights), 100.0, params, seed=0
        )
        assert head.predict_proba(vectors[:1])[0, 1] == pytest.approx(0.75, abs=0.03)
