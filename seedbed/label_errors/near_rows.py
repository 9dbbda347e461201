"""Which rows stand near each other in meaning, by cosine of their vectors: near copies with another
label, the rows that agree with a suggestion, and each row's nearest ones.

Every row is compared with every other, in blocks, so that 100,000 rows fit into memory.
"""

from typing import NamedTuple

import numpy as np

from seedbed.encoding.nearest_rows import CELLS, nearest_of, unit_length

SELF = -2.0  # below every cosine


class Near(NamedTuple):
    """The nearest other rows of each row and their cosines, nearest first: (rows, count) each; and
    the nearest row with another label, (rows,), with its cosine (SELF where there is none)."""

    rows: np.ndarray
    cosines: np.ndarray
    other: np.ndarray
    other_cosine: np.ndarray


class NearCopies(NamedTuple):
    """Rows, and for each its nearest near copy with another label."""

    row: np.ndarray
    copy: np.ndarray


def near_rows(vectors: np.ndarray, labels: np.ndarray, count: int) -> Near:
    """For each row the `count` nearest others, or all where there are fewer, and the nearest with
    another label (`labels` are class numbers)."""
    vectors, number = unit_length(vectors), len(labels)
    count = min(count, number - 1)
    found = Near(
        np.empty((number, count), np.int64),
        np.empty((number, count), np.float32),
        np.zeros(number, np.int64),
        np.full(number, SELF, np.float32),
    )
    step = max(1, CELLS // number)
    for start in range(0, number, step):
        part = np.arange(start, min(start + step, number))
        cosines = vectors[part] @ vectors.T
        cosines[np.arange(len(part)), part] = SELF
        found.rows[part], found.cosines[part] = nearest_of(cosines, count)
        cosines[labels[part][:, None] == labels] = SELF
        found.other[part] = cosines.argmax(1)
        found.other_cosine[part] = cosines.max(1)
    return found


def near_copies(near: Near, min_cosine: float) -> NearCopies:
    """Rows with a row of another label at `min_cosine` or more."""
    rows = np.flatnonzero(near.other_cosine >= min_cosine)
    return NearCopies(rows, near.other[rows])


def agreeing(
    vectors: np.ndarray, labels: np.ndarray, rows: np.ndarray, suggested: np.ndarray, count: int
) -> list[np.ndarray]:
    """For each of `rows` the `count` nearest other rows whose label is the one suggested for it,
    nearest first; all of them where there are fewer."""
    vectors = unit_length(vectors)
    found = [np.empty(0, np.int64)] * len(rows)
    for label in np.unique(suggested):
        asked, carry = np.flatnonzero(suggested == label), np.flatnonzero(labels == label)
        step = max(1, CELLS // max(1, len(carry)))
        for start in range(0, len(asked), step):
            part = asked[start : start + step]
            cosines = vectors[rows[part]] @ vectors[carry].T
            places, _ = nearest_of(cosines, min(count + 1, len(carry)))
            for one, line in zip(part, carry[places], strict=True):
                found[one] = line[line != rows[one]][:count]
    return found
