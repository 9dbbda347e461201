"""Metrics of sets of labels, for task `labels` alone. Each gives one value a sample of the rows;
all are higher where predictions are better, and agree with scikit-learn's where it has them.

`counts` of Scored, (samples, rows), weigh the rows; see seedbed.scoring.metrics.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # which imports this module
    from seedbed.scoring.metrics import Scored


def _mean(scored: "Scored", values: np.ndarray) -> np.ndarray:
    return scored.counts @ values / scored.counts.sum(1)


def _sets(scored: "Scored") -> tuple[np.ndarray, np.ndarray]:
    """Label and prediction of each row: (rows, classes) bool each."""
    number = max(part.shape[1] for part in (scored.labels, scored.predicted))
    true, said = (scored.task.one_hot(part, number) for part in (scored.labels, scored.predicted))
    return true, said


def samples_f1(scored: "Scored") -> np.ndarray:
    """The mean over the rows of F1 of the set; 1 where both sets are empty."""
    true, said = _sets(scored)
    either = true.sum(1) + said.sum(1)
    return _mean(scored, (2 * (true & said).sum(1) + (either == 0)) / np.maximum(either, 1))


def exact_match(scored: "Scored") -> np.ndarray:
    """The share of rows whose whole set is right."""
    true, said = _sets(scored)
    return _mean(scored, (true == said).all(1).astype(np.float64))


def hamming(scored: "Scored") -> np.ndarray:
    """The share of decisions that are right, one a class in each row: 1 less the Hamming loss."""
    true, said = _sets(scored)
    return _mean(scored, (true == said).mean(1))


def average_precisions(scored: "Scored") -> np.ndarray:
    """Average precision of each class: (classes, samples); nan where no row of a sample has it.

    Rows of equal probability are one step, as in scikit-learn."""
    assert scored.probabilities is not None
    found = []
    for label, given in zip(scored.labels.T, scored.probabilities.T, strict=True):
        order = np.argsort(-given, kind="stable")
        steps = np.flatnonzero(np.r_[given[order][1:] < given[order][:-1], True])
        weights = scored.counts[:, order]
        rows = np.cumsum(weights, axis=1)[:, steps]
        hits = np.cumsum(weights * label[order], axis=1)[:, steps]
        gained = np.diff(hits, axis=1, prepend=0)
        precision = hits / np.maximum(rows, np.finfo(float).tiny)
        total = hits[:, -1]
        value = (gained * precision).sum(1) / np.where(total > 0, total, np.nan)
        found.append(value)
    return np.array(found).reshape(-1, len(scored.counts))


def mean_average_precision(scored: "Scored") -> np.ndarray:
    """The mean over the classes that have rows in the sample; 0 where none has."""
    found = average_precisions(scored)
    known = np.isfinite(found)
    return np.where(known, found, 0).sum(0) / np.maximum(known.sum(0), 1)


def _ranks(scored: "Scored") -> tuple[np.ndarray, np.ndarray]:
    """Labels, and the place of each class in its row, the most probable first; of equals the last:
    (rows, classes) each."""
    assert scored.probabilities is not None
    ordered = np.sort(-scored.probabilities, axis=1)
    places = [
        np.searchsorted(row, -given, "right")
        for row, given in zip(ordered, scored.probabilities, strict=True)
    ]
    return scored.labels > 0, np.array(places).reshape(scored.probabilities.shape)


def lrap(scored: "Scored") -> np.ndarray:
    """Label ranking average precision: for each label of a row, the share of its labels among the
    classes that rank as high or higher; the mean over its labels, then over the rows. A row with no
    label or with all counts as 1."""
    true, places = _ranks(scored)
    own = np.sort(np.where(true, places, places.shape[1] + 1), axis=1)
    # Of the labels that rank as high or higher: of equals all.
    above = [np.searchsorted(row, place, "right") for row, place in zip(own, places, strict=True)]
    shares = np.where(true, np.array(above).reshape(places.shape) / places, 0).sum(1)
    number = true.sum(1)
    whole = (number == 0) | (number == true.shape[1])
    return _mean(scored, np.where(whole, 1.0, shares / np.maximum(number, 1)))


def coverage(scored: "Scored") -> np.ndarray:
    """1 less the share of all classes that rank above or among a row's labels and are none of
    them, the mean over the rows: 1 where every row's labels rank first. So it is 1 less the
    coverage error (Tsoumakas et al., 2010), counted from its least and in shares of all classes."""
    true, places = _ranks(scored)
    depth = np.where(true, places, 0).max(1, initial=0)
    return _mean(scored, 1 - (depth - true.sum(1)) / true.shape[1])
