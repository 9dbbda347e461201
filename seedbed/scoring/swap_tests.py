"""How surprising a drop is, if two models were alike: their answers swapped, unit by unit.

If one model is as good as the other, it is chance which of the two gave which answer to a row, so
that all ways of swapping the answers are equally likely (Noreen, 1989; Yeh, 2000, for F1). All
answers to a unit (see `intervals`) are swapped together. For rows as units and accuracy this is
McNemar's exact test, one-sided. A drop that is allowed is taken off what was seen; with it the test
errs on the side of passing.
"""

import math

import numpy as np

from seedbed.scoring.metrics import Metric, Scored, tallied

SWAPS = 20_000
METRIC_SWAPS = 2_000  # of a metric that has no faster way
CHUNK = 2_000
TINY = 1e-6  # floats that should be equal may differ in their last bits


def sums_by_unit(values: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The sum of whole numbers, one a row, in each unit: (rows,), (rows,) -> (units,)."""
    return np.rint(np.bincount(units, weights=values)).astype(np.int64)


def flip_p(sums: np.ndarray, excess: float) -> float:
    """The exact chance that the sum of whole numbers, each with a sign drawn at random, reaches
    `excess`: (units,) -> 0..1."""
    from scipy.stats import binom  # half a second that most stages need not spend

    spread, reach = np.ones(1), 0
    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    for size, count in zip(sizes, counts, strict=True):
        steps = np.zeros(2 * size * count + 1)
        steps[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        spread, reach = np.convolve(spread, steps), reach + size * count
    totals = np.arange(-reach, reach + 1)
    return float(min(1.0, spread[totals >= excess - TINY].sum()))


def swapped_f1_drops(
    labels: np.ndarray,
    base: np.ndarray,
    head: np.ndarray,
    units: np.ndarray,
    number: int,
    swaps: int = SWAPS,
    seed: int = 0,
) -> np.ndarray:
    """F1 of `base` minus that of `head` by class, in each of `swaps` random swaps of their answers.

    Class numbers (rows,) of `number` classes -> (swaps, classes) float32.
    """
    given = np.bincount(labels, minlength=number)
    counts = [_right_and_found(labels, one, number) for one in (base, head)]
    moved = _by_unit(labels, base, head, units, number)
    random, parts = np.random.default_rng(seed), []
    for start in range(0, swaps, CHUNK):
        drawn = random.integers(0, 2, (min(CHUNK, swaps - start), moved.shape[1]))
        right, found = drawn.astype(np.float32) @ moved
        parts.append(
            _f1(counts[0][0] - right, counts[0][1] - found, given)
            - _f1(counts[1][0] + right, counts[1][1] + found, given)
        )
    return np.concatenate(parts)


def swapped_metric_drops(
    metric: Metric, base: Scored, head: Scored, swaps: int = METRIC_SWAPS, seed: int = 0
) -> tuple[float, np.ndarray]:
    """Compute how much `metric` drops from `base` to `head`, and in each of `swaps` random swaps.

    Works for any metric of the table, of labels or of probabilities, one swap at a time. Gives the
    drop and the drops of the swaps, (swaps,).
    """
    random = np.random.default_rng(seed)
    names, unit = np.unique(base.units, return_inverse=True)
    drops = []
    for swap in [np.zeros(len(names), bool), *(random.random((swaps, len(names))) < 0.5)]:
        models = (_swapped(base, head, swap[unit]), _swapped(head, base, swap[unit]))
        before, now = (
            metric.compute(tallied(model) if metric.of == "labels" else model)[0]
            for model in models
        )
        drops.append(float(before - now))
    return drops[0], np.array(drops[1:])


def _swapped(model: Scored, other: Scored, rows: np.ndarray) -> Scored:
    """A model's predictions with those of the other model for some rows, (rows,) bool."""
    probabilities = None
    if model.probabilities is not None and other.probabilities is not None:
        probabilities = np.where(rows[:, None], other.probabilities, model.probabilities)
    predicted = np.where(rows, other.predicted, model.predicted)
    return model._replace(predicted=predicted, probabilities=probabilities)


def f1_by_class(labels: np.ndarray, predicted: np.ndarray, number: int) -> np.ndarray:
    """F1 of each class, (classes,); 0 where one has neither label nor prediction."""
    given = np.bincount(labels, minlength=number)
    return _f1(*_right_and_found(labels, predicted, number), given)


def _f1(right: np.ndarray, found: np.ndarray, given: np.ndarray) -> np.ndarray:
    return (2 * right / np.maximum(given + found, 1)).astype(np.float32)


def _right_and_found(labels: np.ndarray, predicted: np.ndarray, number: int) -> np.ndarray:
    """Rows predicted rightly as each class, and all rows predicted as it: (2, classes)."""
    right = np.bincount(labels[predicted == labels], minlength=number)
    return np.stack([right, np.bincount(predicted, minlength=number)])


def _by_unit(
    labels: np.ndarray, base: np.ndarray, head: np.ndarray, units: np.ndarray, number: int
) -> np.ndarray:
    """What a swap of each unit's answers takes from the base's right and found rows and gives to
    those of the head: (2, units that differ, classes) float32."""
    differ = np.flatnonzero(base != head)
    names, unit = np.unique(units[differ], return_inverse=True)
    moved = np.zeros((2, len(names), number), np.float32)
    for predicted, sign in ((base[differ], 1), (head[differ], -1)):
        hit = predicted == labels[differ]
        np.add.at(moved[0], (unit[hit], predicted[hit]), sign)
        np.add.at(moved[1], (unit, predicted), sign)
    return moved


def smallest_drop(
    lost: np.ndarray, units: np.ndarray, level: float, power: float, allowed: float = 0.0
) -> float:
    """The smallest drop of a share of right rows that a one-sided test at `level` sees in `power`
    of the cases, at most 1: `lost` (rows,) is 1 where only the base is right, -1 where only the
    head is.

    By the normal approximation: a drop adds rows that only the base gets right to the rows on which
    the models differ without either being better, of which as many are expected as were seen.
    """
    noise, spread = _noise(lost, units, level, power)
    a = spread / len(lost)  # (drop - allowed)^2 = a * (noise + drop)
    half = allowed + a / 2
    return min(1.0, half + math.sqrt(half * half - allowed * allowed + a * noise))


def rows_to_see(
    drop: float,
    lost: np.ndarray,
    units: np.ndarray,
    level: float,
    power: float,
    allowed: float = 0.0,
) -> int:
    """How many rows would make `drop`, more than is allowed, the smallest that is seen, if the
    models differ on them as they do on these; see `smallest_drop`."""
    noise, spread = _noise(lost, units, level, power)
    return math.ceil(spread * (noise + drop) / (drop - allowed) ** 2)


def _noise(lost: np.ndarray, units: np.ndarray, level: float, power: float) -> tuple[float, float]:
    """The share of rows on which the models differ without either being better, and the square of
    the deviations between chance and what is seen, widened where rows of a group err together."""
    from scipy.stats import norm

    noise = 2 * min(int((lost == 1).sum()), int((lost == -1).sum())) / len(lost)
    differing = np.abs(lost).sum()
    grouped = (sums_by_unit(lost, units) ** 2).sum() / differing if differing else 1.0
    z = norm.isf(level) + norm.ppf(power)
    return noise, z * z * max(grouped, 1.0)
