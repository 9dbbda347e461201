"""Personal data in texts: found by pattern and, when asked, by a model; then replaced.

Detection is layered: one look at a text decides which patterns are worth trying, and the model of
the extra `names` sees only sentences in which a name could stand. What stands in for a value is
decided in `stand_ins`; values from its reserved ranges are nobody's and never found.
"""

import bisect
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pydantic import field_validator

from seedbed.core.params import Section
from seedbed.private.patterns import DETECTORS, signals_of
from seedbed.private.stand_ins import STAND_IN, Mode, Span, replace

PASSES = 6  # replacing can bring two halves together; more passes than this were never needed
CONTEXT_CHARS = 50  # chars before and after a user's pattern in which a context word may stand

PatternKind = Literal[
    "account_number", "api_key", "case_number", "credit_card", "date", "date_of_birth",
    "document_number", "email", "handle", "iban", "ip", "mac", "national_id", "phone", "postcode",
    "url", "url_with_secret",
]  # fmt: skip
NameKind = Literal["person", "street_address", "place", "organisation"]


class UserPattern(Section):
    """A pattern that a project adds in params.yaml."""

    name: str  # kind of the spans, and its stand-in: `order_number` gives <ORDER_NUMBER>
    regex: str  # Python regular expression; a group called `value` narrows what is replaced
    context: tuple[str, ...] = ()  # words of which one must stand near; none: it always counts

    @field_validator("name")
    @classmethod
    def _name_is_a_word(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name):
            raise ValueError("a name of lower-case letters, digits and _, such as order_number")
        return name

    @field_validator("regex")
    @classmethod
    def _regex_compiles(cls, regex: str) -> str:
        try:
            pattern = re.compile(regex)
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from None
        if pattern.match(""):
            raise ValueError("a regular expression that does not match the empty text")
        return regex


class Wanted(NamedTuple):
    """What to look for: pattern kinds, a project's own patterns, and kinds found by the model."""

    kinds: frozenset[str]
    patterns: tuple[UserPattern, ...] = ()
    names: frozenset[str] = frozenset()


class Anonymized(NamedTuple):
    """A text without its personal values, and how many of each kind were replaced."""

    text: str
    counts: Counter[str]


def detect(texts: Sequence[str], wanted: Wanted) -> list[list[Span]]:
    """Personal values of each text, sorted, without overlaps and outside of stand-ins."""
    found = [_by_pattern(text, wanted) for text in texts]
    if wanted.names:
        from seedbed.private.names import find_names

        for spans, names in zip(found, find_names(texts, wanted.names), strict=True):
            spans += names
    return [settled(text, spans) for text, spans in zip(texts, found, strict=True)]


def anonymize(texts: Sequence[str], wanted: Wanted, key: bytes, mode: Mode) -> list[Anonymized]:
    """Each text with its personal values replaced, until none is found in it.

    So the output, anonymised again with the same patterns, stays as it is. Names by the model are
    looked for once: they depend on the words around, which replacing changes.
    """
    results = [Anonymized(text, Counter()) for text in texts]
    open_places, looked_for = list(range(len(texts))), wanted
    for _ in range(PASSES):
        spans_of = detect([results[place].text for place in open_places], looked_for)
        touched = [(at, spans) for at, spans in zip(open_places, spans_of, strict=True) if spans]
        for at, spans in touched:
            text, counts = results[at]
            kinds = Counter(span.kind for span in spans)
            results[at] = Anonymized(replace(text, spans, key, mode), counts + kinds)
        open_places, looked_for = [at for at, _ in touched], wanted._replace(names=frozenset())
        if not open_places:
            break
    return results


def _by_pattern(text: str, wanted: Wanted) -> list[Span]:
    spans = [
        Span(pattern.name, *pair) for pattern in wanted.patterns for pair in _user(text, pattern)
    ]
    signals = signals_of(text)
    for detector in DETECTORS:
        if detector.signal in signals and detector.kind in wanted.kinds:
            spans += [Span(detector.kind, start, end) for start, end in detector.find(text)]
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
    """Spans without overlaps, sorted by place; the first given has precedence.

    A span that overlaps is cut to what is left of it, so that no found character stays in the text.
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
    """What is left of start..end outside of the taken places, which are sorted and apart."""
    pieces = []
    at = max(bisect.bisect(taken, (start, start)) - 1, 0)
    while at < len(taken) and taken[at][0] < end:
        left, right = taken[at]
        at += 1
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


# Written apart from the finders, and wider than they are: what it sees in the output is a number to
# look into, not a list of faults.
RESIDUAL = {
    "looks_like_email": re.compile(r"[^\s<>()]+@[^\s<>()]+\.[A-Za-z]{2,}"),
    "looks_like_long_number": re.compile(r"\d(?:[ ./()-]{0,2}\d){8,}"),
    "looks_like_ip": re.compile(r"\d+\.\d+\.\d+\.\d+"),
    "looks_like_iban": re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,}\b"),
    "looks_like_token": re.compile(r"\b(?=\w*\d)(?=\w*[A-Z])(?=\w*[a-z])\w{24,}\b"),
    "looks_like_handle": re.compile(r"(?:^|\s)@\w+"),
    "looks_like_link_secret": re.compile(r"://\S*(?:token|passw|secret|key)\S*=", re.IGNORECASE),
}


def scan(texts: Iterable[str]) -> list[dict[str, int]]:
    """How often each shape of personal data is still seen in each text, stand-ins left out."""
    found = []
    for text in texts:
        rest = STAND_IN.sub(" ", text)
        counts = {name: len(pattern.findall(rest)) for name, pattern in RESIDUAL.items()}
        found.append({name: count for name, count in counts.items() if count})
    return found


def residual(texts: Iterable[str]) -> dict[str, int]:
    """How often each shape of personal data is still seen in all texts."""
    return total(scan(texts))


def total(scanned: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sum of what `scan` found, shape by shape."""
    counts = dict.fromkeys(RESIDUAL, 0)
    for one in scanned:
        for name, count in one.items():
            counts[name] += count
    return counts
