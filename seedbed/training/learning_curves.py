"""The learning curve: the error of a model as a power of the number of its train rows.

error(n) = a n^-b, fitted by least squares of logarithms to every share and seed (Cortes et al.,
1994; Hestness et al., 2017). The interval is from a bootstrap over seeds and over clusters of
validation rows, with a new fit for each sample.
"""

import hashlib
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.metrics import Difference, Interval, Metrics
from seedbed.scoring.intervals import bounds, resampled_counts
from seedbed.scoring.metrics import macro_f1

HALF_A_ROW = 0.5  # replaces an error of zero, which has no logarithm


class CurveRun(NamedTuple):
    """One training: the share of train, the seed, the number of rows, and the class indices that
    the model predicted for the validation rows, (rows,)."""

    share: float
    seed: int
    rows: int
    predicted: np.ndarray


class CurvePoint(Metrics):
    """The mean macro-F1 at one share of the train rows, and that of the fit."""

    share: float
    rows: float
    macro_f1: Interval
    fitted: float


class TwiceTheRows(Metrics):
    """The macro-F1 that the fit predicts for twice the rows, and the gain."""

    rows: float
    macro_f1: Interval
    gain: Difference


class FitCheck(Metrics):
    """The last point as measured, and as a fit to the others predicts it."""

    measured: float
    fitted_without_it: float


class LearningCurveMetrics(Metrics):
    """reports/metrics/learning_curve.json of a run that measured."""

    run: Literal[True]
    measured_on: str
    approach: str
    seeds: int
    points: list[CurvePoint]
    exponent: Interval
    twice_the_rows: TwiceTheRows
    check: FitCheck


def drawn(train: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The share of the train rows whose hash(seed, id) is lowest, class by class and at least one
    of each, with the rows made of them. A larger share has all rows of a smaller one."""
    parents = train[train["parent"] == ""]
    rank = parents["id"].map(lambda row: _hash(seed, row)).groupby(parents["label"]).rank()
    size = parents.groupby("label")["id"].transform("size")
    kept = set(parents["id"][rank <= np.maximum(1, np.round(size * share))])
    root = train["parent"].where(train["parent"] != "", train["id"])
    return train[root.isin(kept)].reset_index(drop=True)


def _hash(seed: int, row: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{row}".encode()).digest()[:8], "big") >> 11


def power_law(rows: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit scale and exponent b of error = scale x rows^-b: rows (points,), errors (samples, points)
    -> (samples,) each."""
    x = np.log(rows) - np.log(rows).mean()
    y = np.log(errors)
    exponent = -(y @ x) / (x @ x)
    scale = np.exp(y.mean(1) + exponent * np.log(rows).mean())
    return scale, exponent


def fit(
    approach: str, runs: list[CurveRun], labels: np.ndarray, units: np.ndarray, draws: int
) -> LearningCurveMetrics:
    """Macro-F1 by share, the fit, and the expected gain of twice the rows.

    `labels` (rows,) and `units` (rows,) are of the validation rows. Every seed has every share.
    """
    samples = resampled_counts(units, draws=draws)
    counts = np.concatenate([np.ones((1, len(labels)), dtype=samples.dtype), samples])
    floor = HALF_A_ROW / len(labels)
    errors = np.stack(
        [np.maximum(1 - macro_f1(labels, run.predicted, counts), floor) for run in runs], axis=1
    )  # (1 + draws, runs); the first row is without resampling
    shares, seeds = (np.array([run[column] for run in runs]) for column in (0, 1))
    weights = _seed_weights(seeds, draws)
    each = [float(share) for share in np.unique(shares)]
    sizes = [float(np.mean([run.rows for run in runs if run.share == share])) for share in each]
    means = np.stack([_mean(errors, weights * (shares == share)) for share in each], axis=1)
    scale, exponent = power_law(np.array(sizes), means)
    now, then = (scale * (times * sizes[-1]) ** -exponent for times in (1, 2))
    last = power_law(np.array(sizes[:-1]), means[:1, :-1])
    return LearningCurveMetrics(
        run=True,
        measured_on="validation",
        approach=approach,
        seeds=len(set(seeds)),
        points=[
            CurvePoint(
                share=share,
                rows=rows,
                macro_f1=_interval(1 - means[:, column]),
                fitted=float(1 - scale[0] * rows ** -exponent[0]),
            )
            for column, (share, rows) in enumerate(zip(each, sizes, strict=True))
        ],
        exponent=_interval(exponent),
        twice_the_rows=TwiceTheRows(
            rows=2 * sizes[-1],
            macro_f1=_interval(1 - then),
            gain=Difference(difference=float((now - then)[0]), **bounds((now - then)[1:])),
        ),
        check=FitCheck(
            measured=float(1 - means[0, -1]),
            fitted_without_it=float(1 - last[0][0] * sizes[-1] ** -last[1][0]),
        ),
    )


def _seed_weights(seeds: np.ndarray, draws: int) -> np.ndarray:
    """How often each sample has each run's seed, (1 + draws, runs): once in the first."""
    names, index = np.unique(seeds, return_inverse=True)
    often = resampled_counts(np.arange(len(names)), seed=1, draws=draws)
    return np.concatenate([np.ones((1, len(seeds))), often[:, index]])


def _mean(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (errors * weights).sum(1) / weights.sum(1)


def _interval(values: np.ndarray) -> Interval:
    """The first value as the mean, and the interval of the others."""
    return Interval(mean=float(values[0]), **bounds(values[1:]))
