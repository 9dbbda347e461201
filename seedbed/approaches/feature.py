"""Feature-based: the encoder is frozen and its vectors feed a small head: logistic regression, or a
perceptron with one hidden layer.

Rows that were embedded already are looked up; the head's regularisation is chosen on the folds
of the training rows by log-loss.
"""

import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from seedbed.core.params import Section
from seedbed.scoring.metrics import macro_f1_of
from seedbed.training.classifier import save_sentence_classifier
from seedbed.training.heads import Head, Layer, layers_of
from seedbed.training.task import Task

SMALLEST = np.finfo(np.float32).eps  # a probability of 0 is as bad as this one


class Params(Section):
    """params.yaml section `approaches.feature`."""

    run: bool
    head: Literal["logistic", "mlp"]
    hidden: int = Field(gt=0)
    inverse_regularisation: list[float] = Field(min_length=1)
    folds: int = Field(ge=2)


def fine_tune(task: Task, params: Params, seed: int, folder: Path) -> list[dict[str, float]]:
    """Fit, write a sentence-transformers model that ends in Dense, give a curve of one point."""
    vectors, labels, weights = task.vectors("train"), task.train.row_labels, task.train.row_weights
    with threadpool_limits(1):  # small matrices: a second thread costs more than it brings
        roots = np.array([row.partition("-")[0] for row in task.train.row_ids])
        strength = _chosen(vectors, labels, weights, roots, params, seed)
        head = fitted_head(vectors, labels, weights, strength, params, seed)
    layers = layers_of(head, len(task.classes))
    predicted = _logits(layers, task.vectors("validation"))
    score = macro_f1_of(task.validation.row_labels, predicted.argmax(1))
    trained = sum(layer.weight.numel() + layer.bias.numel() for layer in layers)
    save_sentence_classifier(task, folder, layers, encoder=None, trained=trained)
    return [{"epoch": 1, "validation_macro_f1": score}]


def fitted_head(
    vectors: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    strength: float,
    params: Params,
    seed: int,
) -> Head:
    """A head of the wanted kind. `strength` is C of either: the loss summed over the rows, plus
    half the squared weights over C."""
    if params.head == "logistic":
        return LogisticRegression(C=strength, max_iter=2000).fit(vectors, labels, weights)
    head = MLPClassifier((params.hidden,), alpha=1 / strength, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        # 200 rounds are what stops it: more fit the rows and not the classes.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return head.fit(vectors, labels, weights)


def _chosen(
    vectors: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    roots: np.ndarray,
    params: Params,
    seed: int,
) -> float:
    """The regularisation with the least out-of-fold log-loss, over the classes that have a row in
    two folds; the middle of the grid where there are not two such classes. A copy stands in the
    fold of the row it was made of (`roots`), or it would tell the label of that row."""
    grid = sorted(params.inverse_regularisation)
    counts = np.bincount(labels)
    often = counts[labels] > 1
    vectors, labels, weights, roots = (part[often] for part in (vectors, labels, weights, roots))
    classes = np.unique(labels)
    if len(classes) < 2:
        return grid[len(grid) // 2]
    if len(grid) == 1:
        return grid[0]
    rarest = int(counts[counts > 1].min())
    # Without groups the plain splitter does, in a hundredth of the time.
    groups = roots if len(set(roots)) < len(roots) else None
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = splitter(min(params.folds, rarest), shuffle=True, random_state=seed)
    parts = list(folds.split(vectors, labels, groups))

    def loss(strength: float) -> float:
        held_out = np.zeros((len(labels), len(classes)))
        for inside, outside in parts:
            part = (vectors[inside], labels[inside], weights[inside])
            head = fitted_head(*part, strength, params, seed)
            known = np.searchsorted(classes, head.classes_)
            held_out[np.ix_(outside, known)] = head.predict_proba(vectors[outside])
        of_label = held_out[np.arange(len(labels)), np.searchsorted(classes, labels)]
        return float(-np.log(np.maximum(of_label, SMALLEST)).mean())

    losses = {strength: loss(strength) for strength in grid}
    return min(losses, key=lambda strength: (losses[strength], strength))


def _logits(layers: list[Layer], vectors: np.ndarray) -> np.ndarray:
    found = torch.from_numpy(vectors)
    for layer in layers[:-1]:
        found = torch.relu(found @ layer.weight.T + layer.bias)
    return (found @ layers[-1].weight.T + layers[-1].bias).numpy()
