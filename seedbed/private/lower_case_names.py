"""Names that people write without capitals: "i love gwen stefani", "leo 's new film".

A first name of the lists opens a name; the word after it belongs to it where a list or the
dictionary says that it is no plain word. One word alone counts by the words beside it.
"""

import re
from collections.abc import Iterator, Sequence

from seedbed.private.chat_words import is_chat
from seedbed.private.name_lists import (
    ENGLISH_WORDS,
    LOWER_CASE_WORDS,
    PLAIN_WORDS,
    all_first_names,
    all_last_names,
    first_names,
    is_english,
    last_names,
    words,
    world_first_names,
)
from seedbed.private.name_rules import NOT_A_NAME, SHORT_NAMES
from seedbed.private.stand_ins import Span

WORD = re.compile(
    r"(?<![\w'’@#/.&-])[a-zß-öø-ÿ]{2,}(?:['’-][a-zß-öø-ÿ]{3,})?(?![\w/@-]|['’](?!s\b)\w)"
)
MODALS = words("can could may might must shall should will would")
# Plain words that are names where a last name follows.
NAMES_TOO = LOWER_CASE_WORDS | words(
    "bob carol dale don ed frank jan kim mark max ray rob robin rod sue terry"
)
INITIAL = re.compile(r" [b-hj-mo-tvwyz](?: ?\.(?= [a-z]{3}))?(?![\w'’&/@-]| ?[+=:)(])")
VERB_FORM = re.compile(r"(?:s|ed|ing)$")
OWNS = re.compile(r" ?['’]s ")
BEFORE_PERSON = re.compile(
    r"\b(?:hi|hey|dear|thanks|friend|brother|sister|wife|husband|boyfriend|girlfriend|cousin|uncle"
    r"|aunt|son|daughter|boss|poor|actor|actress|singer|rapper|president|coach|featuring|feat"
    r"|ft) (?:\. )?$",
    re.IGNORECASE,
)
DONE_BY_PERSON = re.compile(
    r" (?:said|says|told|tells|asked|asks|thinks|thought|wants|wanted|knows|knew|loves|lets|called"
    r"|texted|died|dies|sings|sang|plays|played|looks|looked|deserves|deserved|wrote|writes|went"
    r"|got|gets|won|wins|lost|came|left|kills|killed|married|should|could|would|doesn't|didn't"
    r"|and (?:i|me)|is (?:my|such|so|a|the|an)|was (?:my|such|so|a|the|an|born))\b",
    re.IGNORECASE,
)


def find_lower_case(text: str) -> Iterator[Span]:
    """Names in lower case: a first name with what belongs to it, or one word that does as persons
    do."""
    found = list(WORD.finditer(text))
    at = 0
    while at < len(found):
        first, taken = found[at], 1
        following = found[at + 1] if at + 1 < len(found) else None
        if following and text[first.end() : following.start()] == " ":
            taken += _is_last_name(first[0], following[0])
        if taken > 1 or _stands_alone(text, first):
            yield Span("person", first.start(), _with_initial(text, found[at : at + taken]))
        at += taken


def _with_initial(text: str, parts: Sequence[re.Match[str]]) -> int:
    """Where a name ends: behind an initial that follows a first name alone."""
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
    """Whether a word alone is a name: a sure first name, or one that does as persons do."""
    name = word[0]
    if _is_word(name) or len(name) < 3:
        return False
    if name in first_names():
        sure = name in SHORT_NAMES or (len(name) > 3 and name not in LOWER_CASE_WORDS)
        return sure or _does_as_persons_do(text, word, known=True)
    if is_english(name) or name in PLAIN_WORDS or name in ENGLISH_WORDS:
        return False
    known = name in world_first_names() or name in all_last_names()
    return _does_as_persons_do(text, word, known)


def _does_as_persons_do(text: str, word: re.Match[str], known: bool) -> bool:
    before, after = text[max(0, word.start() - 15) : word.start()], text[word.end() :]
    if BEFORE_PERSON.search(before) or DONE_BY_PERSON.match(after):
        return True
    return known and bool(OWNS.match(after))
