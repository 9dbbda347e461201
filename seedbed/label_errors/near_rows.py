"""Which rows stand near each other in meaning, by cosine of their vectors: near copies with another
label, the rows that agree with a suggestion, the rows of other folds that vote, and outliers.

Every row is compared with every other once, in blocks, so that 100,000 rows fit into memory. What
is asked after that is read off the lists of nearest rows; a row whose list does not hold enough is
compared with all again, so that every answer is exact.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from seedbed.encoding.nearest_rows import CELLS, nearest_lists, nearest_of, unit_length

LISTED = 64  # nearest rows of each row: enough for 20 in other folds of train, nearly always
NOBODY = -1
# Rows (n, 1) and others (n, m) or (1, m) to which pairs count, (n, m) bool.
Counts = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Near(NamedTuple):
    """Vectors of length 1, (rows, width), and of each row the LISTED nearest other rows with their
    cosines, nearest first: (rows, k) each, where k is smaller where there are fewer rows."""

    vectors: np.ndarray
    rows: np.ndarray
    cosines: np.ndarray


class NearCopies(NamedTuple):
    """Rows, and for each its nearest near copy with another label."""

    row: np.ndarray
    copy: np.ndarray


def near_rows(vectors: np.ndarray, batches: Sequence[str]) -> Near:
    """The nearest rows of each row, out of all; `batches` name the batch of each row."""
    vectors = unit_length(vectors)
    return Near(vectors, *nearest_lists(vectors, batches, LISTED))


def nearest_that(
    near: Near, rows: np.ndarray, counts: Counts, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of each of `rows` the `count` nearest other rows that count, nearest first, and their
    cosines: (rows, count) each. Where there are fewer, NOBODY stands behind them."""
    listed = near.rows[rows]
    found, cosines = _first(listed, near.cosines[rows], counts(rows[:, None], listed), count)
    if listed.shape[1] < len(near.vectors) - 1:
        lacking = np.flatnonzero(found[:, -1] == NOBODY)
        step = max(1, CELLS // len(near.vectors))
        for start in range(0, len(lacking), step):
            part = lacking[start : start + step]
            found[part], cosines[part] = _of_all(near.vectors, rows[part], counts, count)
    return found, cosines


def _first(
    places: np.ndarray, cosines: np.ndarray, counting: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` of each line that count, and NOBODY where there are fewer."""
    found = np.full((len(places), count), NOBODY)
    values = np.zeros((len(places), count), np.float32)
    rank = counting.cumsum(1) - 1
    line, at = np.nonzero(counting & (rank < count))
    found[line, rank[line, at]] = places[line, at]
    values[line, rank[line, at]] = cosines[line, at]
    return found, values


def _of_all(
    vectors: np.ndarray, rows: np.ndarray, counts: Counts, count: int
) -> tuple[np.ndarray, np.ndarray]:
    every = np.arange(len(vectors))
    cosines = vectors[rows] @ vectors.T
    cosines[~counts(rows[:, None], every[None, :])] = -np.inf
    cosines[np.arange(len(rows)), rows] = -np.inf
    places, values = nearest_of(cosines, min(count, len(every)))
    return _first(places, values, values > -np.inf, count)


def near_copies(near: Near, labels: np.ndarray, min_cosine: float) -> NearCopies:
    """Rows with a row of another label (class numbers) at `min_cosine` or more."""
    rows = np.flatnonzero((near.cosines >= min_cosine).any(1))
    found, cosines = nearest_that(near, rows, lambda one, other: labels[one] != labels[other], 1)
    has = (found[:, 0] != NOBODY) & (cosines[:, 0] >= min_cosine)
    return NearCopies(rows[has], found[has, 0])


def agreeing(
    near: Near, labels: np.ndarray, rows: np.ndarray, suggested: np.ndarray, count: int
) -> list[np.ndarray]:
    """For each of `rows` the `count` nearest other rows whose label is the one suggested for it,
    nearest first; all of them where there are fewer."""
    wanted = np.full(len(labels), NOBODY)
    wanted[rows] = suggested
    found, _ = nearest_that(near, rows, lambda one, other: labels[other] == wanted[one], count)
    return [line[line != NOBODY] for line in found]
