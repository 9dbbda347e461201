"""Cross-validation of approaches: every row of train and validation is scored by a model that saw
neither it nor any row of its group.

Early stopping may not use the fold that is scored, or its score would be that of the best epoch for
it: a share of the other rows, by hash, is set aside for that.
"""

import hashlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from seedbed.core.errors import RowsError
from seedbed.core.metrics import Metrics
from seedbed.scoring.metrics import accuracy, macro_f1

NOT_RUN = "not_run.json"

Grid = dict[str, Annotated[list[Any], Field(min_length=1)]]  # values to try, by parameter


class Fold(NamedTuple):
    """Rows to train on, rows that stop training, and rows to score."""

    number: int
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


class CvMetrics(Metrics):
    """reports/metrics/cv.json of a run that cross-validated."""

    run: Literal[True] = True
    rows_scored: int
    folds: int
    approaches: dict[str, CrossValidated]


def folds_of(rows: pd.DataFrame, stop_share: float, seed: int) -> Iterator[Fold]:
    """Yield the folds of train and validation rows. Groups stay whole; the last rows of a class
    are never set aside for early stopping."""
    inside = rows[rows["fold"] >= 0]
    units = inside["group"].where(inside["group"] != "", inside["id"])
    position = units.map(lambda unit: _position(seed, unit))
    for number in sorted(inside["fold"].unique()):
        rest = inside["fold"] != number
        stop = rest & (position < stop_share)
        trained = set(inside["label"][rest & ~stop])
        needed = units[stop & ~inside["label"].isin(trained)]
        stop &= ~units.isin(set(needed))
        yield Fold(int(number), inside[rest & ~stop], inside[stop], inside[~rest])


def _position(seed: int, unit: str) -> float:
    """A position in [0, 1) by hash."""
    digest = hashlib.sha256(f"stop:{seed}:{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def grid_points(grid: Grid) -> list[dict[str, Any]]:
    """Every combination of the values; one empty point for an empty grid."""
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def spread_over(probabilities: np.ndarray, known: list[str], classes: list[str]) -> np.ndarray:
    """Spread the probabilities of the classes that a model knows over all classes: 0 elsewhere."""
    wide = np.zeros((len(probabilities), len(classes)))
    wide[:, [classes.index(name) for name in known]] = probabilities
    return wide


def fold_scores(
    labels: np.ndarray, probabilities: np.ndarray, folds: np.ndarray
) -> dict[str, FoldScore]:
    """Macro-F1 and accuracy of the held-out rows over the folds.

    `labels` are class indices, `folds` the fold that each row was held out in: (rows,).
    """
    predicted = probabilities.argmax(1)
    result = {}
    for name, metric in {"macro_f1": macro_f1, "accuracy": accuracy}.items():
        values = {}
        for number in np.unique(folds):
            part = folds == number
            once = np.ones((1, part.sum()))
            values[str(number)] = float(metric(labels[part], predicted[part], once)[0])
        scores = list(values.values())
        mean, sd = float(np.mean(scores)), float(np.std(scores, ddof=1))
        result[name] = FoldScore(mean=mean, sd=sd, by_fold=values)
    return result


def write_out_of_fold(
    file: Path, ids: list[str], probabilities: np.ndarray, classes: list[str]
) -> None:
    """Write a Parquet file with the id of each row and the probability of each class."""
    columns = {"id": pa.array(ids, pa.string())}
    columns |= {name: pa.array(probabilities[:, index]) for index, name in enumerate(classes)}
    pq.write_table(pa.table(columns), file, compression="zstd")


def read_out_of_fold(file: Path, ids: list[str], classes: list[str]) -> np.ndarray:
    """Read the probabilities of these rows in their order: (rows, classes). Raises RowsError where
    the approach was not cross-validated, or not on these rows."""
    if not file.exists():
        raise RowsError(
            str(file),
            "no such file",
            f"out-of-fold probabilities of `{file.stem}`",
            f"add {file.stem} to cv.approaches in params.yaml, or take it out of "
            "find_label_errors.models",
        )
    table = pq.read_table(file).to_pandas().set_index("id")
    if set(table.columns) != set(classes) or not set(ids) <= set(table.index):
        raise RowsError(
            str(file), "other rows or classes", "those of data/split", "run `dvc repro`"
        )
    return table.loc[ids, classes].to_numpy()
