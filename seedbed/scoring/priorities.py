"""What a person should label or collect next: rows by priority, and effects of the newest batch.

Priority is uncertainty x density x weakness of the class, as information density weights
uncertainty by how many rows it represents (Settles and Craven, 2008). All three come from
out-of-fold and validation figures. Regions of meaning are clusters of the rows' vectors (Lloyd's
k-means from farthest-first centres, Gonzalez 1985), computed without a random generator, so that
the same vectors give the same regions.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from seedbed.core.rows import COLUMNS, NEXT
from seedbed.encoding.nearest_rows import nearest_rows, unit_length
from seedbed.scoring.drift import shifts, two_sample_test, word_divergence
from seedbed.scoring.metrics_files import ClassScores
from seedbed.scoring.significance import holm
from seedbed.tasks import ClassTask

ROWS_A_REGION = 30  # on average: the share of fewer rows means little
MOST_REGIONS = 40


def density(vectors: np.ndarray, neighbours: int) -> np.ndarray:
    """Average the cosines of each row (rows, width) to its nearest rows, 0 or more: (rows,)."""
    _, cosines = nearest_rows(vectors, vectors, neighbours, themselves=True)
    return np.clip(cosines.mean(1), 0, None) if cosines.shape[1] else np.zeros(len(vectors))


def weakness(per_class: dict[str, ClassScores]) -> dict[str, float]:
    """Estimate the share of errors of each class: 1 - F1 on validation, shrunk towards one half by
    two more rows (Laplace), so that a class with few rows is not called faultless."""
    return {
        name: ((1 - scores.f1) * scores.rows + 1) / (scores.rows + 2)
        for name, scores in per_class.items()
    }


def votes(
    vectors: np.ndarray, labelled: np.ndarray, one_hot: np.ndarray, neighbours: int
) -> np.ndarray:
    """Estimate class probabilities (rows, classes) of rows without a label, (rows, width): the
    share of the nearest labelled rows that have each class. `one_hot`: which classes `labelled`
    have, (labelled, classes)."""
    indices, _ = nearest_rows(vectors, labelled, neighbours)
    return one_hot[indices].mean(1)


def prioritized(
    task: ClassTask, rows: pd.DataFrame, near: np.ndarray, weak: dict[str, float]
) -> pd.DataFrame:
    """Sort rows by priority, the highest first; columns as COLUMNS[NEXT].

    `rows`: id, split, label ("" without), suggested, uncertainty. `near`: their density. The class
    of a row is the weakest of those that its label and the models' suggestion name; one that is not
    in validation is as weak as can be. A row of no class has the mean weakness of all.
    """
    mean = float(np.mean([*weak.values()] or [1.0]))
    of_class = [
        max((weak.get(name, 1.0) for label in labels for name in task.members(label)), default=mean)
        for labels in zip(rows["label"], rows["suggested"], strict=True)
    ]
    ranked = rows.assign(density=near, weakness=of_class)
    priority = ranked["uncertainty"] * ranked["density"] * ranked["weakness"]
    ranked["priority"] = priority.round(6)  # the last bits differ from processor to processor
    ranked = ranked.sort_values(["priority", "id"], ascending=[False, True], ignore_index=True)
    return ranked[COLUMNS[NEXT]]


class Region(NamedTuple):
    """A region with more of the newest rows than by chance: its most frequent class, its rows, its
    share before and in the newest batch, p (Holm over all regions), ids of the rows in its middle.
    """

    label: str
    rows: int
    before: float
    newest: float
    p: float
    middle: list[str]


class NewestBatch(NamedTuple):
    """The newest batch against all others.

    `shifts`: population stability index and its upper limit by chance, for labels and lengths;
    `words`: Jensen-Shannon divergence in bits; `auc` and `p` of a classifier that separates both;
    `labels`: the share of each label before and in the batch; `regions` that grew.
    """

    batch: str
    rows: int
    before: int
    shifts: dict[str, tuple[float, float]]
    words: float
    auc: float
    p: float
    labels: dict[str, tuple[float, float]]
    regions: list[Region]


def newest_batch(task: ClassTask, rows: pd.DataFrame, vectors: np.ndarray) -> NewestBatch | None:
    """Compare the newest batch of `rows` (id, text, label, batch) with the others; None if there is
    only one. `vectors`: (rows, width), in their order. Batch names begin with a date."""
    batch = rows["batch"].max()
    is_new = (rows["batch"] == batch).to_numpy()
    if is_new.all():
        return None
    old, new = rows[~is_new], rows[is_new]
    labels = (class_counts(task, old["label"]), class_counts(task, new["label"]))
    names = sorted({*labels[0], *labels[1]})
    texts = (list(old["text"]), list(new["text"]))
    separated = two_sample_test(*texts)
    return NewestBatch(
        batch=batch,
        rows=len(new),
        before=len(old),
        shifts=shifts(labels, texts),
        words=word_divergence(*texts),
        auc=separated.auc,
        p=separated.p,
        labels={name: (labels[0][name] / len(old), labels[1][name] / len(new)) for name in names},
        regions=growing(vectors, is_new, list(rows["label"]), list(rows["id"])),
    )


def class_counts(task: ClassTask, labels: Iterable[str]) -> Counter[str]:
    """Count rows by class; a row of several counts in each, one of none as its label."""
    return Counter(name for label in labels for name in task.members(label) or (label,))


def regions_of(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Assign rows to regions: the region of each row (rows,) and its cosine to the region's centre
    (rows,). `vectors`: (rows, width), rows in the order of their ids."""
    unit = unit_length(vectors).astype(np.float64)
    number = min(MOST_REGIONS, max(1, len(unit) // ROWS_A_REGION))
    centres = unit[_far_apart(unit, number)]
    for _ in range(10):
        region = (unit @ centres.T).argmax(1)
        sums = np.zeros_like(centres)
        np.add.at(sums, region, unit)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.where(length == 0, 1, length), centres)
    cosines = unit @ centres.T
    region = cosines.argmax(1)
    return region, cosines[np.arange(len(unit)), region]


@threadpool_limits.wrap(limits=1)  # or their number would decide between equals
def _far_apart(unit: np.ndarray, number: int) -> list[int]:
    """Indices of rows: the nearest to the mean, then always the farthest from those chosen."""
    chosen = [int((unit @ unit.mean(axis=0)).argmax())]
    nearest = unit @ unit[chosen[0]]
    while len(chosen) < number:
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, unit @ unit[chosen[-1]])
    return chosen


def growing(
    vectors: np.ndarray, is_new: np.ndarray, labels: Sequence[str], ids: Sequence[str]
) -> list[Region]:
    """Find regions whose share of the newest rows is above their share of the rows before by more
    than chance (Fisher's exact test, one-sided, Holm-corrected), the most significant first."""
    from scipy.stats import fisher_exact

    numbers, cosines = regions_of(vectors)
    new = int(is_new.sum())
    old = len(is_new) - new
    p_values, regions = [], []
    for number in np.unique(numbers).tolist():
        members = np.flatnonzero(numbers == number)
        now = int(is_new[members].sum())
        before = len(members) - now
        table = [[now, new - now], [before, old - before]]
        p_values.append(float(fisher_exact(table, "greater").pvalue))
        middle = members[np.argsort(-cosines[members], kind="stable")[:3]]
        counts = Counter(labels[row] for row in members.tolist())
        label = min(counts, key=lambda name: (-counts[name], name))
        examples = [ids[row] for row in middle]
        regions.append(Region(label, len(members), before / old, now / new, 1.0, examples))
    corrected = [
        region._replace(p=p) for region, p in zip(regions, holm(p_values), strict=True) if p <= 0.05
    ]
    return sorted(corrected, key=lambda region: region.p)
