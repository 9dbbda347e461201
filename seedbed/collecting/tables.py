"""Tables as records: CSV, TSV, JSON, JSON Lines, Parquet and workbooks, each cell as it is in the
file. The content says what a file is, and its ending where the content leaves that open.

A row that cannot be read is a record with a reason, and the rows after it are read all the same:
collect quarantines such a row, predict gives it no label. `None`, `NA`, `null` as text stay text.
"""

import datetime
import decimal
import io
import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, count, islice
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.encodings import SAMPLE
from seedbed.collecting.table_forms import (
    ENDINGS,
    KINDS,
    NOTHING_SAID,
    QUOTE,
    SEPARATORS,
    CsvRow,
    Record as Record,
    TableForm,
    csv_lines,
    csv_records,
    found_form,
    records_of,
    rows_in,
    separator_line,
    text_kind,
)
from seedbed.collecting.text_files import (
    MAX_RATIO,
    File,
    Lines,
    TooLargeError,
    is_workbook,
    limit_of,
    reading_source,
    text_of,
)
from seedbed.collecting.yaml_tables import yaml_rows
from seedbed.core.errors import SourceError
from seedbed.core.parquet import cells_of, decoded_bytes
from seedbed.core.reasons import Reason

PARQUET = b"PAR1"
LFS = "version https://git-lfs"
SHEET_BYTES = 500_000_000  # of memory for a small workbook
MARKUP = re.compile(r"\s*<(?:!doctype|html|head|meta|table|\?xml)\b", re.IGNORECASE)


class Table(NamedTuple):
    """The columns a file has, its rows in their order, the encoding that was found, the form it was
    read in, its kind (a key of `KINDS`), and notes on guesses, a sentence each."""

    columns: list[str]
    records: list[Record]
    encoding: str = ""
    form: TableForm = TableForm()
    kind: str = ""
    notes: tuple[str, ...] = ()


class Rows(NamedTuple):
    """Columns (of JSON none: its rows name them), rows as they are asked for, and what `Table` has
    of them; `again`: lines so far that repeat the header."""

    columns: list[str]
    records: Iterator[Record]
    form: TableForm
    kind: str
    notes: tuple[str, ...]
    again: Sequence[int] = ()


def read_table(
    file: File,
    place: str,
    wanted: Collection[str] = (),
    form: TableForm = NOTHING_SAID,
    before: TableForm = NOTHING_SAID,
) -> Table:
    """The table in `file`; `place` names it in errors, `wanted` are the columns that matter, `form`
    what was said of it, `before` the form of the batch before, which decides what neither that nor
    the content does.

    Raises SourceError where the file is no table as a whole.
    """
    with reading_source(place):
        return _table(file, place, wanted, form, before)


def _table(
    file: File, place: str, wanted: Collection[str], form: TableForm, before: TableForm
) -> Table:
    ending = PurePath(file.name).suffix.lower()
    if file.content.startswith(PARQUET) or ending == ".parquet":
        content, limit = file.content, limit_of(len(file.content), file.max_bytes)
        with open_parquet(pa.BufferReader(content), place) as parquet:
            columns = parquet.schema_arrow.names
            asked = named_by(wanted, columns)
            check_decoded(pa.BufferReader(content), asked, limit)
            rows = cells_of(parquet.read(asked))
        records = [Record(number, cells) for number, cells in enumerate(rows, 1)]
        return Table(
            columns, records, kind="parquet", notes=note_on_ending(ending, "parquet", place)
        )
    if is_workbook(file.content):
        read = workbook_rows(file.content, ending, place, form)
    else:
        text = text_of(file.content, place, form.encoding, before.encoding)
        # Lines of JSON may hold U+2028 and U+0085, which are no line ends here.
        lines = Lines(io.StringIO(text.text, newline="\n"), text.encoding, text.note)
        read = text_rows(lines, ending, place, form, before)
    records = list(read.records)
    columns = read.columns or list({name: None for record in records for name in record.cells})
    notes = (*read.notes, *note_on_headers(len(read.again), place))
    return Table(columns, records, read.form.encoding, read.form, read.kind, notes)


def named_by(wanted: Iterable[str], columns: Sequence[str]) -> list[str]:
    """Return the columns that are wanted by name, or by the prefix of it, as `topic_*`."""
    names = set(wanted)
    prefixes = tuple(name[:-1] for name in names - set(columns) if name.endswith("*"))
    return [name for name in columns if name in names or name.startswith(prefixes)]


def note_on_ending(ending: str, kind: str, place: str) -> tuple[str, ...]:
    """The note on an ending of something else."""
    lies = ENDINGS.get(ending, kind) != kind
    return (f"{place} holds {KINDS[kind]}, whatever its ending says",) if lies else ()


def note_on_headers(number: int, place: str) -> tuple[str, ...]:
    """The note on lines that repeat the header."""
    note = f"lines of {place} that repeat its header, and are no rows: {number}"
    return (note,) if number else ()


def text_rows(lines: Lines, ending: str, place: str, form: TableForm, before: TableForm) -> Rows:
    """The rows of a text; each line but the last ends in "\n"."""
    sample, size = [], 0
    while size <= SAMPLE and (line := next(lines.lines, "")):
        sample.append(line)
        size += len(line)
    whole = chain(sample, lines.lines)
    kind = text_kind(sample, ending)
    notes = (*filter(None, [lines.note]), *note_on_ending(ending, kind, place))
    form = form._replace(encoding=lines.encoding)
    if kind == "json":
        rows = map(_object, count(1), json_rows("".join(whole), place))
        return Rows([], rows, form, kind, notes)
    if kind == "yaml":
        return Rows([], map(_object, count(1), yaml_rows("".join(whole), place)), form, kind, notes)
    if kind == "jsonl":
        return Rows([], json_records(whole), form, kind, notes)
    if sample and sample[0].startswith(LFS):
        raise SourceError(place, "a pointer of Git LFS", "the file itself", "run `git lfs pull`")
    if MARKUP.match("".join(sample[:5])):
        raise SourceError(place, "a web page or XML", "a table", "save it as CSV or .xlsx")
    usual = SEPARATORS.get(ending, ",")
    found = found_form(sample, form, before, usual, size <= SAMPLE)
    names = ("separator", "quote", "escape")
    guessed = [
        f"{name} {json.dumps(getattr(found, name))} (`--{name}`)"
        for name, default in zip(names, (usual, QUOTE, ""), strict=True)
        if getattr(found, name) not in (default, getattr(form, name))
    ]
    if guessed:
        notes = (*notes, f"{place} is read with {', '.join(guessed)}, as its lines show")
    skipped = bool(sample and separator_line(sample[0]))
    parts = csv_lines(islice(whole, skipped, None))
    again: list[int] = []
    columns, records = csv_records(parts, found, 1 + skipped, again)
    return Rows(columns, records, found, kind, notes, again)


def workbook_rows(content: bytes, ending: str, place: str, form: TableForm) -> Rows:
    """The rows of a sheet; lines are those of the sheet."""
    name, cells = sheet_rows(content, place, form.sheet)
    again: list[int] = []
    columns, records = records_of(cells, form, again)
    return Rows(
        columns,
        records,
        form._replace(sheet=name),
        "workbook",
        note_on_ending(ending, "workbook", place),
        again,
    )


def json_records(lines: Iterable[str]) -> Iterator[Record]:
    """The rows of JSON Lines, which are read as they are asked for."""
    for line, content in enumerate(lines, 1):
        try:
            if content.strip():
                yield _object(line, _loaded(partial(json.loads, content)))
        except (ValueError, RecursionError):
            yield Record(line, {}, Reason.BAD_JSON)


def json_rows(text: str, place: str) -> list[Any]:
    """The rows of a JSON document: of a list, of an object that holds one, or of objects one after
    another. Raises SourceError where there are none."""
    documents, end = [], 0
    try:
        while rest := text[end:].lstrip():
            end = len(text) - len(rest)
            document, end = _loaded(partial(_document, text, end))
            documents.append(document)
    except json.JSONDecodeError as error:
        raise SourceError(
            f"{place}:{error.lineno}", error.msg, "one JSON list of objects", "correct the line"
        ) from None
    except (ValueError, RecursionError):
        documents = [None]
    rows = documents[0] if len(documents) == 1 else documents
    if isinstance(rows, dict):
        rows = rows_in(rows)
    if not isinstance(rows, list):
        raise SourceError(place, "no list of objects", "one JSON list of objects", "convert it")
    return rows


def _loaded(read: Callable[..., Any]) -> Any:
    try:
        return read()
    except json.JSONDecodeError:
        raise
    except ValueError:  # more digits than Python takes for a number
        return read(parse_int=str)


def _document(text: str, start: int, **how: Any) -> tuple[Any, int]:
    return json.JSONDecoder(**how).raw_decode(text, start)


def _object(line: int, content: Any) -> Record:
    is_object = isinstance(content, dict)
    return Record(line, content) if is_object else Record(line, {}, Reason.NOT_AN_OBJECT)


def check_decoded(
    file: Path | pa.BufferReader, columns: list[str] | None, limit: int, rows: int = 1024
) -> None:
    """Raise TooLargeError where the cells of a Parquet file take more than `limit` bytes."""
    if decoded_bytes(file, columns, limit, rows) > limit:
        raise TooLargeError(limit)


@contextmanager
def open_parquet(file: Path | pa.BufferReader, place: str) -> Iterator[pq.ParquetFile]:
    """An open Parquet file. Raises SourceError where it cannot be read."""
    with reading_source(place), pq.ParquetFile(file) as parquet:
        yield parquet


# In a process of its own, whose memory and time end: a workbook names a cell far out, or a text for
# a million cells, in a few bytes, and its reader in Rust cannot be stopped.
READ_SHEETS = """
import io, json, resource, sys
memory, seconds, sheet = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
hard = [resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
for kind, most, top in zip((resource.RLIMIT_AS, resource.RLIMIT_CPU), (memory, seconds), hard):
    resource.setrlimit(kind, (most if top < 0 else min(most, top), top))
from python_calamine import CalamineWorkbook
book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
names = [sheet] if sheet in book.sheet_names else book.sheet_names
sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
sheets = {name: rows for name, rows in sheets.items() if any(map(any, rows))}
written = lambda value: value.isoformat() if hasattr(value, "isoformat") else str(value)
sys.stdout.write(json.dumps(sheets, default=written))
"""


def sheet_rows(content: bytes, place: str, sheet: str = "") -> tuple[str, Iterator[CsvRow]]:
    """The name of a sheet, and the number and cells of each row that is not empty, as text: of the
    sheet that is named, else of the only one with rows.

    Raises SourceError where the workbook cannot be read, or a sheet has to be named.
    """
    memory, seconds = SHEET_BYTES + MAX_RATIO * len(content), 8 + len(content) // 100_000
    command = [sys.executable, "-I", "-c", READ_SHEETS, str(memory), str(seconds), sheet]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    if done.returncode:
        error = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2].partition(":")[0]
        found = f"not readable ({error.rpartition('.')[2] or 'it takes too much memory or time'})"
        raise SourceError(place, found, "a workbook without a password", "save it as CSV")
    filled = json.loads(done.stdout)
    if len(filled) != 1 or (sheet and sheet not in filled):
        named = " or ".join(f"`--sheet {shlex.quote(name)}`" for name in filled)
        found = f"{len(filled)} sheets with rows" + (f", none called `{sheet}`" if sheet else "")
        raise SourceError(place, found, "one that is named", f"add {named}" if named else "")
    [(name, rows)] = filled.items()
    texts = ((number, list(map(as_text, row))) for number, row in enumerate(rows, 1))
    return name, ((number, cells, "") for number, cells in texts if any(cells))


WRITTEN: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: lambda value: str(int(value)) if value.is_integer() else repr(value),
    decimal.Decimal: str,
    datetime.date: lambda value: value.isoformat(),
    datetime.time: lambda value: value.isoformat(),
    datetime.timedelta: str,
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
