"""Feature-based: the encoder is frozen and its vectors feed a logistic regression.

Rows that were embedded already are looked up; the head's regularisation is chosen on the folds
of the training rows by log-loss.
"""

from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from seedbed.classifier import save_sentence_classifier
from seedbed.params import Section
from seedbed.scoring import macro_f1_of
from seedbed.task import Task


class Params(Section):
    """params.yaml section `approaches.feature`."""

    run: bool
    inverse_regularisation: list[float]
    folds: int


def fine_tune(task: Task, params: Params, seed: int, folder: Path) -> list[dict[str, float]]:
    """Fit, write a sentence-transformers model that ends in Dense, give a curve of one point."""
    vectors, labels, weights = task.vectors("train"), task.train.row_labels, task.train.row_weights
    with threadpool_limits(1):  # small matrices: a second thread costs more than it brings
        roots = np.array([row.partition("-")[0] for row in task.train.row_ids])
        strength = _chosen(vectors, labels, weights, roots, params, seed)
        head = _head(strength).fit(vectors, labels, weights)
    weight, bias = _per_class(head, len(task.classes))
    predicted = task.vectors("validation") @ weight.T + bias
    score = macro_f1_of(task.validation.row_labels, predicted.argmax(1))
    save_sentence_classifier(
        task,
        folder,
        weight=torch.from_numpy(weight),
        bias=torch.from_numpy(bias),
        encoder=None,
        trained=weight.size + bias.size,
    )
    return [{"epoch": 1, "validation_macro_f1": score}]


def _head(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=2000)


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
    counts = np.bincount(labels)
    often = counts[labels] > 1
    vectors, labels, weights, roots = (part[often] for part in (vectors, labels, weights, roots))
    if len(np.unique(labels)) < 2:
        return sorted(params.inverse_regularisation)[len(params.inverse_regularisation) // 2]
    rarest = int(counts[counts > 1].min())
    # Without groups the plain splitter does, in a hundredth of the time.
    groups = roots if len(set(roots)) < len(roots) else None
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = splitter(min(params.folds, rarest), shuffle=True, random_state=seed)
    parts = list(folds.split(vectors, labels, groups))
    losses = {
        strength: log_loss(
            labels,
            cross_val_predict(
                _head(strength),
                vectors,
                labels,
                cv=parts,
                method="predict_proba",
                params={"sample_weight": weights},
            ),
        )
        for strength in params.inverse_regularisation
    }
    return min(losses, key=lambda strength: (losses[strength], strength))


def _per_class(head: LogisticRegression, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight (classes, width) and bias (classes): two classes are stored as one by scikit-learn."""
    weight, bias = head.coef_, head.intercept_
    if classes == 2:
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return weight.astype(np.float32), bias.astype(np.float32)
