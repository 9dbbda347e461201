"""The test set frozen by a person: what `seedbed freeze` writes, and what it refuses."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import FreezeError
from seedbed.core.rows import read_rows
from seedbed.splitting.frozen_test import FROZEN, SHOWN, read_frozen, write_frozen

SPLIT = Path("data/split")
BEFORE_SPLIT = Path("data/deduplicate")


class Freeze(NamedTuple):
    """What would stand in data/frozen_test.csv (digest by id), where it was read, and the ids in
    which that differs from what stands there."""

    rows: dict[str, str]
    read_from: Path
    added: list[str]
    removed: list[str]
    changed: list[str]

    @property
    def is_new(self) -> bool:
        """Whether anything would change."""
        return bool(self.added or self.removed or self.changed)


def plan(replace: bool) -> Freeze:
    """What a freeze would write: the present test side. Raises FreezeError where the frozen test
    would lose or change a row and `replace` is not set.

    Where split has refused the frozen test there is no test side; with `replace` the frozen rows
    that are left in what split reads are taken, as they are now.
    """
    frozen = read_frozen()
    refused = replace and not SPLIT.exists() and BEFORE_SPLIT.exists()
    source = BEFORE_SPLIT if refused else SPLIT
    rows = read_rows(source)
    chosen = rows["id"].isin(frozen) if refused else rows["split"] == "test"
    test = rows[chosen]
    found = difference(frozen, dict(zip(test["id"], test["digest"], strict=True)), source)
    if (found.removed or found.changed) and not replace:
        raise FreezeError(
            str(FROZEN),
            f"{len(found.removed)} frozen rows would be taken out, {len(found.changed)} changed: "
            f"{_some(found.removed + found.changed)}",
            "every frozen row on the test side, unchanged",
            "run `dvc repro` so that data/split is of now, or add --replace if figures of before "
            "need not be compared with those to come",
        )
    return found


def difference(before: Mapping[str, str], after: Mapping[str, str], read_from: Path) -> Freeze:
    """What changes from one frozen test to another."""
    return Freeze(
        dict(after),
        read_from,
        sorted(after.keys() - before.keys()),
        sorted(before.keys() - after.keys()),
        sorted(row for row in after.keys() & before.keys() if after[row] != before[row]),
    )


def told(found: Freeze) -> list[str]:
    """What would change, in words and ids."""
    lines = [
        f"{len(ids):,} rows {word}: {_some(ids)}"
        for word, ids in (
            ("added", found.added),
            ("taken out", found.removed),
            ("with another text", found.changed),
        )
        if ids
    ]
    total = f"{FROZEN} holds {len(found.rows):,} rows then, out of {found.read_from}"
    return [*lines, total if lines else f"{FROZEN} holds the test side already"]


def carry_out(found: Freeze) -> None:
    """Write the frozen test."""
    write_frozen(found.rows)


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
