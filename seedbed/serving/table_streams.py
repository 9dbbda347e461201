"""Tables read and written a chunk of rows at a time: CSV, TSV, JSON Lines and Parquet by suffix.

Memory is that of one chunk, however long the table is. What is written has a temporary name until
it is whole. Files are UTF-8.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.tables import SEPARATORS, Dialect, as_text, csv_records, json_records
from seedbed.core.errors import TableError
from seedbed.core.reasons import Reason

LINES = (".jsonl", ".ndjson")
SUFFIXES = (*SEPARATORS, *LINES, ".parquet")
PROBLEMS = {
    Reason.BAD_QUOTES: "a quote that is not closed",
    Reason.WRONG_COLUMN_COUNT: "a different number of cells",
    Reason.BAD_JSON: "no JSON object",
    Reason.NOT_AN_OBJECT: "no JSON object",
}

TableRow = dict[str, Any]


class Chunk(NamedTuple):
    """Some rows: each one's place for errors, its cells by column, and, out of Parquet, the rows
    as they came."""

    places: list[str]
    records: list[TableRow]
    batch: pa.RecordBatch | None = None


def check_suffix(path: Path) -> None:
    """Raises TableError for a suffix that is none of the four kinds."""
    if path.suffix.lower() not in SUFFIXES:
        raise TableError(
            str(path), f"the suffix `{path.suffix}`", f"one of {', '.join(SUFFIXES)}", "convert it"
        )


def read_chunks(path: Path, rows: int) -> Iterator[Chunk]:
    """The table in chunks of at most `rows` rows. Raises TableError where it cannot be read, with
    the line, and where it has no row."""
    check_suffix(path)
    if not path.is_file():
        raise TableError(str(path), "no such file", "a table", "correct the name")
    if path.suffix.lower() == ".parquet":
        chunks = _parquet(path, rows)
    else:
        chunks = _chunked(_records(path), rows)
    is_empty = True
    try:
        for chunk in chunks:
            is_empty = False
            yield chunk
    except UnicodeDecodeError as error:
        raise TableError(
            str(path), f"byte {error.start} is not UTF-8", "UTF-8", "save it as UTF-8"
        ) from None
    if is_empty:
        raise TableError(str(path), "no rows", "at least one row", "look at what wrote it")


def _chunked(records: Iterator[tuple[str, TableRow]], rows: int) -> Iterator[Chunk]:
    while batch := list(islice(records, rows)):
        yield Chunk([place for place, _ in batch], [record for _, record in batch])


def _records(path: Path) -> Iterator[tuple[str, TableRow]]:
    """Place and cells of each row, as collect reads them. Raises TableError at the first row that
    collect would quarantine."""
    suffix = path.suffix.lower()
    expected = "one JSON object a line"
    with path.open(encoding="utf-8-sig", newline="" if suffix in SEPARATORS else "\n") as file:
        if suffix in SEPARATORS:
            columns, records = csv_records(file, Dialect(SEPARATORS[suffix]))
            _refuse_repeated(columns, f"{path}:1")
            expected = f"{len(columns)} cells, as the header has, and closed quotes"
        else:
            records = json_records(file)
        for record in records:
            place = f"{path}:{record.line}"
            if record.reason:
                raise TableError(place, PROBLEMS[Reason(record.reason)], expected, "fix the line")
            yield place, record.cells


def _refuse_repeated(columns: list[str], place: str) -> None:
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        raise TableError(place, f"two columns `{repeated[0]}`", "different names", "rename one")


def _parquet(path: Path, rows: int) -> Iterator[Chunk]:
    try:
        with pq.ParquetFile(path) as file:
            _refuse_repeated(file.schema_arrow.names, str(path))
            start = 1
            for batch in file.iter_batches(batch_size=rows):
                places = [f"{path}, row {number}" for number in range(start, start + len(batch))]
                yield Chunk(places, batch.to_pylist(), batch)
                start += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise TableError(
            str(path), f"not readable ({type(error).__name__})", "a Parquet file", "write it again"
        ) from None


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
            self._columns = list(dict.fromkeys(key for record in chunk.records for key in record))
            self._writer.writerow([*self._columns, *more.schema.names])
        for place, record, new in zip(chunk.places, chunk.records, more.to_pylist(), strict=True):
            _refuse_new(place, record, self._columns)
            values = [*(record.get(name) for name in self._columns), *new.values()]
            self._writer.writerow([_cell(value) for value in values])

    def close(self) -> None:
        self._file.close()


def _refuse_new(place: str, record: TableRow, columns: Sequence[str]) -> None:
    if new := [key for key in record if key not in columns]:
        raise TableError(
            place,
            f"a key `{new[0]}` that no row of the first chunk has",
            "the same columns from first to last",
            "write JSON Lines, which need none",
        )


def _cell(value: Any) -> str:
    try:
        return as_text(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)


class _Lines:
    def __init__(self, partial: Path, path: Path):
        self._file = partial.open("w", encoding="utf-8", newline="")

    def write(self, chunk: Chunk, more: pa.RecordBatch) -> None:
        for record, new in zip(chunk.records, more.to_pylist(), strict=True):
            line = json.dumps(record | new, ensure_ascii=False, default=str)
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
                batch = pa.RecordBatch.from_pylist(chunk.records, schema=self._schema)
                self._schema = batch.schema
            arrays = [*batch.columns, *more.columns]
            whole = pa.schema([*batch.schema, *more.schema], metadata=batch.schema.metadata)
            self._writer = self._writer or pq.ParquetWriter(self._partial, whole)
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=whole))
        except (pa.ArrowException, ValueError) as error:
            raise TableError(
                f"{chunk.places[0]} and after",
                f"cells of another type than before ({type(error).__name__})",
                "one type a column, which Parquet needs",
                f"write {self._path.stem}.jsonl",
            ) from None

    def close(self) -> None:
        if self._writer:
            self._writer.close()
