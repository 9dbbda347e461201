"""data/frozen_test.csv: ids and digests of the test rows that a person froze.

A frozen row is in test whatever the params say, is kept where it has copies, and may not be lost or
changed. New rows may join test; they are frozen when a person runs `seedbed freeze` again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from seedbed.core.errors import FreezeError, LeakError, RowsError
from seedbed.core.files import read_csv, write_csv
from seedbed.core.rows import read_rows

FROZEN = Path("data/frozen_test.csv")
SPLIT = Path("data/split")
BEFORE_SPLIT = Path("data/deduplicate")
HEADER = ["id", "digest"]
SHOWN = 10
NEXT_STEP = "restore it with `git checkout -- data/frozen_test.csv`"


def read_frozen(path: Path = FROZEN) -> dict[str, str]:
    """Return the digest of each frozen test row by id.

    Raises RowsError if the file is missing, has another header or contains an id twice.
    """
    if not path.exists():
        raise RowsError(
            str(path),
            "no such file",
            "a CSV file with the header `id,digest`, and no other line until you freeze",
            NEXT_STEP,
        )
    header = path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    if header != ",".join(HEADER):
        raise RowsError(str(path), f"header {header}", "header id,digest", NEXT_STEP)
    lines = read_csv(path)
    frozen = {line["id"]: line["digest"] for line in lines}
    if len(frozen) < len(lines):
        repeated = len(lines) - len(frozen)
        raise RowsError(str(path), f"{repeated} repeated ids", "unique ids", NEXT_STEP)
    return frozen


def write_frozen(frozen: Mapping[str, str], path: Path = FROZEN) -> None:
    """Write the file, sorted by id."""
    write_csv(path, HEADER, sorted(frozen.items()))


def check_frozen(rows: pd.DataFrame, frozen: Mapping[str, str]) -> None:
    """Raise LeakError if a frozen test row is missing from `rows` (id, digest) or has changed."""
    digests = dict(zip(rows["id"], rows["digest"], strict=True))
    lost = sorted(row for row, digest in frozen.items() if digests.get(row) != digest)
    if lost:
        raise LeakError(
            str(FROZEN),
            f"{len(lost)} frozen test rows are missing or changed: {', '.join(lost[:SHOWN])}",
            "every frozen row with its digest",
            "restore the rows (`seedbed explain ROW_ID` shows where one was dropped), or have a "
            "person run `seedbed freeze --replace`, which removes them from the frozen test",
        )


class Freeze(NamedTuple):
    """A freeze to carry out: the content of data/frozen_test.csv (digest by id), whether it differs
    from the present file, and the changes in words, with ids."""

    rows: dict[str, str]
    is_new: bool
    in_words: list[str]


def plan_freeze(replace: bool) -> Freeze:
    """Return the freeze of the present test rows.

    If split has refused the frozen test, there are no test rows; with `replace`, the frozen rows
    that remain in the input of split are taken, as they are now. Raises FreezeError if a frozen row
    would be lost or changed and `replace` is not set.
    """
    frozen = read_frozen()
    refused = replace and not SPLIT.exists() and BEFORE_SPLIT.exists()
    source = BEFORE_SPLIT if refused else SPLIT
    rows = read_rows(source)
    test = rows[rows["id"].isin(frozen) if refused else rows["split"] == "test"]
    after = dict(zip(test["id"], test["digest"], strict=True))
    removed = sorted(frozen.keys() - after.keys())
    changed = sorted(row for row in after.keys() & frozen.keys() if after[row] != frozen[row])
    if (removed or changed) and not replace:
        raise FreezeError(
            str(FROZEN),
            f"{len(removed)} frozen rows would be removed, {len(changed)} changed: "
            f"{_listed(removed + changed)}",
            "every frozen row in test, unchanged",
            "run `dvc repro` so that data/split is current, or add --replace if later figures need "
            "not be compared with earlier ones",
        )
    added = sorted(after.keys() - frozen.keys())
    lines = [
        f"{len(ids):,} rows {change}: {_listed(ids)}"
        for change, ids in (("added", added), ("removed", removed), ("with another text", changed))
        if ids
    ]
    if not lines:
        return Freeze(after, False, [f"{FROZEN} already contains the test rows"])
    return Freeze(
        after, True, [*lines, f"{FROZEN} will contain {len(after):,} rows, from {source}"]
    )


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
