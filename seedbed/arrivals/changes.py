"""How far a batch lies from the rows that are there: labels, lengths, words, and a classifier."""

from collections import Counter
from typing import NamedTuple

import pandas as pd

from seedbed.arrivals.standing import Standing
from seedbed.scoring.drift import (
    TwoSample,
    length_counts,
    psi,
    psi_by_chance,
    two_sample_test,
    word_divergence,
)


class Shift(NamedTuple):
    """Population stability index, and what chance alone stays below in 95 of 100 draws."""

    psi: float
    by_chance: float


class Changes(NamedTuple):
    """By what was compared, as far as it could be: without the data only labels can."""

    shifts: dict[str, Shift]
    words: float | None  # Jensen-Shannon divergence of the vocabularies, in bits
    told_apart: TwoSample | None


def changes(rows: pd.DataFrame, standing: Standing) -> Changes:
    """The rows of a batch that would stay against the rows that are there; both as models see
    them. Nothing where one of them is empty."""
    if rows.empty or not standing.classes:
        return Changes({}, None, None)
    labels = Counter(rows["label"])
    bins = len({*standing.classes, *labels})
    chance = psi_by_chance(bins, standing.classes.total(), labels.total())
    shifts = {"labels": Shift(psi(standing.classes, labels), chance)}
    if standing.rows is None:
        return Changes(shifts, None, None)
    there = standing.rows["text"][standing.rows["id"].isin(standing.kept)].tolist()
    if not there:
        return Changes(shifts, None, None)
    found = rows["text"].tolist()
    before, after = length_counts([*map(len, there)], [*map(len, found)])
    chance = psi_by_chance(len(before), sum(before), sum(after))
    shifts["lengths"] = Shift(psi(before, after), chance)
    return Changes(shifts, word_divergence(there, found), two_sample_test(there, found))
