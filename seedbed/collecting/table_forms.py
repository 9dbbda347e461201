"""How a table is written: what was said of it, and what its content shows of the rest.

No ending decides alone: JSON is recognized by its first signs, and of the ways to read CSV the one
under which the fewest rows of a sample do not fit their header is taken. Of several that do equally
well it is that of the batch before, then the usual one.
"""

import csv
import io
import json
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from seedbed.core.reasons import Reason

ENDINGS = {
    ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".xlsx": "workbook", ".xlsm": "workbook", ".xlsb": "workbook",
    ".xls": "workbook", ".ods": "workbook", ".yml": "yaml", ".yaml": "yaml",
}  # fmt: skip
KINDS = {
    "csv": "rows of cells, as CSV",
    "json": "one JSON document",
    "jsonl": "JSON Lines, an object a line",
    "parquet": "Parquet",
    "workbook": "a workbook",
    "yaml": "YAML, a list of objects or of conversations",
}
SEPARATORS = {".csv": ",", ".tsv": "\t"}  # of .txt and other endings it is the comma
TRIED = (",", "\t", ";", "|")
QUOTE = '"'
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)  # Excel's own first line
JSON_LIST = re.compile(r"\[\s*[\]{]")
JSON_OBJECT = re.compile(r"\{\s*[\"}]")
SAMPLE_ROWS = 500  # lines of CSV that are read in each way
JSON_SAMPLE = 20
MAX_RECORD_LINES = 10_000  # a CSV record over more lines than this is taken for an unclosed quote
csv.field_size_limit(2**31 - 1)  # Python's own limit, 131,072 characters, stops the whole file


class Record(NamedTuple):
    """One row of a table. `line` counts from 1: the line it begins in, or, in JSON, Parquet and
    datasets, which have no lines, the row. `reason` says why a row cannot be read, else ""; the
    cells of such a row are what its line holds, under columns that may be the wrong ones."""

    line: int
    cells: dict[str, object]
    reason: str = ""


CsvRow = tuple[int, list[str], str]  # line, cells, and why it cannot be read, else ""


class TableForm(NamedTuple):
    """How a table is written. "" and None: nothing was said, and the content decides."""

    encoding: str = ""  # of the text
    separator: str = ""  # of CSV
    quote: str | None = None  # of CSV; "": quotes are characters like any other
    escape: str | None = None  # of CSV: the character before a quote that belongs to the text
    header: bool | None = None  # False: the first line is a row, columns are called "1", "2" ...
    sheet: str = ""  # of a workbook


NOTHING_SAID = TableForm()


def text_kind(sample: Sequence[str], ending: str) -> str:
    """Return what a text is, a key of `KINDS`, by its first lines; an ending decides where these
    are of no help."""
    start = "".join(sample).lstrip()
    if JSON_LIST.match(start) or (ending == ".json" and start[:1] in ("", "[", '"')):
        return "json"
    if JSON_OBJECT.match(start):
        lines = [line for line in sample if line.strip()]
        objects = [one for one in map(_object, lines[:JSON_SAMPLE]) if one is not None]
        if not objects:
            return "jsonl" if ENDINGS.get(ending) == "jsonl" else "json"
        return "json" if len(lines) == 1 and rows_in(objects[0]) is not None else "jsonl"
    named = ENDINGS.get(ending)
    return named if named in ("jsonl", "yaml") else "csv"


def _object(line: str) -> dict[str, object] | None:
    with suppress(ValueError, RecursionError):
        found = json.loads(line)
        return found if isinstance(found, dict) else None
    return None


def rows_in(document: dict[str, object]) -> list[object] | None:
    """Return the rows that a JSON object holds: the only list of objects in it, or its columns as
    pandas writes them (a column of cells by row, or a list of names and one of rows); None where it
    holds none."""
    names, data = document.get("columns"), document.get("data")
    if isinstance(names, list) and isinstance(data, list) and all(map(_is_list, data)):
        return [dict(zip(map(str, names), row, strict=False)) for row in data]
    lists = [
        value
        for value in document.values()
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    ]
    if len(lists) == 1:
        return lists[0]
    columns = [value for value in document.values() if isinstance(value, dict) and value]
    if len(columns) == len(document) > 1 and all(
        one.keys() == columns[0].keys() for one in columns
    ):
        return [{name: document[name][row] for name in document} for row in columns[0]]  # type: ignore[index]
    return None


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def separator_line(line: str) -> str:
    """Return the separator that Excel's first line `sep=;` names, "" where it is no such line."""
    match = SEPARATOR_LINE.fullmatch(line)
    return match[1] if match else ""


def found_form(
    sample: Sequence[str], said: TableForm, before: TableForm, usual: str, is_whole: bool
) -> TableForm:
    """Return how CSV is written, nothing left open: as was said, else as its lines show.

    `before`: the form of the batch before, `usual`: the separator of the ending; both decide
    among ways that do equally well. `is_whole`: the sample is the file.
    """
    named = said.separator or (separator_line(sample[0]) if sample else "")
    lines = sample[bool(sample and separator_line(sample[0])) :][:SAMPLE_ROWS]
    is_whole = is_whole and len(lines) < SAMPLE_ROWS
    form = said._replace(header=said.header is not False)
    fallback = form._replace(
        separator=named or usual,
        quote=QUOTE if said.quote is None else said.quote,
        escape=said.escape or "",
    )
    separators = dict.fromkeys(filter(None, (before.separator, usual, *TRIED)))
    for min_cells in (2, 1):  # one cell in the header: signs in the lines below are no separators
        best, fewest = fallback, 2.0
        for separator in [named] if named else separators:
            quotings = _quotings(lines, said, before, separator)
            for quote, escape in quotings if min_cells == 2 else quotings[:1]:
                way = form._replace(separator=separator, quote=quote, escape=escape)
                misfits = _misfits(lines, way, min_cells, is_whole, said.quote is None)
                if misfits < fewest:
                    best, fewest = way, misfits
        if fewest <= 1:
            break
    return best


def _quotings(
    lines: Sequence[str], said: TableForm, before: TableForm, separator: str
) -> list[tuple[str, str]]:
    """The quote and escape characters to try, those that win a tie first."""
    text = "".join(lines)
    ways = [(QUOTE, "")]
    if text.startswith("'"):
        ways.insert(0, ("'", ""))
    if before.quote is not None or before.escape is not None:
        ways.insert(0, (QUOTE if before.quote is None else before.quote, before.escape or ""))
    ways += [(quote, "\\") for quote, _ in ways if quote and f"\\{quote}" in text]
    if separator == "\t":
        ways += [("", ""), ("", "\\")]
    return list(
        dict.fromkeys(
            (
                quote if said.quote is None else said.quote,
                escape if said.escape is None else said.escape,
            )
            for quote, escape in ways
        )
    )


def _misfits(
    lines: Sequence[str], form: TableForm, min_cells: int, is_whole: bool, is_guess: bool
) -> float:
    """The share of rows that do not fit their header; more than 2 where this has fewer cells, or
    quotes are taken for characters around cells."""
    rows = list(csv_rows(csv_lines(lines), form))
    if not is_whole and len(rows) > 1:
        rows.pop()  # may be cut
    header = next((cells for _, cells, reason in rows if not reason), [])
    if len(header) < min_cells:
        return 3.0
    if is_guess and not form.quote and any(_has_quoted(cells) for _, cells, _ in rows):
        return 3.0
    bad = sum(bool(reason) or fitted(cells, header) is None for _, cells, reason in rows)
    return bad / len(rows)


def _has_quoted(cells: list[str]) -> bool:
    return any(len(cell) > 1 and cell[0] == cell[-1] == QUOTE for cell in cells)


def csv_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines that end in "\\n" as CSV wants them: ended by "\\r" too, and nothing else."""
    return chain.from_iterable(io.StringIO(line, newline="") for line in lines)


def fitted(cells: list[str], header: Sequence[str]) -> list[str] | None:
    """Return the cells of a row, one a column; empty ones that are too many or missing at its end
    are cut, or filled where the header has no names; None where it does not fit."""
    width = len(header)
    if len(cells) == width:
        return cells
    if not any(cells[width:]) and len(cells) > width:
        return cells[:width]
    is_short = len(cells) < width and not any(header[len(cells) :])
    return [*cells, *[""] * (width - len(cells))] if is_short else None


def csv_rows(lines: Iterable[str], form: TableForm, first: int = 1) -> Iterator[CsvRow]:
    """Yield (line, cells, "") of each CSV row (RFC 4180); where its quotes do not close, the line
    between separators, and the reason. `lines` begin with the line `first`.

    A quote that is not closed would swallow the rows after it; so only the line it begins in is
    given up, and reading goes on with the next line.
    """
    quote = QUOTE if form.quote is None else form.quote
    unread = iter(lines)
    again: deque[str] = deque()  # lines that a quote has swallowed
    record: list[str] = []  # lines of the row that is being read, which begins in line `start`
    start = first

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


def csv_records(
    lines: Iterable[str], form: TableForm, first: int = 1, again: list[int] | None = None
) -> tuple[list[str], Iterator[Record]]:
    """The columns of a CSV file, and its rows, which are read as they are asked for.

    `lines` keep their line ends, as those of a file that is opened with `newline=""`, and begin
    with the line `first`; `again` gets the lines that repeat the header.
    """
    return records_of(csv_rows(lines, form, first), form, [] if again is None else again)


def records_of(
    rows: Iterator[CsvRow], form: TableForm, again: list[int]
) -> tuple[list[str], Iterator[Record]]:
    """The columns and records of rows of cells, which begin with the header, if there is one."""
    broken, has_header = [], form.header is not False
    columns: list[str] = []
    for row in rows:
        if not row[-1]:
            columns = row[1] if has_header else [str(n + 1) for n in range(len(row[1]))]
            rows = rows if has_header else chain([row], rows)
            break
        broken.append(row)

    def records() -> Iterator[Record]:
        names = distinct(columns)
        for line, cells, reason in chain(broken, rows):
            if has_header and len(names) > 1 and cells == columns:
                again.append(line)  # files that were put together
                continue
            whole = None if reason else fitted(cells, columns)
            if whole is None:
                reason = reason or Reason.WRONG_COLUMN_COUNT
                last = len(names) - 1  # the last column takes what is too much: nothing is lost
                whole = [*cells[:last], form.separator.join(cells[last:])] if names else []
            yield Record(line, dict(zip(names, whole, strict=False)), reason)

    return columns, records()


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
