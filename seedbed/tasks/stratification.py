"""Folds in which every label of sets has its share: iterative stratification (Sechidis, Tsoumakas
and Vlahavas, On the stratification of multi-label data, 2011), for units of one or more rows.

scikit-learn has no such splitter, and the packages that have one do not keep groups whole.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array


def unit_folds(counts: csr_array, rows: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each unit, 0..folds-1: (units,).

    `counts`: how many rows of each unit have each label, (units, labels); `rows`: how many rows it
    has, (units,). The label with the fewest rows left is dealt out first: the largest of its units
    before the others, each to the fold that lacks most of this label, and of equal folds to the one
    that lacks most rows. Units without labels come last. Time grows with the entries of `counts`,
    with folds times units, and with labels times labels.
    """
    order = np.random.default_rng(seed).permutation(len(rows))
    order = order[np.argsort(-rows[order], kind="stable")]  # large units while there is a choice
    by_label = counts[order].tocsc()
    left = np.asarray(counts.sum(axis=0), dtype=np.int64)
    wanted = np.repeat(left[:, None] / folds, folds, axis=1)
    room = np.full(folds, rows.sum() / folds)
    fold_of = np.full(len(rows), -1, dtype=np.int8)

    def put(unit: int, wishes: np.ndarray) -> None:
        fold = int(np.lexsort((-room, -wishes))[0])
        entries = slice(counts.indptr[unit], counts.indptr[unit + 1])
        names, numbers = counts.indices[entries], counts.data[entries]
        fold_of[unit] = fold
        room[fold] -= rows[unit]
        wanted[names, fold] -= numbers
        left[names] -= numbers

    while (open_labels := np.flatnonzero(left)).size:
        label = open_labels[left[open_labels].argmin()]
        for place in by_label.indices[by_label.indptr[label] : by_label.indptr[label + 1]]:
            if fold_of[order[place]] < 0:
                put(order[place], wanted[label])
    for unit in order[fold_of[order] < 0]:
        put(unit, room)
    return fold_of


def iterative_folds(
    sets: Sequence[Sequence[str]], units: np.ndarray, folds: int, seed: int
) -> np.ndarray:
    """Return the fold of each row; rows of one unit are in one fold: (rows,) int8."""
    first_of, unit_of = np.unique(units.astype(str), return_inverse=True)
    names = {name: number for number, name in enumerate(sorted(set().union(*sets)))}
    columns = [names[name] for one in sets for name in one]
    lines = np.repeat(unit_of, [len(one) for one in sets])
    ones = np.ones(len(columns), dtype=np.int64)
    counts = csr_array((ones, (lines, columns)), shape=(len(first_of), max(1, len(names))))
    counts.sum_duplicates()
    return unit_folds(counts, np.bincount(unit_of), folds, seed)[unit_of]
