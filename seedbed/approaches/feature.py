"""Feature-based: the encoder is frozen, and a small head is fitted on its vectors: logistic
regression, or a perceptron with one hidden layer.

The head's regularisation is chosen by log-loss on folds of the train rows.
"""

import warnings
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from seedbed.tasks import ClassTask, Regression
from seedbed.training import classifier
from seedbed.training.loop import Curve
from seedbed.training.models import ApproachParams, SavedModel

SMALLEST = np.finfo(np.float32).eps  # a probability below it counts as it, or the loss is infinite


class Params(ApproachParams):
    """params.yaml section `approaches.feature`."""

    head: Literal["logistic", "mlp"]
    hidden: int = Field(gt=0, le=100_000)
    inverse_regularisation: list[Annotated[float, Field(gt=0, le=10**9)]] = Field(
        min_length=1, max_length=100
    )
    folds: int = Field(ge=2, le=1000)


def fine_tune(data: classifier.TrainingData, params: Params, seed: int, folder: Path) -> Curve:
    """Fit a head, save a sentence classifier to `folder` and give a curve of one point."""
    vectors, labels, weights = data.vectors("train"), data.train.row_labels, data.train.row_weights
    with threadpool_limits(1):  # small matrices: a second thread costs more than it saves
        roots = np.array([row.partition("-")[0] for row in data.train.row_ids])
        rows = Rows(vectors, labels, weights, roots)
        strength = _chosen(data.task, rows, params, seed)
        fitted = fitted_head(data.task, rows, strength, params, seed)
    head = classifier.head_of(fitted, len(data.classes))
    with torch.inference_mode():
        logits = head(torch.from_numpy(data.vectors("validation"))).numpy()
    score = classifier.score_of(data, logits)
    origin = classifier.Origin("feature", params, classifier.trainable_parameters(head))
    classifier.save_sentence_classifier(data, folder, head, encoder=None, origin=origin)
    return [{"epoch": 1, "validation_macro_f1": score}]


def load(folder: Path, card: SavedModel) -> classifier.Loaded:
    """Load a model that `fine_tune` saved."""
    model = classifier.load_sentence_classifier(folder)
    return model._replace(head=model.module.head)


class Rows(NamedTuple):
    """Train rows: vectors (rows, width), targets, weights, and the id of the original row that each
    is or was made of, (rows,)."""

    vectors: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    roots: np.ndarray

    def take(self, mask: np.ndarray) -> "Rows":
        """The rows of a mask, or those at some indices."""
        return Rows(*(column[mask] for column in self))


def fitted_head(
    task: ClassTask, rows: Rows, strength: float, params: Params, seed: int
) -> Regression | MLPClassifier:
    """Fit a head. `strength` is C of either kind: it minimises the loss summed over the rows, plus
    half the squared weights over C."""
    vectors, labels, weights, _ = rows
    if params.head == "logistic":
        return task.regression(strength).fit(vectors, labels, weights)
    head = MLPClassifier((params.hidden,), alpha=1 / strength, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        # Stopping after 200 rounds is intended: more of them overfit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return head.fit(vectors, labels, weights)


def _chosen(task: ClassTask, rows: Rows, params: Params, seed: int) -> float:
    """The regularisation with the least out-of-fold log-loss, over the classes that have a row in
    two folds; the middle of the grid where fewer than two classes do. Copies share the fold of
    their original, or they would reveal its label."""
    grid = sorted(params.inverse_regularisation)
    if task.SETS:
        return _chosen_for_sets(task, rows, params, seed, grid)
    counts = np.bincount(rows.labels)
    rows = rows.take(counts[rows.labels] > 1)
    classes = np.unique(rows.labels)
    if len(classes) < 2 or len(grid) == 1:
        return grid[len(grid) // 2]
    rarest = int(counts[counts > 1].min())
    # Without copies the plain splitter gives stratified folds in a hundredth of the time.
    groups = rows.roots if len(set(rows.roots)) < len(rows.roots) else None
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = splitter(min(params.folds, rarest), shuffle=True, random_state=seed)
    parts = list(folds.split(rows.vectors, rows.labels, groups))

    def loss(strength: float) -> float:
        held_out = np.zeros((len(rows.labels), len(classes)))
        for inside, outside in parts:
            head = fitted_head(task, rows.take(inside), strength, params, seed)
            known = np.searchsorted(classes, head.classes_)
            held_out[np.ix_(outside, known)] = head.predict_proba(rows.vectors[outside])
        of_label = held_out[np.arange(len(held_out)), np.searchsorted(classes, rows.labels)]
        return float(-np.log(np.maximum(of_label, SMALLEST)).mean())

    return min(grid, key=loss)  # of equals the first, which is the least


def _chosen_for_sets(
    task: ClassTask, rows: Rows, params: Params, seed: int, grid: list[float]
) -> float:
    """The same for sets, over all classes: folds need no rows of each, since a regression of a
    class that a fold lacks is a constant."""
    number = min(params.folds, len(set(rows.roots)))
    if number < 2 or len(grid) == 1:
        return grid[len(grid) // 2]
    folds = GroupKFold(number, shuffle=True, random_state=seed)
    parts = list(folds.split(rows.vectors, groups=rows.roots))

    def loss(strength: float) -> float:
        values = []
        for inside, outside in parts:
            head = fitted_head(task, rows.take(inside), strength, params, seed)
            given = np.clip(head.predict_proba(rows.vectors[outside]), SMALLEST, 1 - SMALLEST)
            values.append(task.log_loss(rows.labels[outside], given).values)
        return float(np.concatenate(values).mean())

    return min(grid, key=loss)
