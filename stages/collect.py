"""Read every source into one schema with stable ids; unreadable rows go to quarantine.

sources of params.yaml, data/tombstones.csv -> data/collect (private), data/quarantine.csv,
data/ledger/collect.csv, reports/metrics/collect.json
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from seedbed.collecting.declared import check_declared
from seedbed.collecting.diversity import diversity
from seedbed.collecting.identity import digest_of, identified, record_id
from seedbed.collecting.raw_rows import DROPPED, RawRow, provenance, raw_rows
from seedbed.collecting.record_versions import VERSIONS, with_versions
from seedbed.collecting.row_schema import check_collected
from seedbed.collecting.sources import Source, read_source, read_sources
from seedbed.collecting.tombstones import FORGOTTEN, TOMBSTONES, Tombstones, read_tombstones
from seedbed.core.errors import LedgerError, SourceError
from seedbed.core.files import write_csv, write_json
from seedbed.core.keys import keyed_hash, load_key
from seedbed.core.ledger import Drop, RowCounts, settle, write_ledger
from seedbed.core.params import Section, read_params
from seedbed.core.rows import NEGATIVE, write_rows
from seedbed.core.stage import progress, run

ROWS = Path("data/collect")
QUARANTINE = Path("data/quarantine.csv")
LEDGER = Path("data/ledger/collect.csv")
METRICS = Path("reports/metrics/collect.json")
QUARANTINE_HEADER = ("source", "file", "line", "reason")
# Dropped because a person or a newer version said so; any other reason is a bad row.
CHOSEN = (DROPPED, FORGOTTEN, *VERSIONS)
SHOWN = 10
COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Params(Section):
    """Section `collect`."""

    labels: list[str]  # the classes that may be; empty: any. Another label is quarantined
    max_row_chars: int = Field(ge=1)  # text and pair of one row; a longer row is quarantined
    max_quarantine_share: float = Field(ge=0, le=1)  # of all rows read; more is an error
    max_classes: int = Field(ge=2)  # more means that the label column is not one


def read_all(sources: Sequence[Source], params: Params) -> tuple[list[RawRow], Counter[str]]:
    """Every raw row in the order (batch, source, file, line), versions that do not count with
    their reason, and the files by encoding."""
    rows: list[RawRow] = []
    labels = frozenset(params.labels)
    encodings: Counter[str] = Counter()
    for source in sources:
        before = len(rows)
        for table in progress(read_source(source), source.name):
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


def without_forgotten(
    rows: Sequence[RawRow], ids: Sequence[str], tombstones: Tombstones, key: bytes
) -> list[RawRow]:
    """The rows in their order; a usable one whose id or digest has a tombstone gets the reason
    `forgotten`."""
    if not (tombstones.ids or tombstones.digests):
        return list(rows)
    return [
        row._replace(reason=FORGOTTEN)
        if not row.reason
        and (row_id in tombstones.ids or digest_of(row, key) in tombstones.digests)
        else row
        for row, row_id in zip(rows, ids, strict=True)
    ]


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


def account(
    read: int, kept: Sequence[str], dropped: Sequence[Drop], bad: Sequence[RawRow]
) -> RowCounts:
    """The counts of the ledger with quarantined rows. Raises LedgerError if they do not add up."""
    ids = [*kept, *(drop.id for drop in dropped)]
    counts = settle("collect", ids, kept, dropped)
    if read != counts.read + len(bad):
        raise LedgerError(
            "stage collect",
            f"{read} rows read, {counts.kept} kept, {counts.dropped} dropped, {len(bad)} bad",
            "read = kept + dropped + quarantined",
            "this is a bug",
        )
    reasons = Counter(row.reason for row in bad)
    return counts.model_copy(
        update={
            "read": read,
            "quarantined": len(bad),
            "quarantined_by_reason": dict(sorted(reasons.items())),
        }
    )


def main() -> str:
    """Collect every source."""
    params = read_params("collect", Params)
    key = load_key(read_params("anonymize.key_fingerprint", str))
    sources = {(source.name, source.batch): source for source in read_sources()}
    check_declared(list(sources.values()))
    raw, encodings = read_all(list(sources.values()), params)
    ids = identified(raw, key)
    raw = without_forgotten(raw, ids, read_tombstones(TOMBSTONES), key)
    bad = [row for row in raw if row.reason not in ("", *CHOSEN)]
    check_quarantine(bad, len(raw), params.max_quarantine_share)
    usable = [row for row in raw if row.reason in ("", *VERSIONS)]
    check_usable(list(sources.values()), usable, params.max_classes)
    named = list(zip(raw, ids, strict=True))
    dropped = [drop_of(row, row_id, key) for row, row_id in named if row.reason in CHOSEN]
    rows = pd.DataFrame(
        contract_row(row, row_id, sources[row.source, row.batch], key)
        for row, row_id in named
        if not row.reason
    ).sort_values("id", ignore_index=True)
    check_collected(rows)
    counts = account(len(raw), list(rows["id"]), dropped, bad)
    write_rows(ROWS, rows, private=True)
    write_csv(QUARANTINE, QUARANTINE_HEADER, [(r.source, r.file, r.line, r.reason) for r in bad])
    write_ledger(LEDGER, dropped)
    write_json(
        METRICS,
        {
            "rows": counts.model_dump(),
            "files_by_encoding": dict(sorted(encodings.items())),
            **diversity(rows),
        },
    )
    return f"{len(rows):,} rows kept, {len(dropped):,} dropped, {len(bad):,} in quarantine"


if __name__ == "__main__":
    run("collect", main)
