"""Read every source into one schema with stable ids; unreadable rows go to quarantine.

sources of params.yaml, data/tombstones.csv -> data/collect (private), data/quarantine.csv,
data/ledger/collect.csv, reports/metrics/collect.json
"""

from collections import Counter
from pathlib import Path

import pandas as pd

from seedbed.collecting import collection, identity
from seedbed.collecting.collection import CollectParams as Params
from seedbed.collecting.diversity import CollectMetrics, diversity
from seedbed.collecting.identity import (
    TOMBSTONES,
)
from seedbed.collecting.raw_rows import Fate
from seedbed.collecting.sources import check_declared, read_sources
from seedbed.core.files import load_key, write_csv
from seedbed.core.metrics import settle
from seedbed.core.params import read_params
from seedbed.core.rows import write_results
from seedbed.core.stage import script

QUARANTINE = Path("data/quarantine.csv")
HEADER = ("source", "file", "line", "reason")


@script
def main() -> str:
    params = read_params("collect", Params)
    key = load_key(read_params("anonymize.key_fingerprint", str))
    sources = read_sources()
    check_declared(sources)
    raw, encodings = collection.read_all(sources, params)
    ids = identity.identified(raw, key)
    raw = identity.without_forgotten(raw, ids, identity.read_tombstones(TOMBSTONES), key)
    bad = [row for row in raw if row.fate == Fate.QUARANTINED]
    collection.check_quarantine(bad, len(raw), params.max_quarantine_share)
    collection.check_usable(
        sources, [row for row in raw if row.reason in ("", *identity.VERSIONS)], params.max_classes
    )
    used = [pair for pair in zip(raw, ids, strict=True) if pair[0].fate != Fate.QUARANTINED]
    dropped = [
        collection.drop_of(row, row_id, key) for row, row_id in used if row.fate == Fate.DROPPED
    ]
    source_of = {(source.name, source.batch): source for source in sources}
    rows = pd.DataFrame(
        collection.contract_row(row, row_id, source_of[row.source, row.batch], key)
        for row, row_id in used
        if row.fate == Fate.KEPT
    ).sort_values("id", ignore_index=True)
    collection.check_collected(rows)
    counts = settle("collect", [row_id for _, row_id in used], rows["id"], dropped)
    reasons = Counter(row.reason for row in bad)
    quarantined = {
        "read": len(raw),
        "quarantined": len(bad),
        "quarantined_by_reason": dict(sorted(reasons.items())),
    }
    metrics = CollectMetrics(
        rows=counts.model_copy(update=quarantined),
        files_by_encoding=dict(sorted(encodings.items())),
        **diversity(rows),
    )
    write_results("collect", metrics, rows, dropped, private=True)
    write_csv(QUARANTINE, HEADER, [(r.source, r.file, r.line, r.reason) for r in bad])
    return f"{len(rows):,} rows kept, {len(dropped):,} dropped, {len(bad):,} in quarantine"
