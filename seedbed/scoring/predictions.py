"""Predictions of one approach on one side as a file: row, unit, label, probabilities a seed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.files import fresh_folder
from seedbed.core.rows import OUTSIDE
from seedbed.scoring.intervals import units_of
from seedbed.scoring.metrics import Scored
from seedbed.scoring.scope_detection import with_outside

NAME = "predictions.parquet"


@dataclass(frozen=True)
class Predictions:
    """`labels`: class numbers (rows,); `probabilities`: (rows, classes) by seed."""

    ids: list[str]
    groups: list[str]
    labels: np.ndarray
    probabilities: dict[str, np.ndarray]

    def with_outside(self, thresholds: dict[str, float]) -> "Predictions":
        """With one class more, the last, for rows OUTSIDE: predicted where no other class reaches
        the seed's threshold. Itself without thresholds."""
        if not thresholds:
            return self
        by_seed = self.probabilities.items()
        found = {seed: with_outside(one, thresholds[seed]) for seed, one in by_seed}
        width = next(iter(found.values())).shape[1]
        labels = np.where(self.labels == OUTSIDE, width - 1, self.labels)
        return Predictions(self.ids, self.groups, labels, found)

    def inside(self, seed: str) -> tuple[np.ndarray, np.ndarray]:
        """Class numbers and one seed's probabilities of the rows that some class is right for."""
        known = self.labels != OUTSIDE
        return self.labels[known], self.probabilities[seed][known]

    def scored(self) -> dict[str, Scored]:
        """Labels, predictions, probabilities and clusters by seed."""
        units = self.units()
        return {
            seed: Scored.of(self.labels, found.argmax(1), found, units)
            for seed, found in self.probabilities.items()
        }

    def predicted(self) -> dict[str, np.ndarray]:
        """Class numbers (rows,) by seed."""
        return {seed: found.argmax(1) for seed, found in self.probabilities.items()}

    def units(self) -> np.ndarray:
        """What the bootstrap draws: (rows,)."""
        return units_of(self.ids, self.groups)


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Write to a folder of one Parquet file; no text."""
    columns = {"id": predictions.ids, "group": predictions.groups, "label": predictions.labels}
    for seed, found in predictions.probabilities.items():
        columns |= {f"{seed}/{number}": found[:, number] for number in range(found.shape[1])}
    table = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
    with fresh_folder(folder) as fresh:
        pq.write_table(table.replace_schema_metadata(None), fresh / NAME, compression="zstd")


def read_predictions(folder: Path) -> Predictions:
    """Read them back."""
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
