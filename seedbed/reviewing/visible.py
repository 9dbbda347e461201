"""Texts as a terminal may show them: what would move the cursor, colour, hide or turn the text
around is written out instead."""

import re
import unicodedata

# Cc: controls, of which ESC begins every terminal sequence. Cf: zero width and direction marks.
# Cs: lone surrogates. Zl, Zp: lines that terminals end differently.
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
ZERO_WIDTH_JOINER = "\u200d"  # holds emoji and some scripts together
SUSPICIOUS = re.compile(r"[^\n\t !-~]")


def visible(text: str) -> str:
    """The text with each unseen character as its escape, \\x1b for ESC; lines and tabs stay."""
    return SUSPICIOUS.sub(_shown, text)


def in_one_line(text: str, max_chars: int) -> str:
    """The same folded into one line of at most so many characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) not in UNSEEN or character == ZERO_WIDTH_JOINER:
        return character
    return ascii(character)[1:-1]
