"""Pages as one web page: a file that needs nothing from elsewhere and runs nothing.

Everything that people wrote is escaped, and the page's own policy forbids scripts and requests.
"""

from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt

from seedbed.pages.document import Alarm, Bullets, Cell, Code, Page, Part, Prose, Section, Table
from seedbed.pages.escaping import clipped, named

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


def page_html(page: Page) -> str:
    """A whole page, with a heading for each section."""
    body = "\n".join(_part(part, 2) for part in page.parts if part)
    return PAGE.format(title=escape(page.title), style=STYLE, body=body)


def _section(section: Section, level: int) -> str:
    parts = "".join(_part(part, level + 1) for part in section.parts if part)
    if section.folded:
        return f"<details><summary>{_words(section.title)}</summary>\n{parts}</details>"
    title = f"<h{level}>{_words(section.title)}</h{level}>\n" if section.title else ""
    return f"<section>\n{title}{parts}</section>"


def _part(part: Part, level: int) -> str:
    if isinstance(part, Section):
        return _section(part, level)
    if isinstance(part, Table):
        return _table(part)
    if isinstance(part, Bullets):
        return "<ul>" + "".join(f"<li>{_words(point)}</li>" for point in part.points) + "</ul>\n"
    kind = ' class="alarm"' if isinstance(part, Alarm) else ""
    return f"<p{kind}>{_words(part)}</p>\n"


def _table(part: Table) -> str:
    head = "".join(f"<th>{_words(name)}</th>" for name in part.header)
    lines = "".join(f"<tr>{_cells(part, row)}</tr>\n" for row in part.shown)
    note = f"<p>{escape(part.note)}</p>\n" if part.note else ""
    return f'<div class="scroll"><table>\n<tr>{head}</tr>\n{lines}</table></div>\n{note}'


def _cells(part: Table, row: Sequence[Cell]) -> str:
    return "".join(
        _cell(name, value, part.chars) for name, value in zip(part.header, row, strict=True)
    )


def _cell(name: str, value: Cell, chars: int) -> str:
    words = value if isinstance(value, Prose | Code) else clipped(str(value), chars)
    if name == "text":
        return f'<td class="text">{_words(words)}</td>'
    if words[:1].isdigit() and words.split()[0].replace(",", "").replace(".", "").isdigit():
        return f'<td class="figure">{_change(words)}</td>'
    return f"<td>{_words(words)}</td>"


def _change(words: str) -> str:
    """12 → 15 (+3), the change in colour."""
    before, mark, change = words.partition(" (")
    if not mark:
        return _words(words)
    kind = "fewer" if change.startswith("-") else "more"
    return f'{_words(before)} <span class="{kind}">({_words(change)}</span>'


def _words(words: str) -> str:
    if isinstance(words, Prose):
        return str(PROSE.renderInline(words))
    text = escape(named(words))
    return f"<code>{text}</code>" if isinstance(words, Code) and words else text
