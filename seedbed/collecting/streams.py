"""Tables of files whose rows are read as they are asked for, so that no file is in memory as a
whole: CSV, JSON Lines and Parquet, packed or not. A JSON or YAML document, a workbook, packed
Parquet and text in an encoding that its lines do not show are read whole all the same."""

import io
import sys
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import chain, count as counted
from pathlib import Path, PurePath

import pyarrow as pa

from seedbed.collecting.encodings import SAMPLE, decoded_line, judged, marked, name_of, odd_lines
from seedbed.collecting.table_forms import NOTHING_SAID, TableForm
from seedbed.collecting.tables import (
    PARQUET,
    Record,
    Rows,
    Table,
    check_decoded,
    named_by,
    note_on_ending,
    note_on_headers,
    open_parquet,
    text_rows,
    workbook_rows,
)
from seedbed.collecting.text_files import (
    MAX_BYTES,
    START,
    Lines,
    bare_name,
    check_text,
    is_workbook,
    limit_of,
    opened,
    packing_of,
    read_file,
    reading_source,
    text_of,
)
from seedbed.core.files import sha256_of
from seedbed.core.parquet import cells_of

ROWS_AT_ONCE = 4096  # of Parquet


class StreamedTable:
    """What `Table` is, with `records` that are read anew each time they are asked for."""

    def __init__(self, read: Callable[[], Rows], place: str) -> None:
        self._read, self._place = read, place
        self._rows: Rows | None = read()  # of the first time
        self.form, self.kind = self._rows.form, self._rows.kind
        self.encoding = self.form.encoding
        self.has_header = bool(self._rows.columns)
        self._columns = self._rows.columns
        self._notes, self._again = self._rows.notes, 0

    @property
    def records(self) -> Iterator[Record]:
        """The rows in their order."""
        with reading_source(self._place):
            rows, self._rows = self._rows or self._read(), None
            names: dict[str, None] = {}
            for record in rows.records:
                if not self.has_header and not names.keys() >= record.cells.keys():
                    names |= dict.fromkeys(record.cells)
                yield record
            self._columns, self._again = rows.columns or list(names), len(rows.again)

    @property
    def columns(self) -> list[str]:
        """The columns, as `Table` has them; of JSON, whose rows name them, all rows are read."""
        if not self._columns:
            for _ in self.records:
                pass
        return self._columns

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on guesses; those on all rows are there when all were read."""
        return (*self._notes, *note_on_headers(self._again, self._place))

    def whole(self) -> Table:
        """Return all of it at once."""
        records = list(self.records)
        return Table(self.columns, records, self.encoding, self.form, self.kind, self.notes)


def stream_table(
    path: Path, place: str, wanted: Collection[str], form: TableForm, max_bytes: int
) -> tuple[str, StreamedTable]:
    """Return the SHA-256 of a file as it lies on the disk, and its table, as `read_table` reads it.

    Raises SourceError where the file is no table as a whole, or unpacks to more than `max_bytes`.
    """
    with reading_source(path.as_posix()):
        start = unpacked_start(path, max_bytes)  # refuses what is no file
        sha256 = sha256_of(path)
    with reading_source(place):
        return sha256, StreamedTable(
            partial(_rows, path, start, place, wanted, form, max_bytes), place
        )


def _rows(
    path: Path, start: bytes, place: str, wanted: Collection[str], form: TableForm, max_bytes: int
) -> Rows:
    ending = PurePath(bare_name(path)).suffix.lower()
    if start.startswith(PARQUET) or ending == ".parquet":
        rows = _parquet_rows(path, place, wanted, max_bytes)
        return rows._replace(notes=note_on_ending(ending, "parquet", place))
    if is_workbook(start) or is_workbook(path):
        content = read_file(path, max_bytes).content
        if is_workbook(content):
            return workbook_rows(content, ending, place, form)
    lines = text_lines(path, form.encoding, place, max_bytes)
    return text_rows(lines, ending, place, form, NOTHING_SAID)


def _parquet_rows(path: Path, place: str, wanted: Collection[str], max_bytes: int) -> Rows:
    def file() -> Path | pa.BufferReader:
        return pa.BufferReader(read_file(path, max_bytes).content) if packing_of(path) else path

    with open_parquet(file(), place) as parquet:
        columns = parquet.schema_arrow.names
        count = parquet.metadata.num_rows
    asked = named_by(wanted, columns)
    size = len(read_file(path, max_bytes).content) if packing_of(path) else path.stat().st_size
    check_decoded(file(), asked, limit_of(size, max_bytes))

    def records() -> Iterator[Record]:
        if not asked:  # the columns say what is wrong
            yield from (Record(number, {}) for number in range(1, count + 1))
            return
        with open_parquet(file(), place) as parquet:
            batches = parquet.iter_batches(ROWS_AT_ONCE, columns=asked)
            cells = chain.from_iterable(map(cells_of, batches))
            yield from map(Record, counted(1), cells)

    return Rows(columns, records(), TableForm(), "parquet", ())


def unpacked_start(path: Path, max_bytes: int) -> bytes:
    """The first bytes of a file, unpacked. Raises SourceError where it cannot be read."""
    with opened(path, max_bytes) as stream:
        return bytes(stream.read(START))


def text_lines(
    path: Path, encoding: str = "", place: str = "", max_bytes: int = sys.maxsize
) -> Lines:
    """The lines of a file, with the "\n" that ends them, as `decode` gives them. They are unpacked
    and decoded as they are asked for, but for UTF-16, UTF-32 and encodings that are named, which
    are decoded as a whole. `place` names the file in errors.

    Raises SourceError where the file cannot be read, or is not text.
    """
    place = place or str(path)
    with opened(path, max_bytes) as stream:
        mark, found = marked(stream.read(SAMPLE))
    if found or encoding:
        content = read_file(path, min(max_bytes, MAX_BYTES)).content
        text, name, note = text_of(content, place, encoding)
        return Lines(io.StringIO(text, newline="\n"), name, note)
    with opened(path, max_bytes) as stream:
        stream.read(len(mark))
        odd = odd_lines(stream)
    note = judged(odd, place)
    # Lines that are no UTF-8 were judged already.
    checked = "" if odd.lines else place
    return Lines(_lines(path, len(mark), max_bytes, checked), name_of(odd), note)


def _lines(path: Path, skipped: int, max_bytes: int, place: str) -> Iterator[str]:
    with opened(path, max_bytes) as stream:
        stream.read(skipped)
        lines = map(decoded_line, stream)
        start, size = [], 0
        while size < SAMPLE and (line := next(lines, "")):
            start.append(line)
            size += len(line)
        if place:
            check_text("".join(start), place)
        yield from chain(start, lines)
