"""A sentence in one case as it would read in two: what a model of names was trained to read.

A word gets a capital where the dictionary does not know it or the lists know it as a name; plain
words stay without one, so that the model sees where a name ends.
"""

import re

from seedbed.private.chat_words import is_chat
from seedbed.private.name_lists import (
    LOWER_CASE_WORDS,
    all_first_names,
    first_names,
    is_english,
    last_names,
)
from seedbed.private.name_rules import NOT_A_NAME

# A letter whose capital is two letters would move what follows.
WORD = re.compile(r"(?<![\w'’@#/.-])(?!ß|ŉ|ǰ|ﬀ|ﬁ|ﬂ)[^\W\d_]{2,}(?![\w@/])")
BEFORE_PLACE = re.compile(r"(?<!\w)(?:in|from|at|near|visit|to) $", re.IGNORECASE)


def with_restored_case(sentence: str, common: frozenset[str]) -> str:
    """A sentence all in lower or all in upper case with capitals on its names, of the same length;
    any other as it is. `common` are words that are never names."""
    if not (sentence.islower() or sentence.isupper()):
        return sentence
    pieces, at, name_ends = [], 0, -1
    for match in WORD.finditer(sentence):
        lower = match[0].lower()
        as_name = lower not in common and _is_name(sentence, match, name_ends)
        if as_name and lower in all_first_names():
            name_ends = match.end()
        restored = lower[0].upper() + lower[1:] if as_name else lower
        if len(restored) == len(match[0]):
            pieces += [sentence[at : match.start()], restored]
            at = match.end()
    return "".join(pieces) + sentence[at:]


def _is_name(sentence: str, word: re.Match[str], name_ends: int) -> bool:
    lower = word[0].lower()
    if lower in NOT_A_NAME or is_chat(lower) or len(lower) < 3:
        return False
    if lower in first_names() and lower not in LOWER_CASE_WORDS or not is_english(lower):
        return True
    if name_ends == word.start() - 1 and lower in last_names():
        return True
    return bool(BEFORE_PLACE.search(sentence, 0, word.start())) or lower in LOWER_CASE_WORDS
