"""Vectors of texts: one Parquet file per batch (columns id and vector), or made by the encoder."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.errors import RowsError
from seedbed.core.files import fresh_folder
from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
from seedbed.running.engine import FLOAT32, Item, map_texts

TEXTS_AT_ONCE = 2048  # enough that texts of one length share a batch


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
    """Return the vectors of these ids in their order, (ids, width) float32, and a mask of the ids
    without one (their vectors are zeros). Raises RowsError if the folder has no file."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise RowsError(str(folder), "no vectors", "one Parquet file per batch", "run `dvc repro`")
    table = pa.concat_tables([pq.read_table(file) for file in files])
    width = table.schema.field("vector").type.list_size
    matrix = table["vector"].combine_chunks().flatten().to_numpy().reshape(-1, width)
    index_of = {row: index for index, row in enumerate(table["id"].to_pylist())}
    indices = np.array([index_of.get(row, -1) for row in ids])
    missing = indices < 0
    vectors = matrix[indices]
    vectors[missing] = 0
    return vectors, missing


def completed(
    folder: Path | None, ids: Sequence[str], compute: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the vectors of these ids in their order: from `folder`, by `compute(mask)` of those
    that it lacks; all by `compute` if `folder` is None, as for another encoder than embed's."""
    if folder is None:
        return compute(np.ones(len(ids), dtype=bool))
    vectors, missing = read_vectors(folder, ids)
    if missing.any():
        vectors[missing] = compute(missing)
    return vectors


def embedded(items: Sequence[Item], params: EncoderParams, split: Path) -> np.ndarray:
    """Return the vectors of texts, or of texts with their pairs: (items, width) float32.

    `split` is the rows folder from which `max_length: auto` is computed.
    """
    # torch and tokenizers, which a run that finds all vectors in `folder` does not need.
    from seedbed.encoding.encoder import embed_texts, precision
    from seedbed.encoding.tokens import truncation_of

    folder = encoder_folder(params)
    work = partial(
        embed_texts,
        folder=folder,
        truncation=truncation_of(params, folder, split),
        dtype=str(precision(params.precision)).removeprefix("torch."),
    )
    return np.stack(map_texts(work, items, FLOAT32, batch=TEXTS_AT_ONCE))


def vectors_of(
    rows: pd.DataFrame, folder: Path | None, params: EncoderParams, split: Path
) -> np.ndarray:
    """Return the vectors of rows in their order, as `completed` does, from their texts."""
    paired = bool(rows["text_pair"].any())
    return completed(
        folder, list(rows["id"]), lambda mask: embedded(items_of(rows[mask], paired), params, split)
    )


def items_of(rows: pd.DataFrame, paired: bool | None = None) -> list[Item]:
    """Return the texts of rows; with their pairs if `paired`, or if any row has one."""
    if rows["text_pair"].any() if paired is None else paired:
        return list(zip(rows["text"], rows["text_pair"], strict=True))
    return list(rows["text"])
