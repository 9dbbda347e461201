"""Tables read as collect reads them, and written, a chunk of rows at a time.

What is written is CSV, TSV, JSON Lines or Parquet by suffix, in UTF-8, and has a temporary name
until it is whole.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.tables import SEPARATORS, Chunk, as_text, table_chunks
from seedbed.core.errors import SourceError, TableError

LINES = (".jsonl", ".ndjson")
SUFFIXES = (*SEPARATORS, *LINES, ".parquet")


def check_suffix(path: Path) -> None:
    """Raises TableError for a suffix that is none of the four kinds."""
    if path.suffix.lower() not in SUFFIXES:
        raise TableError(
            str(path), f"the suffix `{path.suffix}`", f"one of {', '.join(SUFFIXES)}", "convert it"
        )


def read_chunks(path: Path, rows: int) -> Iterator[Chunk]:
    """The table in chunks of at most `rows` rows. Raises TableError where it cannot be read as a
    whole, and where it has no row."""
    if not path.is_file():
        raise TableError(str(path), "no such file", "a table", "correct the name")
    is_empty = True
    try:
        for chunk in table_chunks(path, rows):
            is_empty = False
            yield chunk
    except SourceError as error:
        step = "correct the file, or convert it"
        raise TableError(error.place, error.found, error.expected, step) from None
    if is_empty:
        raise TableError(str(path), "no rows", "at least one row", "look at what wrote it")


class Writer(Protocol):
    """Writes chunks, each with additional columns, one value a row each."""

    def write(self, chunk: Chunk, more: pa.RecordBatch) -> None:
        """Write the rows with the columns in `more` after their own."""

    def close(self) -> None:
        """Write what is left."""


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """A writer for the suffix of `path`; the file is there when the block ends without error."""
    check_suffix(path)
    suffix = path.suffix.lower()
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = _Parquet if suffix == ".parquet" else _Lines if suffix in LINES else _Csv
    writer = kind(partial, path)
    try:
        yield writer
        writer.close()
    except BaseException:
        writer.close()
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


class _Csv:
    def __init__(self, partial: Path, path: Path):
        self._file = partial.open("w", encoding="utf-8", newline="")
        separator = SEPARATORS[path.suffix.lower()]
        self._writer = csv.writer(self._file, delimiter=separator, lineterminator="\n")
        self._columns: list[str] = []

    def write(self, chunk: Chunk, more: pa.RecordBatch) -> None:
        if not self._columns:
            self._columns = list(
                dict.fromkeys(key for record in chunk.records for key in record.cells)
            )
            self._writer.writerow([*self._columns, *more.schema.names])
        for record, new in zip(chunk.records, more.to_pylist(), strict=True):
            if unknown := [key for key in record.cells if key not in self._columns]:
                raise TableError(
                    chunk.place(record),
                    f"a key `{unknown[0]}` that no row of the first chunk has",
                    "the same columns from first to last",
                    "write JSON Lines, which need none",
                )
            values = [*(record.cells.get(name) for name in self._columns), *new.values()]
            self._writer.writerow([_cell(value) for value in values])

    def close(self) -> None:
        self._file.close()


def _cell(value: object) -> str:
    try:
        return as_text(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)


class _Lines:
    def __init__(self, partial: Path, path: Path):
        self._file = partial.open("w", encoding="utf-8", newline="")

    def write(self, chunk: Chunk, more: pa.RecordBatch) -> None:
        for record, new in zip(chunk.records, more.to_pylist(), strict=True):
            line = json.dumps(record.cells | new, ensure_ascii=False, default=str)
            self._file.write(line + "\n")

    def close(self) -> None:
        self._file.close()


class _Parquet:
    def __init__(self, partial: Path, path: Path):
        self._partial, self._path = partial, path
        self._writer: pq.ParquetWriter | None = None
        self._schema: pa.Schema | None = None

    def write(self, chunk: Chunk, more: pa.RecordBatch) -> None:
        try:
            batch = chunk.batch
            if batch is None:
                cells = [record.cells for record in chunk.records]
                batch = pa.RecordBatch.from_pylist(cells, schema=self._schema)
                self._schema = batch.schema
            arrays = [*batch.columns, *more.columns]
            whole = pa.schema([*batch.schema, *more.schema], metadata=batch.schema.metadata)
            self._writer = self._writer or pq.ParquetWriter(self._partial, whole)
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=whole))
        except (pa.ArrowException, ValueError) as error:
            raise TableError(
                f"{chunk.place(chunk.records[0])} and after",
                f"cells of another type than before ({type(error).__name__})",
                "one type a column, which Parquet needs",
                f"write {self._path.stem}.jsonl",
            ) from None

    def close(self) -> None:
        if self._writer:
            self._writer.close()
