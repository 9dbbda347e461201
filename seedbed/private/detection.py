"""Personal data in texts: found by pattern and, if wanted, by an engine for names; then replaced.

Detection is layered: one look at a text decides which patterns are worth trying, and the model for
names sees only sentences in which a name could be. What replaces a value is decided in `stand_ins`;
values from its reserved ranges are nobody's and never found.
"""

import bisect
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seedbed.private.kinds import KINDS, RESIDUALS, Search, Span
from seedbed.private.patterns import signals_of
from seedbed.private.settings import UserPattern, Wanted
from seedbed.private.stand_ins import STAND_IN, Mode, replace

MAX_PASSES = 6  # replacing can bring two halves together; more passes were never needed
CONTEXT_CHARS = 50  # before and after a project's own pattern, in which a context word counts


def _in_order() -> list[tuple[str, Search]]:
    """Return the kind and the search of every finder, in order of precedence."""
    searches = [(kind.name, search) for kind in KINDS for search in kind.searches]
    return [
        entry for kind in KINDS for entry in searches if (entry[1].after or entry[0]) == kind.name
    ]


SEARCHES = _in_order()


class Anonymized(NamedTuple):
    """A text without its personal values, and how many of each kind were replaced."""

    text: str
    counts: Counter[str]


class Change(NamedTuple):
    """What anonymizing changes in a text, in the form that the memo keeps.

    `text`: the new text, None if it is the same. `counts`: replaced values by kind. `residual`:
    shapes of personal data that the wide scan still finds in the new text.
    """

    text: str | None
    counts: dict[str, int]
    residual: dict[str, int]


def changes(texts: Sequence[str], wanted: Wanted, key: bytes, mode: Mode) -> list[Change]:
    """Return what anonymizing changes in each text; each result depends on its own text alone."""
    results = anonymize(texts, wanted, key, mode)
    residual = scan(result.text for result in results)
    return [
        Change(None if after == text else after, dict(counts), shapes)
        for text, (after, counts), shapes in zip(texts, results, residual, strict=True)
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
    results = [Anonymized(text, Counter()) for text in texts]
    unfinished, looked_for = list(range(len(texts))), wanted
    for _ in range(MAX_PASSES):
        spans_of = detect([results[index].text for index in unfinished], looked_for)
        touched = [
            (index, spans) for index, spans in zip(unfinished, spans_of, strict=True) if spans
        ]
        for index, spans in touched:
            text, counts = results[index]
            kinds = Counter(span.kind for span in spans)
            results[index] = Anonymized(replace(text, spans, key, mode), counts + kinds)
        unfinished = [index for index, _ in touched]
        looked_for = wanted._replace(names=frozenset())
        if not unfinished:
            break
    return results


def _by_pattern(text: str, wanted: Wanted) -> list[Span]:
    spans = [
        Span(pattern.name, *pair) for pattern in wanted.patterns for pair in _user(text, pattern)
    ]
    signals = signals_of(text)
    for kind, search in SEARCHES:
        if search.signal in signals and kind in wanted.kinds:
            spans += [Span(kind, start, end) for start, end in search.find(text)]
    return spans


def _user(text: str, pattern: UserPattern) -> Iterable[tuple[int, int]]:
    compiled = re.compile(pattern.regex)
    group = "value" if "value" in compiled.groupindex else 0
    for match in compiled.finditer(text):
        start, end = match.span(group)
        if start < end and _in_context(text, start, end, pattern.context):
            yield start, end


def _in_context(text: str, start: int, end: int, words: Sequence[str]) -> bool:
    if not words:
        return True
    before, after = text[max(0, start - CONTEXT_CHARS) : start], text[end : end + CONTEXT_CHARS]
    either = "|".join(re.escape(word) for word in words)
    return bool(re.search(rf"(?<!\w)(?:{either})(?!\w)", f"{before} {after}", re.IGNORECASE))


def settled(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans without overlaps, sorted; where two overlap, the first given has precedence.

    A span that overlaps is cut to what is left of it, so that no detected character stays in the
    text.
    """
    if not spans:
        return []
    taken = [match.span() for match in STAND_IN.finditer(text)]
    kept: list[Span] = []
    for span in spans:
        for start, end in _outside(span.start, span.end, taken):
            start, end = _trimmed(text, start, end)
            whole = (start, end) == (span.start, span.end)
            if start < end and (whole or sum(map(str.isalnum, text[start:end])) > 1):
                kept.append(Span(span.kind, start, end))
                bisect.insort(taken, (start, end))
    return sorted(kept, key=lambda span: span.start)


def _outside(start: int, end: int, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of start..end outside the taken pairs, which are sorted and disjoint."""
    pieces = []
    index = max(bisect.bisect(taken, (start, start)) - 1, 0)
    while index < len(taken) and taken[index][0] < end:
        left, right = taken[index]
        index += 1
        if left > start:
            pieces.append((start, left))
        start = max(start, right)
    if start < end:
        pieces.append((start, end))
    return pieces


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def scan(texts: Iterable[str]) -> list[dict[str, int]]:
    """Count each shape of personal data that is still in each text, stand-ins left out."""
    shapes_of = []
    for text in texts:
        rest = STAND_IN.sub(" ", text)
        counts = {name: len(pattern.findall(rest)) for name, pattern in RESIDUALS.items()}
        shapes_of.append({name: count for name, count in counts.items() if count})
    return shapes_of


def total(scanned: Iterable[dict[str, int]]) -> dict[str, int]:
    """Return the sum of what `scan` counted, shape by shape."""
    counts = dict.fromkeys(RESIDUALS, 0)
    for shapes in scanned:
        for name, count in shapes.items():
            counts[name] += count
    return counts
