"""Tables read as collect reads them, and written, a chunk of rows at a time.

What is written is CSV, TSV, JSON Lines or Parquet by suffix, in UTF-8, and has a temporary name
until it is whole.
"""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

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


Write = Callable[[Chunk, pa.RecordBatch], None]


@contextmanager
def written(path: Path) -> Iterator[Write]:
    """A function that writes the rows of a chunk, with more columns (one value a row each) after
    their own, as the suffix of `path` says; the file is there when the block ends without error."""
    check_suffix(path)
    suffix = path.suffix.lower()
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = _parquet if suffix == ".parquet" else _lines if suffix in LINES else _csv
    try:
        with kind(partial, path) as write:
            yield write
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


@contextmanager
def _csv(partial: Path, path: Path) -> Iterator[Write]:
    columns: list[str] = []

    def write(chunk: Chunk, more: pa.RecordBatch) -> None:
        if not columns:
            columns.extend({key: None for row in chunk.records for key in row.cells})
            writer.writerow([*columns, *more.schema.names])
        for record, new in zip(chunk.records, more.to_pylist(), strict=True):
            if unknown := [key for key in record.cells if key not in columns]:
                raise TableError(
                    chunk.place(record),
                    f"a key `{unknown[0]}` that no row of the first chunk has",
                    "the same columns from first to last",
                    "write JSON Lines, which need none",
                )
            values = [*(record.cells.get(name) for name in columns), *new.values()]
            writer.writerow([_cell(value) for value in values])

    with partial.open("w", encoding="utf-8", newline="") as file:
        separator = SEPARATORS[path.suffix.lower()]
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        yield write


def _cell(value: object) -> str:
    try:
        return as_text(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)


@contextmanager
def _lines(partial: Path, path: Path) -> Iterator[Write]:
    def write(chunk: Chunk, more: pa.RecordBatch) -> None:
        for record, new in zip(chunk.records, more.to_pylist(), strict=True):
            file.write(json.dumps(record.cells | new, ensure_ascii=False, default=str) + "\n")

    with partial.open("w", encoding="utf-8", newline="") as file:
        yield write


@contextmanager
def _parquet(partial: Path, path: Path) -> Iterator[Write]:
    writer: pq.ParquetWriter | None = None
    schema: pa.Schema | None = None

    def write(chunk: Chunk, more: pa.RecordBatch) -> None:
        nonlocal writer, schema
        try:
            batch = chunk.batch
            if batch is None:
                cells = [record.cells for record in chunk.records]
                batch = pa.RecordBatch.from_pylist(cells, schema=schema)
                schema = batch.schema
            whole = pa.schema([*batch.schema, *more.schema], metadata=batch.schema.metadata)
            writer = writer or open_files.enter_context(pq.ParquetWriter(partial, whole))
            arrays = [*batch.columns, *more.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=whole))
        except (pa.ArrowException, ValueError) as error:
            raise TableError(
                f"{chunk.place(chunk.records[0])} and after",
                f"cells of another type than before ({type(error).__name__})",
                "one type a column, which Parquet needs",
                f"write {path.stem}.jsonl",
            ) from None

    with ExitStack() as open_files:
        yield write
