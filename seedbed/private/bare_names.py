"""Names that the lists of names alone give away: pairs of words, words in lower case, lone words.

A word counts by the lists that know it, by the English dictionary that does not, and by the words
next to it: "Don Mattingly", "i love gwen stefani", "leo 's new film", "Hendrix died".
"""

import re
from collections.abc import Iterator, Sequence

from seedbed.private.kinds import Span
from seedbed.private.name_lists import (
    ENGLISH_WORDS,
    LOWER_CASE_WORDS,
    NO_NAME_PAIR,
    NOT_A_NAME,
    PLAIN_WORDS,
    SHORT_NAMES,
    acts_as_person,
    all_first_names,
    all_last_names,
    first_names,
    is_chat,
    is_english,
    is_first_name,
    last_names,
    word_list,
    world_first_names,
)

MODALS = word_list("modals")
# Plain words that are names where a last name follows.
NAMES_TOO = LOWER_CASE_WORDS | word_list("names_before_last_names")
PAIR = re.compile(
    r"(?<![\w#@/'’.-])([A-Z][a-zß-öø-ÿ]+) ((?:Mc|Mac|O['’]|De|Di|Le)?[A-Z][a-zß-öø-ÿ]+)(?![\w/])"
)
UPPER_PAIR = re.compile(r"(?<![\w#@/'’.-])([A-Z]{3,}) ([A-Z]{3,})(?![\w/])")
LOWER_CASE = re.compile(
    r"(?<![\w'’@#/.&-])[a-zß-öø-ÿ]{2,}(?:['’-][a-zß-öø-ÿ]{3,})?(?![\w/@-]|['’](?!s\b)\w)"
)
INITIAL = re.compile(r" [b-hj-mo-tvwyz](?: ?\.(?= [a-z]{3}))?(?![\w'’&/@-]| ?[+=:)(])")
VERB_FORM = re.compile(r"(?:s|ed|ing)$")
CAPITALISED = re.compile(
    r"(?<![\w'’@#/.&-])(?<![A-Z][a-z] )[A-Z][a-zß-öø-ÿ]+(?:[A-Z][a-z]+)?(?![\w/@]|['’-]\w\w| ?\d)"
)
# New Jersey and who plays records are no initials.
INITIALS = re.compile(r"(?<![\w'’@#/.&-])[A-CE-MO-Z]J(?![\w/@]|['’-]\w\w)")
MEANT_AFTER = re.compile(r" ?[.,!?;]? (?:\w+ ){0,5}(?:he|she|him|her|his|He|She|His|Her)(?!\w)")


def find_pairs(text: str) -> Iterator[Span]:
    """Yield first names that are plain words too, with a last name after: "Don Mattingly"."""
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


def find_lower_case(text: str) -> Iterator[Span]:
    """Yield names in lower case: a first name with what belongs to it, or a word used as a name."""
    words = list(LOWER_CASE.finditer(text))
    index = 0
    while index < len(words):
        first, taken = words[index], 1
        following = words[index + 1] if index + 1 < len(words) else None
        if following and text[first.end() : following.start()] == " ":
            taken += _is_last_name(first[0], following[0])
        if taken > 1 or _stands_alone(text, first):
            yield Span("person", first.start(), _with_initial(text, words[index : index + taken]))
        index += taken


def _with_initial(text: str, parts: Sequence[re.Match[str]]) -> int:
    """Return where a name ends: behind an initial that follows a first name alone."""
    end = parts[-1].end()
    known = len(parts) == 1 and parts[0][0] in first_names()
    return initial.end() if known and (initial := INITIAL.match(text, end)) else end


def _is_word(word: str) -> bool:
    return word in NOT_A_NAME or word in MODALS or is_chat(word)


def _is_last_name(first: str, word: str) -> bool:
    """Whether a word behind a first name belongs to it."""
    if _is_word(first) or _is_word(word) or len(word) < 3:
        return False
    if first in first_names() and first not in LOWER_CASE_WORDS:
        if not is_english(word) or word in last_names():
            return True
        return word in all_last_names() and not VERB_FORM.search(word)
    if first in NAMES_TOO or (first in all_first_names() and not is_english(first)):
        return word in last_names()
    if first in world_first_names():
        return word in last_names() and not is_english(word)
    return first in all_first_names() and word in last_names() and not is_english(word)


def _stands_alone(text: str, word: re.Match[str]) -> bool:
    """Whether a single word is a name: a sure first name, or one next to the words of a person."""
    name = word[0]
    if _is_word(name) or len(name) < 3:
        return False
    if name in first_names():
        sure = name in SHORT_NAMES or (len(name) > 3 and name not in LOWER_CASE_WORDS)
        return sure or acts_as_person(text, *word.span(), "lower", can_own=True)
    if is_english(name) or name in PLAIN_WORDS or name in ENGLISH_WORDS:
        return False
    known = name in world_first_names() or name in all_last_names()
    return acts_as_person(text, *word.span(), "lower", can_own=known)


def find_lone(text: str) -> Iterator[Span]:
    """Yield single capitalised words that act as a person, or that "he" or "she" refers to."""
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
        return word in last_names() and acts_as_person(text, *match.span(), "word")
    if acts_as_person(text, *match.span(), "unknown"):
        return True
    return MEANT_AFTER.match(text, match.end()) is not None
