"""Raw rows under the row contract, chunk by chunk, and the rules that every cell of it keeps."""

import datetime
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from seedbed.collecting.raw_rows import RawRow
from seedbed.collecting.source import Source, shown_name
from seedbed.core.errors import RowsError
from seedbed.core.files import keyed_hash
from seedbed.core.parquet import ROWS_AT_ONCE
from seedbed.core.rows import ANSWERS, NEGATIVE, SIDES
from seedbed.core.turns import read_turns, write_turns
from seedbed.tasks import Task

COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
AS_READ = ("id", "digest", "text", "text_pair", "label", "source", "batch", "date", "split")
PROVENANCE = {"file", "licence", "line", "sha256"}


def contract_rows(
    rows: Iterable[RawRow], sources: Iterable[Source], key: bytes, task: Task
) -> pd.DataFrame:
    """The usable ones of identified rows under the row contract. The source's own key and group
    leave as keyed hashes alone; the provenance never has the key, which may be a name or an
    address."""
    source_of = {(source.name, source.batch): source for source in sources}
    columns = (*AS_READ, *(ANSWERS if task.TARGET in ANSWERS else ()))
    return pd.DataFrame(
        {
            **{name: getattr(row, name) for name in columns},
            "group": keyed_hash(key, "group", row.source, row.group) if row.group else "",
            "origin": "negative" if source.negative else "original",
            "provenance": COMPACT.encode(
                {"file": shown_name(row.file), "line": row.line, "sha256": row.sha256}
                | {"licence": source.licence}
            ),
            "meta": COMPACT.encode(row.meta | _negative(source)),
        }
        for row in rows
        if not row.reason and (source := source_of[row.source, row.batch])
    )


def contract_chunks(
    rows: Iterable[RawRow], sources: Iterable[Source], key: bytes, task: Task
) -> Iterator[pd.DataFrame]:
    """Yield the `contract_rows` as chunks in the order of a rows folder, checked. Raises RowsError
    as `check_collected` does."""
    usable = sorted((row for row in rows if not row.reason), key=lambda row: (row.batch, row.id))
    if twice := sum(number for number in Counter(row.id for row in usable).values() if number > 1):
        raise _broken([f"id: unique ({twice} rows)"])
    for start in range(0, len(usable), ROWS_AT_ONCE):
        chunk = contract_rows(usable[start : start + ROWS_AT_ONCE], sources, key, task)
        check_collected(chunk)
        yield chunk


def figures_of(rows: Iterable[RawRow], task: Task) -> pd.DataFrame:
    """Return what figures are made of, of usable identified rows by id: no copy of a text."""
    usable = sorted((row for row in rows if not row.reason), key=lambda row: row.id)
    columns = ["id", "text", "text_pair", "label", "source", "batch", "date"]
    columns += ["answer"] if task.TARGET == "answer" else []
    cells = {name: [getattr(row, name) for row in usable] for name in columns}
    return pd.DataFrame(cells, dtype=object)


def _negative(source: Source) -> dict[str, str]:
    kind = "general" if source.negative is True else source.negative
    return {NEGATIVE: kind} if kind else {}


def check_collected(rows: pd.DataFrame) -> None:
    """Check every column of collected rows.

    Raises RowsError that names each rule that is broken, and in how many rows. The values are not
    shown: they are private.
    """
    rules = {name: rule for name, rule in RULES.items() if name not in ANSWERS or name in rows}
    broken = [
        f"{column}: {rule} ({count} rows)"
        for column, (rule, holds) in rules.items()
        if (count := int((~rows[column].map(holds).astype(bool)).sum()))
    ]
    if twice := int(rows["id"].duplicated(keep=False).sum()):
        broken.append(f"id: unique ({twice} rows)")
    if unknown := sorted(set(rows.columns) ^ set(rules)):
        broken.append(f"columns: {', '.join(unknown)}")
    if broken:
        raise _broken(broken)


def _broken(rules: Sequence[str]) -> RowsError:
    return RowsError(
        "collected rows", "; ".join(rules), "the row contract", "this is a bug: report it"
    )


def _like(pattern: str) -> Callable[[Any], bool]:
    """Whether the whole of a value is a text of this pattern."""
    whole = re.compile(pattern)
    return lambda value: isinstance(value, str) and bool(whole.fullmatch(value))


def _is_day(value: Any) -> bool:
    try:
        return value == "" or datetime.date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        return False


def _is_turns(value: Any) -> bool:
    try:
        return write_turns(read_turns(value)) == value
    except (RowsError, TypeError):
        return False


def _keys(value: Any) -> Collection[str] | None:
    """The keys of a JSON object; None for anything else."""
    try:
        return json.loads(value).keys()
    except (TypeError, ValueError, AttributeError):
        return None


HASH = "[0-9a-f]{16}"
TEXT = r"[\s\S]*"
FILLED = rf"\s*\S{TEXT}"
RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "id": ("16 hex digits", _like(HASH)),
    "digest": ("16 hex digits", _like(HASH)),
    "text": ("not empty", _like(FILLED)),
    "text_pair": ("text", _like(TEXT)),
    "label": ("text", _like(TEXT)),
    "context": ("turns in their canonical form", _is_turns),
    "answer": ("text", _like(TEXT)),
    "source": ("not empty", _like(FILLED)),
    "batch": ("begins with year and month", _like(rf"\d{{4}}-\d{{2}}{TEXT}")),
    "date": ("an ISO 8601 day, or empty", _is_day),
    "group": ("16 hex digits, or empty", _like(f"({HASH})?")),
    "split": ("a split, or empty", lambda value: value in ("", *SIDES)),
    "origin": ("original or negative", _like("original|negative")),
    "provenance": ("file, line, licence, sha256", lambda value: _keys(value) == PROVENANCE),
    "meta": ("a JSON object", lambda value: _keys(value) is not None),
}
