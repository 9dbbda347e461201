"""New train rows out of old ones: small edits of a text's words.

Each edit is a function from a text's words to its words, drawn from hash(seed, row id, copy),
so a row gives the same copies in any order, on any machine. What stands between the words, line
breaks and stand-ins of personal values among it, stays as it is. A word is a run of letters and
digits: in scripts without spaces that is a clause, and these edits do little there.

Easy data augmentation (synonyms, insert, swap, delete): Wei and Zou, 2019; punctuation insertion
(AEDA): Karimi, Rossi and Prati, 2021.
"""

import hashlib
import random
import re
from collections.abc import Callable
from typing import NamedTuple

from seedbed.private.stand_ins import STAND_IN

PUNCTUATION = [".", ";", "?", ":", "!", ","]
KEYBOARD = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
NEAR_KEYS = {
    key: [line[place + step] for step in (-1, 1) if 0 <= place + step < len(line)]
    for line in KEYBOARD
    for place, key in enumerate(line)
}
WORD = re.compile(r"\w+(?:[-'’]\w+)*")


class Words(NamedTuple):
    """A text: `gaps` are what stands before, between and after the words, one more than those."""

    words: list[str]
    gaps: list[str]

    def text(self) -> str:
        """The text that they are of."""
        pairs = zip(self.gaps, self.words, strict=False)
        return "".join(gap + word for gap, word in pairs) + self.gaps[-1]


Edit = Callable[[Words, float, random.Random], Words]
Synonyms = dict[str, list[str]]


def words_of(text: str) -> Words:
    """A text as its words and what stands between them; no stand-in is a word."""
    fixed = [match.span() for match in STAND_IN.finditer(text)]
    words, gaps, end = [], [], 0
    for match in WORD.finditer(text):
        start, stop = match.span()
        if any(start < after and stop > before for before, after in fixed):
            continue
        words.append(match.group())
        gaps.append(text[end:start])
        end = stop
    return Words(words, [*gaps, text[end:]])


def generator(seed: int, row: str, copy: int) -> random.Random:
    """A random generator of this row's own."""
    digest = hashlib.sha256(f"{seed}:{row}:{copy}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def method_of(methods: list[str], seed: int, row: str, copy: int) -> str:
    """The method of a row's copy: rows begin at different ones, copies take them in turn."""
    return methods[(generator(seed, row, -1).randrange(len(methods)) + copy) % len(methods)]


def _count(words: list[str], share: float) -> int:
    return min(len(words), max(1, round(share * len(words))))


def swap(text: Words, share: float, draw: random.Random) -> Words:
    """`share` of the words change places, each with another one."""
    words = list(text.words)
    for _ in range(_count(words, share) if len(words) > 1 else 0):
        one, other = draw.sample(range(len(words)), 2)
        words[one], words[other] = words[other], words[one]
    return Words(words, text.gaps)


def delete(text: Words, share: float, draw: random.Random) -> Words:
    """`share` of the words go; at least one stays."""
    count = min(_count(text.words, share), len(text.words) - 1)
    words, gaps = list(text.words), list(text.gaps)
    for place in sorted(draw.sample(range(len(words)), max(0, count)), reverse=True):
        del words[place]
        gaps[place : place + 2] = [_joined(gaps[place], gaps[place + 1])]
    return Words(words, gaps)


def _joined(left: str, right: str) -> str:
    """What stands where a word went: one of the two blanks around it goes with it."""
    if left == "" or left.endswith("\n"):
        return left + right.lstrip(" ")
    return left.removesuffix(" ") + right


def insert_edit(synonyms: Synonyms) -> Edit:
    """An edit that puts synonyms of `share` of the words before random other words."""

    def insert(text: Words, share: float, draw: random.Random) -> Words:
        words, gaps = list(text.words), list(text.gaps)
        known = [word.lower() for word in words if word.lower() in synonyms]
        for _ in range(_count(words, share) if known else 0):
            place = draw.randrange(len(words) + 1)
            gaps.insert(place + (place < len(words)), " ")
            words.insert(place, draw.choice(synonyms[draw.choice(known)]))
        return Words(words, gaps)

    return insert


def punctuate(text: Words, share: float, draw: random.Random) -> Words:
    """A punctuation mark before 1 to a third of the words, as the paper has it; no word changes
    and `share` is not asked."""
    gaps, number = list(text.gaps), len(text.words)
    count = draw.randint(1, max(1, number // 3)) if number else 0
    for place in draw.sample(range(number), count):
        gaps[place] += draw.choice(PUNCTUATION) + " "
    return Words(text.words, gaps)


def mistype(text: Words, share: float, draw: random.Random) -> Words:
    """In `share` of the words one letter becomes its neighbour on the keyboard."""
    words = list(text.words)
    for place in draw.sample(range(len(words)), _count(words, share)):
        word = words[place]
        letters = [at for at, letter in enumerate(word) if letter.lower() in NEAR_KEYS]
        if letters:
            at = draw.choice(letters)
            typo = draw.choice(NEAR_KEYS[word[at].lower()])
            words[place] = word[:at] + _cased(typo, word[at]) + word[at + 1 :]
    return Words(words, text.gaps)


def synonyms_edit(synonyms: Synonyms) -> Edit:
    """An edit that puts a synonym in the place of `share` of the words, of those that have one."""

    def replace(text: Words, share: float, draw: random.Random) -> Words:
        words = list(text.words)
        places = [place for place, word in enumerate(words) if word.lower() in synonyms]
        for place in draw.sample(places, min(len(places), _count(words, share))):
            word = words[place]
            words[place] = _cased(draw.choice(synonyms[word.lower()]), word)
        return Words(words, text.gaps)

    return replace


def _cased(word: str, like: str) -> str:
    """The word in capitals, or with a capital, where the one it replaces is so."""
    if like.isupper():
        return word.upper() if len(like) > 1 or len(word) == 1 else word.capitalize()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


EDITS: dict[str, Edit] = {
    "swap": swap,
    "delete": delete,
    "punctuate": punctuate,
    "mistype": mistype,
}
OF_SYNONYMS: dict[str, Callable[[Synonyms], Edit]] = {
    "synonyms": synonyms_edit,
    "insert": insert_edit,
}
