"""How good predictions are: metrics over rows, each also over many samples of the rows at once.

A sample is a line of `counts` (samples, rows): how often each row stands in it. `intervals` draws
them; one line of ones is the rows as they are.
"""

from typing import Any, NamedTuple

import numpy as np

OUTSIDE = -1  # the class number of a row that no class is right for


class Counted(NamedTuple):
    """By sample and class, (samples, classes) float64: rows given the class, rows predicted as it,
    and rows that are both. Classes are those that stand in labels or predictions; `is_given` says
    which stand in the labels, (classes,)."""

    right: np.ndarray
    given: np.ndarray
    found: np.ndarray
    is_given: np.ndarray


def counted(labels: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> Counted:
    """What the metrics need of class numbers (rows,) and counts (samples, rows)."""
    names = np.unique(np.r_[labels, predicted])
    given, found = (part[:, None] == names for part in (labels, predicted))
    # One product of float32 for all: counts are whole numbers far below 2**24, so it is exact.
    every = np.concatenate([given & found, given, found], axis=1).astype(np.float32)
    products = (counts.astype(np.float32) @ every).astype(np.float64)
    return Counted(*np.split(products, 3, axis=1), given.any(0))


def _f1(one: Counted) -> np.ndarray:
    """F1 of the classes that stand in the labels; 0 where a class has neither a label nor a
    prediction in a sample."""
    known = one.is_given
    either = one.given[:, known] + one.found[:, known]
    return 2 * one.right[:, known] / np.maximum(either, 1)


def _accuracy(one: Counted) -> np.ndarray:
    return one.right.sum(1) / one.given.sum(1)


def _macro_f1(one: Counted) -> np.ndarray:
    return _f1(one).mean(1)


def _weighted_f1(one: Counted) -> np.ndarray:
    weights = one.given[:, one.is_given]
    return (_f1(one) * weights).sum(1) / weights.sum(1)


def _mcc(one: Counted) -> np.ndarray:
    """Gorodkin's multi-class form (2004); 0 where all labels or all predictions are alike."""
    rows, right = one.given.sum(1), one.right.sum(1)
    covariance = right * rows - (one.given * one.found).sum(1)
    spreads = [rows**2 - (part**2).sum(1) for part in (one.given, one.found)]
    scale = np.sqrt(spreads[0] * spreads[1])
    return np.where(scale > 0, covariance / np.where(scale > 0, scale, 1), 0.0)


METRICS = {"accuracy": _accuracy, "macro_f1": _macro_f1, "weighted_f1": _weighted_f1, "mcc": _mcc}


def scores(labels: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, macro-F1, weighted F1 and Matthews correlation in each sample: (samples,) each."""
    found = counted(labels, predicted, counts)
    return {name: metric(found) for name, metric in METRICS.items()}


def accuracy(labels: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Accuracy in each sample: counts (samples, rows) -> (samples,)."""
    return _accuracy(counted(labels, predicted, counts))


def macro_f1(labels: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Macro-F1 over the classes that stand in the labels, in each sample: (samples,)."""
    return _macro_f1(counted(labels, predicted, counts))


def macro_f1_of(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Macro-F1 of one set of predictions."""
    return float(macro_f1(labels, predicted, np.ones((1, len(labels))))[0])


def per_class(labels: np.ndarray, predicted: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """Precision, recall, F1 and rows of each class; 0 where nothing was predicted."""
    result = {}
    for number, name in enumerate(classes):
        right = int(((labels == number) & (predicted == number)).sum())
        given, found = int((labels == number).sum()), int((predicted == number).sum())
        result[name] = {
            "precision": right / found if found else 0.0,
            "recall": right / given if given else 0.0,
            "f1": 2 * right / (given + found) if given + found else 0.0,
            "rows": given,
        }
    return result


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """Rows by given class (outer) and predicted class (inner)."""
    return {
        name: {
            other: int(((labels == i) & (predicted == j)).sum()) for j, other in enumerate(classes)
        }
        for i, name in enumerate(classes)
    }
