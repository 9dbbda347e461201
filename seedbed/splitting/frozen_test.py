"""data/frozen_test.csv: the ids and digests of the test rows that a person froze.

A frozen row is in test whatever else is true of it, stays where it has copies, and may not be lost
or changed. New rows may join test beside them; they are frozen when a person freezes again.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seedbed.core.errors import LeakError, RowsError
from seedbed.core.files import read_csv, write_csv

FROZEN = Path("data/frozen_test.csv")
HEADER = ["id", "digest"]
SHOWN = 10
NEXT_STEP = "restore it with `git checkout -- data/frozen_test.csv`"


def read_frozen(path: Path = FROZEN) -> dict[str, str]:
    """Digest by id of the frozen test rows. Raises RowsError where the file is missing, has
    another header or names a row twice."""
    if not path.exists():
        raise RowsError(
            str(path),
            "no such file",
            "a CSV file with the header `id,digest`, and no line below it until you freeze",
            NEXT_STEP,
        )
    header = path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    if header != ",".join(HEADER):
        raise RowsError(str(path), f"header {header}", "header id,digest", NEXT_STEP)
    lines = read_csv(path)
    frozen = {line["id"]: line["digest"] for line in lines}
    if len(frozen) < len(lines):
        raise RowsError(
            str(path), f"{len(lines) - len(frozen)} ids stand twice", "unique ids", NEXT_STEP
        )
    return frozen


def write_frozen(frozen: Mapping[str, str], path: Path = FROZEN) -> None:
    """Write the file, sorted by id."""
    write_csv(path, HEADER, sorted(frozen.items()))


def check_frozen(rows: pd.DataFrame, frozen: Mapping[str, str]) -> None:
    """Raise LeakError where a frozen test row is not among `rows` (id, digest), or has changed."""
    digests = dict(zip(rows["id"], rows["digest"], strict=True))
    lost = sorted(row for row, digest in frozen.items() if digests.get(row) != digest)
    if lost:
        raise LeakError(
            str(FROZEN),
            f"{len(lost)} frozen test rows are gone or changed: {', '.join(lost[:SHOWN])}",
            "every frozen row with its digest",
            "bring the rows back (`seedbed explain ROW_ID` tells where one went), or have a person "
            "run `seedbed freeze --replace`, which takes them out",
        )
