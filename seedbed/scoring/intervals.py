"""How sure a figure is: 95 % intervals by a bootstrap over units.

A unit is a row, or a whole group where rows have one, since rows of a group are not independent
(Efron and Tibshirani, 1993; percentile intervals).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seedbed.scoring.metrics import Scored, scores

DRAWS = 2000
TAILS = (0.025, 0.975)


def units_of(ids: Sequence[str], groups: Sequence[str]) -> np.ndarray:
    """The number of each row's unit, (rows,): its group, or itself."""
    names = [group or row for row, group in zip(ids, groups, strict=True)]
    return np.unique(names, return_inverse=True)[1]


def resampled_counts(units: np.ndarray, seed: int = 0, draws: int = DRAWS) -> np.ndarray:
    """How often each row stands in each bootstrap sample of units: (draws, rows)."""
    random = np.random.default_rng(seed)
    number = int(units.max()) + 1
    drawn = random.multinomial(number, np.full(number, 1 / number), size=draws)
    return drawn[:, units]


def bounds(values: np.ndarray) -> dict[str, float]:
    """The 95 % interval of what a bootstrap drew, (draws,)."""
    low, high = np.quantile(values, TAILS)
    return {"low": float(low), "high": float(high)}


def mean_with_interval(values: np.ndarray, samples: np.ndarray) -> dict[str, float]:
    """The mean of one value a row and its interval: (rows,), (draws, rows)."""
    drawn = samples @ values / samples.sum(1)
    return {"mean": float(values.mean()), **bounds(drawn)}


def shares(right: np.ndarray, members: np.ndarray, samples: np.ndarray, units: np.ndarray) -> list:
    """For each set of rows, the share that is `right`, its interval and its rows.

    `right` (rows,) bool, `members` (sets, rows) bool, `samples` (draws, rows). Where all rows are
    right, or none is, a bootstrap has no width: there the bound is that of Clopper and Pearson
    (1934) over units.
    """
    weights = samples.astype(np.float32)
    hits, sizes = weights @ (members & right).T, weights @ members.T.astype(np.float32)
    result = []
    for place, rows in enumerate(members):
        share, number = float(right[rows].mean()), len(np.unique(units[rows]))
        seen = sizes[:, place] > 0
        found = bounds(hits[seen, place] / sizes[seen, place]) if seen.any() else _exact(share, 1)
        if share in (0.0, 1.0):
            found = _exact(share, number)
        result.append({"accuracy": share, **found, "rows": int(rows.sum())})
    return result


def _exact(share: float, number: int) -> dict[str, float]:
    width = 1 - TAILS[0] ** (1 / number)
    return {"low": 1 - width, "high": 1.0} if share else {"low": 0.0, "high": width}


def headline(by_seed: dict[str, Scored], samples: np.ndarray) -> dict[str, Any]:
    """Compute each metric: mean over the seeds, its 95 % interval, sd and every value.

    `by_seed`: predictions for the same rows. `samples`: see `resampled_counts`.
    """
    values = {seed: scores(scored) for seed, scored in by_seed.items()}
    draws = [scores(scored._replace(counts=samples)) for scored in by_seed.values()]
    result = {}
    for name in draws[0]:
        each = {seed: float(found[name][0]) for seed, found in values.items()}
        result[name] = {
            "mean": float(np.mean(list(each.values()))),
            **bounds(np.mean([found[name] for found in draws], axis=0)),
            "sd_over_seeds": float(np.std(list(each.values()), ddof=1)) if len(each) > 1 else 0,
            "by_seed": each,
        }
    return result
