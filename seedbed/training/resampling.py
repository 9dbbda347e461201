"""Models trained on parts of the rows: folds of cross-validation, shares of a learning curve.

Cross-validation scores every row of train and validation by a model that saw neither it nor any row
of its group. Early stopping may not use the fold that is scored, or its score would be that of the
best epoch for it: a share of the other rows, by hash, is set aside for that.

A learning curve is the error as a power of the number of train rows, error(n) = a n^-b, fitted by
least squares of logarithms to every share and seed (Cortes et al., 1994; Hestness et al., 2017).
The interval is from a bootstrap over seeds and over clusters of validation rows, with a new fit for
each sample; samples are moved to lie about the figure itself, and the interval holds it.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, JsonValue

from seedbed.core.errors import RowsError, reading
from seedbed.core.files import hash_number
from seedbed.core.metrics import Difference, Interval, Metrics, WithUnused
from seedbed.scoring.metrics import Scored, bounds, macro_f1, resampled_counts, scores
from seedbed.tasks import ClassTask

NOT_RUN = "not_run.json"

# Values to try, by parameter.
Grid = dict[str, Annotated[list[JsonValue], Field(min_length=1)]]


class Fold(NamedTuple):
    """Rows to train on, rows that stop training, and rows to score."""

    train: pd.DataFrame
    stop: pd.DataFrame
    held_out: pd.DataFrame


class FoldScore(Metrics):
    """One metric of the held-out rows: mean and standard deviation over the folds, and each."""

    mean: float
    sd: float
    by_fold: dict[str, float]


class GridPoint(Metrics):
    """The scores at one point of a grid; parameters are JSON."""

    params: dict[str, str]
    macro_f1: FoldScore
    accuracy: FoldScore


class CrossValidated(Metrics):
    """The chosen point of an approach's grid, with its scores, and all points."""

    chosen: dict[str, str]
    params: dict[str, str]
    macro_f1: FoldScore
    accuracy: FoldScore
    points: list[GridPoint]


class CvMetrics(WithUnused):
    """reports/metrics/cv.json of a run that cross-validated."""

    run: Literal[True] = True
    rows_scored: int
    folds: int
    approaches: dict[str, CrossValidated]


def folds_of(task: ClassTask, rows: pd.DataFrame, stop_share: float, seed: int) -> Iterator[Fold]:
    """Yield the folds of train and validation rows. Groups stay whole; the last rows of a class
    are never set aside for early stopping."""
    inside = rows[rows["fold"] >= 0]
    units = inside["group"].where(inside["group"] != "", inside["id"])
    members = inside["label"].map(task.members)
    position = units.map(lambda unit: hash_number(f"stop:{seed}:{unit}") / 2**64)
    for number in sorted(inside["fold"].unique()):
        rest = inside["fold"] != number
        stop = rest & (position < stop_share)
        trained = set(task.classes(inside["label"][rest & ~stop]))
        is_lost = members.map(lambda names, known=trained: not known.issuperset(names))
        needed = set(units[stop & is_lost])
        stop &= ~units.isin(set(needed))
        yield Fold(inside[rest & ~stop], inside[stop], inside[~rest])


def grid_points(grid: Grid) -> list[dict[str, JsonValue]]:
    """Every combination of the values; one empty point for an empty grid."""
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def spread_over(probabilities: np.ndarray, known: list[str], classes: list[str]) -> np.ndarray:
    """Spread the probabilities of the classes that a model knows over all classes: 0 elsewhere."""
    wide = np.zeros((len(probabilities), len(classes)))
    wide[:, [classes.index(name) for name in known]] = probabilities
    return wide


def fold_scores(
    task: ClassTask, labels: np.ndarray, probabilities: np.ndarray, folds: np.ndarray
) -> dict[str, FoldScore]:
    """Macro-F1 and accuracy of the held-out rows over the folds.

    `labels` are class indices, `folds` the fold that each row was held out in: (rows,).
    """
    predicted = task.decode(probabilities)
    parts = {str(number): folds == number for number in np.unique(folds)}
    result = {}
    for name in ("macro_f1", "accuracy"):
        values = {
            number: float(scores(Scored.of(task, labels[part], predicted[part]))[name][0])
            for number, part in parts.items()
        }
        each = list(values.values())
        mean, sd = float(np.mean(each)), float(np.std(each, ddof=1))
        result[name] = FoldScore(mean=mean, sd=sd, by_fold=values)
    return result


def write_out_of_fold(
    file: Path, ids: list[str], probabilities: np.ndarray, classes: list[str]
) -> None:
    """Write a Parquet file with the id of each row and the probability of each class."""
    columns = {"id": pa.array(ids, pa.string()), **dict(zip(classes, probabilities.T, strict=True))}
    pq.write_table(pa.table(columns), file, compression="zstd")


def read_out_of_fold(file: Path, ids: list[str], classes: list[str]) -> np.ndarray:
    """Read the probabilities of these rows in their order: (rows, classes). Raises RowsError where
    the approach was not cross-validated, or not on these rows."""
    if not file.exists():
        expected = f"out-of-fold probabilities of `{file.stem}`"
        step = f"add {file.stem} to cv.approaches in params.yaml"
        step += ", or take it out of find_label_errors.models"
        raise RowsError(str(file), "no such file", expected, step)
    with reading(file):
        table = pq.read_table(file).to_pandas().set_index("id")
    if set(table.columns) != set(classes) or not set(ids) <= set(table.index):
        found, expected = "other rows or classes", "those of data/split"
        raise RowsError(str(file), found, expected, "run `dvc repro`")
    return table.loc[ids, classes].to_numpy()


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


def drawn(task: ClassTask, train: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The share of the train rows whose hash(seed, id) is lowest, class by class (of sets by the
    rarest class of each) and at least one of each, with the rows made of them. A larger share has
    all rows of a smaller one."""
    parents = train[train["parent"] == ""]
    strata = pd.Series(task.drawn_by(list(parents["label"])), parents.index)
    rank = parents["id"].map(lambda row: hash_number(f"{seed}:{row}") >> 11)
    rank = rank.groupby(strata).rank()
    size = strata.groupby(strata).transform("size")
    kept = set(parents["id"][rank <= np.maximum(1, np.round(size * share))])
    root = train["parent"].where(train["parent"] != "", train["id"])
    return train[root.isin(kept)].reset_index(drop=True)


def power_law(rows: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit scale and exponent b of error = scale x rows^-b: rows (points,), errors (samples, points)
    -> (samples,) each."""
    x = np.log(rows) - np.log(rows).mean()
    y = np.log(errors)
    exponent = -(y @ x) / (x @ x)
    scale = np.exp(y.mean(1) + exponent * np.log(rows).mean())
    return scale, exponent


def fit_curve(
    task: ClassTask,
    approach: str,
    runs: list[CurveRun],
    labels: np.ndarray,
    units: np.ndarray,
    draws: int,
) -> LearningCurveMetrics:
    """Macro-F1 by share, the fit, and the expected gain of twice the rows.

    `labels` (rows,) and `units` (rows,) are of the validation rows. Every seed has every share.
    """
    samples = resampled_counts(units, draws=draws)
    counts = np.concatenate([np.ones((1, len(labels)), dtype=samples.dtype), samples])
    floor = 0.5 / len(labels)  # half a row replaces an error of zero, which has no logarithm
    scored = [Scored.of(task, labels, run.predicted) for run in runs]
    errors = np.stack(
        [_centred(1 - macro_f1(one._replace(counts=counts)), floor) for one in scored], axis=1
    )  # (1 + draws, runs); the first row is without resampling
    shares, seeds = (np.array([run[column] for run in runs]) for column in (0, 1))
    names, index = np.unique(seeds, return_inverse=True)
    often = resampled_counts(np.arange(len(names)), seed=1, draws=draws)
    # How often each sample has each run's seed, (1 + draws, runs): once in the first.
    weights = np.concatenate([np.ones((1, len(seeds))), often[:, index]])
    each = [float(share) for share in np.unique(shares)]
    sizes = [float(np.mean([run.rows for run in runs if run.share == share])) for share in each]
    means = np.stack([np.average(errors, 1, weights * (shares == share)) for share in each], axis=1)
    scale, exponent = power_law(np.array(sizes), means)
    now, then = (scale * (times * sizes[-1]) ** -exponent for times in (1, 2))
    last = power_law(np.array(sizes[:-1]), means[:1, :-1])
    return LearningCurveMetrics(
        run=True,
        measured_on="validation",
        approach=approach,
        seeds=len(names),
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
            gain=Difference(difference=float((now - then)[0]), **_around(now - then)),
        ),
        check=FitCheck(
            measured=float(1 - means[0, -1]),
            fitted_without_it=float(1 - last[0][0] * sizes[-1] ** -last[1][0]),
        ),
    )


def _interval(values: np.ndarray) -> Interval:
    """The first value as the mean, and the interval of the others."""
    return Interval(mean=float(values[0]), **_around(values))


def _around(values: np.ndarray) -> dict[str, float]:
    """The interval of all but the first value, widened to hold the first."""
    ends, first = bounds(values[1:]), float(values[0])
    return {"low": min(ends["low"], first), "high": max(ends["high"], first)}


def _centred(errors: np.ndarray, floor: float) -> np.ndarray:
    """The samples' errors, moved to lie about the first one: a sample has fewer rows of a class,
    and so a larger error on average."""
    moved = errors.copy()
    moved[1:] += errors[0] - errors[1:].mean()
    return np.clip(moved, floor, 1)
