"""Made negatives: train rows whose right answer is known not to be there.

- word salad: the words of a row in random order, about nothing any more;
- entity swap: the names and numbers of a row exchanged for those of a row of another class. It is
  a negative only where labels hang on who, where or how many; where they hang on the subject it is
  noise, since the subject stays;
- pairs (is `text_pair` an answer to `text`?): the answer of another row at random, or the one whose
  vector is nearest to the true answer's (hard negatives: Karpukhin et al., 2020).

A pair that stands with a positive label anywhere, on any side, is never made, nor any other pair
that stands there; and answers come from train rows alone.
"""

import hashlib
import random
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from seedbed.core.errors import ParamsError
from seedbed.making.augmentation import Words, generator, words_of
from seedbed.making.made_rows import Made, Row, child, parents
from seedbed.making.out_of_scope import NegativesParams
from seedbed.splitting.shingles import normalised

MARKS = {"word_salad": "n0", "entity_swap": "n1", "random_pair": "n2", "hard_pair": "n3"}
NAME_OR_NUMBER = re.compile(r"(?P<name>[^\W\d_][\w'’-]*)|(?P<number>\d+(?:[.,:]\d+)*)")
BEGINNING = re.compile(r"[.!?:\n\"“]")  # after it a capital is no sign of a name
CANDIDATES = 50  # nearest answers looked at for one that is allowed
BLOCK = 1024

Entities = dict[str, list[tuple[int, int]]]  # starts and ends by kind
Embed = Callable[[Sequence[str]], np.ndarray]


def negatives(
    rows: pd.DataFrame, params: NegativesParams, embed: Embed
) -> tuple[pd.DataFrame, Counter[str]]:
    """The made negatives, and how many were not made, by reason. `rows` are those of all sides;
    `embed` gives vectors of length 1 and is called for hard pairs alone. Raises ParamsError."""
    if not (params.word_salad or params.entity_swap or params.random_pair or params.hard_pair):
        return rows.iloc[:0], Counter()
    made = Made.beside(rows)
    train = parents(rows).sort_values("id")
    records = train[train["label"] != params.label].to_dict("records")
    if params.word_salad:
        _salads(records, params, made)
    if params.entity_swap:
        _swaps(records, params, made)
    if params.random_pair or params.hard_pair:
        _check_pairs(rows, params)
        _pairs(rows, train, params, made, embed)
    return made.frame(rows), made.refused


def _drawn(records: list[Row], params: NegativesParams, method: str) -> Iterator[Row]:
    """The records that give a row by this method: a share of them, by hash."""
    share = getattr(params, method)
    for row in records:
        if _draw(params, method, row["id"]).random() < share:
            yield row


def _draw(params: NegativesParams, method: str, row: str) -> random.Random:
    return generator(params.seed, f"{method}:{row}", -1)


def word_salad(text: str, draw: random.Random) -> str:
    """The words of a text in random order; what stands between them keeps its place."""
    words, gaps = words_of(text)
    return Words(draw.sample(words, len(words)), gaps).text()


def _salads(records: list[Row], params: NegativesParams, made: Made) -> None:
    for row in _drawn(records, params, "word_salad"):
        text = word_salad(row["text"], generator(params.seed, row["id"], -1))
        made.add(_negative(row, "word_salad", label=params.label, text=text), row)


def _negative(row: Row, method: str, **changes: str) -> Row:
    return child(row, MARKS[method], "negative", method, **changes)


def entities(text: str) -> Entities:
    """Where names and numbers stand: `name` is words with a capital that do not begin a sentence,
    `number` is digits. A text in capitals has no names that could be told."""
    found: Entities = {"name": [], "number": []}
    end = -1
    for match in NAME_OR_NUMBER.finditer("" if text.isupper() else text):
        word, (start, stop) = match.group(), match.span()
        between = text[end:start] if end >= 0 else "."
        end = stop
        if match.lastgroup == "number":
            found["number"].append((start, stop))
        elif word[0].isupper() and len(word) > 1 and not BEGINNING.search(between):
            last = found["name"][-1:]
            if last and last[0][1] < start and text[last[0][1] : start] == " ":
                found["name"][-1] = (last[0][0], stop)  # New York is one name
            else:
                found["name"].append((start, stop))
    return found


def entity_swap(text: str, other: str) -> str:
    """The text with its names replaced by the other text's names and its numbers by its numbers,
    in their order, from the first again where they run out."""
    mine, theirs = entities(text), entities(other)
    changes = []
    for kind, places in mine.items():
        given = [other[start:stop] for start, stop in theirs[kind]]
        for number, (start, stop) in enumerate(places if given else []):
            changes.append((start, stop, given[number % len(given)]))
    for start, stop, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[stop:]
    return text


def _swaps(records: list[Row], params: NegativesParams, made: Made) -> None:
    """Partners stand on a ring by hash: each row takes the next one of another class, so that rows
    that come or go change the partners of few."""
    ring = Ring(params.seed, {row["id"]: row for row in records})
    for row in _drawn(records, params, "entity_swap"):
        own = entities(row["text"])
        partner = next(
            (one for one in ring.after(row["id"])
             if one["label"] != row["label"] and _share_a_kind(own, entities(one["text"]))), None
        )  # fmt: skip
        if partner is None:
            made.refuse("no_names_or_numbers")
        else:
            text = entity_swap(row["text"], partner["text"])
            made.add(_negative(row, "entity_swap", label=params.label, text=text), row)


def _share_a_kind(one: Entities, other: Entities) -> bool:
    return any(one[kind] and other[kind] for kind in one)


class Ring:
    """Things by hash(seed, name); `after(name)` gives all of them from there on, once around."""

    def __init__(self, seed: int, things: dict[str, Row] | dict[str, str]):
        self.seed = seed
        placed = sorted((self._place(name), name) for name in things)
        self.places = [place for place, _ in placed]
        self.things = [things[name] for _, name in placed]

    def _place(self, name: str) -> bytes:
        return hashlib.sha256(f"{self.seed}:{name}".encode("utf-8", "surrogatepass")).digest()

    def after(self, name: str) -> Iterator:
        """Every thing, beginning with the one after this name's place."""
        start = bisect_right(self.places, self._place(name))
        yield from self.things[start:]
        yield from self.things[:start]


def _check_pairs(rows: pd.DataFrame, params: NegativesParams) -> None:
    labels = set(rows["label"])
    unknown = sorted(set(params.positive_labels) - labels)
    if not rows["text_pair"].any():
        what, found = "random_pair, hard_pair", "rows without text_pair"
        expected = "a pair task"
    elif unknown or not params.positive_labels:
        what, found = "positive_labels", f"`{unknown[0]}`" if unknown else "none"
        expected = f"labels that say that text_pair answers text, of {', '.join(sorted(labels))}"
    elif not params.pair_label or params.pair_label in params.positive_labels:
        what, found = "pair_label", f"`{params.pair_label}`"
        expected = "the label of a pair that does not belong together"
    else:
        return
    raise ParamsError(f"params.yaml: negatives.{what}", found, expected, "correct the section")


def _pairs(
    rows: pd.DataFrame, train: pd.DataFrame, params: NegativesParams, made: Made, embed: Embed
) -> None:
    answers_of = _answers(rows)
    records = train[train["label"].isin(params.positive_labels)].to_dict("records")
    pool = {normalised(pair): pair for pair in train["text_pair"] if pair.strip()}
    methods: dict[str, Callable[[Row], Iterable[str]]] = {}
    if params.hard_pair:
        hard = list(_drawn(records, params, "hard_pair"))
        nearest = _nearest(hard, list(pool.values()), params.hard_max_cosine, embed)
        methods["hard_pair"] = lambda row: nearest[row["id"]]
    if params.random_pair:
        ring = Ring(params.seed, pool)
        methods["random_pair"] = lambda row: ring.after(row["id"])
    for method, candidates in methods.items():
        for row in _drawn(records, params, method):
            taken = answers_of[normalised(row["text"])]
            pair = next((one for one in candidates(row) if normalised(one) not in taken), "")
            if pair:
                taken.add(normalised(pair))
                made.add(_negative(row, method, label=params.pair_label, text_pair=pair), row)
            else:
                made.refuse("no_other_answer")


def _answers(rows: pd.DataFrame) -> dict[str, set[str]]:
    """What stands as text_pair of each text on any side, true or not, both normalised."""
    answers: dict[str, set[str]] = defaultdict(set)
    for text, pair in zip(rows["text"], rows["text_pair"], strict=True):
        answers[normalised(text)].add(normalised(pair))
    return answers


def _nearest(
    records: list[Row], pool: list[str], max_cosine: float, embed: Embed
) -> dict[str, list[str]]:
    """For each row the answers nearest to its own, nearest first; those nearer than `max_cosine`
    are left out, since they may say the same."""
    if not records:
        return {}
    own, others = embed([row["text_pair"] for row in records]), embed(pool)
    found = {}
    for start in range(0, len(records), BLOCK):
        cosines = own[start : start + BLOCK] @ others.T
        for row, near in zip(records[start : start + BLOCK], cosines, strict=True):
            near = np.where(near < max_cosine, near, -2)
            order = np.argsort(-near, kind="stable")[:CANDIDATES]
            found[row["id"]] = [pool[place] for place in order if near[place] > -2]
    return found
