"""The section `sources` of params.yaml, and the rows of all sources together: read in order,
checked, and written under the row contract."""

import datetime
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from seedbed.collecting.dates import batch_day, is_doubtful
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.raw_rows import (
    CHOSEN,
    VERSIONS,
    RawRow,
    raw_rows,
    record_id,
    with_versions,
)
from seedbed.collecting.source import Source
from seedbed.core.errors import ParamsError, RowsError, SourceError
from seedbed.core.files import keyed_hash, parse_yaml
from seedbed.core.metrics import Drop
from seedbed.core.params import Section, read_params, unknown_name, validated
from seedbed.core.rows import NEGATIVE, SIDES
from seedbed.core.stage import progress

DVC = Path("dvc.yaml")
SHOWN = 10
NOTES_SHOWN = 3  # of one source
COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
AS_READ = ("id", "digest", "text", "text_pair", "label", "source", "batch", "date", "split")
PROVENANCE = {"file", "licence", "line", "sha256"}


class CollectParams(Section):
    """params.yaml section `collect`."""

    labels: list[str]  # the classes that may be; empty: any. Another label is quarantined
    max_row_chars: int = Field(ge=1)  # text and pair of one row; a longer row is quarantined
    max_quarantine_share: float = Field(ge=0, le=1)  # of all rows read; more is an error
    max_classes: int = Field(ge=2)  # more means that the label column is not one


def read_sources() -> list[Source]:
    """Read the section `sources`, in the order (batch, name).

    Raises ParamsError if there is none, or for an entry that is wrong.
    """
    sources = read_entries()
    if not sources:
        raise ParamsError("params.yaml: sources", "no source", "one or more", "add one; see README")
    entries = Counter((source.name, source.batch) for source in sources)
    for (name, batch), times in entries.items():
        if times > 1:
            raise ParamsError(
                "params.yaml: sources",
                f"two are called `{name}` with the batch {batch}",
                "one name each, or one batch each under one name",
                "give the later one a batch of its own, or, if it is another source, a name",
            )
    return sorted(sources, key=lambda source: (source.batch, source.name))


def read_entries() -> list[Source]:
    """Read the entries in their order, which may be none. Raises ParamsError."""
    return [parse_source(entry) for entry in read_params("sources", list[dict[str, Any]])]


def parse_source(entry: Mapping[str, object]) -> Source:
    """Check an entry by the model of its kind.

    Raises ParamsError that names the source and the key; for an unknown kind it lists the kinds.
    """
    place = f"sources: {entry.get('name', 'an entry without a name')}"
    kind = str(entry.get("kind", ""))
    if kind not in KINDS:
        raise unknown_name(f"params.yaml: {place}: kind", kind, tuple(KINDS))
    source = validated(place, entry, KINDS[kind])
    for key, problem, expected in source.problems():
        raise ParamsError(f"params.yaml: {place}: {key}", problem, expected, "correct the source")
    return source


def check_declared(sources: Sequence[Source]) -> None:
    """Check that stage collect lists every path that it reads, or dvc.lock would not be honest.

    Raises SourceError with the lines to add.
    """
    if not DVC.exists():
        return
    content = parse_yaml(DVC.read_text(encoding="utf-8"), "dvc.yaml", SourceError) or {}
    stage = content.get("stages", {}).get("collect", {})
    listed = {Path(path) for path in stage.get("deps", [])}
    for source in sources:
        missing = [path for path in source.declared(listed) if path not in listed]
        if missing:
            raise SourceError(
                "dvc.yaml: stages: collect: deps",
                f"the source {source.name} is not listed",
                "every path that collect reads",
                "add under `deps:`" + "".join(f"\n      - {path.as_posix()}" for path in missing),
            )


def read_all(
    sources: Sequence[Source], params: CollectParams
) -> tuple[list[RawRow], Counter[str], list[str]]:
    """Every raw row in the order (batch, source, file, line), versions that do not count with
    their reason, the files by encoding, and notes on how they were read."""
    rows: list[RawRow] = []
    labels = frozenset(params.labels)
    encodings: Counter[str] = Counter()
    notes: list[str] = []
    for source in sources:
        before = len(rows)
        told: list[str] = []
        for table in progress(source.tables(), source.name):
            rows += raw_rows(source, table, labels, params.max_row_chars)
            encodings[table.table.encoding or "binary"] += 1
            told += table.table.notes
        more = len(told) - NOTES_SHOWN
        notes += told[:NOTES_SHOWN] + ([f"and {more:,} more like these"] if more > 0 else [])
        _check_keys(rows[before:])
    return with_versions(rows), encodings, notes


def _check_keys(rows: Sequence[RawRow]) -> None:
    """The rows of one batch of a source. The key is not shown: it may be a name or an address."""
    first: dict[str, RawRow] = {}
    for row in rows:
        if row.key and (other := first.setdefault(row.key, row)) is not row:
            raise SourceError(
                f"{row.file}:{row.line}",
                f"this row has the id of {other.file}:{other.line}",
                f"each id once in a batch of the source {row.source}",
                "delete one of the two, or name another column as `id`",
            )


def check_quarantine(bad: Sequence[RawRow], read: int, max_share: float) -> None:
    """Raise SourceError, with the first ten bad rows, where more than `max_share` are bad."""
    if len(bad) <= max_share * read:
        return
    first = "".join(f"\n  {row.file}:{row.line} {row.reason}" for row in bad[:SHOWN])
    raise SourceError(
        "params.yaml: sources",
        f"{len(bad)} of {read} rows cannot be used, the first of them:{first}\n",
        f"at most collect.max_quarantine_share, {max_share:.2%}",
        "correct the rows or the source",
    )


def check_usable(sources: Sequence[Source], rows: Sequence[RawRow], max_classes: int) -> None:
    """Raise SourceError on a source without a usable row, one class only, or far too many. A
    version that does not count is usable: a later batch may send all records anew."""
    kept = [row for row in rows if row.reason in ("", *VERSIONS)]
    found = {(row.source, row.batch) for row in kept}
    for source in sources:
        if (source.name, source.batch) not in found:
            raise SourceError(
                f"params.yaml: sources: {source.name}",
                "no usable row",
                "at least one row that is neither quarantined nor dropped",
                "see its rows and `label_map`, or delete the source",
            )
    classes = sorted({row.label for row in kept} - {""})
    if not 2 <= len(classes) <= max_classes:
        shown = f"1 class, `{classes[0]}`" if len(classes) == 1 else f"{len(classes)} classes"
        raise SourceError(
            "params.yaml: sources",
            f"{shown} in all sources together",
            f"2 to {max_classes} classes (collect.max_classes)",
            "correct `label`, `columns.label` or `label_map`, or add a source",
        )


def doubtful_dates(rows: Iterable[RawRow]) -> int:
    """How many usable rows have a date before 1970 or after the day of their batch."""
    return sum(
        is_doubtful(datetime.date.fromisoformat(row.date), batch_day(row.batch))
        for row in rows
        if row.date and not row.reason
    )


def drops_of(rows: Iterable[RawRow], key: bytes) -> list[Drop]:
    """The rows that are dropped; of a version that does not count the record is the cause."""
    return [
        Drop(row.id, row.reason, record_id(row, key) if row.reason in VERSIONS else "")
        for row in rows
        if row.reason in CHOSEN
    ]


def contract_rows(rows: Iterable[RawRow], sources: Iterable[Source], key: bytes) -> pd.DataFrame:
    """The usable ones of identified rows under the row contract. The source's own key and group
    leave as keyed hashes alone; the provenance never has the key, which may be a name or an
    address."""
    source_of = {(source.name, source.batch): source for source in sources}
    return pd.DataFrame(
        {
            **{name: getattr(row, name) for name in AS_READ},
            "group": keyed_hash(key, "group", row.source, row.group) if row.group else "",
            "origin": "negative" if source.negative else "original",
            "provenance": COMPACT.encode(
                {name: getattr(row, name) for name in ("file", "line", "sha256")}
                | {"licence": source.licence}
            ),
            "meta": COMPACT.encode(row.meta | _negative(source)),
        }
        for row in rows
        if not row.reason and (source := source_of[row.source, row.batch])
    )


def _negative(source: Source) -> dict[str, str]:
    kind = "general" if source.negative is True else source.negative
    return {NEGATIVE: kind} if kind else {}


def check_collected(rows: pd.DataFrame) -> None:
    """Check every column of collected rows.

    Raises RowsError that names each rule that is broken, and in how many rows. The values are not
    shown: they are private.
    """
    broken = [
        f"{column}: {rule} ({count} rows)"
        for column, (rule, holds) in RULES.items()
        if (count := int((~rows[column].map(holds).astype(bool)).sum()))
    ]
    if twice := int(rows["id"].duplicated(keep=False).sum()):
        broken.append(f"id: unique ({twice} rows)")
    if unknown := sorted(set(rows.columns) ^ set(RULES)):
        broken.append(f"columns: {', '.join(unknown)}")
    if broken:
        raise RowsError(
            "collected rows", "; ".join(broken), "the row contract", "this is a bug: report it"
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
    "source": ("not empty", _like(FILLED)),
    "batch": ("begins with year and month", _like(rf"\d{{4}}-\d{{2}}{TEXT}")),
    "date": ("an ISO 8601 day, or empty", _is_day),
    "group": ("16 hex digits, or empty", _like(f"({HASH})?")),
    "split": ("a split, or empty", lambda value: value in ("", *SIDES)),
    "origin": ("original or negative", _like("original|negative")),
    "provenance": ("file, line, licence, sha256", lambda value: _keys(value) == PROVENANCE),
    "meta": ("a JSON object", lambda value: _keys(value) is not None),
}
