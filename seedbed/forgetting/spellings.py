"""How one value may be written in a text, and whether it is whole there, in every script.

A value and a text are compared without case, spacing, Unicode form, unseen characters, the marks of
Greek, Arabic and Hebrew, and the script of digits; a text also as JSON, CSV, HTML, URLs and mail
mean it, and as a wrong encoding shows it. Whole is a value that ends where a word does, in the
scripts where a word's end can be seen.
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote_plus

import regex

from seedbed.core.text_units import GLUED, length_of

MIN_VALUE_CHARS = 4  # as text_units.length_of counts them, in scripts that write vowels
MIN_NUMBER_DIGITS = 7  # of a number that is the same one with other separators
MAX_RUN_CHARS = 40  # of the letters around a value, which are counted
MIN_WRONG_CHARS = 4  # of a value in a wrong encoding: less is there by chance

UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\u0640]")  # also Arabic's long joiner
MARKED = regex.compile(r"[\p{scx=Greek}\p{scx=Arab}\p{scx=Hebr}]")  # by case or reader, not by name
SAME = {"ı": "i", "\u0307": "", "\u2212": "-", "’": "'", "‘": "'", "ʼ": "'", "׳": "'", "״": '"',
        "ی": "ي", "ک": "ك", "・": " ", "·": " ", "•": " ", "‧": " "}  # fmt: skip
ACCENTS = regex.compile(r"[\u0300-\u036f]")
STROKES = str.maketrans("đøłħ", "dolh")  # which Unicode does not take apart
VOWELS_WRITTEN = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{N}\W_]*")
WORD = r"[\w\p{M}]"
SPACELESS = regex.compile(rf"[{GLUED.pattern}--\p{{Hangul}}]", regex.V1)
KATAKANA = r"[\p{Katakana}\u30fc]"
LETTER = rf"[{WORD}--{GLUED.pattern}]"  # with which no value is written together
# "And", "the", "to", "in" ... of Arabic and Hebrew, written together with the word after them.
PREFIX = rf"(?<=(?<!{LETTER})(?:[وف]?(?:[بكل]?ال|لل|[بكل])?|[והשבכלמ]{{0,3}}))"
ABJAD = regex.compile(r"[\p{Arabic}\p{Hebrew}]")
NUMBER = re.compile(r"\+?[a-z0-9 ./()ー-]+")
IPV4 = re.compile(r"\d+(?:\.\d+){3}")
BETWEEN_DIGITS = r"[ ./()ー-]{0,3}"

JSON_ESCAPES = re.compile(r'(?:\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt]))+')
QUOTED_PRINTABLE = re.compile(r"(?:=[0-9A-Fa-f]{2}|=\r?\n)+")
# A file in one of these may have been read, and its cells written on, as windows-1252.
ENCODINGS = ("utf-8", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8_r",
             "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp874")  # fmt: skip


class _Folding(dict[int, str]):
    """What a character counts as, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        form = SAME.get(character, character)
        if character.isdecimal():
            form = str(unicodedata.decimal(character))
        elif unicodedata.category(character) == "Pd":
            form = "-"
        elif MARKED.match(character):
            parts = unicodedata.normalize("NFD", form)
            form = "".join(part for part in parts if unicodedata.category(part) != "Mn")
        self[code] = form
        return form


_FOLDING = _Folding()


def folded(text: str) -> str:
    """Return a text without what does not make it another one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", UNSEEN.sub("", text)).casefold()
        text = unicodedata.normalize("NFKC", text).translate(_FOLDING)
    return " ".join(text.lower().split())


def without_accents(text: str) -> str:
    """Return a folded text without the accents of its letters."""
    if text.isascii():
        return text
    bare = ACCENTS.sub("", unicodedata.normalize("NFD", text))
    bare = unicodedata.normalize("NFC", bare).translate(STROKES)
    return " ".join(bare.split())  # an accent of its own may have been a word


def readings(text: str) -> Iterator[str]:
    """Yield a text as it is, and as each format that it may be in means it, one on the other."""
    yield text
    for mark, decoded in DECODERS:
        if mark in text:
            after = decoded(text)
            if after != text:
                yield after
                text = after


def _from_json(text: str) -> str:
    return JSON_ESCAPES.sub(lambda match: json.loads(f'"{match[0]}"'), text)


def _from_mail(text: str) -> str:
    def decoded(match: re.Match[str]) -> str:
        parts = re.sub(r"=\r?\n", "", match[0])
        return bytes.fromhex(parts.replace("=", "")).decode("utf-8", "replace")

    return QUOTED_PRINTABLE.sub(decoded, text)


DECODERS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ('""', lambda text: text.replace('""', '"')),  # CSV
    ("\\", _from_json),
    ("\\", _from_json),  # JSON in a cell of JSON
    ("&", html.unescape),
    ("%", unquote_plus),
    ("+", lambda text: text.replace("+", " ")),
    ("=", _from_mail),
)


def is_too_short(value: str) -> bool:
    """Whether a value names nobody: no letter or digit, or too few of a script that writes vowels.
    A name of two or three signs is common in the others."""
    value = without_accents(folded(value))
    if not any(map(str.isalnum, value)):
        return True
    return bool(VOWELS_WRITTEN.fullmatch(value)) and length_of(value) < MIN_VALUE_CHARS


def in_wrong_encodings(value: str) -> set[str]:
    """Return what a value, in any case, looks like where its bytes were read as windows-1252, or
    as windows-1251."""
    found = set()
    for form in _cases(value):
        for encoding in ENCODINGS if not form.isascii() else ():
            try:
                data = form.encode(encoding)
            except UnicodeEncodeError:
                continue
            readers = ("cp1252", "cp1251") if encoding == "utf-8" else ("cp1252",)
            found |= {
                "".join(bytes([byte]).decode(reader, "ignore") or chr(byte) for byte in data)
                for reader in readers
            }
    own = without_accents(folded(value))
    return {
        form
        for form in found
        if len(form) >= MIN_WRONG_CHARS and without_accents(folded(form)) != own
    }


def in_bytes(value: str) -> set[bytes]:
    """Return the bytes of a value in UTF-8 and UTF-16, in any case and Unicode form."""
    forms = {
        unicodedata.normalize(form, one) for one in _cases(value) for form in ("NFC", "NFD", "NFKC")
    }
    found = {form.encode(name) for form in forms for name in ("utf-8", "utf-16-le", "utf-16-be")}
    return {data for data in found if len(data) >= MIN_WRONG_CHARS}


def _cases(value: str) -> set[str]:
    value = unicodedata.normalize("NFC", value)
    return {value, value.lower(), value.upper(), value.title()}


class Spelling(NamedTuple):
    """A value as it is looked for in folded texts."""

    whole: regex.Pattern[str]
    anywhere: regex.Pattern[str]  # in a text without accents

    def around(self, text: str) -> int:
        """Return the length of the run of letters in which a folded text holds the value, up to
        MAX_RUN_CHARS on each side; 0 where it does not."""
        text = without_accents(text)
        match = self.anywhere.search(text)
        if not match:
            return 0
        before = text[max(0, match.start() - MAX_RUN_CHARS) : match.start()]
        after = text[match.end() : match.end() + MAX_RUN_CHARS]
        left, right = regex.search(rf"{WORD}*$", before), regex.match(rf"{WORD}*", after)
        return sum(len(part[0]) for part in (left, match, right) if part)


def spelling(value: str) -> Spelling:
    """Return what finds a value. A short one is whole only where no letter is next to it."""
    value = folded(value).replace("عبد ال", "عبدال")
    digits = sum(map(str.isdigit, value))
    if digits >= MIN_NUMBER_DIGITS and NUMBER.fullmatch(value) and not IPV4.fullmatch(value):
        value = "".join(filter(str.isalnum, value))
        core = anywhere = BETWEEN_DIGITS.join(value)
    else:
        core, anywhere = _core(value, SPACELESS), _core(without_accents(value), GLUED)
    if value.startswith("ال"):  # after "to" the first letter of "the" is not written
        core, anywhere = f"[ال]{core[1:]}", f"[ال]{anywhere[1:]}"
    # "Servant of the ...", the first half of many names, is written with and without a space.
    core, anywhere = (part.replace("عبدال", "عبد ?ال") for part in (core, anywhere))
    abjad = bool(ABJAD.match(value))
    if length_of(value) < MIN_VALUE_CHARS - abjad:
        left, right = rf"(?<!{WORD})", rf"(?!{WORD})"
    else:
        left = PREFIX if abjad else _no_letter_at(value[0], "(?<!{})", "")
        right = _no_letter_at(value[-1], "(?!{})", r"(?!\p{M})")
    return Spelling(
        regex.compile(f"{left}{core}{right}", regex.V1), regex.compile(anywhere, regex.V1)
    )


def _core(value: str, spaceless: regex.Pattern[str]) -> str:
    """A pattern of a folded value, in which spaces are free next to letters of `spaceless`."""
    words = value.split(" ")
    parts = []
    for word, after in zip(words, [*words[1:], ""], strict=True):
        parts.append(regex.escape(word[0]))
        for pair in pairwise(word):
            parts += [" ?" if all(map(spaceless.match, pair)) else "", regex.escape(pair[1])]
        if after:
            parts.append(" ?" if GLUED.match(word[-1]) or GLUED.match(after[0]) else " ")
    return "".join(parts)


def _no_letter_at(end: str, pattern: str, glued: str) -> str:
    """What may not be next to the first or last character of a value."""
    if regex.match(KATAKANA, end):
        return pattern.format(KATAKANA)
    return glued if GLUED.match(end) else pattern.format(LETTER)
