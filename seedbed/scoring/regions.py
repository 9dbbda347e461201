"""Regions of meaning, and which of them grew in the newest batch.

Regions are clusters of the rows' vectors (Lloyd's k-means from farthest-first centres, Gonzalez
1985), found without a random generator, so that the same vectors give the same regions.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

ROWS_A_REGION = 30  # on average: fewer, and a share says nothing
MOST = 40
ROUNDS = 10
LEVEL = 0.05
EXAMPLES = 3


class Region(NamedTuple):
    """A region with more of the newest rows than chance gives: rows of its most frequent class,
    its share before and in the newest batch, p (Holm over all regions), the rows in its middle."""

    label: str
    rows: int
    before: float
    newest: float
    p: float
    middle: list[str]


def regions_of(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The region number of each row (rows,) and its cosine to the region's centre (rows,);
    `vectors`: (rows, width), rows in the order of their ids."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float64)
    number = min(MOST, max(1, len(unit) // ROWS_A_REGION))
    centres = unit[_far_apart(unit, number)]
    for _ in range(ROUNDS):
        place = (unit @ centres.T).argmax(1)
        sums = np.zeros_like(centres)
        np.add.at(sums, place, unit)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.where(length == 0, 1, length), centres)
    cosines = unit @ centres.T
    place = cosines.argmax(1)
    return place, cosines[np.arange(len(unit)), place]


def _far_apart(unit: np.ndarray, number: int) -> list[int]:
    """Row numbers: the row nearest to the mean, then always the one farthest from those chosen."""
    chosen = [int((unit @ unit.mean(axis=0)).argmax())]
    nearest = unit @ unit[chosen[0]]
    while len(chosen) < number:
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, unit @ unit[chosen[-1]])
    return chosen


def growing(
    vectors: np.ndarray, is_new: np.ndarray, labels: Sequence[str], ids: Sequence[str]
) -> list[Region]:
    """Regions whose share of the newest rows is above their share of the rows before by more than
    chance (Fisher's exact test, one-sided, Holm-corrected), the surest first."""
    from scipy.stats import fisher_exact

    from seedbed.scoring.paired_tests import holm

    place, cosines = regions_of(vectors)
    new, old = int(is_new.sum()), int((~is_new).sum())
    p_values, shares = {}, {}
    for region in np.unique(place).tolist():
        inside = place == region
        here, there = int((inside & is_new).sum()), int((inside & ~is_new).sum())
        table = [[here, new - here], [there, old - there]]
        p_values[str(region)] = float(fisher_exact(table, "greater").pvalue)
        shares[str(region)] = (there / old, here / new)
    found = []
    for name, p in sorted(holm(p_values).items(), key=lambda one: (one[1], int(one[0]))):
        if p <= LEVEL:
            members = np.flatnonzero(place == int(name))
            middle = members[np.argsort(-cosines[members], kind="stable")[:EXAMPLES]]
            names, counts = np.unique([labels[row] for row in members], return_counts=True)
            label = str(names[counts.argmax()])
            found.append(
                Region(label, len(members), *shares[name], p, [ids[row] for row in middle])
            )
    return found
