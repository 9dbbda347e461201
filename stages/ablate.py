"""Measure the gain of augment, negatives and balance on validation, for those that are on.

data/augment/, data/balance/, data/embed/, data/split/ -> reports/metrics/ablate.json
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.approaches import Name
from seedbed.core.params import Section, Seed, read_params
from seedbed.core.rows import (
    AUGMENT,
    BALANCE,
    EMBED,
    SPLIT,
    read_rows,
    rows_to_choose_by,
    write_results,
)
from seedbed.core.stage import progress, script
from seedbed.encoding.vectors import EncoderParams
from seedbed.making import balancing
from seedbed.tasks import ClassTask
from seedbed.tasks.named import has_no_classes, not_for_task, read_class_task

Verdicts = dict[str, dict[str, balancing.AblationGain]]  # by option and rows a class


class Params(Section):
    """params.yaml section `ablate`."""

    of: list[Literal["augment", "negatives", "balance"]]
    approach: Name
    seeds: list[Seed] = Field(min_length=2, max_length=1000)
    rows_per_class: list[balancing.RowsPerClass] = Field(min_length=1, max_length=100)


def measured(
    option: str,
    arms: balancing.Arms,
    params: Params,
    score: Callable[[pd.DataFrame, int], float],
    task: ClassTask,
) -> dict[str, balancing.AblationGain]:
    """The verdict on one option at each number of rows a class.

    `score` gives the validation macro-F1 of a model trained on rows with a seed.
    """
    verdicts = {}
    for number in balancing.sizes(arms, params.rows_per_class, task):
        scores: list[dict[int, float]] = [{}, {}]
        rows = np.zeros((2, len(params.seeds)))
        bar = progress(params.seeds, f"{option}, {number or 'all'}", len(params.seeds))
        for turn, seed in enumerate(bar):
            for arm, train in enumerate(balancing.drawn(arms, number, seed, task)):
                scores[arm][seed] = score(train, seed)
                rows[arm, turn] = len(train)
        without, with_it = rows.mean(1).tolist()
        verdicts[str(number or "all")] = balancing.AblationGain(
            rows_without=without, rows_with=with_it, **dict(balancing.verdict(*scores))
        )
    return verdicts


def metrics_of(params: Params, verdicts: Verdicts) -> balancing.AblateMetrics:
    """Return the figures of what was measured, and the names of what was not."""
    return balancing.AblateMetrics(
        measured_on="validation",
        approach=params.approach,
        seeds=len(params.seeds),
        off=", ".join(name for name in params.of if name not in verdicts),
        measured=verdicts,
    )


@script
def main() -> str:
    params = read_params("ablate", Params)
    if has_no_classes():
        write_results("ablate", metrics_of(params, {}))
        return not_for_task()
    task = read_class_task()
    negatives = read_params("negatives.as", str), read_params("negatives.label", str)
    augmented, balanced = (
        rows_to_choose_by(read_rows(folder), *negatives) for folder in (AUGMENT, BALANCE)
    )
    train = [rows[rows["split"] == "train"] for rows in (augmented, balanced)]
    arms = {name: pair for name, pair in balancing.arms_of(*train).items() if name in params.of}
    verdicts: Verdicts = {}
    if arms:
        from seedbed.training.trainer import ApproachTrainer, RowPool

        validation = balanced[balanced["split"] == "validation"].reset_index(drop=True)
        pool = RowPool(task, augmented, read_params("encoder", EncoderParams), EMBED, SPLIT)
        approach = ApproachTrainer(params.approach)

        def score(rows: pd.DataFrame, seed: int) -> float:
            return approach.score(pool.training_data(rows, validation), seed)

        verdicts = {name: measured(name, pair, params, score, task) for name, pair in arms.items()}
    write_results("ablate", metrics_of(params, verdicts))
    words = [
        f"{name} at {number}: {result.verdict} ({result.gain:+.3f})"
        for name, by_number in verdicts.items()
        for number, result in by_number.items()
    ]
    return "; ".join(words) or "nothing to ablate, all options are off"
