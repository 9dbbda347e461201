"""Vectors of texts as files: one Parquet file per batch, columns id and vector."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.errors import RowsError
from seedbed.core.files import fresh_folder


def write_vectors(folder: Path, rows: pd.DataFrame, vectors: np.ndarray) -> None:
    """Write (rows, width) float32 vectors in the order of `rows`, which has id and batch."""
    batches = rows["batch"].to_numpy()
    width = vectors.shape[1]
    with fresh_folder(folder) as fresh:
        for batch in sorted(set(batches)):
            members = np.flatnonzero(batches == batch)
            flat = pa.array(vectors[members].ravel(), pa.float32())
            column = pa.FixedSizeListArray.from_arrays(flat, width)
            ids = pa.array(rows["id"].to_numpy()[members], pa.string())
            table = pa.table({"id": ids, "vector": column})
            pq.write_table(table, fresh / f"{batch}.parquet", compression="zstd")


def read_vectors(folder: Path, ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of these ids in their order, (ids, width) float32, and which of them have none
    (bool; their vectors are zeros). Raises RowsError where the folder has no file."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise RowsError(str(folder), "no vectors", "one Parquet file per batch", "run `dvc repro`")
    table = pa.concat_tables([pq.read_table(file) for file in files])
    width = table.schema.field("vector").type.list_size
    matrix = table["vector"].combine_chunks().flatten().to_numpy().reshape(-1, width)
    place = {row: number for number, row in enumerate(table["id"].to_pylist())}
    places = np.array([place.get(row, -1) for row in ids])
    missing = places < 0
    vectors = matrix[places]
    vectors[missing] = 0
    return vectors, missing
