"""Words of people and sources, made harmless for the medium that shows them.

One function a medium. A forge turns some text into mentions and links even where it is escaped;
characters without width keep it from that. Characters that are not seen are written out, because
they hide or reverse what is next to them.
"""

import json
import re

from seedbed.core.errors import for_terminal, written_out

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
