"""How much better more train rows would make a model: its error as a power of the rows.

error(n) = a n^-b, fitted by least squares of logarithms to every share and seed (Cortes et al.,
1994; Hestness et al., 2017). The interval is from a bootstrap over seeds and over units of the
validation rows, each sample fitted anew.
"""

import hashlib
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seedbed.scoring.intervals import bounds, resampled_counts
from seedbed.scoring.metrics import macro_f1

HALF_A_ROW = 0.5  # what an error of nothing counts as, since it has no logarithm


class Run(NamedTuple):
    """One training: the share of train, the seed, its rows, and what it predicted for the
    validation rows, (rows,) class numbers."""

    share: float
    seed: int
    rows: int
    predicted: np.ndarray


def drawn(train: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The share of the train rows whose hash(seed, id) is lowest, class by class and at least one
    of each, with the rows made of them. A larger share has all rows of a smaller one."""
    parents = train[train["parent"] == ""]
    place = parents["id"].map(lambda row: _place(seed, row)).groupby(parents["label"]).rank()
    size = parents.groupby("label")["id"].transform("size")
    kept = set(parents["id"][place <= np.maximum(1, np.round(size * share))])
    root = train["parent"].where(train["parent"] != "", train["id"])
    return train[root.isin(kept)].reset_index(drop=True)


def _place(seed: int, row: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{row}".encode()).digest()[:8], "big") >> 11


def power_law(rows: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale and exponent b of error = scale x rows^-b: rows (points,), errors (samples, points) ->
    (samples,) each."""
    x = np.log(rows) - np.log(rows).mean()
    y = np.log(errors)
    exponent = -(y @ x) / (x @ x)
    scale = np.exp(y.mean(1) + exponent * np.log(rows).mean())
    return scale, exponent


def fit(runs: list[Run], labels: np.ndarray, units: np.ndarray, draws: int) -> dict[str, Any]:
    """Macro-F1 by share, the fit, and what twice the rows would bring.

    `labels` (rows,) and `units` (rows,) are of the validation rows. Every seed has every share.
    """
    samples = resampled_counts(units, draws=draws)
    counts = np.concatenate([np.ones((1, len(labels)), dtype=samples.dtype), samples])
    floor = HALF_A_ROW / len(labels)
    errors = np.stack(
        [np.maximum(1 - macro_f1(labels, run.predicted, counts), floor) for run in runs], axis=1
    )  # (1 + draws, runs); the first line is the rows as they are
    shares, seeds = (np.array([run[place] for run in runs]) for place in (0, 1))
    weights = _seed_weights(seeds, draws)
    sizes = [float(np.mean([run.rows for run in runs if run.share == one])) for one in _set(shares)]
    means = np.stack([_mean(errors, weights * (shares == one)) for one in _set(shares)], axis=1)
    scale, exponent = power_law(np.array(sizes), means)
    now, then = (scale * (times * sizes[-1]) ** -exponent for times in (1, 2))
    last = power_law(np.array(sizes[:-1]), means[:1, :-1])
    return {
        "points": [
            {
                "share": share,
                "rows": rows,
                "macro_f1": _figure(1 - means[:, place]),
                "fitted": float(1 - scale[0] * rows ** -exponent[0]),
            }
            for place, (share, rows) in enumerate(zip(_set(shares), sizes, strict=True))
        ],
        "exponent": _figure(exponent),
        "twice_the_rows": {
            "rows": 2 * sizes[-1],
            "macro_f1": _figure(1 - then),
            "gain": {"difference": float((now - then)[0]), **bounds((now - then)[1:])},
        },
        "check": {
            "measured": float(1 - means[0, -1]),
            "fitted_without_it": float(1 - last[0][0] * sizes[-1] ** -last[1][0]),
        },
    }


def _set(shares: np.ndarray) -> list[float]:
    return [float(share) for share in np.unique(shares)]


def _seed_weights(seeds: np.ndarray, draws: int) -> np.ndarray:
    """How often each run's seed stands in each sample, (1 + draws, runs): once in the first."""
    names, place = np.unique(seeds, return_inverse=True)
    often = resampled_counts(np.arange(len(names)), seed=1, draws=draws)
    return np.concatenate([np.ones((1, len(seeds))), often[:, place]])


def _mean(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (errors * weights).sum(1) / weights.sum(1)


def _figure(values: np.ndarray) -> dict[str, float]:
    """The first as the mean, the interval of the others."""
    return {"mean": float(values[0]), **bounds(values[1:])}
