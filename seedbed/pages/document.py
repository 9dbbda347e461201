"""What a page is made of, before it is markdown or HTML, and how people's words stand on it.

A Section has a title and parts: paragraphs, tables, alarms and further sections. Words of people
and sources (labels, notes, texts, names) are plain strings, and are escaped where they are shown.
What the code itself writes with markup is Prose; to put people's words into Prose, pass them
through `quoted` first.

Escaping is one function a medium. A forge turns some text into mentions and links even where it is
escaped; characters without width keep it from that. Characters that are not seen are written out,
because they hide or reverse what is next to them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from seedbed.core.metrics import Difference, Metrics
from seedbed.core.text_units import for_terminal, written_out

CLIP = 100  # characters of a cell
ESCAPED = str.maketrans({
    **{mark: f"\\{mark}" for mark in "\\|`*[]~$"},
    "<": "&lt;", ">": "&gt;", "&": "&amp;",
})  # fmt: skip
UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # inside a word it is no emphasis
LINKED = re.compile(r"@(?=\w)|#(?=\d)|:(?=//)|\bGH(?=-\d)|\bwww(?=\.)", re.IGNORECASE)
WORD_JOINER = "\u2060"
LINE_START = re.compile(r"^(\d*)([.)]|#+|[-+>]|-+|=+)(?= |$)")
# What GitHub links on a whole page, escaped or not; code and comments stay as they are.
LINKING = re.compile(
    r"(?P<keep>```.*?```|\\`|`[^`\n]*`|<!--.*?-->)"
    r"|(?P<at>@|&#64;)|(?P<hash>\\?#)(?=\d)|(?P<gh>\bGH-)(?=\d)"
    r"|(?P<web>\bhttps?|\bftp|\bmailto)(?=:)|(?P<www>\bwww)(?=\.)",
    re.DOTALL | re.IGNORECASE,
)
ZERO_WIDTH_SPACE = "&#8203;"


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


def clipped(text: str, chars: int = CLIP) -> str:
    """Cut a text to `chars` characters, and count what is left out."""
    if len(text) <= chars:
        return text
    return f"{text[:chars]} … ({len(text) - chars:,} more characters)"


def named(text: str) -> str:
    """Write out the unseen characters of a text by name: <U+202E>."""
    return written_out(text, lambda unseen: f"<U+{ord(unseen):04X}>")


def in_one_line(text: str, max_chars: int) -> str:
    """The same, folded into one line of at most `max_chars` characters."""
    line = " ".join(for_terminal(text).split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def quoted(words: object, chars: int | None = CLIP) -> str:
    """Words on one line of markdown, in a table or out of it, in which nothing works as markup."""
    line = " ".join(str(words).split())
    line = named(clipped(line, chars) if chars else line)
    line = LINKED.sub(rf"\g<0>{WORD_JOINER}", UNDERSCORE.sub(r"\\_", line.translate(ESCAPED)))
    return LINE_START.sub(r"\1\\\2", line)


def for_streamlit(words: object) -> str:
    """Words as a label, caption or message of Streamlit: markdown with :icons: and :colours[]."""
    return quoted(words, None).replace(":", f":{WORD_JOINER}")


def for_json(text: str) -> str:
    """Write out the unseen characters in a JSON document, which stays the same to who reads it."""
    return written_out(text, lambda unseen: json.dumps(unseen)[1:-1])


def unlinked(page: str) -> str:
    """A page of markdown in whose text nothing becomes a mention or a link. Code stays."""

    def separated(match: re.Match[str]) -> str:
        if match["keep"]:
            return match[0]
        return ("&#64;" if match["at"] else match[0]) + ZERO_WIDTH_SPACE

    return LINKING.sub(separated, page)
