"""What of a row is compared with other rows.

Copies have the same texts: of conversations the question, what precedes it and the answer. Across
splits the question alone decides, because a model that has learned an answer to it is judged by
memory: a short one ("Why?") with the turn before it, without which it is no question. A row also
has the questions of its earlier turns in it, so that no test question is trained on as context.
"""

from collections import defaultdict
from functools import lru_cache

import numpy as np
import pandas as pd

from seedbed.core.rows import SIDES
from seedbed.core.text_units import units_of
from seedbed.core.texts import TextColumn, texts_in
from seedbed.core.turns import read_turns
from seedbed.splitting.near_copies import Join
from seedbed.splitting.shingles import content_of, digest_of, normalised

MIN_UNITS = 4  # of a question that is understood without the turn before it
CAUSES = 3  # rows of one question and side that a row is compared with: "Hi" may be in thousands


def parts_of(rows: pd.DataFrame) -> list[list[str]]:
    """Return the texts that are all near in near copies: of each part one a row."""
    if "answer" not in rows:
        return [list(rows["text"]), list(rows["text_pair"])]
    return [list(rows["text"]), list(map(flat, rows["context"])), list(rows["answer"])]


def contents(rows: pd.DataFrame) -> list[bytes]:
    """Return a digest of what makes two rows the same text, or the same question, without case and
    spaces."""
    second = map(flat, rows["context"]) if "answer" in rows else rows["text_pair"]
    return list(map(content_of, TextColumn(rows["text"]), second))


def asked_of(rows: pd.DataFrame) -> list[bytes]:
    """Return a digest of what no two splits may share: the question of each row, or its text and
    second text, without case and spaces; of one that is empty it is empty, too."""
    if "answer" not in rows:
        return contents(rows)
    texts = map(normalised, map(asked, rows["text"], rows["context"]))
    return [digest_of(text) if text else b"" for text in texts]


def asked(text: str, context: str) -> str:
    """Return the question of a row, a short one with the turn before it."""
    before = [turn.text for turn in read_turns(context) if turn.role != "system"]
    return f"{before[-1]}\n{text}" if before and len(units_of(text)) < MIN_UNITS else text


@lru_cache(maxsize=4096)  # rows of one conversation have nearly the same turns
def earlier(context: str) -> tuple[str, ...]:
    """Return the questions of earlier turns that are understood alone."""
    turns = (turn.text for turn in read_turns(context) if turn.role == "user")
    return tuple(text for text in turns if len(units_of(text)) >= MIN_UNITS)


def flat(context: str) -> str:
    """Return the texts of all turns as one."""
    return "\n".join(texts_in("context", context))


class NearQuestions:
    """Questions of rows prepared once, in which near copies are found as often as rows change
    sides: each different question is compared once, however many rows have it."""

    def __init__(self, rows: pd.DataFrame, shingle_words: int, min_jaccard: float) -> None:
        self._own: dict[int, list[str]] = defaultdict(list)  # ids of each question
        self._read: dict[int, list[str]] = defaultdict(list)  # ids of rows with it in a turn before
        number: dict[str, int] = {}
        texts: list[str] = []

        def coded(text: str) -> int:
            code = number.setdefault(normalised(text), len(texts))
            if code == len(texts):
                texts.append(text)
            return code

        for row, text, context in zip(rows["id"], rows["text"], rows["context"], strict=True):
            self._own[coded(asked(text, context))].append(row)
            for one in dict.fromkeys(map(coded, earlier(context))):
                self._read[one].append(row)
        join = Join(texts, shingle_words, min_jaccard, use_memo=True)
        every = np.arange(len(texts))
        near = join.pairs(every, every)
        self._near = [*zip(near.i.tolist(), near.j.tolist(), strict=True)]
        self._near += [(code, code) for code in range(len(texts))]
        sizes = join.whole.sizes
        self._bare = {row for code, ids in self._own.items() if not sizes[code] for row in ids}

    def without_words(self, ids: pd.Series) -> int:
        """Return how many of the rows have a question without a word or sign."""
        return int(ids.isin(self._bare).sum())

    def across(self, rows: pd.DataFrame) -> list[tuple[str, str]]:
        """Return the ids of rows on two sides, (lower side, higher side), sorted: the question of
        the higher is near to that of the lower, or to one in its earlier turns. Of rows of one
        question and side the first CAUSES by id are the higher ones."""
        rank = dict(zip(rows["id"], rows["split"].map(SIDES.index), strict=True))
        found = set()
        for i, j in self._near:
            for asked_again, known in {(i, j), (j, i)}:
                causes: dict[int, list[str]] = defaultdict(list)
                for row in sorted(filter(rank.__contains__, self._own.get(asked_again, ()))):
                    causes[rank[row]] += [row] if len(causes[rank[row]]) < CAUSES else []
                if set(causes) <= {0}:
                    continue  # no higher side asks it
                for row in (*self._own.get(known, ()), *self._read.get(known, ())):
                    found |= {
                        (row, cause)
                        for side, rows_of_side in causes.items()
                        if row in rank and side > rank[row]
                        for cause in rows_of_side
                    }
        return sorted(found)
