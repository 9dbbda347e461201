"""What is there already: the last dataset as git holds it, and its rows where they are pulled."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from seedbed.collecting.identity import Tombstones, read_tombstones
from seedbed.core.files import read_json
from seedbed.core.rows import read_rows
from seedbed.splitting.frozen_test import read_frozen
from seedbed.versions.manifest import Placed
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import read_records

COLLECTED = Path("data/collect")  # every row as its source has it: the private zone
DECIDED = Path("data/apply_decisions")  # every row as deduplicate reads it
METRICS = Path("reports/metrics/collect.json")


class Standing(NamedTuple):
    """The last dataset. `rows` and `contents` need the data; without it they are None, or of the
    kept rows alone."""

    kept: dict[str, Placed]  # the manifest, by id
    named: frozenset[str]  # every id that git knows, dropped rows too
    contents: dict[str, tuple[str, str]]  # digest and label by id, as the source gave them
    rows: pd.DataFrame | None  # as deduplicate read them
    classes: Counter[str]  # kept rows by label
    batches: Counter[str]  # rows by batch, as collect kept them
    read: int  # rows that collect read, and of these
    quarantined: int
    frozen: dict[str, str]
    tombstones: Tombstones


def read_standing() -> Standing:
    """The last dataset in this folder; empty where none was made yet."""
    records = read_records(Files())
    collected = read_json(METRICS) if METRICS.exists() else {}
    contents = {row: (one.digest, one.label) for row, one in records.manifest.items()}
    if any(COLLECTED.glob("*.parquet")):
        raw = read_rows(COLLECTED)
        pairs = zip(raw["digest"], raw["label"], strict=True)
        contents |= dict(zip(raw["id"], pairs, strict=True))
    counts = collected.get("rows", {})
    return Standing(
        records.manifest,
        frozenset(records.ids),
        contents,
        read_rows(DECIDED) if any(DECIDED.glob("*.parquet")) else None,
        Counter(one.label for one in records.manifest.values()),
        Counter(collected.get("by_batch", {})),
        counts.get("read", 0),
        counts.get("quarantined", 0),
        read_frozen(),
        read_tombstones(),
    )
