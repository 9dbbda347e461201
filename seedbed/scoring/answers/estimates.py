"""Figures of answers with 95 % intervals: of a metric, the mean over the seeds, and of the
difference between two approaches on the same rows.

The spread is that of a bootstrap over whole groups, the same samples for every seed, approach and
metric. A figure that has a least and a greatest value is then taken as a share of as many rows as
have that spread, like those of classes (seedbed/scoring/intervals.py): a bootstrap of rows that are
all right has no width. A difference of means of rows has the score interval of those, for the same
reason. What has no greatest value has the quantiles of the bootstrap.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from seedbed.core.metrics import Difference
from seedbed.scoring.answers.metrics import ANSWER_METRICS, AnswerMetric, Figures
from seedbed.scoring.intervals import Evidence, score_bounds
from seedbed.scoring.metrics import DRAWS, bounds as quantile_bounds, few_units, resampled_counts
from seedbed.scoring.metrics_files import Estimate

CHUNK = 100  # samples at once


def estimates(by_seed: Mapping[str, Figures], clusters: np.ndarray) -> dict[str, Estimate]:
    """Estimate each metric that some row counts for: mean over the seeds, 95 % interval, standard
    deviation, every value. `clusters` (rows,) numbers those of each row."""
    sampled = _sampled(by_seed.values(), clusters)
    result = {}
    for name, metric in ANSWER_METRICS.items():
        found = {seed: figure(metric, one) for seed, one in by_seed.items()}
        each = {seed: value for seed, value in found.items() if np.isfinite(value)}
        if not each:
            continue
        mean = float(np.mean(list(each.values())))
        counted = np.any([one[name].weights > 0 for one in by_seed.values()], axis=0)
        units = len(np.unique(clusters[counted]))
        result[name] = Estimate(
            mean=mean,
            **_bounds(metric, mean, sampled[name], units),
            sd_over_seeds=float(np.std(list(each.values()), ddof=1)) if len(each) > 1 else 0,
            by_seed=each,
        )
    return result


def figure(metric: AnswerMetric, figures: Figures) -> float:
    """Return a metric over all rows; NaN where no row counts."""
    amounts, weights = figures[metric.name]
    return float(metric.value(amounts.sum(), weights.sum()))


def chance_of_reaching(
    metric: AnswerMetric, figures: Figures, clusters: np.ndarray, least: float
) -> tuple[float, float]:
    """Return a metric that has a greatest value, and the probability of a figure as low as this one
    if that of the population is `least`."""
    found, sampled = figure(metric, figures), _sampled([figures], clusters)[metric.name]
    units = len(np.unique(clusters[figures[metric.name].weights > 0]))
    return found, _evidence(metric, found, sampled, units).chance_of_reaching(least)


def differences(
    one: Collection[Figures], other: Collection[Figures], clusters: np.ndarray
) -> dict[str, Difference]:
    """Compute one - other, each the mean of its seeds, on the same rows, with its 95 % interval,
    for each metric that both have."""
    sampled, others = _sampled(one, clusters), _sampled(other, clusters)
    result = {}
    for name, metric in ANSWER_METRICS.items():
        means = [_mean(metric, part) for part in (one, other)]
        if not np.isfinite(means).all():
            continue
        gap = means[0] - means[1]
        if all((figures[name].weights == 1).all() for figures in (*one, *other)):
            rows = [np.mean([part[name].amounts for part in side], axis=0) for side in (one, other)]
            low, high = _score_bounds(gap, rows[0] - rows[1], clusters)
        else:
            low, high = _stretched(gap, sampled[name] - others[name], len(np.unique(clusters)))
        result[name] = Difference(difference=gap, low=min(low, gap), high=max(high, gap))
    return result


def _mean(metric: AnswerMetric, side: Collection[Figures]) -> float:
    """The mean over the seeds for which the metric has a figure; NaN without any."""
    values = np.array([figure(metric, figures) for figures in side])
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _score_bounds(gap: float, added: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
    """The interval of a difference of means; `added` (rows,) is what each row has more."""
    numbers = np.unique(clusters, return_inverse=True)[1]
    sums, sizes = np.bincount(numbers, weights=added) / len(added), np.bincount(numbers)
    typical = float((sizes**2).mean()) ** 0.5 / len(added)
    widened = few_units(len(sums)) if len(sums) < len(added) else 1.0
    if not np.isfinite(widened):
        return -1.0, 1.0
    return score_bounds(gap, sums, typical, 1.0, widened, 0.0)


def _bounds(metric: AnswerMetric, mean: float, sampled: np.ndarray, units: int) -> dict[str, float]:
    if np.isfinite(metric.span).all():
        return _evidence(metric, mean, sampled, units).bounds()
    low, high = _stretched(mean, sampled, units)
    return {"low": max(metric.span[0], min(low, mean)), "high": max(high, mean)}


def _evidence(metric: AnswerMetric, mean: float, sampled: np.ndarray, units: int) -> Evidence:
    known = sampled[np.isfinite(sampled)]
    variance = float(known.var()) * few_units(units) if len(known) and units > 1 else 0.0
    return Evidence.of(mean, variance, metric.span, units)


def _stretched(mean: float, sampled: np.ndarray, units: int) -> tuple[float, float]:
    """Quantiles of bootstrap values, as much farther away as few units ask for."""
    known = sampled[np.isfinite(sampled)]
    if units < 2 or not len(known):
        return mean, mean
    ends, wider = quantile_bounds(known), few_units(units) ** 0.5
    return mean + (ends["low"] - mean) * wider, mean + (ends["high"] - mean) * wider


def _sampled(side: Collection[Figures], clusters: np.ndarray) -> dict[str, np.ndarray]:
    """Each metric's mean over the seeds in DRAWS bootstrap samples of clusters: (DRAWS,) each; NaN
    where no row of a sample counts."""
    numbers = np.unique(clusters, return_inverse=True)[1]
    sums = {name: [_by_cluster(one[name], numbers) for one in side] for name in ANSWER_METRICS}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ANSWER_METRICS}
    every = np.arange(int(numbers.max()) + 1)
    for chunk in range(DRAWS // CHUNK):
        counts = resampled_counts(every, seed=chunk, draws=CHUNK).astype(np.float64)
        for name, metric in ANSWER_METRICS.items():
            values = [metric.value(*(counts @ part).T) for part in sums[name]]
            parts[name].append(_mean_of_known(values))
    return {name: np.concatenate(part) for name, part in parts.items()}


def _by_cluster(parts: Sequence[np.ndarray], numbers: np.ndarray) -> np.ndarray:
    """Sums of amounts and weights: (clusters, 2)."""
    return np.stack([np.bincount(numbers, weights=part) for part in parts], axis=1)


def _mean_of_known(values: Sequence[np.ndarray]) -> np.ndarray:
    """The mean over the seeds that have a value, (samples,); NaN where none has."""
    stacked = np.stack(values)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0.0).sum(0)
    return np.divide(total, known.sum(0), out=np.full(len(total), np.nan), where=known.any(0))
