"""New train rows from existing ones: small edits of a text's words, what a made row inherits from
its parent, and which made rows are refused.

Each edit is a function from a text's words to its words, drawn from hash(seed, row id, copy), so a
row gives the same copies in any order, on any machine. Everything between the words, such as line
breaks and stand-ins of personal values, is unchanged. A word is a run of letters and digits: in
scripts without spaces that is a clause, and these edits do little there.

Copies are checked by the encoder: near enough to their parent, and of a label that models give,
too. These models are fitted on the train rows of other folds than the parent's, so none saw the
parent, and no validation label decides which rows are trained on.

Easy data augmentation (synonyms, insert, swap, delete): Wei and Zou, 2019; punctuation insertion
(AEDA): Karimi, Rossi and Prati, 2021.
"""

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.params import Section
from seedbed.private.stand_ins import STAND_IN
from seedbed.splitting.shingles import content_of
from seedbed.splitting.sides import hash_number

PUNCTUATION = [".", ";", "?", ":", "!", ","]
KEYBOARD = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
NEAR_KEYS = {
    key: [line[index + step] for step in (-1, 1) if 0 <= index + step < len(line)]
    for line in KEYBOARD
    for index, key in enumerate(line)
}
PARTS_OF_SPEECH = ("adj", "adv", "noun", "verb")
INSIDE = ("", "corpora/wordnet", "dict")  # of Debian, of nltk_data, of Princeton's archive
WORD = re.compile(r"\w+(?:[-'’]\w+)*")


class Words(NamedTuple):
    """A text: its words, and the gaps before, between and after them, one more than the words."""

    words: list[str]
    gaps: list[str]

    def text(self) -> str:
        """Return the text."""
        return "".join(chain.from_iterable(zip(self.gaps, [*self.words, ""], strict=True)))


Edit = Callable[[Words, float, random.Random], Words]
Synonyms = dict[str, list[str]]


def words_of(text: str) -> Words:
    """Split a text into its words and gaps; no stand-in is a word."""
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
    for line in chain.from_iterable(file.read_text("utf-8").splitlines() for file in files):
        if line.startswith(" "):  # the licence
            continue
        fields = line.split(" ", 4)  # offset, file number, type, number of words in hex, rest
        members = fields[4].split(" ")[: 2 * int(fields[3], 16) : 2]
        plain = [word.split("(")[0] for word in members if "_" not in word]
        for word in plain:
            synonyms[word.lower()].update(one for one in plain if one.lower() != word.lower())
    return {word: sorted(others) for word, others in sorted(synonyms.items()) if others}


class Row(NamedTuple):
    """The columns of a row that differ between it and the rows made from it."""

    id: str
    text: str
    text_pair: str
    label: str
    origin: str
    parent: str
    provenance: str


def as_rows(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame, in order."""
    return [Row(*cells) for cells in zip(*(frame[name] for name in Row._fields), strict=True)]


def made_by(rows: pd.DataFrame) -> pd.Series:
    """Return the method that made each row, "" for an original."""
    return rows["provenance"].map(lambda text: json.loads(text or "{}").get("made_by", ""))


def parents(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the train rows that were not made from others, including those of negative sources."""
    return rows[(rows["split"] == "train") & (rows["parent"] == "")]


class Made:
    """Rows that were made next to `existing` ones, and counts of those that were refused, by
    reason.

    No two are the same, and none is the same as an existing row on any side: that would be a leak,
    or no new row.
    """

    def __init__(self, existing: pd.DataFrame) -> None:
        self.existing = existing
        self.rows: list[Row] = []
        self.refused: Counter[str] = Counter()
        self._seen = set(map(content_of, existing["text"], existing["text_pair"]))

    def add(self, parent: Row, mark: str, origin: str, method: str, **changes: str) -> None:
        """Add the train row that is `parent` with `changes`, or count it as `unchanged` or
        `same_as_a_row`. Its id is the parent's with `mark`, its provenance the parent's with
        `made_by`."""
        row = parent._replace(**changes)
        content = content_of(row.text, row.text_pair)
        if content == content_of(parent.text, parent.text_pair):
            self.refused["unchanged"] += 1
        elif content in self._seen:
            self.refused["same_as_a_row"] += 1
        else:
            self._seen.add(content)
            origins = json.loads(row.provenance or "{}") | {"made_by": method}
            provenance = json.dumps(
                origins, ensure_ascii=False, sort_keys=True, separators=(",", ":")
            )
            own = {"id": f"{parent.id}-{mark}", "origin": origin, "parent": parent.id}
            self.rows.append(row._replace(provenance=provenance, **own))

    def frame(self) -> pd.DataFrame:
        """Return the made rows with the columns and types of the existing ones."""
        like = self.existing
        if not self.rows:
            return like.iloc[:0]
        inherited = like.set_index("id")[like.columns.difference(Row._fields)]
        made = pd.DataFrame(self.rows, columns=Row._fields).join(inherited, on="parent")
        return made[like.columns].astype(like.dtypes)


def counts_made(frames: Iterable[pd.DataFrame]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the numbers of made rows by method and by class."""
    made = pd.concat(list(frames))
    by_method, by_class = Counter(made_by(made)), Counter(made["label"])
    return dict(sorted(by_method.items())), dict(sorted(by_class.items()))


class CheckParams(Section):
    """params.yaml section `augment.check`."""

    min_cosine: float = Field(ge=0, le=1)
    keep_label: bool

    def is_on(self) -> bool:
        """Whether anything is checked."""
        return self.min_cosine > 0 or self.keep_label


def checked(
    copies: pd.DataFrame,
    vectors: np.ndarray,
    train: pd.DataFrame,
    train_vectors: np.ndarray,
    params: CheckParams,
) -> tuple[pd.DataFrame, Counter[str]]:
    """Return the copies that pass, and the number of others by reason: `below_min_cosine`,
    `label_not_kept`.

    Vectors are (rows, width) of length 1, in the order of the frames; `train` has id, label, fold.
    """
    index_of = {row: index for index, row in enumerate(train["id"])}
    parent = np.array([index_of[row] for row in copies["parent"]], dtype=int)
    far = (vectors * train_vectors[parent]).sum(1) < params.min_cosine
    other = np.zeros(len(copies), dtype=bool)
    if params.keep_label:
        given = copies["label"].to_numpy(dtype=object)
        other = _labels(vectors, train["fold"].to_numpy()[parent], train, train_vectors) != given
    refused = Counter(below_min_cosine=int(far.sum()), label_not_kept=int((other & ~far).sum()))
    return copies[~(far | other)], +refused


def _labels(
    vectors: np.ndarray, folds: np.ndarray, train: pd.DataFrame, train_vectors: np.ndarray
) -> np.ndarray:
    """Return the label that a model of the other folds gives each vector."""
    from threadpoolctl import threadpool_limits

    from seedbed.label_errors.out_of_fold import linear

    labels = train["label"].to_numpy(dtype=object)
    predicted = np.empty(len(vectors), dtype=object)
    for fold in np.unique(folds):
        seen, scored = train["fold"].to_numpy() != fold, folds == fold
        if len(set(labels[seen])) == 1:
            predicted[scored] = labels[seen][0]
            continue
        with threadpool_limits(1):
            model = linear().fit(train_vectors[seen], labels[seen])
        predicted[scored] = model.predict(vectors[scored])
    return predicted
