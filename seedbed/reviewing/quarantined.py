"""Rows that could not be read, with what to do. They have no id, so nobody decides on them: the
source is mended, and `dvc repro` reads it again."""

from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import RowsError
from seedbed.core.files import read_csv
from seedbed.core.reasons import NAMES, Reason

QUARANTINE = Path("data/quarantine.csv")


class Quarantined(NamedTuple):
    """One row that could not be read: where it stands, why, and what to do."""

    source: str
    file: str
    line: int
    reason: str
    next_step: str


def quarantined(path: Path = QUARANTINE) -> list[Quarantined]:
    """The rows in quarantine, in the order of the file. Raises RowsError where collect has not
    run."""
    if not path.exists():
        raise RowsError(str(path), "no such file", "what collect writes", "run `dvc repro`")
    return [
        Quarantined(
            one["source"],
            one["file"],
            int(one["line"]),
            one["reason"],
            _repair(one["reason"]),
        )
        for one in read_csv(path)
    ]


def _repair(reason: str) -> str:
    known = Reason(reason).repair if reason in NAMES else ""
    return known or "correct the row in its source, or delete it"
