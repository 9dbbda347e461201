"""Records of a source as raw rows: text, label, date and the rest under the names of the project;
their ids and digests, versions of one record, and rows to be forgotten.

A row that cannot be used stays a raw row, with the reason; nothing is lost on the way.

Batches are immutable, so a source with keys corrects a record by sending it again in a later batch.
The newest version keeps the record's id; an older one is dropped. A record that arrives again
unchanged, as exports of the last thirty days do, changes nothing: its first version stays.

data/tombstones.csv, in git, holds keyed hashes only: nobody without the key learns who was
forgotten.
"""

import datetime
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from sys import intern  # of what many rows have, one object is kept
from typing import Any, NamedTuple

import regex

from seedbed.collecting.dates import batch_day, day_of, is_doubtful
from seedbed.collecting.label_cells import SURROGATE as SURROGATE, LabelCells
from seedbed.collecting.source import REASON, Source, SourceTable
from seedbed.collecting.streams import StreamedTable
from seedbed.collecting.tables import as_text, named_by
from seedbed.core.errors import ParamsError, RowsError, SourceError
from seedbed.core.files import KEYED, keyed_hash, read_csv, write_csv
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import SIDES
from seedbed.tasks import Task

TOMBSTONES = Path("data/tombstones.csv")
HEADER = ("id", "digest")
VERSIONS = (Reason.CAME_AGAIN, Reason.SUPERSEDED)

# Dropped because a person or a newer version decided so; any other reason is a bad row.
CHOSEN = (Reason.LABEL_DROPPED, Reason.FORGOTTEN, *VERSIONS)
# What makes a version of a record another one. Not the date, which may be that of the batch.
CONTENT = attrgetter(
    "text", "text_pair", "context", "answer", "label", "group", "split", "meta", "reason"
)
SIDE_NAMES = {"valid": "validation", "val": "validation", "dev": "validation"}
NAMES_SHOWN = 20
COLUMN_NAME = regex.compile(r"[\w\p{M} .:/;|\t-]{1,40}")
# What a value has that may be personal, apart from dates; importing detectors takes far longer.
SIGN = re.compile(
    r"@|\b(?:at|dot)\b|://|(?:\d[^\d\n]{0,3}){6}\d|(?=\S*\d)[\w+=-]{16}|passw|secret|token|key",
    re.IGNORECASE,
)
MOMENT = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d"
    r"(?:[-_T ]?[0-2]\d[-_:.]?[0-5]\d(?:[-_:.]?[0-5]\d)?)?(?!\d)"
)


Published = tuple[
    str, str, bool
]  # a place; its value, which git gets as it is; may it name a person


class RawRow(NamedTuple):
    """One row as its source has it, id and digest once `identified`. `key` and `group` are the
    source's own values: private."""

    source: str
    batch: str
    file: str
    line: int
    sha256: str
    text: str = ""
    text_pair: str = ""
    label: str = ""
    key: str = ""
    date: str = ""
    group: str = ""
    split: str = ""
    meta: dict[str, str] = {}
    reason: str = ""
    id: str = ""
    digest: str = ""  # keyed hash of the source text, to which decisions and tombstones hold
    entries: tuple[str, ...] = ()  # of label_map, which renamed or dropped labels of it
    spellings: Mapping[str, str] = {}  # names in its label that another stands for, and that one
    context: str = ""  # of task answer, as core/turns.py writes it
    answer: str = ""


def raw_rows(
    reader: LabelCells, table: SourceTable, labels: Collection[str], max_chars: int
) -> Iterator[RawRow]:
    """The rows of one file, in its order, each with the reason it is bad or dropped, or "".

    `reader`: of the table's labels; `labels`: the classes that may be, after `label_map`; empty:
    any. `max_chars`: of one row.
    Raises SourceError where the file has no rows or lacks a column.
    """
    source = reader.source
    records = iter(table.table.records)
    first = next(records, None)
    if first is None:
        raise SourceError(table.file, "0 rows", "at least one row", "delete or replace the file")
    if is_known := not isinstance(table.table, StreamedTable) or table.table.has_header:
        _check_columns(source, table)
    # Cells that are no text: labels, and messages, which are rows of their own by now.
    others = [*source.label_columns, source.columns.messages]
    wanted = [name for name in source.wanted if name not in others]
    wanted += [REASON] if source.columns.answer else []
    for record in chain([first], records):
        row = RawRow(source.name, source.batch, table.file, record.line, table.sha256)
        if record.reason:
            yield row._replace(reason=record.reason)
            continue
        try:
            cells = {name: _text_of(record.cells.get(name), name, source) for name in wanted}
        except TypeError:
            yield row._replace(reason=Reason.NOT_TEXT)
            continue
        try:
            label = reader.label(reader.cell(record.cells), labels)
        except TypeError:
            is_set = reader.task.SETS
            yield row._replace(reason=Reason.LABELS_ARE_NO_LIST if is_set else Reason.NOT_TEXT)
        else:
            yield _filled(row, source, cells, label, max_chars)
    if not is_known:  # rows of JSON name the columns
        _check_columns(source, table)


def _text_of(cell: object, name: str, source: Source) -> str:
    try:
        return as_text(cell)
    except TypeError:
        if source.date_guessed and name == source.columns.date:
            return ""  # no date, which refuses no row
        raise


def _check_columns(source: Source, table: SourceTable) -> None:
    columns = table.table.columns
    if not columns and all(record.reason for record in table.table.records):
        return  # nothing could be read: the reasons say more than the columns
    # Where the header is missing, the "names" are a person's text: not for a terminal or a log.
    shown = ", ".join(
        f"`{name}`" if COLUMN_NAME.fullmatch(name) else f"one of {len(name)} characters"
        for name in columns[:NAMES_SHOWN]
    )
    more = f" and {len(columns) - NAMES_SHOWN} more" if len(columns) > NAMES_SHOWN else ""
    for name in source.wanted:
        times = columns.count(name)
        if times != 1 and not (times == 0 and named_by([name], columns)):
            found = f"{times} columns `{name}`" if times else f"no column `{name}`"
            raise SourceError(
                table.file,
                f"{found}; there are {shown}{more}",
                "each column that the source names, once",
                f"name others with `--text-column` and the like, or set how the file is read with "
                f"`--separator` or `--no-header`; in params.yaml: `columns`, `separator`, `header` "
                f"of the source {source.name}",
            )


def _filled(
    row: RawRow,
    source: Source,
    cells: dict[str, str],
    of_label: tuple[str, tuple[str, ...], str],
    max_chars: int,
) -> RawRow:
    columns = source.columns
    label, entries, label_reason = of_label
    date, date_reason = _date(source, cells)
    split = source.split or cells.get(columns.split, "")
    filled = row._replace(
        text=cells[columns.text],
        text_pair=cells.get(columns.text_pair, ""),
        context=cells.get(columns.context, ""),
        answer=cells.get(columns.answer, ""),
        label=intern(label),
        key=cells.get(columns.id, ""),
        date=intern(date),
        group=cells.get(columns.group, ""),
        split=intern(SIDE_NAMES.get(split, split)),
        meta={name: cells[name] for name in columns.meta} if columns.meta else row.meta,
        entries=entries,
    )
    texts = (filled.text, filled.text_pair, filled.context, filled.answer)
    of_answer = cells.get(REASON, "")
    problems = {
        Reason.MISSING_TEXT: not filled.text.strip(),
        Reason.MISSING_TEXT_PAIR: columns.text_pair and not filled.text_pair.strip(),
        of_answer: of_answer,
        Reason.TOO_LARGE: sum(map(len, texts)) > max_chars,
        # Half a character: no UTF-8 file can hold it.
        Reason.LONE_SURROGATE: any(map(SURROGATE.search, (*texts, *filled.meta.values()))),
        Reason.MISSING_ID: columns.id and not filled.key,
        label_reason: label_reason,
        date_reason: date_reason,
        Reason.UNKNOWN_SPLIT: filled.split not in ("", *SIDES),
    }
    reason = next((reason for reason, there in problems.items() if there), "")
    return filled._replace(reason=reason)


def _date(source: Source, cells: dict[str, str]) -> tuple[str, str]:
    """The day as YYYY-MM-DD, and what is wrong with it; the hour is left out on purpose, since
    it may tell who wrote."""
    found = cells.get(source.columns.date, "").strip()
    if not found:
        return source.date, ""
    try:
        return day_of(found, source.date_format).isoformat(), ""
    except ValueError:
        return (source.date, "") if source.date_guessed else ("", Reason.BAD_DATE)


def identified(
    rows: Sequence[RawRow], key: bytes, taken: Collection[str] = frozenset()
) -> list[RawRow]:
    """The rows in their order, each with its digest and an id, "" for a row without text.

    A row with a key of its own is named by it, another by its text and how many rows of the same
    text stand before it, those with ids in `taken` among them; rows in quarantine count, so that
    mending a label changes no other id.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    named = []
    for row in rows:
        # An answer is what a label is in other tasks: without it in the id, a corrected one keeps
        # its row; with it in the digest, decisions on the old one are void.
        asked = (row.text, row.text_pair, *filter(None, [row.context]))
        row_id, texts = "", (*asked, *filter(None, [row.answer]))
        if row.key and row.reason in VERSIONS:
            row_id = keyed_hash(key, "version", row.source, row.key, row.batch)
        elif row.key:
            row_id = record_id(row, key)
        elif row.text and row.reason != Reason.MISSING_ID:
            while not row_id or row_id in taken:
                row_id = keyed_hash(key, "text", *asked, str(seen[asked]))
                seen[asked] += 1
        named.append(row._replace(id=row_id, digest=keyed_hash(key, "digest", *texts)))
    return named


def record_id(row: RawRow, key: bytes) -> str:
    """The id of the record that a row with a key is a version of, the same in every batch."""
    return keyed_hash(key, "key", row.source, row.key)


def with_versions(rows: Sequence[RawRow]) -> list[RawRow]:
    """The rows in their order (batch, source, file, line), versions that do not count with their
    reason. A row in quarantine is no version: what stood before it goes on to count."""
    counts: dict[tuple[str, str], int] = {}  # the row of each record that counts
    marked = list(rows)
    for index, row in enumerate(rows):
        if not row.key or row.reason not in ("", Reason.LABEL_DROPPED):
            continue
        before = counts.setdefault((row.source, row.key), index)
        if before == index:
            continue
        if CONTENT(rows[before]) == CONTENT(row):
            marked[index] = row._replace(reason=Reason.CAME_AGAIN)
        else:
            marked[before] = rows[before]._replace(reason=Reason.SUPERSEDED)
            counts[row.source, row.key] = index
    return marked


def read_tombstones(path: Path = TOMBSTONES) -> frozenset[str]:
    """Ids and digests of forgotten rows; a row with one of either is dropped. Raises RowsError
    where the file is missing and DamagedError where a line is no tombstone: whoever was forgotten
    would come back."""
    step = "restore it with `git checkout -- data/tombstones.csv`"
    if not path.exists():
        raise RowsError(str(path), "no such file", "a CSV file, header `id,digest`", step)
    return frozenset(cell for line in _tombstones(path) for cell in line.values()) - {""}


def _tombstones(path: Path) -> list[dict[str, str]]:
    # A line with neither would forget nobody.
    return read_csv(path, HEADER, {**dict.fromkeys(HEADER, f"(?:{KEYED})?"), "": r".*\w.*"})


def add_tombstones(rows: Iterable[tuple[str, str]], path: Path = TOMBSTONES) -> None:
    """Add (id, digest) of rows; the file stays sorted, and each line is in it once."""
    read_tombstones(path)
    before = {(line["id"], line["digest"]) for line in _tombstones(path)}
    write_csv(path, HEADER, sorted(before | set(rows)))


def without_forgotten(rows: Sequence[RawRow], tombstones: frozenset[str]) -> list[RawRow]:
    """Give usable rows whose id or digest has a tombstone the reason `forgotten`."""
    forgotten = (not tombstones.isdisjoint((row.id, row.digest)) for row in rows)
    return with_reason(rows, Reason.FORGOTTEN, forgotten)


def with_reason(rows: Sequence[RawRow], reason: Reason, where: Iterable[bool]) -> list[RawRow]:
    """The rows; a usable one gets the reason where `where` is true."""
    return [
        row._replace(reason=reason) if is_there and not row.reason else row
        for row, is_there in zip(rows, where, strict=True)
    ]


def published(
    rows: Sequence[RawRow],
    sources: Iterable[Source],
    nobodys: Collection[str],
    task: Task,
    path: str = "",
) -> list[Published]:
    """Those values that may be personal: labels, meta columns, names of files and sources, batches,
    licences. `nobodys`: values that only look so; `path`: precedes names of files, and is not kept.
    """
    try:
        names: Any = read_params("anonymize.names", object) or ()
    except ParamsError:  # a params.yaml without this line, or without its section
        names = ()
    usable = [row for row in rows if row.reason in ("", *VERSIONS)]
    labels = dict.fromkeys(
        label for row in usable for label in (*task.members(row.label), *row.spellings)
    )
    found: list[Published] = [("a label", label, False) for label in labels]
    meta = dict.fromkeys(pair for row in usable for pair in row.meta.items())
    found += [(f"column {name} of `meta`", value, False) for name, value in meta]
    for name in ("name", "batch", "licence"):
        found += [(f"a {name} of `sources`", getattr(one, name), False) for one in sources]
    files = dict.fromkeys(row.file.removeprefix(path) for row in rows)
    for part in dict.fromkeys(part for file in files for part in file.split("/")):
        found.append(("the name of a file or folder", part, "person" in names))
    found = [one for one in found if one[2] or SIGN.search(MOMENT.sub("", one[1]))]
    return [one for one in found if one[1] not in nobodys]


def doubtful_dates(rows: Iterable[RawRow]) -> int:
    """How many usable rows have a date before 1970 or after the day of their batch."""
    return sum(
        is_doubtful(datetime.date.fromisoformat(row.date), batch_day(row.batch))
        for row in rows
        if row.date and not row.reason
    )
