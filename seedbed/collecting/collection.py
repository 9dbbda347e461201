"""Rows of all sources together: read in order, checked, and written under the row contract."""

import datetime
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from pydantic import Field

from seedbed.collecting.identity import VERSIONS, digest_of, record_id, with_versions
from seedbed.collecting.raw_rows import RawRow, provenance, raw_rows
from seedbed.collecting.source import Source
from seedbed.core.errors import RowsError, SourceError
from seedbed.core.files import keyed_hash
from seedbed.core.metrics import Drop
from seedbed.core.params import Section
from seedbed.core.rows import NEGATIVE, SIDES
from seedbed.core.stage import progress

SHOWN = 10
COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
HASH = re.compile(r"[0-9a-f]{16}")
BATCH = re.compile(r"\d{4}-\d{2}")
PROVENANCE = {"file", "licence", "line", "sha256"}


class CollectParams(Section):
    """params.yaml section `collect`."""

    labels: list[str]  # the classes that may be; empty: any. Another label is quarantined
    max_row_chars: int = Field(ge=1)  # text and pair of one row; a longer row is quarantined
    max_quarantine_share: float = Field(ge=0, le=1)  # of all rows read; more is an error
    max_classes: int = Field(ge=2)  # more means that the label column is not one


def read_all(sources: Sequence[Source], params: CollectParams) -> tuple[list[RawRow], Counter[str]]:
    """Every raw row in the order (batch, source, file, line), versions that do not count with
    their reason, and the files by encoding."""
    rows: list[RawRow] = []
    labels = frozenset(params.labels)
    encodings: Counter[str] = Counter()
    for source in sources:
        before = len(rows)
        for table in progress(source.tables(), source.name):
            rows += raw_rows(source, table, labels, params.max_row_chars)
            encodings[table.table.encoding or "binary"] += 1
        _check_keys(rows[before:])
    return with_versions(rows), encodings


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


def check_usable(sources: Sequence[Source], kept: Sequence[RawRow], max_classes: int) -> None:
    """Raise SourceError on a source without a usable row, one class only, or far too many. A
    version that does not count is usable: a later batch may send all records anew."""
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


def drop_of(row: RawRow, row_id: str, key: bytes) -> Drop:
    """The fate of a row that is dropped; of a version that does not count the record is the
    cause."""
    return Drop(row_id, row.reason, record_id(row, key) if row.reason in VERSIONS else "")


def contract_row(row: RawRow, row_id: str, source: Source, key: bytes) -> dict[str, Any]:
    """One row of the row contract. The source's own key and group leave as keyed hashes alone."""
    return {
        "id": row_id,
        "digest": digest_of(row, key),
        "text": row.text,
        "text_pair": row.text_pair,
        "label": row.label,
        "source": row.source,
        "batch": row.batch,
        "date": row.date,
        "group": keyed_hash(key, "group", row.source, row.group) if row.group else "",
        "split": row.split,
        "origin": "negative" if source.negative else "original",
        "provenance": _compact(provenance(row, source.licence)),
        "meta": _compact(row.meta | ({NEGATIVE: kind} if (kind := source.negative_kind) else {})),
    }


def _compact(content: dict[str, Any]) -> str:
    return COMPACT.encode(content)


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


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and bool(HASH.fullmatch(value))


def _is_day(value: Any) -> bool:
    try:
        return value == "" or datetime.date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        return False


def _object(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return None


RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "id": ("16 hex digits", _is_hash),
    "digest": ("16 hex digits", _is_hash),
    "text": ("not empty", _is_filled),
    "text_pair": ("text", _is_text),
    "label": ("text", _is_text),
    "source": ("not empty", _is_filled),
    "batch": ("begins with year and month", lambda value: bool(BATCH.match(value))),
    "date": ("an ISO 8601 day, or empty", _is_day),
    "group": ("16 hex digits, or empty", lambda value: value == "" or _is_hash(value)),
    "split": ("a split, or empty", lambda value: value in ("", *SIDES)),
    "origin": ("original or negative", lambda value: value in ("original", "negative")),
    "provenance": (
        "file, line, licence, sha256",
        lambda value: isinstance(content := _object(value), dict) and content.keys() == PROVENANCE,
    ),
    "meta": ("a JSON object", lambda value: isinstance(_object(value), dict)),
}
