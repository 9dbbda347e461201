"""Estimate on validation what more train rows would gain.

data/balance/, data/embed/, data/split/ -> reports/metrics/learning_curve.json
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from seedbed.approaches import Name
from seedbed.core.files import write_json
from seedbed.core.metrics import write_metrics
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows, sides
from seedbed.core.stage import progress, run
from seedbed.encoding.vectors import EncoderParams
from seedbed.making.negatives import NegativesParams, rows_to_choose_by
from seedbed.scoring.intervals import clusters_of
from seedbed.training.resampling import CurveRun, LearningCurveMetrics, drawn, fit_curve

if TYPE_CHECKING:  # torch, which is not needed where the stage is off
    from seedbed.training.trainer import ApproachTrainer, RowTasks

BALANCE = Path("data/balance")
VECTORS = Path("data/embed")
SPLIT = Path("data/split")
METRICS = Path("reports/metrics/learning_curve.json")


class Params(Section):
    """params.yaml section `learning_curve`."""

    run: bool
    approach: Name
    shares: list[float] = Field(min_length=3)
    seeds: list[int] = Field(min_length=1)
    samples: int = Field(ge=100)

    @field_validator("shares")
    @classmethod
    def _rising_shares(cls, shares: list[float]) -> list[float]:
        if not shares[0] > 0 or shares[-1] > 1 or sorted(set(shares)) != shares:
            raise ValueError("shares above 0 and at most 1, rising")
        return shares


def trained(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    params: Params,
    tasks: "RowTasks",
    approach: "ApproachTrainer",
) -> list[CurveRun]:
    """Train a model for each share and seed, and predict the validation rows."""
    classes = sorted(set(train["label"]))
    runs = []
    points = [(share, seed) for seed in params.seeds for share in params.shares]
    for share, seed in progress(points, "learning curve", len(points)):
        rows = drawn(train, share, seed)
        task = tasks.task(rows, validation)
        predicted = approach.probabilities(task, seed, validation, tasks).argmax(1)
        index = np.array([classes.index(name) for name in task.classes])
        runs.append(CurveRun(share, seed, len(rows), index[predicted]))
    return runs


def measured(rows: pd.DataFrame, params: Params) -> LearningCurveMetrics:
    """The learning curve, from train and validation rows."""
    from seedbed.training.trainer import ApproachTrainer, RowTasks

    train, validation, _ = sides(rows).values()
    tasks = RowTasks(rows, read_params("encoder", EncoderParams), VECTORS, SPLIT)
    runs = trained(train, validation, params, tasks, ApproachTrainer(params.approach))
    index = {name: number for number, name in enumerate(sorted(set(train["label"])))}
    labels = np.array([index.get(name, -1) for name in validation["label"]])
    clusters = clusters_of(list(validation["id"]), list(validation["group"]))
    return fit_curve(params.approach, runs, labels, clusters, params.samples)


def main() -> str:
    params = read_params("learning_curve", Params)
    negatives = read_params("negatives", NegativesParams)
    if not params.run:
        write_json(METRICS, {"run": False})
        return "off in params.yaml"
    metrics = measured(rows_to_choose_by(read_rows(BALANCE), negatives), params)
    write_metrics(METRICS, metrics)
    gain = metrics.twice_the_rows.gain
    return (
        f"twice the rows would gain {gain.difference:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] "
        "macro-F1"
    )


if __name__ == "__main__":
    run("learning_curve", main)
