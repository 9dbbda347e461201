"""Cross-validate approaches on train and validation: scores by fold, out-of-fold probabilities that
find_label_errors may use, and, where a grid is given, the values that finetune takes.

data/split/, data/embed/ -> data/cv/, reports/metrics/cv.json
"""

import json
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from seedbed.approaches import Name
from seedbed.core.files import fresh_folder, write_json
from seedbed.core.labels import Unused, unused_in_words
from seedbed.core.metrics import METRICS
from seedbed.core.params import Section, Seed, read_params
from seedbed.core.rows import EMBED, SPLIT, read_rows, write_results
from seedbed.core.stage import script
from seedbed.encoding.vectors import EncoderParams
from seedbed.tasks.named import has_no_classes, not_for_task, read_class_task
from seedbed.training import resampling
from seedbed.training.models import unused_by_approaches

if TYPE_CHECKING:  # torch, which is not needed where nothing is cross-validated
    from seedbed.training.trainer import ApproachTrainer, RowPool

OUT_OF_FOLD = Path("data/cv")
Grids = dict[Name, resampling.Grid]
MAX_POINTS = 1_000  # of a grid; each costs a training a fold


class Params(Section):
    """params.yaml section `cv`."""

    approaches: list[Name]
    grid: Grids
    stop_share: float = Field(gt=0, lt=0.5)
    seed: Seed

    @field_validator("grid")
    @classmethod
    def _of_cross_validated(cls, grid: Grids, info: ValidationInfo) -> Grids:
        if others := set(grid) - set(info.data.get("approaches", [])):
            raise ValueError(f"{', '.join(others)} is not cross-validated: add to cv.approaches")
        if any(prod(map(len, one.values())) > MAX_POINTS for one in grid.values()):
            raise ValueError(f"at most {MAX_POINTS:,} combinations of values")
        return grid


def out_of_fold(
    rows: pd.DataFrame,
    pool: "RowPool",
    approach: "ApproachTrainer",
    classes: list[str],
    params: Params,
) -> np.ndarray:
    """Probabilities of every row from models that did not see it: (rows, classes). Test rows get
    the mean over the models of all folds."""
    index = {row: number for number, row in enumerate(rows["id"])}
    test = rows[rows["fold"] < 0]
    probabilities = np.zeros((len(rows), len(classes)))
    folds = list(resampling.folds_of(pool.task, rows, params.stop_share, params.seed))
    for fold in folds:
        data = pool.training_data(fold.train, fold.stop)
        others = pd.concat([fold.held_out, test])
        scored = approach.probabilities(data, params.seed, others, pool)
        wide = resampling.spread_over(scored, data.classes, classes)
        held = len(fold.held_out)
        probabilities[fold.held_out["id"].map(index)] = wide[:held]
        probabilities[test["id"].map(index)] += wide[held:] / len(folds)
    return probabilities


def cross_validated(
    name: Name, rows: pd.DataFrame, pool: "RowPool", classes: list[str], params: Params
) -> tuple[resampling.CrossValidated, np.ndarray]:
    """Figures of one approach at every point of its grid, and the probabilities at the best: the
    first of those with the highest mean macro-F1 over the folds."""
    from seedbed.training.trainer import ApproachTrainer

    inside = (rows["fold"] >= 0).to_numpy()
    labels = pool.task.targets(rows["label"][inside], classes)
    folds = rows["fold"].to_numpy()[inside]
    points: list[resampling.GridPoint] = []
    by_point = []
    for changes in resampling.grid_points(params.grid.get(name, {})):
        trainer = ApproachTrainer(name, **changes)
        probabilities = out_of_fold(rows, pool, trainer, classes, params)
        scores = resampling.fold_scores(pool.task, labels, probabilities[inside], folds)
        # As JSON: written as numbers they would be rounded, as figures are.
        values = {key: json.dumps(value) for key, value in changes.items()}
        points.append(resampling.GridPoint(params=values, **scores))
        by_point.append(probabilities)
    best = max(range(len(points)), key=lambda number: points[number].macro_f1.mean)
    found = resampling.CrossValidated(
        chosen=points[best].params, **dict(points[best]), points=points
    )
    return found, by_point[best]


def write_off(unused: Unused) -> None:
    """Write the outputs of a run that cross-validates nothing."""
    with fresh_folder(OUT_OF_FOLD) as folder:
        write_json(folder / resampling.NOT_RUN, {"run": False})
    named = {"unused": unused} if unused else {}
    write_json(METRICS / "cv.json", {"run": False, "approaches": {}, **named})


@script
def main() -> str:
    params, rows = read_params("cv", Params), read_rows(SPLIT)
    approaches = read_params("approaches", dict[str, Any])
    shared = read_params("training", dict[str, Any])
    if has_no_classes("cv.approaches", params.approaches, "[]"):
        write_off({})
        return not_for_task()
    task = read_class_task()
    classes = task.classes(rows["label"])
    unused = unused_by_approaches(approaches, shared, params.grid, classes)
    if not params.approaches:
        write_off(unused)
        return "off, no approach is cross-validated" + unused_in_words(unused)
    from seedbed.training.trainer import ApproachTrainer, RowPool

    for name, grid in params.grid.items():  # report a wrong value before hours of training
        for changes in resampling.grid_points(grid):
            ApproachTrainer(name, **changes)
    pool = RowPool(task, rows, read_params("encoder", EncoderParams), EMBED, SPLIT)
    figures = {}
    with fresh_folder(OUT_OF_FOLD) as folder:
        for name in params.approaches:
            figures[name], probabilities = cross_validated(name, rows, pool, classes, params)
            resampling.write_out_of_fold(
                folder / f"{name}.parquet", list(rows["id"]), probabilities, classes
            )
    scored, folds = int((rows["fold"] >= 0).sum()), int(rows["fold"].max()) + 1
    metrics = resampling.CvMetrics(run=True, rows_scored=scored, folds=folds, approaches=figures)
    write_results("cv", metrics.naming(unused))
    scores = ", ".join(
        f"{name} macro-F1 {scores.macro_f1.mean:.3f} (sd {scores.macro_f1.sd:.3f})"
        for name, scores in figures.items()
    )
    return scores + unused_in_words(unused)
