"""Cross-validate approaches on train and validation: scores by fold, out-of-fold probabilities that
find_label_errors may use, and, where a grid is given, the values that finetune takes.

data/split/, data/embed/ -> data/cv/, reports/metrics/cv.json
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from seedbed.approaches import Name
from seedbed.core.files import fresh_folder, write_json
from seedbed.core.metrics import write_metrics
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import run
from seedbed.encoding.vectors import EncoderParams
from seedbed.training.resampling import (
    NOT_RUN,
    CrossValidated,
    CvMetrics,
    Grid,
    GridPoint,
    fold_scores,
    folds_of,
    grid_points,
    spread_over,
    write_out_of_fold,
)

if TYPE_CHECKING:  # torch, which is not needed where nothing is cross-validated
    from seedbed.training.trainer import ApproachTrainer, RowTasks

SPLIT = Path("data/split")
VECTORS = Path("data/embed")
OUT_OF_FOLD = Path("data/cv")
METRICS = Path("reports/metrics/cv.json")


class Params(Section):
    """params.yaml section `cv`."""

    approaches: list[Name]
    grid: dict[Name, Grid]
    stop_share: float = Field(gt=0, lt=0.5)
    seed: int

    @field_validator("grid")
    @classmethod
    def _of_cross_validated(cls, grid: dict[Name, Grid], info: ValidationInfo) -> dict[Name, Grid]:
        if others := set(grid) - set(info.data.get("approaches", [])):
            raise ValueError(f"{', '.join(others)} is not cross-validated: add to cv.approaches")
        return grid


def out_of_fold(
    rows: pd.DataFrame,
    tasks: "RowTasks",
    approach: "ApproachTrainer",
    classes: list[str],
    params: Params,
) -> np.ndarray:
    """Probabilities of every row from models that did not see it: (rows, classes). Test rows get
    the mean over the models of all folds."""
    index = {row: number for number, row in enumerate(rows["id"])}
    test = rows[rows["fold"] < 0]
    probabilities = np.zeros((len(rows), len(classes)))
    folds = list(folds_of(rows, params.stop_share, params.seed))
    for fold in folds:
        task = tasks.task(fold.train, fold.stop)
        others = pd.concat([fold.held_out, test])
        scored = approach.probabilities(task, params.seed, others, tasks)
        wide = spread_over(scored, task.classes, classes)
        held = len(fold.held_out)
        probabilities[fold.held_out["id"].map(index)] = wide[:held]
        probabilities[test["id"].map(index)] += wide[held:] / len(folds)
    return probabilities


def cross_validated(
    name: Name, rows: pd.DataFrame, tasks: "RowTasks", classes: list[str], params: Params
) -> tuple[CrossValidated, np.ndarray]:
    """Figures of one approach at every point of its grid, and the probabilities at the best: the
    first of those with the highest mean macro-F1 over the folds."""
    from seedbed.training.trainer import ApproachTrainer

    inside = (rows["fold"] >= 0).to_numpy()
    labels = np.searchsorted(classes, rows["label"].to_numpy(dtype=object)[inside])
    folds = rows["fold"].to_numpy()[inside]
    points: list[GridPoint] = []
    best: tuple[GridPoint, np.ndarray] | None = None
    for changes in grid_points(params.grid.get(name, {})):
        trainer = ApproachTrainer(name, **changes)
        probabilities = out_of_fold(rows, tasks, trainer, classes, params)
        scores = fold_scores(labels, probabilities[inside], folds)
        # As JSON: written as numbers they would be rounded, as figures are.
        values = {key: json.dumps(value) for key, value in changes.items()}
        points.append(GridPoint(params=values, **scores))
        if best is None or points[-1].macro_f1.mean > best[0].macro_f1.mean:
            best = points[-1], probabilities
    if best is None:
        raise AssertionError("a grid has at least one point")
    scores = {"macro_f1": best[0].macro_f1, "accuracy": best[0].accuracy}
    chosen = best[0].params
    return CrossValidated(chosen=chosen, params=chosen, **scores, points=points), best[1]


def main() -> str:
    params = read_params("cv", Params)
    if not params.approaches:
        with fresh_folder(OUT_OF_FOLD) as folder:
            write_json(folder / NOT_RUN, {"run": False})
        write_json(METRICS, {"run": False, "approaches": {}})
        return "off, no approach is cross-validated"
    from seedbed.training.trainer import ApproachTrainer, RowTasks

    for name, grid in params.grid.items():  # report a wrong value before hours of training
        for changes in grid_points(grid):
            ApproachTrainer(name, **changes)
    rows = read_rows(SPLIT)
    classes = sorted(set(rows["label"]))
    tasks = RowTasks(rows, read_params("encoder", EncoderParams), VECTORS, SPLIT)
    figures = {}
    with fresh_folder(OUT_OF_FOLD) as folder:
        for name in params.approaches:
            figures[name], probabilities = cross_validated(name, rows, tasks, classes, params)
            write_out_of_fold(folder / f"{name}.parquet", list(rows["id"]), probabilities, classes)
    scored, folds = int((rows["fold"] >= 0).sum()), int(rows["fold"].max()) + 1
    metrics = CvMetrics(run=True, rows_scored=scored, folds=folds, approaches=figures)
    write_metrics(METRICS, metrics)
    return ", ".join(
        f"{name} macro-F1 {scores.macro_f1.mean:.3f} (sd {scores.macro_f1.sd:.3f})"
        for name, scores in figures.items()
    )


if __name__ == "__main__":
    run("cv", main)
