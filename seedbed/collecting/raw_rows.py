"""Records of a source as raw rows: text, label, date and the rest under the names of the project.

A row that cannot be used stays a raw row, with the reason; nothing is lost on the way.
"""

import datetime
import re
import unicodedata
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from seedbed.collecting.source import Source, SourceTable
from seedbed.collecting.tables import Record, as_text
from seedbed.core.errors import SourceError
from seedbed.core.reasons import Reason
from seedbed.core.rows import SIDES

# Dropped because a person or a newer version decided so; any other reason is a bad row.
CHOSEN = (Reason.LABEL_DROPPED, Reason.FORGOTTEN, Reason.CAME_AGAIN, Reason.SUPERSEDED)
SIDE_NAMES = {"valid": "validation", "val": "validation", "dev": "validation"}
NAMES_SHOWN = 20
SURROGATE = re.compile(r"[\ud800-\udfff]")
COLUMN_NAME = re.compile(r"[\w .:/;|\t-]{1,40}")
OTHER_SEPARATOR = re.compile(r"[;|\t]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MAX_LABEL_CHARS = 100  # labels go to git: a text that slipped into the column must not


class Fate(StrEnum):
    """What becomes of a row that was read."""

    KEPT = "kept"
    DROPPED = "dropped"
    QUARANTINED = "quarantined"


class RawRow(NamedTuple):
    """One row as its source has it. `key` and `group` are the source's own values: private."""

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

    @property
    def fate(self) -> Fate:
        """What becomes of the row."""
        if not self.reason:
            return Fate.KEPT
        return Fate.DROPPED if self.reason in CHOSEN else Fate.QUARANTINED


def raw_rows(
    source: Source, table: SourceTable, labels: Collection[str], max_chars: int
) -> Iterator[RawRow]:
    """The rows of one file, in its order, each with the reason it is bad or dropped, or "".

    `labels`: the classes that may be, after `label_map`; empty: any. `max_chars`: of one row.
    Raises SourceError where the file has no rows or lacks a column.
    """
    if not table.table.records:
        raise SourceError(table.file, "0 rows", "at least one row", "delete or replace the file")
    _check_columns(source, table)
    wanted = source.wanted
    for record in table.table.records:
        row = RawRow(source.name, source.batch, table.file, record.line, table.sha256)
        yield _filled(row, source, record, wanted, labels, max_chars)


def _check_columns(source: Source, table: SourceTable) -> None:
    columns = table.table.columns
    if all(record.reason for record in table.table.records) and not columns:
        return  # nothing could be read: the reasons say more than the columns
    # Where the header is missing, the "names" are a person's text: not for a terminal or a log.
    shown = ", ".join(
        f"`{name}`" if COLUMN_NAME.fullmatch(name) else f"one of {len(name)} characters"
        for name in columns[:NAMES_SHOWN]
    )
    more = f" and {len(columns) - NAMES_SHOWN} more" if len(columns) > NAMES_SHOWN else ""
    split_wrongly = len(columns) == 1 and OTHER_SEPARATOR.search(columns[0])
    wrong = "`separator`" if split_wrongly else "`columns`"
    for name in source.wanted:
        times = columns.count(name)
        if times != 1:
            found = f"{times} columns `{name}`" if times else f"no column `{name}`"
            raise SourceError(
                table.file,
                f"{found}; there are {shown}{more}",
                "each column that the source names, once",
                f"correct {wrong} of the source {source.name} in params.yaml",
            )


def _filled(
    row: RawRow,
    source: Source,
    record: Record,
    wanted: list[str],
    labels: Collection[str],
    max_chars: int,
) -> RawRow:
    if record.reason:
        return row._replace(reason=record.reason)
    try:
        cells = {name: as_text(record.cells.get(name)) for name in wanted}
    except TypeError:
        return row._replace(reason=Reason.NOT_TEXT)
    columns = source.columns
    label, label_reason = _label(source, cells, labels)
    date, date_reason = _date(source, cells)
    split = source.split or cells.get(columns.split, "")
    row = row._replace(
        text=cells[columns.text],
        text_pair=cells.get(columns.text_pair, ""),
        label=label,
        key=cells.get(columns.id, ""),
        date=date,
        group=cells.get(columns.group, ""),
        split=SIDE_NAMES.get(split, split),
        meta={name: cells[name] for name in columns.meta},
    )
    return row._replace(
        reason=_text_reason(source, row, max_chars)
        or label_reason
        or date_reason
        or (Reason.UNKNOWN_SPLIT if row.split and row.split not in SIDES else "")
    )


def _text_reason(source: Source, row: RawRow, max_chars: int) -> str:
    if not row.text.strip():
        return Reason.MISSING_TEXT
    if source.columns.text_pair and not row.text_pair.strip():
        return Reason.MISSING_TEXT_PAIR
    if len(row.text) + len(row.text_pair) > max_chars:
        return Reason.TOO_LARGE
    if any(SURROGATE.search(text) for text in (row.text, row.text_pair, *row.meta.values())):
        return Reason.LONE_SURROGATE  # half a character: no UTF-8 file can hold it
    if source.columns.id and not row.key:
        return Reason.MISSING_ID
    return ""


def _label(source: Source, cells: dict[str, str], labels: Collection[str]) -> tuple[str, str]:
    """The label after the map, and what is wrong with it."""
    if source.unlabelled:
        return "", ""
    found = source.label or cells[source.columns.label].strip()
    label = source.label_map.get(found, found)
    if label is None:
        return found, Reason.LABEL_DROPPED
    if not label:
        return "", Reason.MISSING_LABEL
    label = unicodedata.normalize("NFC", label)  # macOS may give folder names decomposed
    if len(label) > MAX_LABEL_CHARS or CONTROL.search(label) or SURROGATE.search(label):
        return "", Reason.LABEL_IS_NO_NAME
    if labels and label not in labels:
        return "", Reason.UNKNOWN_LABEL
    return label, ""


def _date(source: Source, cells: dict[str, str]) -> tuple[str, str]:
    """The day as YYYY-MM-DD, and what is wrong with it; the hour is left out on purpose, since
    it may tell who wrote."""
    found = cells.get(source.columns.date, "").strip()
    if not found:
        return source.date, ""
    try:
        if source.date_format:
            moment = datetime.datetime.strptime(found, source.date_format)
        else:
            moment = datetime.datetime.fromisoformat(found)
    except ValueError:
        return "", Reason.BAD_DATE
    return moment.date().isoformat(), ""


def provenance(row: RawRow, licence: str) -> dict[str, Any]:
    """Where a row came from: never its own key, which may be a name or an address."""
    return {"file": row.file, "licence": licence, "line": row.line, "sha256": row.sha256}
