"""Read every source into one schema with stable ids; unreadable rows go to quarantine.

sources of params.yaml, data/tombstones.csv -> data/collect (private), data/quarantine.csv,
data/ledger/collect.csv, reports/metrics/collect.json
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from seedbed.collecting.collection import (
    CollectParams,
    check_collected,
    check_declared,
    check_quarantine,
    check_usable,
    contract_rows,
    drop_of,
    read_all,
    read_sources,
)
from seedbed.collecting.diversity import diversity
from seedbed.collecting.raw_rows import (
    CHOSEN,
    TOMBSTONES,
    VERSIONS,
    RawRow,
    identified,
    read_tombstones,
    without_forgotten,
)
from seedbed.core.errors import LedgerError
from seedbed.core.files import write_csv, write_json
from seedbed.core.keys import load_key
from seedbed.core.ledger import Drop, RowCounts, settle, write_ledger
from seedbed.core.params import read_params
from seedbed.core.rows import write_rows
from seedbed.core.stage import run

COLLECT = Path("data/collect")
QUARANTINE = Path("data/quarantine.csv")
LEDGER = Path("data/ledger/collect.csv")
METRICS = Path("reports/metrics/collect.json")
QUARANTINE_HEADER = ("source", "file", "line", "reason")

Params = CollectParams


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
    fates = list(zip(raw, ids, strict=True))
    bad = [row for row in raw if row.reason not in ("", *CHOSEN)]
    check_quarantine(bad, len(raw), params.max_quarantine_share)
    versions = [row for row in raw if row.reason in ("", *VERSIONS)]
    check_usable(list(sources.values()), versions, params.max_classes)
    dropped = [drop_of(row, row_id, key) for row, row_id in fates if row.reason in CHOSEN]
    usable = [(row, row_id) for row, row_id in fates if not row.reason]
    kept = [(row, row_id, sources[row.source, row.batch]) for row, row_id in usable]
    rows = contract_rows(kept, key).sort_values("id", ignore_index=True)
    check_collected(rows)
    counts = account(len(raw), list(rows["id"]), dropped, bad)
    write_rows(COLLECT, rows, private=True)
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
