"""What people recorded of models in git: champion tags, and overrides of a failed comparison."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import GateError
from seedbed.core.files import write_text
from seedbed.core.git import git

ARTIFACT = "champion"
TAG = re.compile(rf"{ARTIFACT}@v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Champion(NamedTuple):
    """A tag by its version (major, minor, patch)."""

    version: tuple[int, int, int]

    @property
    def tag(self) -> str:
        """champion@v2.0.0"""
        return f"{ARTIFACT}@v{'.'.join(map(str, self.version))}"

    def next(self) -> "Champion":
        """The one after it."""
        return Champion((self.version[0] + 1, 0, 0))


def champions() -> list[Champion]:
    """Every champion of this repository, the newest last; none outside of git."""
    found = (TAG.fullmatch(tag) for tag in git("tag", "--list", f"{ARTIFACT}@v*").split())
    versions = (tuple(map(int, one.groups())) for one in found if one)
    return sorted(Champion((major, minor, patch)) for major, minor, patch in versions)


def default_base() -> str:
    """Return the default base: the newest champion, else the last commit."""
    known = champions()
    return known[-1].tag if known else "HEAD"


OVERRIDES = Path("data/gate_overrides.csv")


class Override(NamedTuple):
    """Who let which model pass against which, when, why, and on which dataset that was."""

    base_model: str
    head_model: str
    dataset: str
    when: str
    who: str
    why: str


def read_overrides() -> list[Override]:
    """Every line, in the order of the file. Raises GateError on one that cannot be read, or that
    says nothing of who or why."""
    if not OVERRIDES.exists():
        return []
    lines = csv.reader(io.StringIO(OVERRIDES.read_text(encoding="utf-8")))
    if next(lines, None) != list(Override._fields):
        raise _wrong(1, "another header")
    return [_override(cells, number) for number, cells in enumerate(lines, 2)]


def _override(cells: list[str], number: int) -> Override:
    if len(cells) != len(Override._fields):
        raise _wrong(number, f"{len(cells)} values")
    found = Override(*cells)
    if not found.who.strip() or not found.why.strip():
        raise _wrong(number, "nothing of who or why")
    return found


def _wrong(line: int, found: str) -> GateError:
    return GateError(
        f"{OVERRIDES}:{line}",
        found,
        f"the columns {','.join(Override._fields)}, who and why filled in",
        "correct the line, or write it by `seedbed compare --override --who NAME --why TEXT`",
    )


def override_of(base_model: str, head_model: str) -> Override | None:
    """The latest line for this pair of models, if any."""
    found = [one for one in read_overrides() if one[:2] == (base_model, head_model)]
    return max(found, key=lambda one: (one.when, one.who, one.why), default=None)


def write_override(base_model: str, head_model: str, dataset: str, who: str, why: str) -> Override:
    """Add a line. Raises GateError where it would say nothing of who or why."""
    who, why = (" ".join(part.split()) for part in (who, why))
    if not who or not why:
        raise GateError(
            "--override", "no --who or no --why", "who lets the model pass, and why", "add both"
        )
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = Override(base_model, head_model, dataset, when, who, why)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(Override._fields)
    writer.writerows([*read_overrides(), line])
    write_text(OVERRIDES, buffer.getvalue())
    return line
