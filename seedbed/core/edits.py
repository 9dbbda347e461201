"""Small edits of a text's words: what augmentation makes rows with, and behaviour is tested with.

Each edit is a function from a text's words to its words, drawn from hash(seed, row id, copy), so a
row gives the same copies in any order, on any machine. Everything between the words, such as line
breaks and stand-ins of personal values, is unchanged. A word is a run of letters with their marks,
and of digits, with the signs written to it (C++, -5%). In scripts without spaces that is a clause:
there clauses are moved, but none is deleted, because it may be all that the text says.

Easy data augmentation (synonyms, insert, swap, delete): Wei and Zou, 2019; punctuation insertion
(AEDA): Karimi, Rossi and Prati, 2021.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import ParamsError, reading
from seedbed.core.files import hash_number
from seedbed.core.text_units import WORD

PUNCTUATION = [".", ";", "?", ":", "!", ","]
KEYBOARD = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
NEAR_KEYS = {
    key: [line[index + step] for step in (-1, 1) if 0 <= index + step < len(line)]
    for line in KEYBOARD
    for index, key in enumerate(line)
}
PARTS_OF_SPEECH = ("adj", "adv", "noun", "verb")
INSIDE = ("", "corpora/wordnet", "dict")  # of Debian, of nltk_data, of Princeton's archive


class Words(NamedTuple):
    """A text: its words, and the gaps before, between and after them, one more than the words."""

    words: list[str]
    gaps: list[str]

    def text(self) -> str:
        """Return the text."""
        return "".join(chain.from_iterable(zip(self.gaps, [*self.words, ""], strict=True)))


Edit = Callable[[Words, float, random.Random], Words]
Synonyms = dict[str, list[str]]


def words_of(text: str, fixed_parts: re.Pattern[str]) -> Words:
    """Split a text into its words and gaps; nothing in a match of `fixed_parts` is a word."""
    fixed = [match.span() for match in fixed_parts.finditer(text)]
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
    """Return the random generator of a row's copy."""
    return random.Random(hash_number(f"{seed}:{row}:{copy}"))


def method_of(methods: Sequence[str], seed: int, row: str, copy: int) -> str:
    """Return the method of a row's copy: rows start at different ones, copies take them in turn."""
    return methods[(generator(seed, row, -1).randrange(len(methods)) + copy) % len(methods)]


def _count(words: list[str], share: float) -> int:
    return min(len(words), max(1, round(share * len(words))))


def swap(text: Words, share: float, draw: random.Random) -> Words:
    """Swap `share` of the words, each with another one."""
    words = list(text.words)
    for _ in range(_count(words, share) if len(words) > 1 else 0):
        first, second = draw.sample(range(len(words)), 2)
        words[first], words[second] = words[second], words[first]
    return Words(words, text.gaps)


def delete(text: Words, share: float, draw: random.Random) -> Words:
    """Delete `share` of the words, but not all."""
    count = min(_count(text.words, share), len(text.words) - 1)
    words, gaps = list(text.words), list(text.gaps)
    for index in sorted(draw.sample(range(len(words)), max(0, count)), reverse=True):
        del words[index]
        left, right = gaps[index], gaps.pop(index + 1)
        # One of the two blanks around the word is deleted, too.
        if left == "" or left.endswith("\n"):
            gaps[index] = left + right.lstrip(" ")
        else:
            gaps[index] = left.removesuffix(" ") + right
    return Words(words, gaps)


def insert(synonyms: Synonyms, text: Words, share: float, draw: random.Random) -> Words:
    """Insert synonyms of `share` of the words at random positions."""
    words, gaps = list(text.words), list(text.gaps)
    known = [word.lower() for word in words if word.lower() in synonyms]
    for _ in range(_count(words, share) if known else 0):
        index = draw.randrange(len(words) + 1)
        gaps.insert(index + (index < len(words)), " ")
        words.insert(index, draw.choice(synonyms[draw.choice(known)]))
    return Words(words, gaps)


def punctuate(text: Words, share: float, draw: random.Random) -> Words:
    """Insert punctuation marks before 1 to a third of the words, as in the paper; `share` is not
    used."""
    gaps, number = list(text.gaps), len(text.words)
    count = draw.randint(1, max(1, number // 3)) if number else 0
    for index in draw.sample(range(number), count):
        gaps[index] += draw.choice(PUNCTUATION) + " "
    return Words(text.words, gaps)


def mistype(text: Words, share: float, draw: random.Random) -> Words:
    """Replace one letter by its neighbour on the keyboard in `share` of the words."""
    words = list(text.words)
    for index in draw.sample(range(len(words)), _count(words, share)):
        word = words[index]
        letters = [at for at, letter in enumerate(word) if letter.lower() in NEAR_KEYS]
        if letters:
            at = draw.choice(letters)
            typo = draw.choice(NEAR_KEYS[word[at].lower()])
            words[index] = word[:at] + _cased(typo, word[at]) + word[at + 1 :]
    return Words(words, text.gaps)


def replace(synonyms: Synonyms, text: Words, share: float, draw: random.Random) -> Words:
    """Replace `share` of the words by synonyms, if they have any."""
    words = list(text.words)
    known = [index for index, word in enumerate(words) if word.lower() in synonyms]
    for index in draw.sample(known, min(len(known), _count(words, share))):
        words[index] = _cased(draw.choice(synonyms[words[index].lower()]), words[index])
    return Words(words, text.gaps)


def _cased(word: str, like: str) -> str:
    """Return the word in upper case, or with a capital, like the one that it replaces."""
    if like.isupper():
        return word.upper() if len(like) > 1 or len(word) == 1 else word.capitalize()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


EDITS: dict[str, Edit] = {edit.__name__: edit for edit in (swap, delete, punctuate, mistype)}
OF_SYNONYMS = {"synonyms": replace, "insert": insert}


def read_synonyms(folder: Path) -> Synonyms:
    """Return single-word synonyms by lower-case word, of all senses and parts of speech.

    They come from WordNet's data files (format: wndb(5WN)) in `folder`, or in the subfolder of NLTK
    or Princeton. Raises ParamsError if the folder has no WordNet.
    """
    choices = [[folder / inner / f"data.{part}" for part in PARTS_OF_SPEECH] for inner in INSIDE]
    files = next((files for files in choices if all(map(Path.exists, files))), None)
    if files is None:
        raise ParamsError(
            "params.yaml: augment.wordnet_folder",
            f"no data.noun, data.verb, data.adj and data.adv in {folder}",
            "WordNet's data files",
            "install them (Debian: apt-get install wordnet-base gives /usr/share/wordnet; NLTK: "
            "python -m nltk.downloader wordnet, unzipped, gives nltk_data) and name their folder, "
            "or delete synonyms and insert from augment.methods",
        )
    synonyms: dict[str, set[str]] = defaultdict(set)
    for file in files:
        with reading(file, "install WordNet's data files again"):
            for line in file.read_text(encoding="utf-8").split("\n"):
                if line[:1].strip():  # no empty line, and none of the licence
                    # Offset, file number, type, number of words in hex, rest.
                    fields = line.split(" ", 4)
                    members = fields[4].split(" ")[: 2 * int(fields[3], 16) : 2]
                    plain = [word.split("(")[0] for word in members if "_" not in word]
                    for word in plain:
                        others = (one for one in plain if one.lower() != word.lower())
                        synonyms[word.lower()].update(others)
    return {word: sorted(others) for word, others in sorted(synonyms.items()) if others}
