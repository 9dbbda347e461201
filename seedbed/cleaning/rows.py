"""Rows whose texts are cleaned, through the memo, or dropped for a limit.

Adding a limit is one field of Limits and one condition in `drop_reason`, with its reason in
core/reasons.py.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd

from seedbed.cleaning.rules import EMOJI, RULE_NAMES, Limits, rewritten, rules_wanted
from seedbed.core.metrics import Drop, RowCounts, WithUnused, settle
from seedbed.core.params import Section, unknown_name
from seedbed.core.reasons import Reason
from seedbed.core.text_units import UNKNOWN_LANGUAGE, known_languages, language_of, length_of
from seedbed.running.engine import map_texts

MIN_WORDS_REPEATED = 10  # in shorter texts repetition is measured in characters
MIN_CHARS_TABLE = 12  # a shorter text of digits and signs is none: people write "10/10" and ":-)"
MIN_CHARS_REPEATED = 30  # in shorter ones it is not: people write "no no no no"

ASCII_SPACE = bytes(range(9, 14)) + bytes(range(28, 33))
ASCII_LETTERS = string.ascii_letters.encode()
NOT_LETTER = re.compile(r"[\W\d_]")
IS_EMOJI = re.compile(f"[{EMOJI}]")


class Cleaned(NamedTuple):
    """One text after cleaning."""

    text: str = ""
    touched: Sequence[str] = ()  # the rules that changed it
    reason: str = ""  # why it is dropped, "" if it is not
    language: str = ""  # an ISO 639 code, "unknown" for a text that is too short


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
    if not reason and length_of(text) >= limits.min_chars_for_language:
        language = language_of(text)
        if limits.languages and language not in limits.languages:
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


def _is_written_in_signs(text: str) -> bool:
    """Whether a text has marks of two kinds, or digits and a mark, as in ":-)" or "10/10"."""
    return len({"0" if mark.isdigit() else mark for mark in text if not mark.isspace()}) > 1


def drop_reason(text: str, limits: Limits) -> str:
    """Return the first reason to drop the text, "" if no limit of another thing than language is
    broken. A share is not measured if it can drop nothing."""
    length = length_of(text)
    if length < limits.min_chars:
        return Reason.TOO_SHORT
    if length > limits.max_chars:
        return Reason.TOO_LONG
    is_table = limits.min_letter_share > 0 and letter_share(text) < limits.min_letter_share
    if is_table and (length >= MIN_CHARS_TABLE or not _is_written_in_signs(text)):
        return Reason.LOW_LETTER_SHARE
    if limits.max_repeated_share < 1 and repeated_share(text) > limits.max_repeated_share:
        return Reason.REPETITIVE
    return ""


class CleanMetrics(WithUnused):
    """reports/metrics/clean.json."""

    rows: RowCounts
    rows_touched_by_rule: dict[str, int]
    rows_by_language: dict[str, int]  # of the rows kept


def clean_rows(
    rows: pd.DataFrame, params: Section
) -> tuple[pd.DataFrame, list[Drop], CleanMetrics]:
    """Clean `text` and `text_pair` of every row, and drop the rows that break a limit: the rows
    kept, the drops, and the figures.

    An empty second text, of a task without pairs, stays empty and breaks none. `params` is a
    CleanParams. Raises ParamsError for a language that no text could be found to have.
    """
    rules = rules_wanted(params)
    limits = Limits(**params.model_dump(include=set(Limits._fields)))
    for language in limits.languages:
        if language not in (known := known_languages()):
            raise unknown_name("params.yaml: clean.languages", language, known)
    work = partial(clean_texts, rules=rules, limits=limits)
    texts = [Cleaned(*result) for result in map_texts(work, rows["text"].tolist())]
    second = iter(map_texts(work, [pair for pair in rows["text_pair"] if pair]))
    pairs = [Cleaned(*next(second)) if pair else Cleaned() for pair in rows["text_pair"]]
    reasons = [text.reason or pair.reason for text, pair in zip(texts, pairs, strict=True)]
    drops = [Drop(id, reason) for id, reason in zip(rows["id"], reasons, strict=True) if reason]
    cleaned = rows.assign(
        text=[text.text for text in texts], text_pair=[pair.text for pair in pairs]
    )
    kept = cleaned[[not reason for reason in reasons]]
    touched = Counter(
        rule
        for text, pair in zip(texts, pairs, strict=True)
        for rule in {*text.touched, *pair.touched}
    )
    languages = Counter(
        text.language for text, reason in zip(texts, reasons, strict=True) if not reason
    )
    return (
        kept,
        drops,
        CleanMetrics(
            rows=settle("clean", rows["id"], kept["id"], drops),
            rows_touched_by_rule={rule: touched[rule] for rule in rules},
            rows_by_language=dict(sorted(languages.items())),
        ),
    )
