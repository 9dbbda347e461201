"""What an approach wrote for the rows of one split, as a file: the text of each answer, whether the
model ended it, and how surprising the true answer is to it.

The file holds texts of people and of models. It is an output of a stage in the cache of DVC, like
the rows themselves, and never in git.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.errors import DamagedError, reading
from seedbed.core.files import fresh_folder
from seedbed.scoring.metrics import clusters_of

NAME = "answers.parquet"
OF_ROWS = ("id", "group", "source", "question", "target")
OF_SEEDS = {
    "text": pa.string(),
    "ended": pa.bool_(),
    "reason": pa.string(),
    "loss": pa.float64(),
    "tokens": pa.int64(),
}
OF_FIELDS = dict(zip(OF_SEEDS, ("texts", "ended", "reasons", "loss", "tokens"), strict=True))


class Written(NamedTuple):
    """What the model of one seed wrote, and what it makes of the true answers.

    `texts`: its answers, "" where there is none for a `reason` ("" where there is one). `ended`:
    whether it ended each by itself, (rows,) bool. `loss`: the negative log-likelihood of each true
    answer in nats, (rows,) float64, NaN where the conversation does not fit or the approach writes
    without probabilities. `tokens`: how many tokens that is of, end of turn included, (rows,).
    """

    texts: list[str]
    ended: np.ndarray
    reasons: list[str]
    loss: np.ndarray
    tokens: np.ndarray


@dataclass(frozen=True)
class AnswerPredictions:
    """Rows of one split with their last questions and true answers (`targets`), and what the model
    of each seed wrote for them."""

    ids: list[str]
    groups: list[str]
    sources: list[str]
    questions: list[str]
    targets: list[str]
    by_seed: dict[str, Written]

    def clusters(self) -> np.ndarray:
        """Number the cluster of each row, (rows,): its group, or the row itself."""
        return clusters_of(self.ids, self.groups)


def write_answers(folder: Path, predictions: AnswerPredictions) -> None:
    """Write a folder of one Parquet file. The same predictions give the same bytes."""
    rows = (predictions.ids, predictions.groups, predictions.sources, predictions.questions,
            predictions.targets)  # fmt: skip
    columns: dict[str, Sequence[object] | np.ndarray] = dict(zip(OF_ROWS, rows, strict=True))
    for seed, written in predictions.by_seed.items():
        columns |= {f"{seed}/{name}": getattr(written, field) for name, field in OF_FIELDS.items()}
    schema = _schema(list(predictions.by_seed))
    table = pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
    with fresh_folder(folder) as fresh:
        pq.write_table(table, fresh / NAME, compression="zstd")


def read_answers(folder: Path) -> AnswerPredictions:
    """Read what `write_answers` wrote. Raises DamagedError for another content."""
    path = folder / NAME
    with reading(path):
        table = pq.read_table(path)
        names = (name.split("/") for name in table.column_names if "/" in name)
        seeds = list(dict.fromkeys(seed for seed, *_ in names))
        if not seeds or table.schema.remove_metadata() != _schema(seeds):
            found = f"the columns {', '.join(table.column_names)[:200]}"
            raise DamagedError(str(path), found, "those of answers", "`dvc repro` makes it anew")
        if nulls := [name for name in table.column_names if table[name].null_count]:
            found = f"column `{nulls[0]}` has empty cells"
            raise DamagedError(str(path), found, "none", "`dvc repro` makes it anew")
        ids, groups, sources, questions, targets = (table[name].to_pylist() for name in OF_ROWS)
        return AnswerPredictions(
            ids,
            groups,
            sources,
            questions,
            targets,
            {
                seed: Written(
                    table[f"{seed}/text"].to_pylist(),
                    table[f"{seed}/ended"].to_numpy(),
                    table[f"{seed}/reason"].to_pylist(),
                    table[f"{seed}/loss"].to_numpy(),
                    table[f"{seed}/tokens"].to_numpy(),
                )
                for seed in seeds
            },
        )


def _schema(seeds: Sequence[str]) -> pa.Schema:
    of_rows = [pa.field(name, pa.string()) for name in OF_ROWS]
    of_seeds = [
        pa.field(f"{seed}/{name}", kind) for seed in seeds for name, kind in OF_SEEDS.items()
    ]
    return pa.schema([*of_rows, *of_seeds])
