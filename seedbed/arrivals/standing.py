"""The current dataset, as recorded in git, and how far a new batch is from it."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from seedbed.collecting.raw_rows import Tombstones, read_tombstones
from seedbed.core.files import read_json
from seedbed.core.rows import read_rows
from seedbed.scoring.drift import (
    TwoSample,
    length_counts,
    psi,
    psi_by_chance,
    two_sample_test,
    word_divergence,
)
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
    contents = {row: (one.digest, one.label) for row, one in records.manifest.items()}
    if any(COLLECTED.glob("*.parquet")):
        raw = read_rows(COLLECTED)
        pairs = zip(raw["digest"], raw["label"], strict=True)
        contents |= dict(zip(raw["id"], pairs, strict=True))
    collected = read_json(METRICS) if METRICS.exists() else {"rows": {}}
    return Standing(
        kept=records.manifest,
        named=frozenset(records.ids),
        contents=contents,
        rows=read_rows(DECIDED) if any(DECIDED.glob("*.parquet")) else None,
        classes=Counter(one.label for one in records.manifest.values()),
        batches=Counter(collected.get("by_batch", {})),
        read=collected["rows"].get("read", 0),
        quarantined=collected["rows"].get("quarantined", 0),
        frozen=read_frozen(),
        tombstones=read_tombstones(),
    )


class Shift(NamedTuple):
    """Population stability index, and what chance alone stays below in 95 of 100 draws."""

    psi: float
    by_chance: float


class Changes(NamedTuple):
    """By what was compared, as far as it could be: without the data only labels can."""

    shifts: dict[str, Shift]
    words: float | None = None  # Jensen-Shannon divergence of the vocabularies, in bits
    told_apart: TwoSample | None = None


def changes(rows: pd.DataFrame, standing: Standing) -> Changes:
    """Compare the rows of a batch that would stay with the rows of the dataset, both as models
    see them. Empty if one of them is empty."""
    if rows.empty or not standing.classes:
        return Changes({})
    labels = Counter(rows["label"])
    bins = len({*standing.classes, *labels})
    chance = psi_by_chance(bins, standing.classes.total(), labels.total())
    shifts = {"labels": Shift(psi(standing.classes, labels), chance)}
    there: list[str] = []
    if standing.rows is not None:
        there = standing.rows["text"][standing.rows["id"].isin(standing.kept)].tolist()
    if not there:
        return Changes(shifts)
    found = rows["text"].tolist()
    before, after = length_counts([*map(len, there)], [*map(len, found)])
    chance = psi_by_chance(len(before), sum(before), sum(after))
    shifts["lengths"] = Shift(psi(before, after), chance)
    return Changes(shifts, word_divergence(there, found), two_sample_test(there, found))
