"""A table as `collect` reads it, some rows at a time."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import NamedTuple

import pyarrow as pa

from seedbed.collecting.table_forms import NOTHING_SAID, Record, TableForm, distinct
from seedbed.collecting.tables import (
    PARQUET,
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
    text_lines,
)
from seedbed.core.rows import cells_of


class Chunk(NamedTuple):
    """Some rows of a table: the columns as the file names them (of JSON none: each row has its
    own), rows by distinct names, of Parquet the typed rows, and, in the first chunk, notes on
    guesses."""

    file: Path
    columns: list[str]
    records: list[Record]
    batch: pa.RecordBatch | None = None
    notes: tuple[str, ...] = ()

    def place(self, record: Record) -> str:
        """Where a row is, for messages."""
        return f"{self.file}{':' if self.batch is None else ', row '}{record.line}"


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
                yield Chunk(path, columns, records, batch=batch, notes=notes)
                first += len(records)
        return
    if is_workbook(path):
        read = workbook_rows(read_file(path).content, ending, place, form)
    else:
        read = text_rows(text_lines(path, form.encoding), ending, place, form, NOTHING_SAID)
    notes = read.notes
    while part := list(islice(read.records, rows)):
        yield Chunk(path, read.columns, part, notes=notes)
        notes = ()
