"""How the newest batch lies against the rows before it: labels, lengths, words, regions."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from seedbed.scoring.regions import Region, growing
from seedbed.versions.drift import (
    jensen_shannon,
    length_counts,
    psi,
    psi_by_chance,
    two_sample_test,
    word_counts,
)

MOST_WORDS = 1000  # of the vocabulary: rarer words come and go by chance


class Newest(NamedTuple):
    """The newest batch beside all others: population stability index and what chance stays below,
    by what was compared; Jensen-Shannon divergence of words in bits; a classifier's AUC and p; the
    share of each label before and in it; the regions that grew."""

    batch: str
    rows: int
    before: int
    shifts: dict[str, tuple[float, float]]
    words: float
    auc: float
    p: float
    labels: dict[str, tuple[float, float]]
    regions: list[Region]


def newest_batch(rows: pd.DataFrame, vectors: np.ndarray) -> Newest | None:
    """The newest batch of `rows` (id, text, label, batch) against the others; None where there is
    one batch alone. `vectors`: (rows, width), in their order. Batch names begin with a date."""
    batch = rows["batch"].max()
    is_new = (rows["batch"] == batch).to_numpy()
    if is_new.all():
        return None
    old, new = rows[~is_new], rows[is_new]
    labels = [Counter(part["label"]) for part in (old, new)]
    lengths = length_counts(*([*map(len, part["text"])] for part in (old, new)))
    shifts = {
        "labels": (psi(*labels), psi_by_chance(len({*labels[0], *labels[1]}), len(old), len(new))),
        "lengths": (psi(*lengths), psi_by_chance(len(lengths[0]), len(old), len(new))),
    }
    told_apart = two_sample_test(list(old["text"]), list(new["text"]))
    shares = {
        label: (labels[0][label] / len(old), labels[1][label] / len(new))
        for label in sorted({*labels[0], *labels[1]})
    }
    regions = growing(vectors, is_new, list(rows["label"]), list(rows["id"]))
    return Newest(
        batch, len(new), len(old), shifts, words_apart(old["text"], new["text"]), told_apart.auc,
        told_apart.p, shares, regions,
    )  # fmt: skip


def words_apart(before: Iterable[str], after: Iterable[str]) -> float:
    """Jensen-Shannon divergence of the words of two sets of texts, in bits, over the thousand most
    frequent of both; 0 where a side has none of them."""
    old, new = word_counts(before), word_counts(after)
    words = [word for word, _ in sorted((old + new).items(), key=lambda one: (-one[1], one[0]))]
    first, second = ([side[word] for word in words[:MOST_WORDS]] for side in (old, new))
    return jensen_shannon(first, second) if sum(first) and sum(second) else 0.0
