"""What a text is made of, in every script: its words and signs, what it weighs, where a value ends.

Words follow the default word boundaries of Unicode (UAX 29), with their combining marks: a vowel
sign belongs to its letter. Two tailorings, which the annex allows: an apostrophe, a full stop, a
comma and a colon end a word, and symbols (emoji, +, %, currency) are units of their own, because
they may be all that separates two texts of different classes. Scripts that write no spaces
between words (Han, Kana; Thai, Lao, Khmer, Myanmar) have a unit per character: three of them are
what three words are elsewhere. Properties of characters are those of the `regex` module.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import regex

# All but what is seen for sure, and the joiner that holds emoji and some scripts together.
SUSPICIOUS = re.compile("[^\n\t !-~\u200d]")
# Controls, as ESC; zero width and direction marks; lone surrogates; line and paragraph separators.
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and marks that show nothing
# A line that begins so is a command to a runner of GitHub Actions, or of Azure Pipelines.
COMMAND = re.compile(r"^([ \t]*)(::(?=[\w-]+[ :])|##(?=(?:vso)?\[))", re.MULTILINE)

# Letters with which a word or value may be written together: those of scripts without spaces (SA:
# complex context, UAX 14), and Hangul, whose particles are glued to whatever comes before them.
GLUED = regex.compile(
    r"[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{lb=SA}\p{Hangul}]&&[\w\p{M}]]", regex.V1
)
SPACELESS = regex.compile(r"[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{lb=SA}]&&\p{L}]", regex.V1)
IDEOGRAPH = regex.compile(r"[\p{Han}\p{Hangul}]")
KANA_OR_THAI = regex.compile(r"[[\p{scx=Hira}\p{scx=Kana}\p{lb=SA}]&&\p{L}]", regex.V1)
# A word as a reader sees it: with marks, joiners and the signs written to it (C++, -5%, $5). A
# clause in scripts without spaces.
WORD = regex.compile(
    r"(?:(?<![\w)\]}])[-+−](?=[.\p{Sc}]?\d))?[#\p{Sc}]?"
    r"[\w\p{N}]+(?:[-'’·׳״][\w\p{N}]+)*(?:[+#%‰°\p{Sc}]+(?!\w))?"
)
EMOJI = regex.compile(
    r"\p{RI}\p{RI}"
    r"|(?:\p{Emoji_Presentation}|\p{ExtPict}\uFE0F)(?:\p{EMod}|\uFE0F|\u200D\p{ExtPict})*"
)
CHARS_OF_EMOJI = 5  # a word's

# Digits of other scripts, and full-width signs but the comma, which is never part of a number.
OTHER_DIGIT = re.compile(r"[^\D0-9]")
WIDE_SIGN = re.compile("[\uff01-\uff0b\uff0d-\uff5e\u3000\u2010\u2011\u2212]")
HYPHENS = "\u2010\u2011\u2212"
LONG_VOWEL = re.compile(r"(?<=\d)\u30fc(?=\d)")  # typed for a hyphen
# Letters that may be written together with a value: beside those above the ones of Arabic and
# Hebrew, in which "and", "to" and "in" are, with a hyphen or without.
_OF_PARTICLES = (
    "Arab", "Hebr", "Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh",
)  # fmt: skip
PARTICLE = regex.compile(
    rf"[[{''.join(rf'{chr(92)}p{{scx={script}}}' for script in _OF_PARTICLES)}]&&[\p{{L}}\p{{M}}]]",
    regex.V1,
)
HYPHEN_OF_PARTICLE = re.compile("(?<=\u3000)[-\u05be](?=[0-9A-Za-z+])")
NOT_LATIN = re.compile(  # no Latin letter, punctuation or emoji is among these
    "[\u0590-\u1dff\u2010\u2011\u2212\u2e80-\ufdff\ufe70-\U0001efff\U00020000-\U0003ffff]"
)

JOINED_BY = "'‘’.,:;·‧"  # inside a word for UAX 29, between two for us
SIGNS = "#%&"  # punctuation to Unicode, but part of names and amounts: C#, 5 %, R&D
# Part of no name: a hashtag, "and".
LOOSE = re.compile(r"[#&](?:(?<!\w[#&])|(?<=#)(?=\w)|(?<=&)(?!\w))")
MINUS = "\u2212"
UNSEEN = re.compile("[\u00ad\ufe0e\ufe0f]")  # soft hyphen; whether a sign is drawn as an emoji
NEGATIVE = re.compile(r"-(?<![\w)\]}]-)(?=\.?\d)")  # a sign, and no hyphen or dash


def _is_sign(character: str) -> bool:
    return character in SIGNS or unicodedata.category(character) in ("Sm", "Sc", "So")


def _is_plain(character: str) -> bool:
    """Whether `re` sees in a character what the annex does: no mark, nothing that joins words or
    represents other characters (a ligature, a superscript)."""
    category = unicodedata.category(character)
    return category in ("Po", "Pd", "Ps", "Pe", "Pi", "Pf", "Zs", "Cc") or (
        category not in ("Cf", "Cn", "Pc") and unicodedata.normalize("NFKC", character) == character
    )


# Latin letters and the punctuation and currency around them: there `re` finds the same units in a
# fraction of the time. A test compares both ways.
_LATIN = (*range(0x250), *range(0x2018, 0x203C), *range(0x20A0, 0x20C1))
PLAIN = ["_", MINUS, "\u2013", "\u2014", *filter(_is_plain, map(chr, _LATIN))]
NOT_PLAIN = re.compile(f"[^{re.escape(''.join(PLAIN))}]")
_SIGN = f"[{re.escape(''.join(filter(_is_sign, PLAIN)))}]"
LATIN_UNIT = re.compile(rf"\w+|{_SIGN}")
# The same beside characters that are units of their own: letters of Han and Kana that stand for
# nothing else, with their punctuation, and emoji that nothing follows.
SINGLE = (
    "\u3041-\u3094\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\u2600-\u266e\u2670-\u2767"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001f6d7\U0001f7e0-\U0001f7eb\U0001f900-\U0001fa53"
)
PUNCTUATION = "\u3001\u3002\u3008-\u3011\u3014\u3015"
NOT_SIMPLE = re.compile(f"[^{re.escape(''.join(PLAIN))}{SINGLE}{PUNCTUATION}]")
SIMPLE_UNIT = re.compile(rf"[{SINGLE}]|[^\W{SINGLE}]+|{_SIGN}")
_OF_ASCII = str.maketrans(
    {
        character: f" {character} " if _is_sign(character) else " "
        for character in map(chr, range(128))
        if not (character.isalnum() or character == "_")
    }
    | {MINUS: f" {MINUS} "}
)
_SPACES = str.maketrans(dict.fromkeys(JOINED_BY, " "))
# The annex joins Kana to Kana and to an underscore.
_BOUNDARY = regex.compile(
    r"(?w)\b|(?<=\p{scx=Kana}\p{M}{0,4})(?=[\p{scx=Kana}_])|(?<=_)(?=\p{scx=Kana})", regex.V1
)
_IS_UNIT = regex.compile(rf"[\w\p{{M}}\p{{Sm}}\p{{Sc}}\p{{So}}{SIGNS}]", regex.V1)


def units_of(text: str) -> list[str]:
    """Return the words and signs of a text in order, in lower case and compatibility form (NFKC).

    A minus before a number is a unit, a hyphen or dash is none.
    """
    text = text.lower()
    is_ascii = text.isascii()
    is_plain = is_ascii or not NOT_PLAIN.search(text)
    is_simple = is_plain or not NOT_SIMPLE.search(text)
    if not is_simple:
        text = UNSEEN.sub("", unicodedata.normalize("NFKC", text).lower())
        is_simple = not NOT_SIMPLE.search(text)
    if "#" in text or "&" in text:
        text = LOOSE.sub(" ", text)
    if "-" in text:
        text = NEGATIVE.sub(MINUS, text)
    if is_ascii:
        return text.translate(_OF_ASCII).split()
    if is_plain:
        return LATIN_UNIT.findall(text)
    if is_simple:
        return SIMPLE_UNIT.findall(text)
    parts = text.translate(_SPACES).split()
    return [piece for part in parts for piece in _BOUNDARY.split(part) if _IS_UNIT.search(piece)]


def length_of(text: str) -> int:
    """Return how long a text is in characters of an alphabet.

    An ideograph or a syllable of Hangul says what about three letters do, a letter of Kana or of
    the Thai kind two, and an emoji, with all that belongs to it, a word of five. Others count 1.
    """
    if text.isascii():
        return len(text)
    emoji = EMOJI.findall(text)
    more = 2 * len(IDEOGRAPH.findall(text)) + len(KANA_OR_THAI.findall(text))
    return len(text) + more + CHARS_OF_EMOJI * len(emoji) - sum(map(len, emoji))


def is_spaced(text: str) -> bool:
    """Whether most letters of a text are of scripts that write spaces between words."""
    without = len(SPACELESS.findall(text)) if not text.isascii() else 0
    return not without or 2 * without < sum(map(str.isalpha, text))


def apart(text: str) -> str:
    """Return the text with a space for each letter that may be written together with a value, so
    that `\\w` and `\\b` find the value's ends; positions are those of the text."""
    return text if text.isascii() else GLUED.sub("\u3000", text)


def ascii_signs(text: str) -> str:
    """Return the text with ASCII digits and signs for those of other scripts and widths; positions
    are those of the text."""
    if text.isascii() or not NOT_LATIN.search(text):
        return text
    text = OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)
    return LONG_VOWEL.sub("-", WIDE_SIGN.sub(_ascii_sign, text))


def _ascii_sign(match: re.Match[str]) -> str:
    return "-" if match[0] in HYPHENS else unicodedata.normalize("NFKC", match[0])


@cache
def _glued() -> re.Pattern[str]:
    """What `values_apart` replaces, for `re`: ten times as fast as sets of properties."""
    letters = "".join(map(chr, (*range(0x590, 0xD800), *range(0xE000, 0x1F000))))
    both = regex.compile(f"{GLUED.pattern}|{PARTICLE.pattern}", regex.V1)
    ranges = "".join(f"{run[0]}-{run[-1]}" for run in _runs(both.findall(letters)))
    return re.compile(f"[{ranges}\U00020000-\U0003ffff]+")  # and ideographs


def _runs(characters: list[str]) -> list[list[str]]:
    """Return ascending characters in runs without gaps."""
    runs: list[list[str]] = []
    for character in characters:
        if runs and ord(character) == ord(runs[-1][-1]) + 1:
            runs[-1].append(character)
        else:
            runs.append([character])
    return runs


def values_apart(text: str) -> str:
    """Return the text with a space for each letter that a value may be written together with, as
    `apart` does, and for particles of Arabic, Hebrew and Indic scripts; positions are kept."""
    if text.isascii() or not NOT_LATIN.search(text):
        return text
    text = _glued().sub(lambda match: "\u3000" * len(match[0]), text)
    return HYPHEN_OF_PARTICLE.sub(" ", text)


class Rewriting(NamedTuple):
    """A pattern, what takes the place of each match, and a cheap look whether there may be one."""

    pattern: re.Pattern[str]
    rewrite: Callable[[re.Match[str]], str]
    may_match: Callable[[str], bool] = bool


class Rewritten:
    """A text after rewritings, in order, and where in the text each of its characters is from."""

    def __init__(self, text: str, rewritings: Sequence[Rewriting]) -> None:
        self.text = text
        self._starts, self._ends = list(range(len(text))), list(range(1, len(text) + 1))
        for pattern, rewrite, may_match in rewritings:
            if may_match(self.text):
                self._rewrite(pattern, rewrite)

    def _rewrite(self, pattern: re.Pattern[str], rewrite: Callable[[re.Match[str]], str]) -> None:
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for match in pattern.finditer(self.text):
            new, (low, high) = rewrite(match), match.span()
            if new != match[0]:
                parts += [self.text[at:low], new]
                starts += [*self._starts[at:low], *[self._starts[low]] * len(new)]
                ends += [*self._ends[at:low], *[self._ends[high - 1]] * len(new)]
                at = high
        if at:
            self.text = "".join([*parts, self.text[at:]])
            self._starts = starts + self._starts[at:]
            self._ends = ends + self._ends[at:]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the text a part of the rewritten one is from."""
        return self._starts[start], self._ends[end - 1]


CHARS = 300  # of 10,000 film reviews the language is that of 500; time is proportional
UNKNOWN_LANGUAGE = "unknown"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def language_of(text: str) -> str:
    """Return the ISO 639 code of the language of the first 300 characters."""
    return str(_identifier().classify(text[:CHARS])[0])


def known_languages() -> list[str]:
    """Return the codes that `language_of` can return."""
    return sorted(_identifier().labels)


def for_terminal(text: str) -> str:
    """Write out the unseen characters of a text as escapes, \\x1b for ESC; lines and tabs stay."""
    return COMMAND.sub(r"\1\\\2", written_out(text, lambda unseen: ascii(unseen)[1:-1]))


def written_out(text: str, form: Callable[[str], str]) -> str:
    """Return a text with each character in `form` that is unseen, or changes how others are."""

    def shown(found: re.Match[str]) -> str:
        is_unseen = unicodedata.category(found[0]) in HIDDEN or found[0] in BLANK
        return form(found[0]) if is_unseen else found[0]

    return SUSPICIOUS.sub(shown, text)
