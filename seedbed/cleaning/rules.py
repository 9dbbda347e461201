"""What cleaning does to one text, rule by rule, and why a text is not worth keeping.

A text keeps its lines and its paragraphs (one blank line between two), since titles, signatures
and quoted replies are known by them; within a line all white space is one space. The rules run
again until none of them changes the text, so cleaning a cleaned text changes nothing.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from seedbed.cleaning.boilerplate import (
    remove_confidentiality_notice,
    remove_mobile_signature,
    remove_quoted_reply,
    remove_signature,
)
from seedbed.cleaning.markup import decode_entities, remove_tags
from seedbed.core.reasons import Reason

MAX_ROUNDS = 10  # what is nested deeper was made to hold a run up
LANGUAGE_CHARS = 300  # tells 10,000 film reviews apart as 500 do; the time is proportional to it
MIN_WORDS_REPEATED = 10  # below, repetition is looked for in characters
MIN_CHARS_REPEATED = 30  # below, "no no no no" is a thing people say
UNKNOWN_LANGUAGE = "unknown"

# Scripts in which a zero-width (non-)joiner is spelling: Arabic and its supplements, Indic to
# Myanmar, Khmer, Mongolian. Elsewhere it is a trace of copying, or a way to hide words.
SPELLED = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua8ff\ufb50-\ufdcf\ufdf0-\ufdff"
    "\ufe70-\ufefc"
)
# What an emoji sequence joins (Unicode Technical Standard 51).
EMOJI = "\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\u20e3\U0001f000-\U0001faff"
# Terminal escapes, digraphs, ligatures, surrogates: what ftfy rewrites beside text that was
# decoded wrongly.
FORMS = re.compile("[\x1b\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ud800-\udfff\ufb00-\ufb06]")
# What ftfy looks for is at most 7 characters long and never ASCII alone (both are tested), so of a
# longer run of ASCII its ends say all.
ASCII_RUN = re.compile(r"([\x00-\x7f]{7})[\x00-\x7f]{2,}([\x00-\x7f]{7})")
# Two that may be one character of UTF-8; the second may have become a space.
ADJACENT = re.compile(r"[^\x00-\x7f]{2}|[^\x00-\x9f] ")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
UNSEEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls (Cc), but tab and line feed
    "\u00ad\u180e\u200b\u2060-\u2065\ufeff"  # no width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"  # annotations, non-characters
    "\U000e0000-\U000e007f]"  # tags
)
FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"  # of a region
UNSEEN_OR_FLAG = re.compile(f"({FLAG})|{UNSEEN}")
JOINER_RUN = re.compile("([\u200c\u200d])[\u200c\u200d]+")
STRAY_JOINER = re.compile(
    f"(?<![{SPELLED}])\u200c|\u200c(?![{SPELLED}])"
    f"|(?<![{SPELLED}{EMOJI}])\u200d|(?<=[{EMOJI}])\u200d(?![{EMOJI}])"
)
UNFOLDED = ("  ", " \n", "\n ", "\n\n\n")
ASCII_SPACE = bytes(range(9, 14)) + bytes(range(28, 33))
ASCII_LETTERS = string.ascii_letters.encode()
BLANK_LINES = re.compile(r"\n{3,}")
NOT_LETTER = re.compile(r"[\W\d_]")
IS_EMOJI = re.compile(f"[{EMOJI}]")


class Limits(NamedTuple):
    """What a text must keep to; see the params of stage `clean`."""

    min_chars: int
    max_chars: int
    min_letter_share: float
    max_repeated_share: float
    languages: tuple[str, ...]
    min_chars_for_language: int


class Cleaned(NamedTuple):
    """One text after cleaning: the rules that changed it, why it is dropped ("" where it is
    not), and its language ("unknown" for a text too short to tell)."""

    text: str
    touched: tuple[str, ...]
    reason: str
    language: str


def clean_texts(texts: Sequence[str], rules: Sequence[str], limits: Limits) -> list[Cleaned]:
    """Clean texts by the rules named, in the order of REWRITES; one result a text.

    Each result depends on its own text alone.
    """
    ordered = [rule for rule in REWRITES if rule in rules]
    return [_cleaned(text, ordered, limits) for text in texts]


def _cleaned(text: str, rules: Sequence[str], limits: Limits) -> Cleaned:
    text, touched = rewritten(text, rules)
    reason = drop_reason(text, limits)
    language = UNKNOWN_LANGUAGE
    if not reason and len(text) >= limits.min_chars_for_language:
        language = language_of(text)
        if limits.languages and language not in limits.languages:
            reason = Reason.WRONG_LANGUAGE
    return Cleaned(text, touched, reason, language)


def rewritten(text: str, rules: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The text after the rules, run until none changes it, and the rules that did."""
    touched = set()
    for _ in range(MAX_ROUNDS):
        before = text
        for rule in rules:
            after = REWRITES[rule](text)
            if after != text:
                touched.add(rule)
                text = after
        if text == before:
            break
    return text, tuple(rule for rule in rules if rule in touched)


def fix_encoding(text: str) -> str:
    """Undo text that was decoded wrongly ("schÃ¶n"), and ligatures (ftfy).

    Curly quotes and full-width characters are left, since people write them: the comma of Chinese
    is one. HTML is left to rules of its own.
    """
    if text.isascii() and "\x1b" not in text:
        return text
    import ftfy
    from ftfy.badness import is_bad

    # ftfy takes 20 times as long to find nothing, so only what may be bad is given to it.
    lines = [line for line in text.split("\n") if not line.isascii()]
    doubtful = [ASCII_RUN.sub(r"\1\n\2", line) for line in lines]
    if "\x1b" not in text and not any(is_bad(one) or FORMS.search(one) for one in doubtful):
        return text
    if (mended := _windows_1252(text)) is not None:
        return mended
    config = ftfy.TextFixerConfig(
        unescape_html=False, uncurl_quotes=False, fix_character_width=False, normalization=None
    )
    return ftfy.fix_text(text, config)


def _windows_1252(text: str) -> str | None:
    """What ftfy makes of Windows-1252 that was read as Latin-1 ("it\\x92s"), in a hundredth of the
    time; None for what may be anything else.

    A character on its own between ASCII is no UTF-8 read wrongly: nothing else is in question.
    """
    if ADJACENT.search(text) or CONTROL.search(text):
        return None
    try:
        mended = text.encode("latin-1").decode("windows-1252")
    except UnicodeError:
        return None
    return None if FORMS.search(mended) else mended


def remove_control_characters(text: str) -> str:
    """Remove what is not seen: controls, zero-width and direction characters, non-characters.

    Joiners stay where they are spelling (Persian, Indic scripts) or hold an emoji together.
    """
    if text.replace("\n", "").isprintable():
        return text
    text = UNSEEN_OR_FLAG.sub(r"\1", LINE_BREAK.sub("\n", text))
    if "\u200c" in text or "\u200d" in text:
        text = STRAY_JOINER.sub("", JOINER_RUN.sub(r"\1", text))
    return text


def compose(text: str) -> str:
    """Unicode NFC (Unicode Standard Annex 15): an accent and its letter are one character."""
    return unicodedata.normalize("NFC", text)


def fold_white_space(text: str) -> str:
    """One space within a line, one blank line between paragraphs, none at the ends."""
    if _is_folded(text):
        return text
    lines = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", lines).strip("\n")


def _is_folded(text: str) -> bool:
    """Whether plain ASCII has nothing to fold: told without looking at every word."""
    return (
        text.isascii()
        and text.replace("\n", "").isprintable()
        and not any(mark in text for mark in UNFOLDED)
        and text.strip() == text
    )


# The order is tested. Entities come before tags, so that an escaped link goes whole; tags before
# white space, which they leave; white space before boilerplate, which is known by its lines.
REWRITES: dict[str, Callable[[str], str]] = {
    "encoding": fix_encoding,
    "entities": decode_entities,
    "tags": remove_tags,
    "control_characters": remove_control_characters,
    "nfc": compose,
    "white_space": fold_white_space,
    "quoted_reply": remove_quoted_reply,
    "confidentiality_notice": remove_confidentiality_notice,
    "mobile_signature": remove_mobile_signature,
    "signature": remove_signature,
}


def rules_asked(section: Mapping[str, Any]) -> list[str]:
    """The rules that section `clean` of params.yaml turns on, in the order of REWRITES."""
    return [rule for rule in REWRITES if section.get(rule, rule in section["boilerplate"])]


def drop_reason(text: str, limits: Limits) -> str:
    """The first reason that is true of the text, or "": see Limits. Language comes after."""
    if len(text) < limits.min_chars:
        return Reason.TOO_SHORT
    if len(text) > limits.max_chars:
        return Reason.TOO_LONG
    if limits.min_letter_share and letter_share(text) < limits.min_letter_share:
        return Reason.LOW_LETTER_SHARE
    if limits.max_repeated_share < 1 and repeated_share(text) > limits.max_repeated_share:
        return Reason.REPETITIVE
    return ""


def letter_share(text: str) -> float:
    """Letters, their marks and emoji, as a share of all characters but white space."""
    if text.isascii():  # the same in a tenth of the time
        bare = text.encode().translate(None, ASCII_SPACE)
        return 1 - len(bare.translate(None, ASCII_LETTERS)) / len(bare) if bare else 0.0
    seen = "".join(text.split())
    if not seen:
        return 0.0
    others = NOT_LETTER.findall(seen)
    meant = sum(
        unicodedata.category(character)[0] == "M" or bool(IS_EMOJI.match(character))
        for character in others
        if not character.isascii()
    )
    return 1 - (len(others) - meant) / len(seen)


def repeated_share(text: str) -> float:
    """The share of a text's word 3-grams that stood in it before (after Rae et al. 2021, A1.1).

    Under 10 words the same of its characters, since "aaaa" and text without spaces have no
    words to count; 0 under 30 characters.
    """
    units: Sequence[str] = text.split()
    if len(units) < MIN_WORDS_REPEATED:
        units = text
        if len(units) < MIN_CHARS_REPEATED:
            return 0.0
    grams = list(zip(units, units[1:], units[2:], strict=False))
    return 1 - len(set(grams)) / len(grams)


@cache
def _identifier():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def language_of(text: str) -> str:
    """ISO 639 code of the language of the first 300 characters (py3langid, naive Bayes)."""
    return _identifier().classify(text[:LANGUAGE_CHARS])[0]


def known_languages() -> list[str]:
    """The codes that `language_of` can give."""
    return sorted(_identifier().labels)
