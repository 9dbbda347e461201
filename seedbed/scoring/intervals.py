"""Intervals of figures: 95 %, by a bootstrap over clusters.

A cluster is a row, or a whole group if rows have one, because rows of a group are not independent
(Efron and Tibshirani, 1993; percentile intervals).
"""

from collections.abc import Collection, Sequence

import numpy as np

from seedbed.core.metrics import Difference, Interval
from seedbed.scoring.metrics import Scored, scores
from seedbed.scoring.metrics_files import Estimate, Slice

DRAWS = 2000
TAILS = (0.025, 0.975)


def clusters_of(ids: Sequence[str], groups: Sequence[str]) -> np.ndarray:
    """Number the cluster of each row, (rows,): its group, or the row itself."""
    names = [group or row for row, group in zip(ids, groups, strict=True)]
    return np.unique(names, return_inverse=True)[1]


def resampled_counts(clusters: np.ndarray, seed: int = 0, draws: int = DRAWS) -> np.ndarray:
    """Draw bootstrap samples of clusters; give how often each row is in each: (draws, rows)."""
    random = np.random.default_rng(seed)
    number = int(clusters.max()) + 1
    drawn = random.multinomial(number, np.full(number, 1 / number), size=draws)
    return drawn[:, clusters]


def bounds(values: np.ndarray) -> dict[str, float]:
    """Compute the 95 % interval of bootstrap values, (draws,)."""
    low, high = np.quantile(values, TAILS)
    return {"low": float(low), "high": float(high)}


def mean_with_interval(values: np.ndarray, samples: np.ndarray) -> Interval:
    """Compute the mean of one value per row and its interval: (rows,), (draws, rows)."""
    drawn = samples @ values / samples.sum(1)
    return Interval(mean=float(values.mean()), **bounds(drawn))


def shares(
    correct: np.ndarray, members: np.ndarray, samples: np.ndarray, clusters: np.ndarray
) -> list[Slice]:
    """Compute, for each set of rows, the share that is correct, with its interval and its rows.

    `correct` (rows,) bool, `members` (sets, rows) bool, `samples` (draws, rows). If all rows are
    correct, or none is, a bootstrap has no width: then the bound is that of Clopper and Pearson
    (1934) over clusters.
    """
    weights = samples.astype(np.float32)
    hits, sizes = weights @ (members & correct).T, weights @ members.T.astype(np.float32)
    result = []
    for index, rows in enumerate(members):
        share, number = float(correct[rows].mean()), len(np.unique(clusters[rows]))
        drawn = sizes[:, index] > 0
        if 0 < share < 1 and drawn.any():
            ends = bounds(hits[drawn, index] / sizes[drawn, index])
        else:
            ends = _exact(share, 1 if 0 < share < 1 else number)
        result.append(Slice(accuracy=share, **ends, rows=int(rows.sum())))
    return result


def _exact(share: float, number: int) -> dict[str, float]:
    width = 1 - TAILS[0] ** (1 / number)
    return {"low": 1 - width, "high": 1.0} if share else {"low": 0.0, "high": width}


def headline(by_seed: dict[str, Scored], samples: np.ndarray) -> dict[str, Estimate]:
    """Estimate each metric of the table: mean over the seeds, 95 % interval, sd, every value.

    `by_seed`: predictions for the same rows. `samples`: see `resampled_counts`.
    """
    values = {seed: scores(scored) for seed, scored in by_seed.items()}
    result = {}
    for name, drawn in _means(by_seed.values(), samples).items():
        each = {seed: float(metrics[name][0]) for seed, metrics in values.items()}
        result[name] = Estimate(
            mean=float(np.mean(list(each.values()))),
            **bounds(drawn),
            sd_over_seeds=float(np.std(list(each.values()), ddof=1)) if len(each) > 1 else 0,
            by_seed=each,
        )
    return result


def paired_difference(
    one: Sequence[Scored], other: Sequence[Scored], samples: np.ndarray
) -> dict[str, Difference]:
    """Compute one - other on the same rows, for each metric of the table.

    That is the difference of the means over seeds, with the 95 % interval of a paired bootstrap.
    `one` and `other` hold the predictions of each seed; `samples`: see `resampled_counts`.
    """
    values, draws = _means(one), _means(one, samples)
    other_values, other_draws = _means(other), _means(other, samples)
    return {
        name: Difference(
            difference=float((values[name] - other_values[name])[0]),
            **bounds(draws[name] - other_draws[name]),
        )
        for name in values
    }


def _means(seeds: Collection[Scored], samples: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Each metric's mean over the seeds, in each sample; in the rows as they are if None."""
    by_seed = [
        scores(scored if samples is None else scored._replace(counts=samples)) for scored in seeds
    ]
    return {name: np.mean([values[name] for values in by_seed], axis=0) for name in by_seed[0]}
