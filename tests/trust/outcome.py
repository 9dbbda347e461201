"""What one part of `make trust` found: a table for docs/explanation/trust.md, and what missed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.pages.document import Table


@dataclass(frozen=True)
class Outcome:
    """Figures of one harness.

    `title` and `told` (a sentence or two: what was done, how often, with which seed) stand above
    the table. `missed` holds a sentence for each goal that is not reached, and for each case that
    broke a promise: file, moment or input, and what happened. Nothing in it is of this machine:
    no path, no second.
    """

    title: str
    told: str
    table: Table
    missed: Sequence[str] = field(default_factory=tuple)
