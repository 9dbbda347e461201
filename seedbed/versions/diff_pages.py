"""What changed as markdown: the whole page, or one section of it.

markdown(changes: Changes, rows: int = 20) -> str       the whole page, headed by `summary`
summary(changes) -> str                                  how much of what; what must not be first
classes(changes) -> str                                  rows by class and side, before and after
drift(changes) -> str                                    PSI, Jensen-Shannon, the classifier's test
row_lists(changes, rows) -> list[str]                    one section a kind of change
decisions(changes, rows), params(changes, rows) -> str
batches(changes), stages(changes), code(changes) -> str  "" where there is nothing to say
cell(words), quoted(text) -> str                         people's words, a row's text, in a table

`rows` is how many of each list are shown; what is left out is counted in words. Labels, notes and
texts are people's words: they are escaped, so that a forge shows them and runs nothing of them.
`seedbed.versions.diff_sections.telling_rows` gives the rows to see first.
"""

import re

from seedbed.reporting.page import table
from seedbed.versions import diff_sections
from seedbed.versions.changes import Changes
from seedbed.versions.diff_sections import Alarm, Code, Section, Table
from seedbed.versions.diff_words import visible

ESCAPED = str.maketrans({
    **{mark: f"\\{mark}" for mark in "\\|`*[]~$"},
    "<": "&lt;", ">": "&gt;", "&": "&amp;",
})  # fmt: skip
UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # inside a word it is no emphasis
LINKED = re.compile(r"@(?=\w)|#(?=\d)|:(?=//)")  # a forge makes links, and notifies people
UNLINKED = "\\g<0>\u2060"  # by a character that is not seen
LINE_START = re.compile(r"^(#+|[-+>]|\d+[.)])(?= |$)")


def markdown(changes: Changes, rows: int = 20) -> str:
    """The whole page."""
    title = f"# What changed: {cell(changes.base)} → {cell(changes.head)}"
    found = diff_sections.sections(changes, rows)
    return "\n\n".join([title, *map(in_markdown, found)]) + "\n"


def summary(changes: Changes) -> str:
    """How much of what, in one line; before it what must not be, after it what one must know."""
    return in_markdown(diff_sections.summary(changes))


def classes(changes: Changes) -> str:
    """Rows by class and side: before → after, and the change."""
    return in_markdown(diff_sections.classes(changes))


def batches(changes: Changes) -> str:
    """Batches whose rows changed in number."""
    return in_markdown(diff_sections.batches(changes))


def row_lists(changes: Changes, rows: int = 20) -> list[str]:
    """A section for each kind of change that there is, test rows first."""
    return list(map(in_markdown, diff_sections.row_lists(changes, rows)))


def decisions(changes: Changes, rows: int = 20) -> str:
    """What people decided and withdrew, and lines that are gone."""
    return in_markdown(diff_sections.decisions(changes, rows))


def drift(changes: Changes) -> str:
    """Figures of drift, how they are read, and what cannot be told."""
    return in_markdown(diff_sections.drift(changes))


def stages(changes: Changes) -> str:
    """Rows that stages kept, where that changed."""
    return in_markdown(diff_sections.stages(changes))


def params(changes: Changes, rows: int = 20) -> str:
    """Values of params.yaml that changed."""
    return in_markdown(diff_sections.params(changes, rows))


def code(changes: Changes) -> str:
    """Stages whose code changed."""
    return in_markdown(diff_sections.code(changes))


def in_markdown(section: Section, level: int = 2) -> str:
    """A section as markdown, "" where it has no parts. `level` of its heading."""
    if not section.parts:
        return ""
    title = [f"{'#' * level} {cell(section.title)}"] if section.title else []
    return "\n\n".join([*title, *map(_part, section.parts)])


def _part(part: str | Table) -> str:
    if isinstance(part, Table):
        return table(part.header, [[cell(one) for one in line] for line in part.lines])
    return f"**{cell(part)}**" if isinstance(part, Alarm) else cell(part)


def quoted(text: str) -> str:
    """A row's text as a cell; a long one is cut, and says so."""
    return cell(diff_sections.shortened(text))


def cell(words: object) -> str:
    """Any words on one line, in a table or out of it, in which nothing works as markup."""
    if isinstance(words, Code):
        return f"`{words.replace('`', '')}`" if words else ""
    line = " ".join(visible(str(words)).translate(ESCAPED).split())
    return LINE_START.sub(r"\\\1", LINKED.sub(UNLINKED, UNDERSCORE.sub(r"\\_", line)))
