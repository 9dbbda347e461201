"""One capitalised word that is a person by the words beside it: "Hendrix died", "saw Yli , she".

The word is a listed last name, or one that no dictionary knows; initials such as "MJ" count too.
"""

import re
from collections.abc import Iterator

from seedbed.private.chat_words import is_chat
from seedbed.private.name_lists import (
    NO_NAME_PAIR,
    PLAIN_WORDS,
    is_english,
    last_names,
)
from seedbed.private.name_rules import NOT_A_NAME
from seedbed.private.stand_ins import Span

CAPITALISED = re.compile(
    r"(?<![\w'’@#/.&-])(?<![A-Z][a-z] )[A-Z][a-zß-öø-ÿ]+(?:[A-Z][a-z]+)?(?![\w/@]|['’-]\w\w| ?\d)"
)
# New Jersey and who plays records are no initials.
INITIALS = re.compile(r"(?<![\w'’@#/.&-])[A-CE-MO-Z]J(?![\w/@]|['’-]\w\w)")
DONE_BY_PERSON = re.compile(
    r" (?:said|says|told|asked|thinks|thought|wants|knows|knew|loves|died|dies|sings|sang|wrote"
    r"|married|cried|smiled|laughed|deserves|deserved|was born)\b"
)
DONE_BY_UNKNOWN = re.compile(
    r" (?:tells|asks|lets|texted|plays|played|looks|looked|wears|went|goes|gets|got|came|comes|left"
    r"|lost|killed|kissed|spent|tried|and (?:i|I|me))\b"
)
MEANT_AFTER = re.compile(r" ?[.,!?;]? (?:\w+ ){0,5}(?:he|she|him|her|his|He|She|His|Her)(?!\w)")


def find_lone(text: str) -> Iterator[Span]:
    """Single capitalised words that do as persons do, or that "he" or "she" goes back to."""
    for match in INITIALS.finditer(text):
        yield Span("person", *match.span())
    for match in CAPITALISED.finditer(text):
        if _is_person(match[0].lower(), text, match):
            yield Span("person", *match.span())


def _is_person(word: str, text: str, match: re.Match[str]) -> bool:
    if len(word) < 3 or word in NOT_A_NAME or is_chat(word):
        return False
    if word in NO_NAME_PAIR or word in PLAIN_WORDS:
        return False
    if is_english(word):
        return word in last_names() and bool(DONE_BY_PERSON.match(text, match.end()))
    return any(
        pattern.match(text, match.end())
        for pattern in (DONE_BY_PERSON, DONE_BY_UNKNOWN, MEANT_AFTER)
    )
