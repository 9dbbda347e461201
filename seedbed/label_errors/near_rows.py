"""Rows near each other in meaning, by cosine of their vectors: near copies with another label, rows
that agree with a suggestion, rows of other folds that vote, outliers, and order of arrival.

Every row is compared with every other once, in blocks, so that 100,000 rows fit into memory.
Questions are then answered from the lists of nearest rows; a row whose list does not suffice is
compared with all again, so that every answer is exact.
"""

from collections.abc import Callable, Sequence
from json import loads
from typing import NamedTuple

import numpy as np
import pandas as pd

from seedbed.encoding.nearest_rows import CELLS, Lists, nearest_lists, nearest_of, unit_length

LISTED = 64  # nearest rows of each row: enough for 20 in other folds of train, nearly always
NOBODY = -1
NEAREST = 10  # neighbours for outliers and order of arrival: the default of cleanlab's Datalab
FEWEST = 30  # rows: with fewer, outliers and a permutation test have no meaning
# From rows (n, 1) and others (n, m) or (1, m) to whether the pair counts, (n, m) bool.
Counts = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Near(NamedTuple):
    """Vectors of length 1, (rows, width), and for each row the indices and cosines of the LISTED
    nearest other rows, nearest first: (rows, k) each, where k is smaller if there are fewer."""

    vectors: np.ndarray
    rows: np.ndarray
    cosines: np.ndarray


def near_rows(vectors: np.ndarray, batches: Sequence[str]) -> Near:
    """Return the nearest of all rows for each row; `batches` has the batch of each row."""
    vectors = unit_length(vectors)
    return Near(vectors, *nearest_lists(vectors, batches, LISTED))


def nearest_that(near: Near, rows: np.ndarray, counts: Counts, count: int) -> Lists:
    """Return the `count` nearest other rows that count for each of `rows`, nearest first, and their
    cosines: (rows, count) each, filled with NOBODY if there are fewer."""
    listed = near.rows[rows]
    nearest, cosines = _first(listed, near.cosines[rows], counts(rows[:, None], listed), count)
    if listed.shape[1] < len(near.vectors) - 1:
        lacking = np.flatnonzero(nearest[:, -1] == NOBODY)
        step = max(1, CELLS // len(near.vectors))
        for start in range(0, len(lacking), step):
            part = lacking[start : start + step]
            some, every = rows[part], np.arange(len(near.vectors))
            products = near.vectors[some] @ near.vectors.T
            products[~counts(some[:, None], every[None, :])] = -np.inf
            products[np.arange(len(some)), some] = -np.inf
            indices, values = nearest_of(products, min(count, len(every)))
            nearest[part], cosines[part] = _first(indices, values, values > -np.inf, count)
    return nearest, cosines


def _first(indices: np.ndarray, cosines: np.ndarray, counting: np.ndarray, count: int) -> Lists:
    """Return the first `count` of each list that count, and NOBODY if there are fewer."""
    nearest = np.full((len(indices), count), NOBODY)
    values = np.zeros((len(indices), count), np.float32)
    rank = counting.cumsum(1) - 1
    row, column = np.nonzero(counting & (rank < count))
    nearest[row, rank[row, column]] = indices[row, column]
    values[row, rank[row, column]] = cosines[row, column]
    return nearest, values


def near_copies(near: Near, labels: np.ndarray, min_cosine: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with a row of another label (class indices) at `min_cosine` or more, and for
    each the nearest such row: (near copies,) each."""
    rows = np.flatnonzero((near.cosines >= min_cosine).any(1))
    copies, cosines = nearest_that(near, rows, lambda row, other: labels[row] != labels[other], 1)
    has_copy = (copies[:, 0] != NOBODY) & (cosines[:, 0] >= min_cosine)
    return rows[has_copy], copies[has_copy, 0]


def agreeing(
    near: Near, labels: np.ndarray, rows: np.ndarray, suggested: np.ndarray, count: int
) -> list[np.ndarray]:
    """Return for each of `rows` the `count` nearest other rows whose label is the one suggested for
    it, nearest first, or all if there are fewer."""
    wanted = np.full(len(labels), NOBODY)
    wanted[rows] = suggested
    nearest, _ = nearest_that(near, rows, lambda row, other: labels[other] == wanted[row], count)
    return [indices[indices != NOBODY] for indices in nearest]


class WholeSet(NamedTuple):
    """Outliers (a mask) with a score in [0, 1] each, low if far from all others; and the p-value of
    "the order of arrival is random" (None: too few rows)."""

    outlier: np.ndarray
    score: np.ndarray
    non_iid_p: float | None


def order_of_arrival(rows: pd.DataFrame) -> np.ndarray:
    """Return the indices of the rows in the order of batch, source, file and line."""
    origins = [loads(provenance) for provenance in rows["provenance"]]
    keys = rows[["batch", "source", "id"]].reset_index(drop=True)
    keys = keys.assign(
        file=[str(origin.get("file", "")) for origin in origins],
        line=[int(origin.get("line") or 0) for origin in origins],
    )
    return keys.sort_values(["batch", "source", "file", "line", "id"]).index.to_numpy()


def check_whole_set(near: Near, arrival: np.ndarray) -> WholeSet:
    """Find outliers and test the order of arrival, whatever the labels, by cleanlab's Datalab.

    An outlier's mean distance to its nearest rows is far above the third quartile of all. The order
    is tested by a Kolmogorov-Smirnov statistic of how far apart nearest rows arrived, against
    permutations (Cummings, Snorrason and Mueller, 2023).
    """
    number, count = len(near.rows), NEAREST
    if number < FEWEST:
        return WholeSet(np.zeros(number, dtype=bool), np.ones(number), None)
    from cleanlab import Datalab
    from scipy.sparse import csr_matrix

    position = np.argsort(arrival)
    ordered = position[near.rows[arrival, :count]]
    distances = 1 - near.cosines[arrival, :count].astype(float)
    ends = np.arange(0, number * count + 1, count)
    graph = csr_matrix(
        (np.maximum(distances, 0).ravel(), ordered.ravel(), ends), shape=(number, number)
    )
    lab = Datalab({"row": list(range(number))}, verbosity=0)
    lab.find_issues(knn_graph=graph, issue_types={"outlier": {"k": count}, "non_iid": {"k": count}})
    outliers = lab.get_issues("outlier")
    return WholeSet(
        outliers["is_outlier_issue"].to_numpy()[position],
        outliers["outlier_score"].to_numpy()[position],
        float(lab.get_info("non_iid")["p-value"]),
    )
