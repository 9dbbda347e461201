"""Markdown that fits: sections cut at whole lines, and what was cut is told. And that does no more
than it says: no name in it calls a person, no number links to an issue.
"""

import re
from collections.abc import Sequence

LIMIT = 60_000  # characters of a report; a GitHub comment holds 65,536
NOTE = 200  # characters kept for the line that tells what was cut
CLIP = 100  # characters of a name in a table
# GitHub links these in text, escaped or not; a character without width between keeps it from that.
LINKING = re.compile(
    r"(?P<keep>```.*?```|\\`|`[^`\n]*`|<!--.*?-->)"
    r"|(?P<at>@|&#64;)|(?P<hash>\\?#)(?=\d)|(?P<gh>\bGH-)(?=\d)"
    r"|(?P<web>\bhttps?|\bftp|\bmailto)(?=:)|(?P<www>\bwww)(?=\.)",
    re.DOTALL | re.IGNORECASE,
)
APART = "&#8203;"


def unlinked(page: str) -> str:
    """The page with nothing in its text that GitHub makes a mention or a link of. Code stays."""

    def apart(found: re.Match[str]) -> str:
        if found["keep"]:
            return found[0]
        return ("&#64;" if found["at"] else found[0]) + APART

    return LINKING.sub(apart, page)


def clipped(text: str, chars: int = CLIP) -> str:
    """A name cut to so many characters; how many are left out is told."""
    if len(text) <= chars:
        return text
    return f"{text[:chars]} … ({len(text) - chars:,} more characters)"


def fitted(text: str, chars: int, command: str) -> str:
    """At most `chars` characters of a section: whole lines from the top, and what is left out."""
    if len(text) <= chars:
        return text
    lines = text.split("\n")
    kept, length = 0, 0
    while kept < len(lines) and length + len(lines[kept]) + 1 <= chars - NOTE:
        length += len(lines[kept]) + 1
        kept += 1
    fences = [number for number, line in enumerate(lines[:kept]) if line.startswith("```")]
    if len(fences) % 2:
        kept = fences[-1]  # half a block of code would take in all that follows
    left = [line for line in lines[kept:] if line.strip()]
    rest = sum(map(len, left))
    note = f"*{len(left):,} more lines ({rest:,} characters) do not fit: `{command}` shows all.*"
    return "\n".join([*lines[:kept], "", note])


def folded(title: str, parts: Sequence[str]) -> str:
    """A part of a page that opens at a click; "" where there is nothing in it."""
    content = "\n\n".join(part for part in parts if part)
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>" if content else ""
