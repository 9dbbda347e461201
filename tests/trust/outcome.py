"""The result of one harness of `make trust`: a table for docs/explanation/trust.md, and what it
missed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.pages.document import Table


@dataclass(frozen=True)
class Outcome:
    """Figures of one harness.

    `title` and `summary` (a sentence or two: what was done, how often, with which seed) precede the
    table. `missed` holds a sentence for each goal that is not reached, and for each case that
    broke a promise: file, moment or input, and what happened. Nothing in it is of this machine:
    no path, no second.
    """

    title: str
    summary: str
    table: Table
    missed: Sequence[str] = field(default_factory=tuple)
