"""Limits that drop a text after cleaning: the one table of them, and what they measure.

Adding a limit is one function here and one entry in LIMITS, with its reason in core/reasons.py.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from seedbed.cleaning.rules import EMOJI, RULE_NAMES, rewritten
from seedbed.core.reasons import Reason

LANGUAGE_CHARS = 300  # of 10,000 film reviews the language is that of 500; time is proportional
MIN_WORDS_REPEATED = 10  # in shorter texts repetition is measured in characters
MIN_CHARS_REPEATED = 30  # in shorter ones it is not: people write "no no no no"
UNKNOWN_LANGUAGE = "unknown"

ASCII_SPACE = bytes(range(9, 14)) + bytes(range(28, 33))
ASCII_LETTERS = string.ascii_letters.encode()
NOT_LETTER = re.compile(r"[\W\d_]")
IS_EMOJI = re.compile(f"[{EMOJI}]")

Limits = Mapping[str, Any]  # values of section `clean` by name of the limit


class Cleaned(NamedTuple):
    """One text after cleaning.

    `touched`: the rules that changed it. `reason`: why it is dropped, "" if it is not. `language`:
    an ISO 639 code, "unknown" for a text that is too short.
    """

    text: str
    touched: tuple[str, ...]
    reason: str
    language: str


def clean_texts(texts: Sequence[str], rules: Sequence[str], limits: Limits) -> list[Cleaned]:
    """Clean texts by the named rules, in the order of RULES; one result per text.

    Each result depends on its own text alone.
    """
    ordered = [rule for rule in RULE_NAMES if rule in rules]
    return [_cleaned(text, ordered, limits) for text in texts]


def _cleaned(text: str, rules: Sequence[str], limits: Limits) -> Cleaned:
    text, touched = rewritten(text, rules)
    reason = drop_reason(text, limits)
    language = UNKNOWN_LANGUAGE
    if not reason and len(text) >= limits["min_chars_for_language"]:
        language = language_of(text)
        if limits["languages"] and language not in limits["languages"]:
            reason = Reason.WRONG_LANGUAGE
    return Cleaned(text, touched, reason, language)


def letter_share(text: str) -> float:
    """Return letters, their marks and emoji as a share of all characters but white space."""
    if text.isascii():  # the same in a tenth of the time
        bare = text.encode().translate(None, ASCII_SPACE)
        return 1 - len(bare.translate(None, ASCII_LETTERS)) / len(bare) if bare else 0.0
    bare_text = "".join(text.split())
    if not bare_text:
        return 0.0
    others = NOT_LETTER.findall(bare_text)
    counted = sum(
        unicodedata.category(character)[0] == "M" or bool(IS_EMOJI.match(character))
        for character in others
        if not character.isascii()
    )
    return 1 - (len(others) - counted) / len(bare_text)


def repeated_share(text: str) -> float:
    """Return the share of word 3-grams that repeat earlier ones (after Rae et al. 2021, A1.1).

    Below 10 words it is that of the characters, because "aaaa" and text without spaces have no
    words to count; below 30 characters it is 0.
    """
    units: Sequence[str] = text.split()
    if len(units) < MIN_WORDS_REPEATED:
        units = text
        if len(units) < MIN_CHARS_REPEATED:
            return 0.0
    grams = list(zip(units, units[1:], units[2:], strict=False))
    return 1 - len(set(grams)) / len(grams)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def language_of(text: str) -> str:
    """Return the ISO 639 code of the language of the first 300 characters (py3langid)."""
    code: str = _identifier().classify(text[:LANGUAGE_CHARS])[0]
    return code


def known_languages() -> list[str]:
    """Return the codes that `language_of` can return."""
    return sorted(_identifier().labels)


class Limit(NamedTuple):
    """A limit: its key in section `clean` of params.yaml, type, default and meaning.

    `is_over` says of a text and the limit's value whether the text is dropped, for `reason`. The
    limits of language have neither: it is computed only for texts that no other limit drops.
    """

    name: str
    type: Any
    default: object
    sentence: str
    reason: Reason | None = None
    is_over: Callable[[str, Any], bool] | None = None


def _is_too_short(text: str, value: int) -> bool:
    return len(text) < value


def _is_too_long(text: str, value: int) -> bool:
    return len(text) > value


def _has_few_letters(text: str, value: float) -> bool:
    return value > 0 and letter_share(text) < value  # not measured if it can drop nothing


def _repeats_itself(text: str, value: float) -> bool:
    return value < 1 and repeated_share(text) > value


COUNT = Annotated[int, Field(ge=1)]
SHARE = Annotated[float, Field(ge=0, le=1)]
# A text that breaks several limits is dropped for the first.
LIMITS = (
    Limit(
        "min_chars",
        COUNT,
        3,
        "characters; a shorter text is dropped",
        Reason.TOO_SHORT,
        _is_too_short,
    ),
    Limit(
        "max_chars",
        COUNT,
        100_000,
        "characters; a longer text is dropped",
        Reason.TOO_LONG,
        _is_too_long,
    ),
    Limit(
        "min_letter_share",
        SHARE,
        0.25,
        "letters, marks and emoji of all but white space; below: a table",
        Reason.LOW_LETTER_SHARE,
        _has_few_letters,
    ),
    Limit(
        "max_repeated_share",
        SHARE,
        0.7,
        "share of word 3-grams that repeat earlier ones; above: a loop",
        Reason.REPETITIVE,
        _repeats_itself,
    ),
    Limit(
        "languages",
        list[str],
        [],
        "ISO 639 codes to keep (same_machine_only); empty: every language",
    ),
    Limit(
        "min_chars_for_language",
        COUNT,
        60,
        "characters; a shorter text is never dropped for its language",
    ),
)


def drop_reason(text: str, limits: Limits) -> str:
    """Return the first reason in LIMITS that is true of the text, "" if none is."""
    for limit in LIMITS:
        if limit.is_over and limit.reason and limit.is_over(text, limits[limit.name]):
            return limit.reason
    return ""
