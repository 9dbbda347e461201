"""What a new file contains, next to what a person said of it: options, columns, labels."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from seedbed.arrivals.standing import Standing
from seedbed.collecting.raw_rows import COLUMN_NAME, RawRow
from seedbed.collecting.tables import (
    SEPARATORS,
    Dialect,
    Record,
    Table,
    as_text,
    found_separator,
    read_table,
)
from seedbed.collecting.text_files import SAMPLE, decode, read_file
from seedbed.core.errors import ArrivalError
from seedbed.core.reasons import Reason

Negative = Literal["", "in_domain", "general"]


class Asked(NamedTuple):
    """A file or folder and what was said of it; "" where nothing was said."""

    path: str
    source: str = ""  # its name: part of every keyed id
    batch: str = ""
    date: str = ""  # of rows without a date of their own
    licence: str = ""
    columns: dict[str, str] = {}  # which column is text, text_pair, label, id, date, group
    meta: tuple[str, ...] = ()
    label: str = ""  # one for every row
    label_map: dict[str, str | None] = {}
    new_labels: tuple[str, ...] = ()  # labels that may be new classes
    negative: Negative = ""
    unlabelled: bool = False
    separator: str = ""
    encoding: str = ""
    pattern: str = ""  # which files of a folder are rows


# Names that mean one thing in tables of texts, in small letters; any other has to be said.
PLAIN = {
    "text": ("text", "body", "message", "content", "sentence", "utterance", "review"),
    "label": ("label", "class", "category", "intent", "target", "queue", "topic"),
    "id": ("id", "key", "uuid", "guid", "ticket_id", "row_id", "message_id"),
    "date": ("date", "created", "created_at", "timestamp", "datetime"),
}


def look_at(path: Path, separator: str, encoding: str) -> tuple[Table, str]:
    """The table in a file, read for its columns, and the separator that it needs ("": its ending
    says it). Raises SourceError where it is no table."""
    file = read_file(path)
    if not separator and Path(file.name).suffix.lower() in SEPARATORS:
        with suppress(UnicodeDecodeError):
            start = decode(file.content[:SAMPLE], encoding).text
            separator = found_separator(start.split("\n", 1)[0])
    dialect = Dialect(separator)
    columns = read_table(file, path.as_posix(), (), dialect, encoding).columns
    wanted = [name for name in columns if name.casefold() in PLAIN["id"]]
    return read_table(file, path.as_posix(), wanted, dialect, encoding), separator


def inferred(
    table: Table, said: Mapping[str, str], needs_label: bool, place: str
) -> dict[str, str]:
    """The columns by field: what was said, and what has a plain name.

    Raises ArrivalError where text or label stays open, or two columns could be the same.
    """
    columns = {field: name for field, name in said.items() if name}
    for field in PLAIN:
        if field in columns or (field == "label" and not needs_label):
            continue
        free = [name for name in table.columns if name not in columns.values()]
        found = [name for name in free if name.casefold() in PLAIN[field]]
        if field == "id":
            found = [name for name in found if names_rows(name, table.records)]
        if len(found) == 1:
            columns[field] = found[0]
        elif found or field in ("text", "label"):
            raise _open(field, found, table.columns, place)
    return columns


def names_rows(column: str, records: Sequence[Record]) -> bool:
    """Whether a column names each row for good: there in all, each once, and no mere count of the
    rows from 0 or 1, which would give other rows the same names in the next file."""
    try:
        values = [as_text(one.cells.get(column)) for one in records if not one.reason]
    except TypeError:
        return False
    counted = [[str(start + n) for n in range(len(values))] for start in (0, 1)]
    return all(values) and len(set(values)) == len(values) and values not in counted


def _open(field: str, found: Sequence[str], columns: Sequence[str], place: str) -> ArrivalError:
    shown = ", ".join(f"`{one}`" for one in columns[:20] if COLUMN_NAME.fullmatch(one))
    several = " and ".join(f"`{name}`" for name in found)
    more = " (or `--label NAME` for one label, or `--unlabelled`)" if field == "label" else ""
    return ArrivalError(
        place,
        f"{several} could be the {field}" if found else f"no column is plainly the {field}",
        f"one of its columns: {shown or 'none with a name'}",
        f"say which with `--{field}-column NAME`{more}",
    )


SHOWN = 10


def with_unknown(rows: Sequence[RawRow], labels: Sequence[str]) -> list[RawRow]:
    """Rows whose label `collect.labels` does not list, with the reason collect will give."""
    return [
        row._replace(reason=Reason.UNKNOWN_LABEL)
        if labels and row.label and not row.reason and row.label not in labels
        else row
        for row in rows
    ]


def unknown(rows: Sequence[RawRow], known: set[str]) -> Counter[str]:
    """How many usable rows have each label that is not known."""
    return Counter(row.label for row in rows if row.label and row.label not in known)


def check_labels(
    rows: Sequence[RawRow], standing: Standing, asked: Asked, listed: Sequence[str], negative: str
) -> None:
    """Raise ArrivalError where labels are new and nobody said so.

    `listed`: `collect.labels`; what these lack goes to quarantine. `negative`: the label of rows
    without a right answer, which a batch marked as negative may bring.
    """
    if late := [one for one in asked.new_labels if listed and one not in listed]:
        raise ArrivalError(
            "params.yaml: collect.labels", f"`{late[0]}` is not listed", "every class that may be",
            "add it there first; a class is a decision for everyone",
        )  # fmt: skip
    if listed or not standing.classes:
        return
    known = {*standing.classes, *asked.new_labels} | ({negative} if asked.negative else set())
    found = unknown([row for row in rows if not row.reason], known)
    if not found:
        return
    example = shown(next(iter(sorted(found))))
    steps = [
        f"`--map {example}=CLASS` renames them, `--map {example}=` drops their rows, "
        f"`--new-label {example}` makes a class of them"
    ]
    if negative in found:
        steps.append(
            f"rows without a right answer are a source of their own: `seedbed add FILE --source "
            f"NAME --label {negative} --negative in_domain`"
        )
    raise ArrivalError(
        asked.path,
        f"{in_rows(found.total())} with labels that the dataset has not: {in_words(found, known)}",
        f"one of {', '.join(sorted(standing.classes))}",
        "; ".join(steps),
    )


def in_words(found: Counter[str], known: set[str]) -> str:
    """Labels with their counts and the known label that each looks like."""
    parts = []
    for label, rows in sorted(found.items(), key=lambda one: (-one[1], one[0]))[:SHOWN]:
        near = difflib.get_close_matches(label, sorted(known), n=1)
        parts.append(f"{shown(label)} ({rows:,}{f', near {near[0]}' if near else ''})")
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(parts) + more


def in_rows(number: int) -> str:
    """1 row, 2 rows."""
    return "1 row" if number == 1 else f"{number:,} rows"


def shown(label: str) -> str:
    """A label as a terminal may show it; one that looks like a text by its length alone."""
    return label if COLUMN_NAME.fullmatch(label) else f"one of {len(label)} characters"
