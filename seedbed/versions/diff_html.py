"""What changed as one web page: a file that needs nothing from elsewhere and runs nothing.

html(changes: Changes, rows: int = 20) -> str

Everything that people wrote is escaped, and the page's own policy forbids scripts and requests.
"""

from html import escape

from seedbed.versions.changes import Changes
from seedbed.versions.diff_sections import Alarm, Code, Section, Table, sections
from seedbed.versions.diff_words import visible

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


def html(changes: Changes, rows: int = 20) -> str:
    """The whole page; `rows` of each list are shown, and the rest is counted."""
    title = escape(f"What changed: {changes.base} → {changes.head}")
    body = "\n".join(_section(one) for one in sections(changes, rows))
    return PAGE.format(title=title, style=STYLE, body=body)


def _section(section: Section) -> str:
    title = f"<h2>{_words(section.title)}</h2>\n" if section.title else ""
    return f"<section>\n{title}{''.join(map(_part, section.parts))}</section>"


def _part(part: str | Table) -> str:
    if isinstance(part, Table):
        head = "".join(f"<th>{_words(name)}</th>" for name in part.header)
        lines = "".join(
            f"<tr>{''.join(map(_cell, part.header, line))}</tr>\n" for line in part.lines
        )
        return f'<div class="scroll"><table>\n<tr>{head}</tr>\n{lines}</table></div>\n'
    kind = ' class="alarm"' if isinstance(part, Alarm) else ""
    return f"<p{kind}>{_words(part)}</p>\n"


def _cell(name: str, words: str) -> str:
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
    found = escape(visible(words))
    return f"<code>{found}</code>" if isinstance(words, Code) and words else found
