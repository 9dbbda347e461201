"""Measure on validation what augment, negatives and balance bring; nothing where all are off.

data/augment/, data/balance/, data/embed/, data/split/ -> reports/metrics/ablate.json
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.files import write_json
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import progress, run
from seedbed.encoding.encoder_files import EncoderParams
from seedbed.making.ablation import Arms, arms_of, drawn, sizes, verdict
from seedbed.making.out_of_scope import NegativesParams

if TYPE_CHECKING:  # torch, which a run without anything to ablate does not need
    from seedbed.training.row_tasks import Approach, RowTasks

AUGMENTED = Path("data/augment")
BALANCED = Path("data/balance")
VECTORS = Path("data/embed")
SPLIT = Path("data/split")
METRICS = Path("reports/metrics/ablate.json")


class Params(Section):
    """params.yaml section `ablate`."""

    of: list[Literal["augment", "negatives", "balance"]]
    approach: Literal["feature", "full", "lora", "prompt"]
    seeds: list[int] = Field(min_length=2)
    rows_per_class: list[int] = Field(min_length=1)


def without_test(rows: pd.DataFrame) -> pd.DataFrame:
    """Train and validation rows. No choice may hang on test rows, so none goes any further."""
    return rows[rows["split"] != "test"].reset_index(drop=True)


def without_negatives(rows: pd.DataFrame, negatives: NegativesParams) -> pd.DataFrame:
    """Rows without negatives where a threshold is to tell them: there they are no class."""
    return rows if negatives.used_as == "class" else rows[rows["label"] != negatives.label]


def measured(
    option: str,
    arms: Arms,
    validation: pd.DataFrame,
    params: Params,
    tasks: "RowTasks",
    approach: "Approach",
) -> dict[str, Any]:
    """The verdict on one option at each number of rows a class."""
    found = {}
    for number in sizes(arms, params.rows_per_class):
        scores: list[dict[int, float]] = [{}, {}]
        rows = np.zeros((2, len(params.seeds)))
        bar = progress(params.seeds, f"{option}, {number or 'all'}", len(params.seeds))
        for turn, seed in enumerate(bar):
            for arm, train in enumerate(drawn(arms, number, seed)):
                scores[arm][seed] = approach.score(tasks.task(train, validation), seed)
                rows[arm, turn] = len(train)
        counts = {"rows_without": float(rows[0].mean()), "rows_with": float(rows[1].mean())}
        found[str(number) if number else "all"] = counts | verdict(*scores)
    return found


def ablation(
    augmented: pd.DataFrame, balanced: pd.DataFrame, params: Params
) -> dict[str, dict[str, Any]]:
    """The verdicts on each option that is on, by option and rows a class."""
    train = [rows[rows["split"] == "train"] for rows in (augmented, balanced)]
    arms = {name: one for name, one in arms_of(*train).items() if name in params.of}
    if not arms:
        return {}
    from seedbed.training.row_tasks import Approach, RowTasks

    validation = balanced[balanced["split"] == "validation"].reset_index(drop=True)
    tasks = RowTasks(augmented, read_params("encoder", EncoderParams), VECTORS, SPLIT)
    approach = Approach(params.approach)
    return {
        name: measured(name, one, validation, params, tasks, approach) for name, one in arms.items()
    }


def main() -> str:
    params = read_params("ablate", Params)
    negatives = read_params("negatives", NegativesParams)
    augmented, balanced = (
        without_negatives(without_test(read_rows(folder)), negatives)
        for folder in (AUGMENTED, BALANCED)
    )
    found = ablation(augmented, balanced, params)
    off = [name for name in params.of if name not in found]
    metrics = {
        "measured_on": "validation",
        "approach": params.approach,
        "seeds": len(params.seeds),
        "off": ", ".join(off),
        "measured": found,
    }
    write_json(METRICS, metrics)
    words = [
        f"{name} at {number}: {one['verdict']} ({one['gain']:+.3f})"
        for name, by_number in found.items()
        for number, one in by_number.items()
    ]
    return "; ".join(words) if words else "nothing to ablate, all options are off"


if __name__ == "__main__":
    run("ablate", main)
