"""Tables as records: CSV, TSV, JSON, JSON Lines and Parquet, each cell as it stands in the file.

A row that cannot be read is a record with a reason, and the rows after it are read all the same.
`None`, `NA` and `null` as text stay text.
"""

import csv
import datetime
import decimal
import io
import json
import math
from collections.abc import Callable, Collection, Iterator
from pathlib import PurePath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.text_files import File, decode, is_binary
from seedbed.core.errors import SourceError
from seedbed.core.reasons import Reason

SEPARATORS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
MAX_RECORD_LINES = 10_000  # a CSV record over more lines than this is taken for an unclosed quote
csv.field_size_limit(2**31 - 1)  # Python's own limit, 131,072 characters, stops the whole file


class Record(NamedTuple):
    """One row of a table. `line` counts from 1: the line it begins in, or, in JSON, Parquet and
    datasets, which have no lines, the row. `reason` says why a row cannot be read, else ""."""

    line: int
    cells: dict[str, Any]
    reason: str = ""


class Table(NamedTuple):
    """The columns a file has, its rows in their order, and the encoding that was found."""

    columns: list[str]
    records: list[Record]
    encoding: str = ""


class Dialect(NamedTuple):
    """How a CSV file is written; an empty separator means the one of the file's ending."""

    separator: str = ""
    quote: str = '"'
    escape: str = ""
    header: bool = True


def read_table(
    file: File, place: str, wanted: Collection[str], dialect: Dialect, encoding: str = ""
) -> Table:
    """The table in `file`; `place` names it in errors, `wanted` are the columns that matter.

    Raises SourceError where the file is no table as a whole.
    """
    ending = PurePath(file.name).suffix.lower()
    if ending == ".parquet":
        return _parquet(file.content, place, wanted)
    if ending not in ENDINGS:
        raise SourceError(
            place, f"the ending `{ending}`", f"one of {', '.join(ENDINGS)}", "rename or convert it"
        )
    text, found = text_of(file.content, place, encoding)
    if ending in SEPARATORS:
        dialect = dialect._replace(separator=dialect.separator or SEPARATORS[ending])
        columns, records = _csv(text, dialect)
    else:
        records = list(_json(text, place) if ending == ".json" else _json_lines(text))
        columns = list({name: None for record in records for name in record.cells})
    return Table(columns, records, found)


def text_of(content: bytes, place: str, encoding: str) -> tuple[str, str]:
    """Text and encoding of a whole file. Raises SourceError where it is not text."""
    try:
        decoded = decode(content, encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            place,
            f"byte {error.start} is not {error.encoding}",
            "text in that encoding",
            "correct `encoding` of the source, or leave it out and it is found",
        ) from None
    if is_binary(decoded.text):
        raise SourceError(place, "not text", "a table of text", "correct `path` of the source")
    return decoded.text, decoded.encoding


def _csv(text: str, dialect: Dialect) -> tuple[list[str], list[Record]]:
    rows = _csv_rows(text, dialect)
    columns: list[str] = []
    records: list[Record] = []
    for line, cells in rows:
        if not columns and cells is not None:
            columns = cells if dialect.header else [str(n + 1) for n in range(len(cells))]
            if dialect.header:
                continue
        if cells is None:
            records.append(Record(line, {}, Reason.BAD_QUOTES))
        elif len(cells) != len(columns):
            records.append(Record(line, {}, Reason.WRONG_COLUMN_COUNT))
        else:
            records.append(Record(line, dict(zip(columns, cells, strict=True))))
    return columns, records


def _csv_rows(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str] | None]]:
    """(line, cells) of each CSV row (RFC 4180), or (line, None) where its quotes do not close.

    A quote that is not closed would swallow the rows after it; so only the line it begins in is
    given up, and reading goes on with the next line.
    """
    lines = io.StringIO(text, newline="").readlines()
    start = position = 0

    def feed() -> Iterator[str]:
        for number in range(start, len(lines)):
            if number - position >= MAX_RECORD_LINES:
                raise csv.Error("record too long")
            yield lines[number]

    while start < len(lines):
        reader = csv.reader(
            feed(),
            delimiter=dialect.separator,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            escapechar=dialect.escape or None,
            strict=True,
        )
        try:
            for cells in reader:
                if cells:  # an empty line is no row
                    yield position + 1, cells
                position = start + reader.line_num
            return
        except csv.Error:
            yield position + 1, None
            start = position = position + 1


def _json_lines(text: str) -> Iterator[Record]:
    # Not splitlines(): JSON text may hold U+2028 and U+0085, which are no line ends here.
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
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
        raise SourceError(
            place, "no list", "one JSON list of objects", "one object a line is `.jsonl`"
        )
    for row, item in enumerate(content, 1):
        yield _object(row, item)


def _object(line: int, content: Any) -> Record:
    return (
        Record(line, content)
        if isinstance(content, dict)
        else Record(line, {}, Reason.NOT_AN_OBJECT)
    )


def _parquet(content: bytes, place: str, wanted: Collection[str]) -> Table:
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        columns = file.schema_arrow.names
        rows = file.read([name for name in columns if name in wanted]).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(
            place,
            f"not readable ({type(error).__name__})",
            "a whole Parquet file",
            "write it again",
        ) from None
    return Table(columns, [Record(number, cells) for number, cells in enumerate(rows, 1)])


WRITTEN: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: lambda value: str(int(value)) if value.is_integer() else repr(value),
    decimal.Decimal: str,
    datetime.date: lambda value: value.isoformat(),
}


def as_text(value: Any) -> str:
    """A cell as text: "" for a missing one (None, NaN), "3" for 3 and 3.0, ISO 8601 for dates.

    Raises TypeError for what is not text: bytes, a list, an object.
    """
    if value is None or (isinstance(value, float | decimal.Decimal) and math.isnan(value)):
        return ""
    for kind in type(value).__mro__:
        if kind in WRITTEN:
            return WRITTEN[kind](value)
    raise TypeError(f"{type(value).__name__} is not text")
