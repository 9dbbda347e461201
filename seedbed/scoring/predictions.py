"""Predictions of one approach on one split as a file, and approaches compared by them."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.files import fresh_folder
from seedbed.core.metrics import Difference
from seedbed.core.rows import OUTSIDE
from seedbed.scoring.intervals import clusters_of, paired_difference
from seedbed.scoring.metrics import Scored
from seedbed.scoring.scope_detection import with_outside
from seedbed.scoring.significance import McNemar, holm, mcnemar

NAME = "predictions.parquet"


@dataclass(frozen=True)
class Predictions:
    """`labels`: class indices (rows,); `probabilities`: (rows, classes) by seed."""

    ids: list[str]
    groups: list[str]
    labels: np.ndarray
    probabilities: dict[str, np.ndarray]

    def with_outside(self, thresholds: dict[str, float]) -> "Predictions":
        """Add a class, the last, for rows OUTSIDE: predicted where no other class reaches the
        seed's threshold. Without thresholds nothing is added."""
        if not thresholds:
            return self
        by_seed = {
            seed: with_outside(probabilities, thresholds[seed])
            for seed, probabilities in self.probabilities.items()
        }
        width = next(iter(by_seed.values())).shape[1]
        labels = np.where(self.labels == OUTSIDE, width - 1, self.labels)
        return Predictions(self.ids, self.groups, labels, by_seed)

    def inside(self, seed: str) -> tuple[np.ndarray, np.ndarray]:
        """Class indices and one seed's probabilities of the rows in scope."""
        known = self.labels != OUTSIDE
        return self.labels[known], self.probabilities[seed][known]

    def scored(self) -> dict[str, Scored]:
        """Labels, predictions, probabilities and clusters by seed."""
        clusters = self.clusters()
        return {
            seed: Scored.of(self.labels, probabilities.argmax(1), probabilities, clusters)
            for seed, probabilities in self.probabilities.items()
        }

    def clusters(self) -> np.ndarray:
        """Number the cluster of each row, (rows,): what the bootstrap draws."""
        return clusters_of(self.ids, self.groups)


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Write a folder of one Parquet file, which holds no text."""
    columns = {"id": predictions.ids, "group": predictions.groups, "label": predictions.labels}
    for seed, by_class in predictions.probabilities.items():
        columns |= {f"{seed}/{index}": by_class[:, index] for index in range(by_class.shape[1])}
    table = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
    with fresh_folder(folder) as fresh:
        pq.write_table(table.replace_schema_metadata(None), fresh / NAME, compression="zstd")


def read_predictions(folder: Path) -> Predictions:
    """Read what `write_predictions` wrote."""
    table = pq.read_table(folder / NAME).to_pandas()
    seeds: dict[str, list[str]] = {}
    for column in table.columns[3:]:
        seeds.setdefault(column.split("/")[0], []).append(column)
    return Predictions(
        list(table["id"]),
        list(table["group"]),
        table["label"].to_numpy(),
        {seed: table[columns].to_numpy() for seed, columns in seeds.items()},
    )


class Pair(NamedTuple):
    """An approach against a reference: differences by metric of the table, and McNemar's test
    between the seeds that are shown, whose p-value `p_holm` is corrected for all pairs."""

    differences: dict[str, Difference]
    mcnemar: McNemar
    p_holm: float


def pairs_with(
    reference: str, predictions: dict[str, Predictions], seeds: dict[str, str], samples: np.ndarray
) -> dict[str, Pair]:
    """Compare every approach with the reference. All predictions are for the same rows."""
    base = predictions[reference].scored()
    ours = {name: other.scored() for name, other in predictions.items() if name != reference}
    tests = {
        name: mcnemar(
            predictions[reference].labels,
            scored[seeds[name]].predicted,
            base[seeds[reference]].predicted,
        )
        for name, scored in ours.items()
    }
    corrected = holm({name: test.p for name, test in tests.items()})
    return {
        name: Pair(
            paired_difference(list(scored.values()), list(base.values()), samples),
            tests[name],
            corrected[name],
        )
        for name, scored in ours.items()
    }
