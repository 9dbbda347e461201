"""Rows whose texts are cleaned, through the memo, or dropped for a limit.

Adding a limit is one field of Limits and one condition in `drop_reason`, with its reason in
core/reasons.py.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain, count, starmap
from typing import NamedTuple

import pandas as pd

from seedbed.cleaning.rules import EMOJI, RULE_NAMES, Limits, rewritten, rules_wanted
from seedbed.core.metrics import Drop, RowCounts, WithUnused, settle
from seedbed.core.params import Section, unknown_name
from seedbed.core.reasons import Reason
from seedbed.core.text_units import UNKNOWN_LANGUAGE, known_languages, language_of, length_of
from seedbed.core.texts import CONTEXT, changed, columns_of, naming_rows, texts_in
from seedbed.running.engine import map_texts

MIN_WORDS_REPEATED = 10  # in shorter texts repetition is measured in characters
MIN_CHARS_TABLE = 12  # a shorter text of digits and signs is none: people write "10/10" and ":-)"
MIN_CHARS_REPEATED = 30  # in shorter ones it is not: people write "no no no no"

ASCII_SPACE = bytes(range(9, 14)) + bytes(range(28, 33))
ASCII_LETTERS = string.ascii_letters.encode()
NOT_LETTER = re.compile(r"[\W\d_]")
IS_EMOJI = re.compile(f"[{EMOJI}]")
FENCE = "```"
CODE = re.compile(r"^```.*?(?:^```[ \t]*$|\Z)", re.M | re.S)  # without an end it is all below
KEEP_CODE = ("encoding", "control_characters", "nfc")
MARK = "\ue000"  # for private use, so that no rule touches it
MARKED = re.compile(f"{MARK}(\\d+){MARK}")
LIMITED = ("text", "text_pair", "answer")  # columns whose limits drop a row, in this order


class Cleaned(NamedTuple):
    """One text after cleaning."""

    text: str = ""
    touched: Sequence[str] = ()  # the rules that changed it
    reason: str = ""  # why it is dropped, "" if it is not
    language: str = ""  # an ISO 639 code, "unknown" for a text that is too short


def clean_texts(
    texts: Sequence[str], rules: Sequence[str], limits: Limits, code: bool = False
) -> list[Cleaned]:
    """Clean texts by the named rules, in the order of RULES; one result per text. `code`: blocks of
    code between fences keep their tags, entities and white space, which are what they are about.

    Each result depends on its own text alone.
    """
    ordered = [rule for rule in RULE_NAMES if rule in rules]
    return [_cleaned(text, ordered, limits, code) for text in texts]


def _cleaned(text: str, rules: Sequence[str], limits: Limits, code: bool) -> Cleaned:
    text, touched = (around_code if code else rewritten)(text, rules)
    reason = drop_reason(text, limits)
    language = UNKNOWN_LANGUAGE
    if not reason and length_of(text) >= limits.min_chars_for_language:
        language = language_of(text)
        if limits.languages and language not in limits.languages:
            reason = Reason.WRONG_LANGUAGE
    return Cleaned(text, touched, reason, language)


def around_code(text: str, rules: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return what `rewritten` does, with each block of code rewritten by KEEP_CODE alone: a mark of
    its own takes its place meanwhile."""
    if FENCE not in text or MARK in text:
        return rewritten(text, rules)
    of_code = [rule for rule in rules if rule in KEEP_CODE]
    blocks = [rewritten(block, of_code) for block in CODE.findall(text)]
    numbers = map(str, count())
    text, touched = rewritten(CODE.sub(lambda _: MARK + next(numbers) + MARK, text), rules)
    whole = MARKED.sub(lambda match: blocks[int(match[1])][0], text)
    fired = {*touched, *chain(*(rules_of for _, rules_of in blocks))}
    return whole, tuple(rule for rule in rules if rule in fired)


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


class RowCleaner:
    """Cleans every text of rows, chunk by chunk, and drops the rows that break a limit.

    An empty second text, of a task without pairs, stays empty and breaks none. Limits on length and
    letters are those of questions, not of answers; earlier turns have none.
    """

    def __init__(self, params: Section) -> None:
        """`params` is a CleanParams. Raises ParamsError for a language that no text could be found
        to have."""
        self.drops: list[Drop] = []
        self._rules = rules_wanted(params)
        self._limits = Limits(**params.model_dump(include=set(Limits._fields)))
        for language in self._limits.languages:
            if language not in (known := known_languages()):
                raise unknown_name("params.yaml: clean.languages", language, known)
        self._touched, self._languages = Counter[str](), Counter[str]()
        self._read: list[str] = []
        self._kept: list[str] = []

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a chunk that are kept, cleaned."""
        names = columns_of(rows.columns)
        results = {name: _column(rows, name, self._rules, self._limits) for name in names}
        # That of the question first, by which people know a row.
        limited = zip(*(results[name] for name in LIMITED if name in results), strict=True)
        reasons = [next(filter(None, (part.reason for part in parts)), "") for parts in limited]
        ids = list(rows["id"])
        self.drops += [Drop(id, why) for id, why in zip(ids, reasons, strict=True) if why]
        for parts in zip(*results.values(), strict=True):
            self._touched.update({*chain(*(one.touched for one in parts))})
        texts = zip(results["text"], reasons, strict=True)
        self._languages.update(text.language for text, why in texts if not why)
        self._read += ids
        self._kept += [id for id, why in zip(ids, reasons, strict=True) if not why]
        texts_of = {name: [part.text for part in parts] for name, parts in results.items()}
        return rows.assign(**texts_of)[[not reason for reason in reasons]]

    def metrics(self) -> CleanMetrics:
        """Return the figures of all chunks."""
        return CleanMetrics(
            rows=settle("clean", self._read, self._kept, self.drops),
            rows_touched_by_rule={rule: self._touched[rule] for rule in self._rules},
            rows_by_language=dict(sorted(self._languages.items())),
        )


def clean_rows(
    rows: pd.DataFrame, params: Section
) -> tuple[pd.DataFrame, list[Drop], CleanMetrics]:
    """Return what a RowCleaner makes of rows as one chunk: those kept, the drops, the figures."""
    cleaner = RowCleaner(params)
    return cleaner(rows), cleaner.drops, cleaner.metrics()


def _column(rows: pd.DataFrame, column: str, rules: Sequence[str], limits: Limits) -> list[Cleaned]:
    """Return the cells of a column cleaned; an empty one stays, and breaks no limit."""
    if column in ("answer", CONTEXT):  # "4", "Yes." and a table are answers
        limits = limits._replace(min_chars=1, min_letter_share=0.0)
    if column == CONTEXT:
        limits = Limits(1, 10**9, 0.0, 1.0)
    work = partial(clean_texts, rules=rules, limits=limits)
    if "answer" in rows:
        work = partial(work, code=True)
    cells = list(rows[column])
    texts = list(dict.fromkeys(text for cell in cells for text in texts_in(column, cell)))
    with naming_rows(rows):
        cleaned = dict(zip(texts, starmap(Cleaned, map_texts(work, texts)), strict=True))
    return [_cell(column, cell, cleaned) for cell in cells]


def _cell(column: str, cell: str, cleaned: Mapping[str, Cleaned]) -> Cleaned:
    parts = [cleaned[text] for text in texts_in(column, cell)]
    if column != CONTEXT:
        only = parts[0] if parts else Cleaned()
        is_emptied = column == "answer" and parts and not only.text
        return only._replace(reason=Reason.EMPTY_ANSWER) if is_emptied else only
    text = changed(column, cell, lambda one: cleaned[one].text)
    return Cleaned(text, tuple({*chain(*(part.touched for part in parts))}))
