"""Rows that were forgotten on request, so that they are dropped if they ever come again.

data/tombstones.csv, in git, holds keyed hashes alone: nobody without the key learns who it was.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import RowsError
from seedbed.core.files import read_csv, write_csv
from seedbed.core.reasons import Reason

TOMBSTONES = Path("data/tombstones.csv")
HEADER = ("id", "digest")
FORGOTTEN = Reason.FORGOTTEN  # the reason under which collect drops such a row


class Tombstones(NamedTuple):
    """Ids and digests of forgotten rows; a row with one of either is dropped."""

    ids: frozenset[str]
    digests: frozenset[str]


def read_tombstones(path: Path = TOMBSTONES) -> Tombstones:
    """The tombstones. Raises RowsError where the file is missing, since whoever was forgotten
    would come back then, or has another header."""
    step = "restore it with `git checkout -- data/tombstones.csv`"
    if not path.exists():
        raise RowsError(str(path), "no such file", "a CSV file, header `id,digest`", step)
    first = path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    if first != ",".join(HEADER):
        raise RowsError(str(path), "another header", "header `id,digest`", step)
    lines = read_csv(path)
    return Tombstones(
        frozenset(line["id"] for line in lines) - {""},
        frozenset(line["digest"] for line in lines) - {""},
    )


def add_tombstones(rows: Iterable[tuple[str, str]], path: Path = TOMBSTONES) -> None:
    """Add (id, digest) of rows; the file stays sorted, and each line stands in it once."""
    read_tombstones(path)
    before = {(line["id"], line["digest"]) for line in read_csv(path)}
    write_csv(path, HEADER, sorted(before | set(rows)))
