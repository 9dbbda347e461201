"""First and last names that stand together: two words of which a list knows one, and of which the
English dictionary does not know the other."""

import re
from collections.abc import Iterator

from seedbed.private.name_lists import (
    NO_NAME_PAIR,
    PLAIN_WORDS,
    all_first_names,
    is_english,
    last_names,
)
from seedbed.private.name_rules import is_first_name
from seedbed.private.stand_ins import Span

PAIR = re.compile(
    r"(?<![\w#@/'’.-])([A-Z][a-zß-öø-ÿ]+) ((?:Mc|Mac|O['’]|De|Di|Le)?[A-Z][a-zß-öø-ÿ]+)(?![\w/])"
)
UPPER_PAIR = re.compile(r"(?<![\w#@/'’.-])([A-Z]{3,}) ([A-Z]{3,})(?![\w/])")


def find_pairs(text: str) -> Iterator[Span]:
    """First names that are plain words too, with a last name after: "Don Mattingly"."""
    for pattern in (PAIR, UPPER_PAIR):
        for match in pattern.finditer(text):
            if _is_pair(match[1], match[2].lower()):
                yield Span("person", *match.span())


def _is_pair(word: str, last: str) -> bool:
    first = word.lower()
    if {first, last} & NO_NAME_PAIR:
        return False
    if not (first in all_first_names() or is_first_name(word.title())):
        return last in last_names() and not is_english(last) and not is_english(first)
    if word.istitle() and not is_english(last):
        return True
    return last in last_names() and (first not in PLAIN_WORDS or not is_english(last))


def is_pair_of_names(value: str) -> bool:
    """Whether two words that a model calls an organisation are rather a first and a last name."""
    parts = value.split(" ")
    if len(parts) != 2 or not all(part.istitle() and part.isalpha() for part in parts):
        return False
    first, last = (part.lower() for part in parts)
    if last not in last_names() or {first, last} & NO_NAME_PAIR:
        return False
    return first in all_first_names() or not (is_english(first) and is_english(last))
