"""Estimate on validation what more train rows would gain.

data/balance/, data/embed/, data/split/ -> reports/metrics/learning_curve.json
"""

from typing import Annotated

from pydantic import Field, field_validator

from seedbed.approaches import Name
from seedbed.core.files import write_json
from seedbed.core.metrics import METRICS
from seedbed.core.params import Section, Seed, read_params
from seedbed.core.rows import (
    BALANCE,
    EMBED,
    SPLIT,
    read_rows,
    rows_to_choose_by,
    sides,
    write_results,
)
from seedbed.core.stage import progress, script
from seedbed.encoding.vectors import EncoderParams
from seedbed.scoring.metrics import clusters_of
from seedbed.tasks.named import has_no_classes, not_for_task, read_class_task
from seedbed.training.resampling import CurveRun, drawn, fit_curve, spread_over


class Params(Section):
    """params.yaml section `learning_curve`."""

    run: bool
    approach: Name
    shares: list[Annotated[float, Field(gt=0, le=1)]] = Field(min_length=3, max_length=100)
    seeds: list[Seed] = Field(min_length=1, max_length=1000)
    samples: int = Field(ge=100, le=10**6)

    @field_validator("shares")
    @classmethod
    def _rising_shares(cls, shares: list[float]) -> list[float]:
        if not shares[0] > 0 or shares[-1] > 1 or sorted(set(shares)) != shares:
            raise ValueError("shares above 0 and at most 1, rising")
        return shares


@script
def main() -> str:
    params = read_params("learning_curve", Params)
    negatives = read_params("negatives.as", str), read_params("negatives.label", str)
    outside = has_no_classes("learning_curve.run", params.run, "false")
    if not params.run:
        write_json(METRICS / "learning_curve.json", {"run": False})
        return not_for_task() if outside else "off in params.yaml"
    from seedbed.training.trainer import ApproachTrainer, RowPool

    rows = rows_to_choose_by(read_rows(BALANCE), *negatives)
    task, (train, validation, _) = read_class_task(), sides(rows).values()
    pool = RowPool(task, rows, read_params("encoder", EncoderParams), EMBED, SPLIT)
    approach = ApproachTrainer(params.approach)
    classes = task.classes(train["label"])
    runs = []
    points = [(share, seed) for seed in params.seeds for share in params.shares]
    for share, seed in progress(points, "learning curve", len(points)):
        part = drawn(task, train, share, seed)
        data = pool.training_data(part, validation)
        given = approach.probabilities(data, seed, validation, pool)
        predicted = task.decode(spread_over(given, data.classes, classes))
        runs.append(CurveRun(share, seed, len(part), predicted))
    labels = task.targets(validation["label"], classes)
    clusters = clusters_of(list(validation["id"]), list(validation["group"]))
    metrics = fit_curve(task, params.approach, runs, labels, clusters, params.samples)
    write_results("learning_curve", metrics)
    gain = metrics.twice_the_rows.gain
    interval = f"{gain.difference:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
    return f"twice the rows would gain {interval} macro-F1"
