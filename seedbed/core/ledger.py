"""The fate of every row: kept, or dropped for one reason, with the row that caused it.

At each stage rows read + made = kept + dropped (collect counts quarantined rows too). `settle`
refuses a stage whose rows do not add up; `check_chain` refuses a run in which one stage does not
read what the one before it kept. A ledger never holds text.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import LedgerError
from seedbed.core.files import read_csv, write_csv
from seedbed.core.metrics import Metrics
from seedbed.core.reasons import NAMES

HEADER = ("id", "reason", "cause")


class Drop(NamedTuple):
    """One dropped row: its id, one reason that is true of it, and the id of the row that caused
    it ("" where no other row did)."""

    id: str
    reason: str
    cause: str = ""


class RowCounts(Metrics):
    """Rows of one stage, as its metrics file has them under `rows`; collect alone quarantines."""

    read: int
    made: int
    kept: int
    dropped: int
    dropped_by_reason: dict[str, int]
    quarantined: int = 0
    quarantined_by_reason: dict[str, int] = {}


def settle(
    stage: str,
    read: Sequence[str],
    kept: Sequence[str],
    dropped: Sequence[Drop],
    made: Sequence[str] = (),
) -> RowCounts:
    """Check that ids read + made are exactly ids kept + dropped, and return the counts.

    Raises LedgerError that names a row without a fate, with two, or from nowhere.
    """
    before = Counter([*read, *made])
    after = Counter([*kept, *(drop.id for drop in dropped)])
    if dict(before) != dict(after):  # counters are compared one key at a time, in Python
        lost, extra = before - after, after - before
        found = [
            f"{name} such as {next(iter(ids))}: {ids.total()}"
            for name, ids in (("rows without a fate", lost), ("fates without a row", extra))
            if ids
        ]
        raise LedgerError(
            f"stage {stage}", "; ".join(found), "read + made = kept + dropped", "this is a bug"
        )
    reasons = Counter(str(drop.reason) for drop in dropped)
    if unknown := sorted(set(reasons) - NAMES):
        raise LedgerError(
            f"stage {stage}",
            f"reason `{unknown[0]}`",
            "a reason with a sentence in seedbed/core/reasons.py",
            "add an entry there",
        )
    return RowCounts(
        read=len(read),
        made=len(made),
        kept=len(kept),
        dropped=len(dropped),
        dropped_by_reason=dict(sorted(reasons.items())),
    )


def in_words(counts: RowCounts) -> str:
    """12 of 20 rows kept, 5 too_short, 3 too_long."""
    reasons = [f"{number:,} {reason}" for reason, number in counts.dropped_by_reason.items()]
    return ", ".join([f"{counts.kept:,} of {counts.read:,} rows kept", *reasons])


def write_ledger(path: Path, dropped: Iterable[Drop]) -> None:
    """Write the ledger of one stage, sorted by id: one dropped row a line."""
    write_csv(path, HEADER, sorted(dropped))


def read_ledger(path: Path) -> list[Drop]:
    """Read a ledger back."""
    return [Drop(**line) for line in read_csv(path)]


def check_chain(stages: Sequence[tuple[str, RowCounts]]) -> None:
    """Check over a whole run that each stage read what the stage before it kept.

    `stages`: (name, the counts that `settle` gave) in the order of the pipeline.
    """
    for (before, given), (after, taken) in zip(stages, stages[1:], strict=False):
        if given.kept != taken.read:
            raise LedgerError(
                f"stages {before} and {after}",
                f"{before} kept {given.kept} rows, {after} read {taken.read}",
                "the same number",
                "the run is stale: run `dvc repro`",
            )
