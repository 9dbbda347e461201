"""Rows with new columns as CSV, TSV, JSON Lines or Parquet, by the suffix of the file, in UTF-8.

A file has a temporary name until it is whole. In CSV and TSV a ' precedes a cell that a
spreadsheet would run; the other two hold each value as it is.
"""

import json
from collections import deque
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.table_forms import SEPARATORS, distinct
from seedbed.collecting.tables import as_text
from seedbed.core.errors import SeedbedError
from seedbed.core.files import csv_writer, marked
from seedbed.core.stage import rank
from seedbed.serving.chunks import Chunk

LINES = (".jsonl", ".ndjson")
SUFFIXES = (*SEPARATORS, *LINES, ".parquet")
HALF_CHARACTERS = "backslashreplace"  # which no UTF-8 file can hold, as JSON writes them

Labelled = Iterable[tuple[Chunk, pa.RecordBatch]]  # rows, and more columns to stand after theirs


def check_target(source: Path, target: Path) -> None:
    """Check that a file can be written, and is not the one that is read. Raises SeedbedError."""
    if target.suffix.lower() not in SUFFIXES:
        found, known = f"the suffix `{target.suffix}`", f"one of {', '.join(SUFFIXES)}"
        raise SeedbedError(str(target), found, known, "convert it")
    if source.resolve() == target.resolve():
        raise SeedbedError(str(target), "it is the input", "another file", "name another output")


def write(path: Path, chunks: Labelled) -> None:
    """Write rows with their new columns, one value a row each, as the suffix of `path` says; the
    file is there when all of them are written. Of several processes the main one writes."""
    if rank():
        deque(chunks, maxlen=0)  # the others compute their shares
        return
    suffix = path.suffix.lower()
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_all = _parquet if suffix == ".parquet" else _lines if suffix in LINES else _csv
    try:
        write_all(partial, path, chunks)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


def _csv(partial: Path, path: Path, chunks: Labelled) -> None:
    columns: list[str] = []
    with partial.open("w", encoding="utf-8", errors=HALF_CHARACTERS, newline="") as file:
        separator = SEPARATORS[path.suffix.lower()]
        writer = csv_writer(file, separator)
        for chunk, more in chunks:
            if not columns:
                columns.extend(_columns(chunk))
                writer.writerow(map(marked, [*columns, *more.schema.names]))
            _check_keys(chunk, columns)
            for record, new in zip(chunk.records, more.to_pylist(), strict=True):
                values = [*(record.cells.get(name) for name in columns), *new.values()]
                writer.writerow(map(_cell, values))


def _columns(chunk: Chunk) -> list[str]:
    keys = (key for record in chunk.records for key in record.cells)
    return list(dict.fromkeys([*distinct(chunk.columns), *keys]))


def _check_keys(chunk: Chunk, columns: Collection[str]) -> None:
    for record in chunk.records:
        if unknown := [key for key in record.cells if key not in columns]:
            raise SeedbedError(
                chunk.place(record),
                f"a key `{unknown[0]}` that no row of the first chunk has",
                "the same columns from first to last",
                "write JSON Lines, which need none",
            )


def _cell(value: object) -> str:
    try:
        return str(marked(as_text(value)))
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)


def _lines(partial: Path, path: Path, chunks: Labelled) -> None:
    with partial.open("w", encoding="utf-8", errors=HALF_CHARACTERS, newline="") as file:
        for chunk, more in chunks:
            for record, new in zip(chunk.records, more.to_pylist(), strict=True):
                file.write(json.dumps(record.cells | new, ensure_ascii=False, default=str) + "\n")


def _parquet(partial: Path, path: Path, chunks: Labelled) -> None:
    schema: pa.Schema | None = None
    with ExitStack() as open_files:
        writer: pq.ParquetWriter | None = None
        for chunk, more in chunks:
            try:
                batch = chunk.batch
                if batch is None:
                    columns = schema.names if schema else _columns(chunk)
                    _check_keys(chunk, columns)
                    cells = {
                        name: [_whole(record.cells.get(name)) for record in chunk.records]
                        for name in columns
                    }
                    batch = pa.RecordBatch.from_pydict(cells, schema=schema)
                    schema = batch.schema
                whole = pa.schema([*batch.schema, *more.schema], metadata=batch.schema.metadata)
                writer = writer or open_files.enter_context(pq.ParquetWriter(partial, whole))
                arrays = [*batch.columns, *more.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=whole))
            except (pa.ArrowException, ValueError) as error:
                raise SeedbedError(
                    f"{chunk.place(chunk.records[0])} and after",
                    f"cells of another type than before ({type(error).__name__})",
                    "one type a column, which Parquet needs",
                    f"write {path.stem}.jsonl",
                ) from None


def _whole(value: object) -> object:
    return value.encode(errors=HALF_CHARACTERS).decode() if isinstance(value, str) else value
