"""Values of a conversation, replaced in all of its turns.

What names a value may be in another turn than the value: "What is your account number?" comes
before the digits alone. So a text with a number is also looked at with the end of the turn before
it; and what is found in one turn of a conversation is replaced wherever another one repeats it.
Rows of one group are one conversation.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import pairwise

import pandas as pd

from seedbed.core.text_units import apart
from seedbed.core.texts import each_texts
from seedbed.private.detection import NAME_DATA, detect, settled
from seedbed.private.kinds import Mode, Wanted, replace
from seedbed.private.patterns import Span
from seedbed.running.engine import map_texts

LEAD_CHARS = 120  # of the turn before: more than any word that names a value is away from it
NUMBER = re.compile(r"(?:\d[^\w\n]{0,2}){4}")
ENDS = " \n\t?.!:…？。"
MIN_LETTERS = 3  # of a value that is looked for in other turns: fewer are in texts by chance
MIN_DIGITS = 4

Value = tuple[str, str]  # kind, and as it is written


def values_of(items: Sequence[tuple[str, str]], wanted: Wanted) -> list[list[Value]]:
    """Return the values of each (end of the turn before, text) that are in the text; names are
    looked for in texts without a turn before alone."""
    found: list[list[Value]] = []
    for lead, text in items:
        kinds = wanted._replace(names=frozenset()) if lead else wanted
        # As one sentence: patterns know "account number: 48151623", and no question before it.
        lead = f"{lead.rstrip(ENDS)}: " if lead else ""
        start, whole = len(lead), lead + text
        (spans,) = detect([whole], kinds)
        found.append(
            [(one.kind, whole[one.start : one.end]) for one in spans if one.start >= start]
        )
    return found


def shared_values(
    rows: pd.DataFrame, changed: Collection[str], wanted: Wanted
) -> list[frozenset[Value]]:
    """Return for each row the values that its conversation has in any turn.

    `changed`: the texts in which a value was found without the turn before it.
    """
    items_of = [list(_items(texts, changed)) for texts in each_texts(rows)]
    every = list(dict.fromkeys(item for items in items_of for item in items))
    work = partial(values_of, wanted=wanted)
    found = dict(zip(every, map_texts(work, every, libraries=NAME_DATA), strict=True))
    # Without a group a row is a conversation of its own.
    names = [group or f"row {index}" for index, group in enumerate(rows["group"])]
    of_each: dict[str, set[Value]] = defaultdict(set)
    for name, items in zip(names, items_of, strict=True):
        of_each[name] |= {
            (kind, value) for item in items for kind, value in found[item] if _is_rare(value)
        }
    whole = {name: frozenset(values) for name, values in of_each.items()}
    return [whole[name] for name in names]


def _items(texts: Sequence[str], changed: Collection[str]) -> Iterable[tuple[str, str]]:
    yield from (("", text) for text in texts if text in changed)
    for before, text in pairwise(texts):
        if NUMBER.search(text):
            yield before[-LEAD_CHARS:], text


def _is_rare(value: str) -> bool:
    digits, letters = (sum(map(test, value)) for test in (str.isdigit, str.isalpha))
    return letters >= MIN_LETTERS or digits >= MIN_DIGITS


def without_values(
    text: str, values: Collection[Value], key: bytes, mode: Mode
) -> tuple[str, Counter[str]]:
    """Return a text with the values of its conversation replaced that are still in it, and how many
    of each kind."""
    low = text.casefold()
    held = sorted(
        (one for one in values if one[1].casefold() in low),
        key=lambda one: (-len(one[1]), one),  # of two that overlap the longer one
    )
    if not held:
        return text, Counter()
    bare = apart(text)
    spans = [Span(kind, *place) for kind, value in held for place in _places(value, text, bare)]
    spans = settled(text, spans)
    return replace(text, spans, key, mode), Counter(span.kind for span in spans)


def _places(value: str, text: str, bare: str) -> Iterable[tuple[int, int]]:
    """Yield where a text has a value as a whole word; `bare` is the text with letters that may be
    written together with it blanked."""
    for match in re.finditer(re.escape(value), text, re.IGNORECASE):
        start, end = match.span()
        before, behind = bare[max(0, start - 1) : start], bare[end : end + 1]
        if not (_joins(before, value[0]) or _joins(behind, value[-1])):
            yield start, end


def _joins(neighbour: str, end: str) -> bool:
    return (neighbour.isalnum() or neighbour == "_") and end.isalnum()
