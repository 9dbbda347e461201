"""95 % intervals: of the metrics of the table, of differences between models, of shares and means.

What is random is which rows of each class stand in the split, by whole clusters. Fixed are the
model, the classes and the number of rows of each. An interval is of the metric in the population:
its formula at the expected counts of all classes, each with as many rows as the split has. With
one row a class that is still the mean of what each class's F1 would be over very many rows in these
proportions. The figure of a small split lies below it on average, because F1 is not linear: the
bias, by simulation, is taken off, and the interval is widened to hold the figure itself, so that
low <= figure <= high.

The spread is that of a linear approximation at a smoothed population (seedbed.scoring.population).
The figure is then a share of as many rows as have that spread (Korn and Graubard, 1998, who count
clusters in this way, too), and its interval that of Clopper and Pearson with the mid-P correction
(Lancaster, 1961; Berry and Armitage, 1995), which has a width where all rows are right. That of a
difference on the same rows is Tango's (1998). benchmarks/intervals.md has the coverage.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from seedbed.core.metrics import Difference, Interval
from seedbed.scoring.metrics import METRICS, TAILS, Metric, Scored, clustered, few_units, scores
from seedbed.scoring.metrics_files import Estimate, Slice
from seedbed.scoring.population import SIMULATED, STEP, Models, Slopes, left_over
from seedbed.tasks import Spread

NORMAL = 1.959964  # the quantile of the normal distribution at 97.5 %
BISECTIONS = 30
BLOCKS = 500  # of clusters: the spread that so many show is within some 3 % of that of all
SETTLED = 4  # steps until the rows of an area fit the ends of its interval


def share_bounds(
    shares: np.ndarray, rows: np.ndarray, tail: float = TAILS[0]
) -> tuple[np.ndarray, np.ndarray]:
    """The mid-P interval of each share, of so many rows, which need not be whole: low, high."""
    sides = np.stack([1 - shares, shares])
    low, high = sides.copy(), np.ones(sides.shape)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        inside = chance_below(sides, rows, middle) > tail
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    ends = np.where(sides >= 1, 1, high)
    return 1 - ends[0], ends[1]


def chance_below(shares: np.ndarray, rows: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The mid-P value of a share, or a lower one, of so many rows where the true share is `truth`:
    the mean of the chances of less, and of less or as many."""
    from scipy.special import betaincc  # a tenth of a second that most stages need not spend

    hits = np.maximum(shares * rows, 1e-12)
    misses = np.maximum(rows - hits, 1e-12)
    as_many, less = betaincc(hits + 1, misses, truth), betaincc(hits, misses + 1, truth)
    return (np.where(misses > 1e-9, as_many, 1.0) + np.where(hits > 1e-9, less, 0.0)) / 2


class Evidence(NamedTuple):
    """What an interval is made from: a figure, the figure less its bias, its variance, the values
    it can have, and the rows that it is a share of (see `of`)."""

    figure: float
    centre: float
    variance: float
    span: tuple[float, float]
    rows: float

    @classmethod
    def of(
        cls,
        figure: float,
        variance: float,
        span: tuple[float, float],
        units: float,
        assumed: float | None = None,
        bias: float = 0.0,
    ) -> "Evidence":
        """Count the rows: those of a share as large as `assumed`, the figure by default, with the
        same variance; `units` if it has none."""
        width = span[1] - span[0]
        centre = float(np.clip(figure - bias, *span))
        if not (np.isfinite(width) and variance > 0):
            return cls(figure, centre, variance, span, units)
        part = np.clip(((figure if assumed is None else assumed) - span[0]) / width, 0, 1)
        rows = float(part * (1 - part) * width**2 / variance)
        return cls(figure, centre, variance, span, rows or units)

    def bounds(self) -> dict[str, float]:
        """The 95 % interval, widened to hold the figure itself."""
        if np.isfinite(self.span).all():
            low, width = self.span[0], self.span[1] - self.span[0]
            shares = share_bounds(np.array((self.centre - low) / width), np.array(self.rows))
            ends = [low + width * float(end) for end in shares]
        else:
            half = NORMAL * self.variance**0.5
            ends = [self.centre - half, self.centre + half]
        return {"low": min(ends[0], self.figure), "high": max(ends[1], self.figure)}

    def chance_of_reaching(self, least: float) -> float:
        """The probability of a figure as low as this one if that of the population is `least`."""
        from scipy.special import ndtr

        if np.isfinite(self.span).all():
            low, width = self.span[0], self.span[1] - self.span[0]
            share, truth = (self.centre - low) / width, np.clip((least - low) / width, 0, 1)
            return float(chance_below(np.array(share), np.array(self.rows), truth))
        return float(ndtr((self.centre - least) / max(self.variance**0.5, 1e-12)))


def evidence(by_seed: Collection[Scored]) -> dict[str, Evidence]:
    """What the interval of each metric of the table is made from, for the mean over the seeds.

    Metrics of probabilities are left out if there are none; their spread, and that of every metric
    of sets, is that of a change in the weight of each block of clusters, and they are taken to have
    no bias.
    """
    units, figures = _clusters(by_seed), _means(by_seed)
    models = None if next(iter(by_seed)).task.SETS else Models(by_seed)
    result = {}
    for name, figure in figures.items():
        metric = METRICS[name]
        if models and metric.of == "labels":
            assumed, bias, variance = models.moments(metric)
            # Where all are wrong and alike, Matthews correlation is -1 / (classes - 1).
            span = (metric.span[0] / (len(models.populations[0].actual) - 1), metric.span[1])
            result[name] = Evidence.of(figure, variance, span, units, assumed, bias)
        else:
            variance = _variance(_by_block(metric, by_seed))
            result[name] = Evidence.of(figure, variance, metric.span, units)
    return result


def headline(by_seed: dict[str, Scored]) -> dict[str, Estimate]:
    """Estimate each metric of the table: mean over the seeds, 95 % interval, sd, every value.

    `by_seed`: predictions for the same rows.
    """
    values = {seed: scores(scored) for seed, scored in by_seed.items()}
    result = {}
    for name, found in evidence(by_seed.values()).items():
        each = {seed: float(metrics[name][0]) for seed, metrics in values.items()}
        result[name] = Estimate(
            mean=found.figure,
            **found.bounds(),
            sd_over_seeds=float(np.std(list(each.values()), ddof=1)) if len(each) > 1 else 0,
            by_seed=each,
        )
    return result


def paired_difference(one: Collection[Scored], other: Collection[Scored]) -> dict[str, Difference]:
    """Compute one - other, each the mean of its seeds' predictions for the same rows, for each
    metric of the table, with its 95 % interval."""
    names = [scored.predicted for scored in (*one, *other)]
    has_sets = next(iter(one)).task.SETS
    models = [] if has_sets else [Models(part, names) for part in (one, other)]
    figures, others = _means(one), _means(other)
    result = {}
    for name, figure in figures.items():
        metric, gap = METRICS[name], figure - others[name]
        if models and metric.of == "labels":
            low, high = _paired(metric, models, gap)
        else:
            half = NORMAL * _variance(_by_block(metric, one) - _by_block(metric, other)) ** 0.5
            low, high = gap - half, gap + half
        result[name] = Difference(difference=gap, low=min(low, gap), high=max(high, gap))
    return result


def _paired(metric: Metric, models: Sequence[Models], gap: float) -> tuple[float, float]:
    """The interval of a difference of two sets of models of the same rows.

    Slopes are the mean of all models', so that a row on which all agree adds nothing.
    """
    populations = [one for part in models for one in part.populations]
    each = [Slopes.of(metric, one) for part in models for one in part.expected]
    slopes = Slopes(*(np.mean(part, axis=0) for part in zip(*each, strict=True)))
    true, clusters = models[0].true, models[0].clusters
    said = [np.mean([slopes.values(true, one) for one in part.said], axis=0) for part in models]
    sums, sizes = np.bincount(clusters, weights=said[0] - said[1]), np.bincount(clusters)
    gaps = slopes.moments(populations[0])[2][true]
    typical = float((gaps**2).mean() * (sizes**2).mean()) ** 0.5
    figures, linear = (
        models[0].at_samples(of) - models[1].at_samples(of) for of in (metric.compute, slopes.sums)
    )
    bias, bent = left_over(figures, linear)
    widened = few_units(len(sums)) if len(sums) < len(true) else 1.0
    reach = metric.span[1] - metric.span[0]
    return score_bounds(gap - bias, sums, typical, reach, widened, bent)


def score_bounds(
    gap: float, sums: np.ndarray, typical: float, reach: float, widened: float, bent: float
) -> tuple[float, float]:
    """The score interval of a paired difference (Tango, 1998): low, high.

    `sums` (clusters,) is what each adds to the difference, most of them nothing, and `typical` what
    one adds on which the models differ. All of these count alike, each as a row that only one model
    gets right. No difference is beyond `reach`. `widened` multiplies the variance, `bent` is added.
    """
    above, below = float(sums[sums > 0].sum()), -float(sums[sums < 0].sum())
    seen = above + below
    if not seen + typical:  # no row changes the figure
        return gap, gap
    unit = (float(sums @ sums) + typical**2) / (seen + typical)
    ends = []
    for far in (-reach, reach):
        near = gap
        for _ in range(BISECTIONS):
            middle = (near + far) / 2
            size, excess = abs(middle), (above - below) * (1 if middle > 0 else -1)
            share = size / (unit * len(sums))
            start = seen - 2 * size + excess * share
            room = 4 * (seen - excess) * size * max(0.0, 1 - share)
            pairs = (start + (start**2 + room) ** 0.5) / 2
            variance = unit * (pairs + size * (1 - share)) * widened + bent
            inside = (gap - middle) ** 2 <= NORMAL**2 * variance
            near, far = (middle, far) if inside else (near, middle)
        ends.append(near)
    return ends[0], ends[1]


def _means(by_seed: Collection[Scored]) -> dict[str, float]:
    """Each metric's mean over the seeds."""
    each = [scores(scored) for scored in by_seed]
    return {name: float(np.mean([values[name][0] for values in each])) for name in each[0]}


def _clusters(by_seed: Collection[Scored]) -> int:
    return len(np.unique(next(iter(by_seed)).clusters))


def _variance(added: np.ndarray) -> float:
    """The variance of a figure from what each of some alike parts of the rows adds, (parts,)."""
    spread = float((added**2).sum()) * len(added) / max(1, len(added) - 1)
    return spread and spread * few_units(len(added))


def _by_block(metric: Metric, by_seed: Collection[Scored]) -> np.ndarray:
    """What the weight of each block of clusters adds to a metric, less the mean: (blocks,). A block
    is a cluster, or of many clusters several, or time would grow with the square of the rows."""
    added = []
    for scored in by_seed:
        numbers = np.unique(scored.clusters, return_inverse=True)[1] % BLOCKS
        blocks, parts = int(numbers.max()) + 1, []
        step = max(1, SIMULATED // len(numbers))
        for start in range(0, blocks, step):
            chosen = np.arange(start, min(blocks, start + step))[:, None] == numbers
            parts.append(metric.computed(scored._replace(counts=1 + STEP * chosen)))
        added.append((np.concatenate(parts) - metric.computed(scored)[0]) / STEP)
    mean = np.mean(added, axis=0)
    return mean - mean.mean()


def shares(correct: np.ndarray, members: np.ndarray, clusters: np.ndarray) -> list[Slice]:
    """Compute, for each set of rows, the share that is correct, with its interval and its rows.

    `correct` (rows,) in [0, 1], `members` (sets, rows) bool, `clusters` (rows,). Of all values with
    this mean, 0 and 1 have the largest variance: for others the interval is too wide, if anything.
    """
    sizes, hits = members.sum(1), members.astype(np.float64) @ correct.astype(np.float64)
    numbers = np.unique(clusters, return_inverse=True)[1]
    widened = np.ones(len(members))
    if numbers.max(initial=0) + 1 < len(numbers):
        for index, rows in enumerate(members):
            inside = np.unique(numbers[rows], return_inverse=True)[1]
            expected = (hits[index] + 0.5) / (sizes[index] + 1)
            widened[index] = clustered(correct[rows] - expected, inside)
    ends = zip(*share_bounds(hits / sizes, np.maximum(1, sizes / widened)), strict=True)
    return [
        Slice(accuracy=hit / size, low=float(low), high=float(high), rows=size)
        for hit, size, (low, high) in zip(hits.tolist(), sizes.tolist(), ends, strict=True)
    ]


def mean_with_interval(losses: Spread, clusters: np.ndarray, most: float) -> Interval:
    """Compute the mean of a loss from 0 to `most`, and its interval; `clusters` (rows,).

    Where the model's own probabilities give more spread than the rows do, theirs counts: among a
    few rows that are all right none shows what a wrong one costs.
    """
    values = losses.values
    figure, units = float(values.mean()), len(np.unique(clusters))
    numbers = np.unique(clusters, return_inverse=True)[1]
    sums = np.bincount(numbers, weights=values - figure) / len(values)
    few = units / max(1, units - 1) * few_units(units)
    spread = (losses.means.var() + losses.variances.mean()) / len(values)
    variance, assumed = max(
        (float((sums**2).sum()) * few, figure),
        (float(spread) * clustered(values - figure, numbers), float(losses.means.mean())),
    )
    found = Evidence.of(figure, variance, (0.0, most), units, assumed)
    return Interval(mean=figure, **found.bounds())


def concordance(outside: np.ndarray, figure: float, clusters: np.ndarray) -> Interval:
    """The interval of an area under the ROC curve: `outside` (rows,) bool, `clusters` (rows,), of
    which those of each kind are counted. It is that of a share of as many rows as have the variance
    of Newcombe's method 5 (2006) at the end of the interval."""
    few, many = (len(np.unique(clusters[part])) for part in (outside, ~outside))
    ends = np.full(2, figure)
    for _ in range(SETTLED):
        pairs = 1 + ((few + many) / 2 - 1) * ((1 - ends) / (2 - ends) + ends / (1 + ends))
        low, high = share_bounds(np.full(2, figure), few * many / pairs)
        ends = np.array((low[0], high[1]))
    return Interval(mean=figure, low=float(ends[0]), high=float(ends[1]))
