"""Words of people and sources, made harmless for the medium that shows them.

One function a medium. A forge turns some text into mentions and links even where it is escaped;
characters without width keep it from that. Characters that are not seen are written out, because
they hide or reverse what is next to them.
"""

import re
import unicodedata

CLIP = 100  # characters of a cell
ESCAPED = str.maketrans({
    **{mark: f"\\{mark}" for mark in "\\|`*[]~$"},
    "<": "&lt;", ">": "&gt;", "&": "&amp;",
})  # fmt: skip
UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # inside a word it is no emphasis
LINKED = re.compile(r"@(?=\w)|#(?=\d)|:(?=//)")
WORD_JOINER = "\u2060"
LINE_START = re.compile(r"^(#+|[-+>]|\d+[.)])(?= |$)")
SUSPICIOUS = re.compile(r"[^\n\t !-~]")
# Controls, of which ESC begins every terminal sequence; zero width and direction marks; lone
# surrogates; line and paragraph separators.
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
ZERO_WIDTH_JOINER = "\u200d"  # holds emoji and some scripts together
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
    return SUSPICIOUS.sub(lambda found: _named(found[0], "<U+{:04X}>"), text)


def for_terminal(text: str) -> str:
    """Write out the unseen characters of a text as escapes, \\x1b for ESC; lines and tabs stay."""
    return SUSPICIOUS.sub(lambda found: _named(found[0], ""), text)


def in_one_line(text: str, max_chars: int) -> str:
    """The same, folded into one line of at most `max_chars` characters."""
    line = " ".join(for_terminal(text).split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def _named(character: str, form: str) -> str:
    if unicodedata.category(character) not in UNSEEN or character == ZERO_WIDTH_JOINER:
        return character
    return form.format(ord(character)) if form else ascii(character)[1:-1]


def quoted(words: object, chars: int | None = CLIP) -> str:
    """Words on one line of markdown, in a table or out of it, in which nothing works as markup."""
    line = " ".join(str(words).split())
    line = named(clipped(line, chars) if chars else line)
    line = LINKED.sub(rf"\g<0>{WORD_JOINER}", UNDERSCORE.sub(r"\\_", line.translate(ESCAPED)))
    return LINE_START.sub(r"\\\1", line)


def unlinked(page: str) -> str:
    """A page of markdown in whose text nothing becomes a mention or a link. Code stays."""

    def separated(match: re.Match[str]) -> str:
        if match["keep"]:
            return match[0]
        return ("&#64;" if match["at"] else match[0]) + ZERO_WIDTH_SPACE

    return LINKING.sub(separated, page)
