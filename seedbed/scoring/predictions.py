"""Predictions of one approach on one split as a file, and approaches compared by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.errors import reading
from seedbed.core.files import fresh_folder
from seedbed.core.metrics import Difference
from seedbed.scoring.intervals import paired_difference
from seedbed.scoring.metrics import Scored, clusters_of
from seedbed.scoring.significance import McNemar, holm, mcnemar
from seedbed.tasks import ClassTask

NAME = "predictions.parquet"


@dataclass(frozen=True)
class Predictions:
    """`labels`: targets of the task; `probabilities`: (rows, classes) by seed."""

    task: ClassTask
    ids: list[str]
    groups: list[str]
    labels: np.ndarray
    probabilities: dict[str, np.ndarray]

    def ruled(self, thresholds: dict[str, list[float]]) -> "Predictions":
        """Apply the task's rule with the thresholds of each seed, so that `decode` gives what it
        predicts; a seed without any has none."""
        by_seed = {
            seed: self.task.ruled(given, thresholds.get(seed, []))
            for seed, given in self.probabilities.items()
        }
        width = next(iter(self.probabilities.values())).shape[1]
        one = next(iter(thresholds.values()), [])
        labels = self.task.ruled_targets(self.labels, width, one)
        return Predictions(self.task, self.ids, self.groups, labels, by_seed)

    def inside(self, seed: str) -> tuple[np.ndarray, np.ndarray]:
        """Targets and one seed's probabilities of the rows in scope."""
        known = ~self.task.outside(self.labels)
        return self.labels[known], self.probabilities[seed][known]

    def scored(self) -> dict[str, Scored]:
        """Labels, predictions, probabilities and clusters by seed."""
        task, clusters = self.task, self.clusters()
        return {
            seed: Scored.of(task, self.labels, task.decode(probabilities), probabilities, clusters)
            for seed, probabilities in self.probabilities.items()
        }

    def clusters(self) -> np.ndarray:
        """Number the cluster of each row, (rows,): its group, or the row itself."""
        return clusters_of(self.ids, self.groups)


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Write a folder of one Parquet file, which holds no text."""
    columns: dict[str, Sequence[object] | np.ndarray] = {
        "id": predictions.ids,
        "group": predictions.groups,
        "label": list(predictions.labels),  # of sets a list a row
    }
    for seed, by_class in predictions.probabilities.items():
        columns |= {f"{seed}/{index}": by_class[:, index] for index in range(by_class.shape[1])}
    table = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
    with fresh_folder(folder) as fresh:
        pq.write_table(table.replace_schema_metadata(None), fresh / NAME, compression="zstd")


def read_predictions(folder: Path, task: ClassTask) -> Predictions:
    """Read what `write_predictions` wrote. Raises DamagedError."""
    with reading(folder / NAME):
        table = pq.read_table(folder / NAME).to_pandas()
        seeds: dict[str, list[str]] = {}
        for column in table.columns[3:]:
            seeds.setdefault(column.split("/")[0], []).append(column)
        return Predictions(
            task,
            list(table["id"]),
            list(table["group"]),
            np.stack(table["label"].to_numpy()),
            {seed: table[columns].to_numpy() for seed, columns in seeds.items()},
        )


class Pair(NamedTuple):
    """An approach against a reference: differences by metric of the table, and the task's paired
    test between the seeds that are shown, whose p-value `p_holm` is corrected for all pairs; `test`
    names it."""

    differences: dict[str, Difference]
    mcnemar: McNemar
    p_holm: float
    test: str


def pairs_with(
    reference: str, predictions: dict[str, Predictions], seeds: dict[str, str]
) -> dict[str, Pair]:
    """Compare every approach with the reference. All predictions are for the same rows."""
    base = predictions[reference].scored()
    ours = {name: other.scored() for name, other in predictions.items() if name != reference}
    shown = base[seeds[reference]].right
    tests = [mcnemar(one[seeds[name]].right, shown) for name, one in ours.items()]
    corrected = holm([test.p for test in tests])
    return {
        name: Pair(
            paired_difference(one.values(), base.values()),
            test,
            p_holm,
            predictions[name].task.PAIRED_TEST,
        )
        for (name, one), test, p_holm in zip(ours.items(), tests, corrected, strict=True)
    }
