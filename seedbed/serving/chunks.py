"""A table as `collect` reads it, some rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePath
from typing import NamedTuple

import pyarrow as pa

from seedbed.collecting.streams import text_lines
from seedbed.collecting.table_forms import NOTHING_SAID, Record, TableForm, distinct
from seedbed.collecting.tables import (
    PARQUET,
    Table,
    check_decoded,
    note_on_ending,
    open_parquet,
    text_rows,
    workbook_rows,
)
from seedbed.collecting.text_files import (
    ALWAYS,
    MAX_RATIO,
    bare_name,
    is_workbook,
    packing_of,
    read_file,
    reading_source,
    start_of,
)
from seedbed.core.errors import SeedbedError
from seedbed.core.parquet import cells_of


class Chunk(NamedTuple):
    """Some rows of a table: the columns as the file names them (of JSON none: each row has its
    own), rows by distinct names, of Parquet the typed rows, in the first chunk notes on guesses,
    and its kind, as `Table` has it."""

    file: Path
    columns: list[str]
    records: list[Record]
    batch: pa.RecordBatch | None = None
    notes: tuple[str, ...] = ()
    kind: str = ""

    def place(self, record: Record) -> str:
        """Where a row is, for messages."""
        return f"{self.file}{':' if self.batch is None else ', row '}{record.line}"

    def table(self) -> Table:
        """The chunk as a table of its own, whose columns JSON has, too."""
        columns = self.columns or [key for record in self.records for key in record.cells]
        return Table(list(dict.fromkeys(columns)), self.records, kind=self.kind)


def table_chunks(path: Path, rows: int, form: TableForm = NOTHING_SAID) -> Iterator[Chunk]:
    """A table as `read_table` reads it, at most `rows` rows at a time.

    Memory is that of one chunk, but JSON documents, workbooks, packed Parquet and text that is not
    UTF-8 or windows-1252 are read whole. Raises SourceError where the file is no table as a whole.
    """
    with reading_source(str(path)):
        yield from _chunks(path, rows, form)


def _chunks(path: Path, rows: int, form: TableForm) -> Iterator[Chunk]:
    place, ending, packing = str(path), PurePath(bare_name(path)).suffix.lower(), packing_of(path)
    start = read_file(path).content if packing and ending == ".parquet" else start_of(path)
    if start.startswith(PARQUET) or ending == ".parquet":
        file = pa.BufferReader(start) if packing else path
        with open_parquet(file, place) as parquet:
            check_decoded(file, None, max(ALWAYS, MAX_RATIO * path.stat().st_size), rows)
            columns, first = parquet.schema_arrow.names, 1
            for batch in parquet.iter_batches(batch_size=rows):
                if len(set(columns)) < len(columns):
                    batch = batch.rename_columns(distinct(columns))
                records = [Record(n, cells) for n, cells in enumerate(cells_of(batch), first)]
                notes = note_on_ending(ending, "parquet", place) if first == 1 else ()
                yield Chunk(path, columns, records, batch=batch, notes=notes, kind="parquet")
                first += len(records)
        return
    if is_workbook(path):
        read = workbook_rows(read_file(path).content, ending, place, form)
    else:
        read = text_rows(text_lines(path, form.encoding), ending, place, form, NOTHING_SAID)
    notes = read.notes
    while part := list(islice(read.records, rows)):
        yield Chunk(path, read.columns, part, notes=notes, kind=read.kind)
        notes = ()


def read_chunks(path: Path, rows: int, form: TableForm = NOTHING_SAID) -> Iterator[Chunk]:
    """The table in chunks of at most `rows` rows. Raises SeedbedError where it cannot be read as a
    whole, and where it has no row."""
    if not path.is_file():
        raise SeedbedError(str(path), "no such file", "a table", "correct the name")
    is_empty = True
    for chunk in table_chunks(path, rows, form):
        is_empty = False
        yield chunk
    if is_empty:
        raise SeedbedError(str(path), "no rows", "at least one row", "look at what wrote it")


def plain_counts(reasons: Mapping[str, int]) -> str:
    """Return how many rows have each reason, in a line."""
    return ", ".join(f"{rows:,} {reason}" for reason, rows in sorted(reasons.items()))


def check_new_columns(chunk: Chunk, columns: Sequence[str]) -> None:
    """Check that no row has a column that is to be added. Raises SeedbedError."""
    new = set(columns)
    for record in chunk.records:
        if there := new.intersection(record.cells):
            raise SeedbedError(
                chunk.place(record),
                f"a column `{min(there)}`, which would be overwritten",
                "no column with that name",
                "add `--prefix predicted_`",
            )
