"""Pages and sections as markdown, within a limit of length, and as one web page: a file that needs
nothing from elsewhere and runs nothing.

Everything that people wrote is escaped, and the web page's own policy forbids scripts and requests.
"""

import re
from collections.abc import Sequence
from html import escape
from itertools import accumulate

from markdown_it import MarkdownIt

from seedbed.pages.document import (
    WORD_JOINER,
    Alarm,
    Bullets,
    Cell,
    Code,
    Part,
    Prose,
    Section,
    Table,
    named,
    quoted,
)

NOTE = 200  # characters kept for the line that counts what was cut
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; font-size: .92em; display: block; overflow-x: auto; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; overflow-wrap: break-word; font-variant-numeric: tabular-nums; }
th { background: var(--soft); font-weight: 600; }
code { font-size: .92em; }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}</body>
</html>
"""
# HTML of our own alone gets here: `cell` escapes what people wrote, for forges as for this page.
PARSER = MarkdownIt("commonmark").enable("table")


def page_markdown(page: Section) -> str:
    """A whole page, with a heading for each section."""
    return markdown(page, 1) + "\n"


def markdown(section: Section, level: int = 2) -> str:
    """A section, "" where there is nothing to show; `level` of its heading."""
    parts = [text for part in section.parts if (text := _part(part, level + 1))]
    if not parts:
        return ""
    if section.folded:
        content = "\n\n".join(parts)
        return f"<details><summary>{cell(section.title)}</summary>\n\n{content}\n\n</details>"
    title = [f"{'#' * level} {cell(section.title)}"] if section.title else []
    return "\n\n".join([*title, *parts])


def _part(part: Part, level: int) -> str:
    if isinstance(part, Section):
        return markdown(part, level)
    if isinstance(part, Table):
        lines = [[cell(value, part.chars) for value in row] for row in part.shown]
        note = f"\n\n{part.note}" if part.note else ""
        return table([cell(name) for name in part.header], lines) + note if lines else ""
    if isinstance(part, Bullets):
        return "\n".join(f"- {cell(point, None)}" for point in part.points)
    return f"**{quoted(part, None)}**" if isinstance(part, Alarm) else cell(part, None)


def cell(words: Cell, chars: int | None = 100) -> str:
    """A word, a number or a paragraph, with people's words escaped and clipped."""
    if isinstance(words, Prose):
        return words
    if isinstance(words, Code):
        plain = bool(words) and not set("`|\n") & set(words)  # what ends code, or a cell
        return f"`{named(words)}`" if plain else quoted(words, chars)
    return quoted(words, chars)


def table(header: Sequence[str], lines: Sequence[Sequence[Cell]]) -> str:
    """A markdown table of cells that are escaped already; columns of figures are set right."""
    columns = list(zip(*lines, strict=True)) or [()] * len(header)
    rule = ["---:" if _is_figures(column) else "---" for column in columns]
    rows = [header, rule, *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)


def _is_figures(column: Sequence[Cell]) -> bool:
    cells = [str(value).lstrip("*+-\\") for value in column if value != ""]
    one_word = all(len(re.findall(r"[A-Za-z]{2,}", value)) < 2 for value in cells)
    return bool(cells) and one_word and all(value[:1].isdigit() for value in cells)


def fitted(text: str, chars: int, command: str) -> str:
    """At most `chars` characters of markdown: whole lines from the top, and what is left out."""
    if len(text) <= chars:
        return text
    lines = text.split("\n")
    kept = sum(length <= chars - NOTE for length in accumulate(len(line) + 1 for line in lines))
    fences = [number for number, line in enumerate(lines[:kept]) if line.startswith("```")]
    if len(fences) % 2:
        kept = fences[-1]  # half a block of code would swallow everything that follows
    left = [line for line in lines[kept:] if line.strip()]
    rest = sum(map(len, left))
    note = f"*{len(left):,} more lines ({rest:,} characters) do not fit: `{command}` shows all.*"
    return "\n".join([*lines[:kept], "", note])


def page_html(page: Section) -> str:
    """A whole page as a file of its own, with the title on the tab, too."""
    body = PARSER.render(markdown(page, 1).replace(WORD_JOINER, ""))  # no forge, no mentions
    return PAGE.format(title=escape(page.title), style=STYLE, body=body)
