"""Pages and sections as markdown, within a limit of length, and as one web page: a file that needs
nothing from elsewhere and runs nothing.

Everything that people wrote is escaped, and the web page's own policy forbids scripts and requests.
"""

import re
from collections.abc import Sequence
from html import escape
from itertools import accumulate

from markdown_it import MarkdownIt

from seedbed.pages.document import Alarm, Bullets, Cell, Code, Part, Prose, Section, Table
from seedbed.pages.escaping import clipped, named, quoted

NOTE = 200  # characters kept for the line that counts what was cut
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --bad: #c62828; --good: #2e7d32; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92em; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { background: var(--soft); font-weight: 600; }
td.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.text { min-width: 24rem; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font-size: .92em; }
.alarm { border-left: 4px solid var(--bad); padding: .4rem .8rem; color: var(--bad);
  font-weight: 600; background: var(--soft); }
.more { color: var(--good); } .fewer { color: var(--bad); }
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
<h1>{title}</h1>
{body}
</body>
</html>
"""
PROSE = MarkdownIt("commonmark", {"html": False})


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
        return f"<details><summary>{section.title}</summary>\n\n{content}\n\n</details>"
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
        return f"`{words.replace('`', '')}`" if words else ""
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
    return bool(cells) and one_word and all(value[0].isdigit() for value in cells)


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
    """A whole page, with a heading for each section."""
    body = "\n".join(_part_html(part, 2) for part in page.parts if part)
    return PAGE.format(title=escape(page.title), style=STYLE, body=body)


def _section_html(section: Section, level: int) -> str:
    parts = "".join(_part_html(part, level + 1) for part in section.parts if part)
    if section.folded:
        return f"<details><summary>{_html(section.title)}</summary>\n{parts}</details>"
    title = f"<h{level}>{_html(section.title)}</h{level}>\n" if section.title else ""
    return f"<section>\n{title}{parts}</section>"


def _part_html(part: Part, level: int) -> str:
    if isinstance(part, Section):
        return _section_html(part, level)
    if isinstance(part, Table):
        return _table_html(part)
    if isinstance(part, Bullets):
        return "<ul>" + "".join(f"<li>{_html(point)}</li>" for point in part.points) + "</ul>\n"
    kind = ' class="alarm"' if isinstance(part, Alarm) else ""
    return f"<p{kind}>{_html(part)}</p>\n"


def _table_html(part: Table) -> str:
    head = "".join(f"<th>{_html(name)}</th>" for name in part.header)
    rows = [zip(part.header, row, strict=True) for row in part.shown]
    cells = ["".join(_cell_html(*one, part.chars) for one in row) for row in rows]
    lines = "".join(f"<tr>{row}</tr>\n" for row in cells)
    note = f"<p>{escape(part.note)}</p>\n" if part.note else ""
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n{lines}</table></div>\n{note}'


def _cell_html(name: str, value: Cell, chars: int) -> str:
    words = value if isinstance(value, Prose | Code) else clipped(str(value), chars)
    if name == "text":
        return f'<td class="text">{_html(words)}</td>'
    if words[:1].isdigit() and words.split()[0].replace(",", "").replace(".", "").isdigit():
        return f'<td class="figure">{_change(words)}</td>'
    return f"<td>{_html(words)}</td>"


def _change(words: str) -> str:
    """12 → 15 (+3), the change in colour."""
    before, mark, change = words.partition(" (")
    if not mark:
        return _html(words)
    kind = "fewer" if change.startswith("-") else "more"
    return f'{_html(before)} <span class="{kind}">({_html(change)}</span>'


def _html(words: str) -> str:
    if isinstance(words, Prose):
        return str(PROSE.renderInline(words))
    text = escape(named(words))
    return f"<code>{text}</code>" if isinstance(words, Code) and words else text
