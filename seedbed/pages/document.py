"""What a page is made of, before it is markdown or HTML.

A Section has a title and parts: paragraphs, tables, alarms and further sections. Words of people
and sources (labels, notes, texts, names) are plain strings, and are escaped where they are shown.
What the code itself writes with markup is Prose; to put people's words into Prose, pass them
through `quoted` (seedbed.pages.escaping) first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from seedbed.core.metrics import Difference, Metrics
from seedbed.pages.escaping import CLIP, quoted


class Code(str):
    """A name, an id, a digest: shown as it is typed."""


class Prose(str):
    """Markdown that the code wrote: a sentence with **bold** words or `names`."""


class Alarm(str):
    """A paragraph on what must not happen."""


Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """A header over rows of cells; `limit` rows are shown, the rest is counted as `rest`.

    A cell is clipped at `chars` characters.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    limit: int | None = None
    rest: str = "more rows"
    chars: int = CLIP

    @property
    def shown(self) -> Sequence[Sequence[Cell]]:
        """The rows that are shown."""
        return self.rows[: self.limit]

    @property
    def note(self) -> str:
        """What counts the rows that are not shown, or ""."""
        left = len(self.rows) - len(self.shown)
        return f"{left:,} {self.rest} are not shown." if left else ""


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    points: Sequence[str]


Part = Union[str, Table, Bullets, "Section"]


@dataclass(frozen=True)
class Section:
    """A title and parts; a folded one opens at a click. Without parts it is not shown. A page is a
    section whose title is the title of the whole page."""

    title: str
    parts: Sequence[Part] = ()
    folded: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return any(self.parts)


def interval(figure: Metrics, key: str = "mean") -> Prose:
    """0.972 [0.955, 0.986], of an Interval or of whatever else has bounds around `key`."""
    values = figure.model_dump()
    return Prose(f"{values[key]:.3f} [{values['low']:.3f}, {values['high']:.3f}]")


def difference(gap: Difference | None) -> Prose:
    """+0.004 [-0.010, +0.018], "" for none."""
    return Prose(f"{gap.difference:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]" if gap else "")


def points(share: float) -> str:
    """A share as percentage points: 0.016 is "1.6 points"."""
    number = f"{100 * share:.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"


def listed(words: Sequence[str], limit: int, mark: str = ", ", more: str = " and {} more") -> str:
    """The first words in a sentence, and how many `more` there are: a, b and 3 more."""
    left = len(words) - limit
    return mark.join(words[:limit]) + (more.format(left) if left > 0 else "")


def counted(counts: Mapping[str, int], before: str = "", limit: int = 10) -> str:
    """Counts with their names in a sentence, people's words escaped: 3 in train, 1 in test."""
    return listed([f"{n:,}{before} {quoted(name)}" for name, n in counts.items()], limit)
