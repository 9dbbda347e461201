"""Tables as records: CSV, TSV, JSON, JSON Lines and Parquet, each cell as it is in the file.

A row that cannot be read is a record with a reason, and the rows after it are read all the same:
collect quarantines such a row, predict gives it no label. `None`, `NA`, `null` as text stay text.
"""

import csv
import datetime
import decimal
import io
import json
import math
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count, islice
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.table_forms import TableForm
from seedbed.collecting.text_files import PACKED, File, read_file, text_lines, text_of
from seedbed.core.errors import SourceError
from seedbed.core.reasons import Reason

SEPARATORS = {".csv": ",", ".tsv": "\t"}
OTHER_SEPARATORS = (";", "\t", "|")
ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
NOTHING_SAID = TableForm()
MAX_RECORD_LINES = 10_000  # a CSV record over more lines than this is taken for an unclosed quote
csv.field_size_limit(2**31 - 1)  # Python's own limit, 131,072 characters, stops the whole file


class Record(NamedTuple):
    """One row of a table. `line` counts from 1: the line it begins in, or, in JSON, Parquet and
    datasets, which have no lines, the row. `reason` says why a row cannot be read, else ""; the
    cells of such a row are what its line holds, under columns that may be the wrong ones."""

    line: int
    cells: dict[str, object]
    reason: str = ""


class Table(NamedTuple):
    """The columns a file has, its rows in their order, the encoding that was found, the form it was
    read in, and what a person is told of guesses, one sentence each."""

    columns: list[str]
    records: list[Record]
    encoding: str = ""
    form: TableForm = TableForm()
    notes: tuple[str, ...] = ()


class Chunk(NamedTuple):
    """Some rows of a table: the columns as the file names them (of JSON none: each row has its
    own), rows by distinct names, of Parquet the typed rows, and, in the first chunk, what a person
    is told of guesses."""

    file: Path
    columns: list[str]
    records: list[Record]
    batch: pa.RecordBatch | None = None
    notes: tuple[str, ...] = ()

    def place(self, record: Record) -> str:
        """Where a row is, for messages."""
        return f"{self.file}{':' if self.batch is None else ', row '}{record.line}"


def read_table(
    file: File, place: str, wanted: Collection[str] = (), form: TableForm = NOTHING_SAID
) -> Table:
    """The table in `file`; `place` names it in errors, `wanted` are the columns that matter, `form`
    what was said of it.

    Raises SourceError where the file is no table as a whole.
    """
    ending = ending_of(file.name, place)
    if ending == ".parquet":
        with _parquet(pa.BufferReader(file.content), place) as parquet:
            columns = parquet.schema_arrow.names
            rows = parquet.read([name for name in columns if name in wanted]).to_pylist()
        return Table(columns, [Record(number, cells) for number, cells in enumerate(rows, 1)])
    text, found = text_of(file.content, place, form.encoding)
    # Lines of JSON may hold U+2028 and U+0085, which are no line ends here.
    columns, read = _text_records(io.StringIO(text, newline="\n"), ending, form, place)
    records = list(read)
    columns = columns or list({name: None for record in records for name in record.cells})
    return Table(columns, records, found, form._replace(encoding=found))


def table_chunks(path: Path, rows: int, form: TableForm = NOTHING_SAID) -> Iterator[Chunk]:
    """A table as `read_table` reads it, at most `rows` rows at a time.

    Memory is that of one chunk, but .json, packed Parquet, UTF-16 and UTF-32 are read whole.
    Raises SourceError where the file is no table as a whole.
    """
    is_packed = path.suffix.lower() in PACKED
    ending = ending_of(path.stem if is_packed else path.name, str(path))
    if ending == ".parquet":
        file = pa.BufferReader(read_file(path).content) if is_packed else path
        with _parquet(file, str(path)) as parquet:
            columns, start = parquet.schema_arrow.names, 1
            for batch in parquet.iter_batches(batch_size=rows):
                if len(set(columns)) < len(columns):
                    batch = batch.rename_columns(distinct(columns))
                records = [Record(n, cells) for n, cells in enumerate(batch.to_pylist(), start)]
                yield Chunk(path, columns, records, batch=batch)
                start += len(records)
        return
    lines = text_lines(path)
    header = next(lines, "")
    if ending in SEPARATORS and not form.separator:
        form = form._replace(separator=found_separator(header))
    columns, read = _text_records(chain([header], lines), ending, form, str(path))
    while part := list(islice(read, rows)):
        yield Chunk(path, columns, part)


def ending_of(name: str, place: str) -> str:
    """The ending of the name of a table, not packed. Raises SourceError for any other."""
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise SourceError(
            place, f"the ending `{ending}`", f"one of {', '.join(ENDINGS)}", "rename or convert it"
        )
    return ending


def found_separator(header: str) -> str:
    """Another separator than the comma or tab, where the first line holds that one alone."""
    found = [sign for sign in OTHER_SEPARATORS if sign in header]
    return found[0] if len(found) == 1 and "," not in header else ""


def _text_records(
    lines: Iterable[str], ending: str, form: TableForm, place: str
) -> tuple[list[str], Iterator[Record]]:
    """Columns (of JSON none: its rows name them) and rows; each line but the last ends in "\\n"."""
    if ending in SEPARATORS:
        form = form._replace(separator=form.separator or SEPARATORS[ending])
        parts = chain.from_iterable(io.StringIO(line, newline="") for line in lines)
        return csv_records(parts, form)
    return [], _json("".join(lines), place) if ending == ".json" else json_records(lines)


def csv_records(lines: Iterable[str], form: TableForm) -> tuple[list[str], Iterator[Record]]:
    """The columns of a CSV file, and its rows, which are read as they are asked for.

    `lines` keep their line ends, as those of a file that is opened with `newline=""`.
    """
    rows = _csv_rows(lines, form)
    broken, has_header = [], form.header is not False
    columns: list[str] = []
    for row in rows:
        if not row[-1]:
            columns = row[1] if has_header else [str(n + 1) for n in range(len(row[1]))]
            rows = rows if has_header else chain([row], rows)
            break
        broken.append(row)
    names = distinct(columns)
    return columns, (_csv_record(*row, names, form.separator) for row in chain(broken, rows))


def distinct(columns: Sequence[str]) -> list[str]:
    """The names of columns; from the second of one name on with a number: `a`, `a.1`."""
    taken, times = set(columns), Counter[str]()
    names = []
    for column in columns:
        name = column
        while times[column] and name in taken:
            name = f"{column}.{times[column]}"
            times[column] += 1
        times[column] = max(1, times[column])
        taken.add(name)
        names.append(name)
    return names


def _csv_record(
    line: int, cells: list[str], reason: str, names: list[str], separator: str
) -> Record:
    if len(cells) != len(names):
        reason = reason or Reason.WRONG_COLUMN_COUNT
        last = len(names) - 1  # the last column takes what is too much, so that nothing is lost
        cells = [*cells[:last], separator.join(cells[last:])] if names else []
    return Record(line, dict(zip(names, cells, strict=False)), reason)


def _csv_rows(lines: Iterable[str], form: TableForm) -> Iterator[tuple[int, list[str], str]]:
    """(line, cells, "") of each CSV row (RFC 4180); where its quotes do not close, the line between
    separators, and the reason.

    A quote that is not closed would swallow the rows after it; so only the line it begins in is
    given up, and reading goes on with the next line.
    """
    quote = '"' if form.quote is None else form.quote
    unread = iter(lines)
    again: deque[str] = deque()  # lines that a quote has swallowed
    record: list[str] = []  # lines of the row that is being read, which begins in line `start`
    start = 1

    def feed() -> Iterator[str]:
        while True:
            if len(record) >= MAX_RECORD_LINES:
                raise csv.Error("record too long")
            line = again.popleft() if again else next(unread, None)
            if line is None:
                return
            record.append(line)
            yield line

    while True:
        reader = csv.reader(
            feed(),
            delimiter=form.separator,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            escapechar=form.escape or None,
            strict=True,
        )
        try:
            for cells in reader:
                if cells:  # an empty line is no row
                    yield start, cells, ""
                start += len(record)
                record.clear()
            return
        except csv.Error:
            parts = record[0].rstrip("\r\n").split(form.separator) if record else []
            yield start, parts, Reason.BAD_QUOTES
            start += 1
            again.extendleft(reversed(record[1:]))
            record.clear()


def json_records(lines: Iterable[str]) -> Iterator[Record]:
    """The rows of JSON Lines, which are read as they are asked for."""
    for line, content in enumerate(lines, 1):
        try:
            if content.strip():
                yield _object(line, json.loads(content))
        except (ValueError, RecursionError):
            yield Record(line, {}, Reason.BAD_JSON)


def _json(text: str, place: str) -> Iterator[Record]:
    if not text.strip():
        return
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(
            f"{place}:{error.lineno}", error.msg, "one JSON list of objects", "correct the line"
        ) from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, list):
        expected = "one JSON list of objects"
        raise SourceError(place, "no list", expected, "one object a line is `.jsonl`")
    yield from map(_object, count(1), content)


def _object(line: int, content: Any) -> Record:
    is_object = isinstance(content, dict)
    return Record(line, content) if is_object else Record(line, {}, Reason.NOT_AN_OBJECT)


@contextmanager
def _parquet(file: Path | pa.BufferReader, place: str) -> Iterator[pq.ParquetFile]:
    """An open Parquet file. Raises SourceError where it cannot be read."""
    try:
        with pq.ParquetFile(file) as parquet:
            yield parquet
    except (pa.ArrowException, OSError, ValueError) as error:
        found = f"not readable ({type(error).__name__})"
        raise SourceError(place, found, "a whole Parquet file", "write it again") from None


WRITTEN: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: lambda value: str(int(value)) if value.is_integer() else repr(value),
    decimal.Decimal: str,
    datetime.date: lambda value: value.isoformat(),
}


def as_text(value: object) -> str:
    """A cell as text: "" for a missing one (None, NaN), "3" for 3 and 3.0, ISO 8601 for dates.

    Raises TypeError for what is not text: bytes, a list, an object.
    """
    if value is None or (isinstance(value, float | decimal.Decimal) and math.isnan(value)):
        return ""
    for kind in type(value).__mro__:
        if kind in WRITTEN:
            return WRITTEN[kind](value)
    raise TypeError(f"{type(value).__name__} is not text")
