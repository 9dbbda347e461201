"""New train rows out of old ones: small edits of a text, and negatives that mean nothing.

Each edit is a function from words to words, drawn from hash(seed, row id, copy number), so a row
gives the same copies in any order, on any machine. Easy data augmentation: Wei and Zou, 2019;
punctuation insertion (AEDA): Karimi, Rossi and Prati, 2021.
"""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

from seedbed.errors import ParamsError

PUNCTUATION = [".", ";", "?", ":", "!", ","]
KEYBOARD = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
NEAR_KEYS = {
    key: [line[place + step] for step in (-1, 1) if 0 <= place + step < len(line)]
    for line in KEYBOARD
    for place, key in enumerate(line)
}
PARTS_OF_SPEECH = ("adj", "adv", "noun", "verb")

Edit = Callable[[list[str], float, random.Random], list[str]]


def generator(seed: int, row: str, copy: int) -> random.Random:
    """A random generator of this row's own."""
    digest = hashlib.sha256(f"{seed}:{row}:{copy}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def _count(words: list[str], share: float) -> int:
    return max(1, round(share * len(words)))


def swap(words: list[str], share: float, draw: random.Random) -> list[str]:
    """`share` of the words change places with another."""
    words = list(words)
    for _ in range(_count(words, share)):
        one, other = draw.randrange(len(words)), draw.randrange(len(words))
        words[one], words[other] = words[other], words[one]
    return words


def delete(words: list[str], share: float, draw: random.Random) -> list[str]:
    """`share` of the words go; at least one stays."""
    gone = set(draw.sample(range(len(words)), min(_count(words, share), len(words) - 1)))
    return [word for place, word in enumerate(words) if place not in gone]


def punctuate(words: list[str], share: float, draw: random.Random) -> list[str]:
    """A punctuation mark before `share` of the words."""
    words = list(words)
    for _ in range(_count(words, share)):
        words.insert(draw.randrange(len(words) + 1), draw.choice(PUNCTUATION))
    return words


def mistype(words: list[str], share: float, draw: random.Random) -> list[str]:
    """In `share` of the words one letter becomes its neighbour on the keyboard."""
    words = list(words)
    for place in draw.sample(range(len(words)), _count(words, share)):
        word = words[place]
        letters = [at for at, letter in enumerate(word) if letter.lower() in NEAR_KEYS]
        if letters:
            at = draw.choice(letters)
            words[place] = word[:at] + draw.choice(NEAR_KEYS[word[at].lower()]) + word[at + 1 :]
    return words


def synonyms_edit(synonyms: dict[str, list[str]]) -> Edit:
    """An edit that puts a synonym in the place of `share` of the words that have one."""

    def replace(words: list[str], share: float, draw: random.Random) -> list[str]:
        words = list(words)
        places = [place for place, word in enumerate(words) if word.lower() in synonyms]
        for place in draw.sample(places, min(len(places), _count(words, share))):
            words[place] = draw.choice(synonyms[words[place].lower()])
        return words

    return replace


def read_wordnet(folder: Path) -> dict[str, list[str]]:
    """Single-word synonyms by lower-case word, from WordNet's data files (format: wndb(5WN)).

    Raises ParamsError where the folder has no WordNet.
    """
    synonyms: dict[str, set[str]] = {}
    for part in PARTS_OF_SPEECH:
        file = folder / f"data.{part}"
        if not file.exists():
            raise ParamsError(
                "params.yaml: augment.wordnet_folder",
                f"no {file.name} in {folder}",
                "WordNet's data files",
                "install them (Debian: apt-get install wordnet-base) and name their folder, or "
                "take synonyms out of augment.methods",
            )
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith(" "):  # the licence
                continue
            fields = line.split(" ")
            members = [fields[4 + 2 * number] for number in range(int(fields[3], 16))]
            plain = [word.split("(")[0] for word in members if "_" not in word]
            for word in plain:
                others = {other for other in plain if other.lower() != word.lower()}
                synonyms.setdefault(word.lower(), set()).update(others)
    return {word: sorted(others) for word, others in sorted(synonyms.items()) if others}


EDITS: dict[str, Edit] = {
    "swap": swap,
    "delete": delete,
    "punctuate": punctuate,
    "mistype": mistype,
}


def word_salad(text: str, draw: random.Random) -> str:
    """The words of a text in random order: about nothing any more."""
    words = text.split()
    draw.shuffle(words)
    return " ".join(words)
