"""Whether two models differ by more than chance, by their predictions for the same rows.

If one model is as good as the other, it is chance which of the two made which prediction for a row,
so that all ways of swapping the predictions are equally likely (Noreen, 1989; Yeh, 2000, for F1).
All predictions for a cluster (see `metrics`) are swapped together. With rows as clusters, for
accuracy, this is McNemar's exact test, one-sided. Of sets, a row is right in part, and McNemar's
test would count which model is better and not by how much: there the differences themselves get
random signs, which assumes no distribution of them either, as a t interval would. An allowed drop
is subtracted from the observed one; with it the test errs on the side of passing.
"""

import math
from collections.abc import Sequence

import numpy as np

from seedbed.core.metrics import Metrics
from seedbed.scoring.metrics import Metric, Scored

CHUNK = 2_000
SWAPS = 20_000
TINY = 1e-6  # floats that should be equal may differ in their last bits


class McNemar(Metrics):
    """The paired test of the task: rows that only one of two models gets right, of sets those of
    which it is more right, and the p-value."""

    only_one_right: int
    only_other_right: int
    p: float


def mcnemar(one: np.ndarray, other: np.ndarray) -> McNemar:
    """Test whether two models differ, by McNemar's exact test (1947), two-sided; where rows may be
    right in part, by random signs of their differences.

    `one` and `other`: how right each is on the same rows, (rows,).
    """
    from scipy.stats import binomtest  # half a second that most stages need not spend

    only_one, only_other = int((one > other).sum()), int((one < other).sum())
    both = only_one + only_other
    p = float(binomtest(only_one, both).pvalue) if both else 1.0
    lost = other.astype(np.float64) - one
    if not is_whole(lost):
        p = min(1.0, 2 * min(flip_p(lost, lost.sum()), flip_p(-lost, -lost.sum())))
    return McNemar(only_one_right=only_one, only_other_right=only_other, p=p)


def holm(p_values: Sequence[float], weights: Sequence[float] | None = None) -> list[float]:
    """Apply Holm's step-down correction (1979): the family-wise p-value of each test.

    `weights`: the share of the error that each test may spend, equal by default; a test with more
    weight is corrected less (the weighted form in the same paper).
    """
    weights = weights or [1.0] * len(p_values)
    order = sorted(range(len(p_values)), key=lambda test: p_values[test] / weights[test])
    left, largest, corrected = sum(weights[test] for test in order), 0.0, [*p_values]
    for test in order:
        largest = max(largest, min(1.0, p_values[test] * left / weights[test]))
        corrected[test] = largest
        left -= weights[test]
    return corrected


def sums_by_cluster(values: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Sum numbers, one per row, in each cluster: (rows,), (rows,) -> (clusters,)."""
    return np.bincount(clusters, weights=values)


def is_whole(values: np.ndarray) -> bool:
    """Whether all values are whole numbers."""
    return bool((values == np.rint(values)).all())


def flip_p(sums: np.ndarray, excess: float) -> float:
    """Compute the probability that the sum of numbers, each with a random sign, reaches `excess`:
    (clusters,) -> 0..1. It is exact for whole numbers, else from SWAPS draws, themselves one of
    them."""
    from scipy.stats import binom  # half a second that most stages need not spend

    if not is_whole(sums):
        random, reached = np.random.default_rng(0), 1
        differing = sums[sums != 0]
        for start in range(0, SWAPS, CHUNK):
            drawn = random.integers(0, 2, (min(CHUNK, SWAPS - start), len(differing)))
            reached += int(((2 * drawn - 1) @ differing >= excess - TINY).sum())
        return reached / (1 + SWAPS)
    sums = np.rint(sums).astype(np.int64)
    spread, reach = np.ones(1), 0
    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    for size, count in zip(sizes, counts, strict=True):
        steps = np.zeros(2 * size * count + 1)
        steps[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        spread, reach = np.convolve(spread, steps), reach + size * count
    totals = np.arange(-reach, reach + 1)
    return float(min(1.0, spread[totals >= excess - TINY].sum()))


def swapped_f1_drops(
    base: Scored, head: Scored, number: int, swaps: int = SWAPS
) -> tuple[np.ndarray, np.ndarray]:
    """Compute F1 of `base` minus that of `head` by class, and in each of `swaps` random swaps.

    Both are of the same rows; `number` of classes -> (classes,), (swaps, classes) float32. F1 is 0
    if a class has neither label nor prediction.
    """
    true, *said = (
        base.task.one_hot(part, number) for part in (base.labels, base.predicted, head.predicted)
    )
    actual = true.sum(0)
    # Rows correctly predicted as each class, and all rows predicted as it: (2, 1, classes).
    before, now = (np.stack([(one & true).sum(0), one.sum(0)])[:, None] for one in said)
    # What a swap of each cluster that differs takes from the base and gives to the head.
    differ = np.flatnonzero((said[0] != said[1]).any(1))
    names, cluster = np.unique(base.clusters[differ], return_inverse=True)
    moved = np.zeros((2, len(names), number), np.float32)
    for one, sign in zip(said, (1, -1), strict=True):
        np.add.at(moved[0], cluster, sign * (one & true)[differ].astype(np.float32))
        np.add.at(moved[1], cluster, sign * one[differ].astype(np.float32))
    random, parts = np.random.default_rng(0), []
    for start in range(0, swaps, CHUNK):
        drawn = random.integers(0, 2, (min(CHUNK, swaps - start), len(names)))
        swapped = drawn.astype(np.float32) @ moved
        parts.append(_f1(before - swapped, actual) - _f1(now + swapped, actual))
    return (_f1(before, actual) - _f1(now, actual))[0], np.concatenate(parts)


def swapped_metric_drops(metric: Metric, base: Scored, head: Scored) -> tuple[float, np.ndarray]:
    """Compute how much `metric` drops from `base` to `head`, and in each of 2,000 random swaps.

    Works for any metric of the table, of labels or of probabilities, one swap at a time. Gives the
    drop and the drops of the swaps, (swaps,).
    """
    random = np.random.default_rng(0)
    names, cluster = np.unique(base.clusters, return_inverse=True)
    drops = []
    for swap in [np.zeros(len(names), bool), *(random.random((2_000, len(names))) < 0.5)]:
        models = (_swapped(base, head, swap[cluster]), _swapped(head, base, swap[cluster]))
        before, now = (metric.computed(model)[0] for model in models)
        drops.append(float(before - now))
    return drops[0], np.array(drops[1:])


def _swapped(model: Scored, other: Scored, rows: np.ndarray) -> Scored:
    """A model's predictions with those of the other model for some rows, (rows,) bool."""
    probabilities = None
    if model.probabilities is not None and other.probabilities is not None:
        probabilities = np.where(rows[:, None], other.probabilities, model.probabilities)
    predicted = model.predicted.copy()
    predicted[rows] = other.predicted[rows]
    return model._replace(predicted=predicted, probabilities=probabilities)


def _f1(counts: np.ndarray, actual: np.ndarray) -> np.ndarray:
    correct, predicted = counts
    return (2 * correct / np.maximum(actual + predicted, 1)).astype(np.float32)


def smallest_drop(
    lost: np.ndarray, clusters: np.ndarray, level: float, power: float, allowed: float = 0.0
) -> float:
    """Compute the smallest drop of a share of correct rows that a one-sided test at `level` detects
    with probability `power`, at most 1.

    `lost` (rows,) is by how much more the base is right: 1 where only it is, -1 where only the head
    is. By the normal
    approximation: a drop adds rows that only the base gets right to the rows on which the models
    differ without either being better, of which as many are expected as were observed.
    """
    noise, spread = _noise(lost, clusters, level, power)
    a = spread / len(lost)  # (drop - allowed)^2 = a * (noise + drop)
    half = allowed + a / 2
    return min(1.0, half + math.sqrt(half * half - allowed * allowed + a * noise))


def rows_to_see(
    drop: float, lost: np.ndarray, clusters: np.ndarray, level: float, power: float, allowed: float
) -> int:
    """Compute how many rows would make `drop`, more than is allowed, the smallest that is detected,
    if the models differ on them as they do on these; see `smallest_drop`."""
    noise, spread = _noise(lost, clusters, level, power)
    return math.ceil(spread * (noise + drop) / (drop - allowed) ** 2)


def _noise(
    lost: np.ndarray, clusters: np.ndarray, level: float, power: float
) -> tuple[float, float]:
    """The share of rows on which the models differ without either being better, and the square of
    the deviations between chance and what is detected, wider if rows of a group err together."""
    from scipy.stats import norm

    noise = 2 * min(float(lost[lost > 0].sum()), -float(lost[lost < 0].sum())) / len(lost)
    differing = np.abs(lost).sum()
    grouped = (sums_by_cluster(lost, clusters) ** 2).sum() / differing if differing else 1.0
    z = norm.isf(level) + norm.ppf(power)
    return noise, z * z * max(grouped, 1.0)
