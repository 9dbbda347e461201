"""Measure the gain of augment, negatives and balance on validation, for those that are on.

data/augment/, data/balance/, data/embed/, data/split/ -> reports/metrics/ablate.json
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.approaches import Name
from seedbed.core.metrics import write_metrics
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import progress, run
from seedbed.encoding.encoder_files import EncoderParams
from seedbed.making.balancing import (
    AblateMetrics,
    AblationGain,
    Arms,
    arms_of,
    drawn,
    sizes,
    verdict,
)
from seedbed.making.negatives import NegativesParams, rows_to_choose_by

if TYPE_CHECKING:  # torch, which is not needed where nothing is ablated
    from seedbed.training.tasks import RowTasks
    from seedbed.training.trainer import ApproachTrainer

AUGMENT = Path("data/augment")
BALANCE = Path("data/balance")
VECTORS = Path("data/embed")
SPLIT = Path("data/split")
METRICS = Path("reports/metrics/ablate.json")


class Params(Section):
    """params.yaml section `ablate`."""

    of: list[Literal["augment", "negatives", "balance"]]
    approach: Name
    seeds: list[int] = Field(min_length=2)
    rows_per_class: list[int] = Field(min_length=1)


def measured(
    option: str,
    arms: Arms,
    validation: pd.DataFrame,
    params: Params,
    tasks: "RowTasks",
    approach: "ApproachTrainer",
) -> dict[str, AblationGain]:
    """The verdict on one option at each number of rows a class."""
    verdicts = {}
    for number in sizes(arms, params.rows_per_class):
        scores: list[dict[int, float]] = [{}, {}]
        rows = np.zeros((2, len(params.seeds)))
        bar = progress(params.seeds, f"{option}, {number or 'all'}", len(params.seeds))
        for turn, seed in enumerate(bar):
            for arm, train in enumerate(drawn(arms, number, seed)):
                scores[arm][seed] = approach.score(tasks.task(train, validation), seed)
                rows[arm, turn] = len(train)
        without, with_it = rows.mean(1).tolist()
        verdicts[str(number) if number else "all"] = AblationGain(
            rows_without=without, rows_with=with_it, **dict(verdict(*scores))
        )
    return verdicts


def ablation(
    augmented: pd.DataFrame, balanced: pd.DataFrame, params: Params
) -> dict[str, dict[str, AblationGain]]:
    """The verdicts on each option that is on, by option and rows a class."""
    train = [rows[rows["split"] == "train"] for rows in (augmented, balanced)]
    arms = {name: pair for name, pair in arms_of(*train).items() if name in params.of}
    if not arms:
        return {}
    from seedbed.training.tasks import RowTasks
    from seedbed.training.trainer import ApproachTrainer

    validation = balanced[balanced["split"] == "validation"].reset_index(drop=True)
    tasks = RowTasks(augmented, read_params("encoder", EncoderParams), VECTORS, SPLIT)
    approach = ApproachTrainer(params.approach)
    return {
        name: measured(name, pair, validation, params, tasks, approach)
        for name, pair in arms.items()
    }


def main() -> str:
    params = read_params("ablate", Params)
    negatives = read_params("negatives", NegativesParams)
    augmented, balanced = (
        rows_to_choose_by(read_rows(folder), negatives) for folder in (AUGMENT, BALANCE)
    )
    verdicts = ablation(augmented, balanced, params)
    off = [name for name in params.of if name not in verdicts]
    metrics = AblateMetrics(
        measured_on="validation",
        approach=params.approach,
        seeds=len(params.seeds),
        off=", ".join(off),
        measured=verdicts,
    )
    write_metrics(METRICS, metrics)
    words = [
        f"{name} at {number}: {result.verdict} ({result.gain:+.3f})"
        for name, by_number in verdicts.items()
        for number, result in by_number.items()
    ]
    return "; ".join(words) if words else "nothing to ablate, all options are off"


if __name__ == "__main__":
    run("ablate", main)
