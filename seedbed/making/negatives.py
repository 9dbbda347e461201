"""Negatives: rows for which no class is right, and how they are used.

They have the label `negatives.label`, or in task labels the empty set, whether a source gave them
(`negative: true`) or augment made them. `negatives.as` is `class` if that label is a class among
others, or `threshold` if a confidence threshold, chosen on validation, detects them: then no model
may train on them.

Methods that make negatives from train rows:
- word salad: the words of a row in random order, which are about nothing;
- entity swap: the names and numbers of a row exchanged for those of a row of another class. It is a
  negative only if labels depend on who, where or how many; if they depend on the subject it is
  noise, because the subject is unchanged;
- other context, of task answer: a question with the system text and earlier turns of another
  conversation, from which it cannot be answered; the answer is the refusal `negatives.answer`;
- pairs (is `text_pair` an answer to `text`?): the answer of another row at random, or the one whose
  vector is nearest to the true answer's (hard negatives: Karpukhin et al., 2020).

A pair that any row has, on any side, is never made; and answers come from train rows alone.
"""

import hashlib
import random
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
import regex
from pydantic import Field

from seedbed.core.edits import Words, generator, words_of
from seedbed.core.errors import ParamsError
from seedbed.core.labels import in_line
from seedbed.core.params import Section, Seed
from seedbed.core.text_units import is_spaced
from seedbed.core.turns import read_turns
from seedbed.making.made_rows import Made, Row, as_rows, parents
from seedbed.private.kinds import STAND_IN
from seedbed.splitting.shingles import normalised
from seedbed.tasks import Task

MARKS = {
    "word_salad": "n0", "entity_swap": "n1", "random_pair": "n2", "hard_pair": "n3",
    "other_context": "n4",
}  # fmt: skip
NAME_OR_NUMBER = regex.compile(r"(?P<name>[^\W\d_][\w'’-]*)|(?P<number>\d+(?:[.,:]\d+)*)")
WORDS_NOT_APART = "words_not_apart"  # why what needs words is not made of a text
BEGINNING = re.compile(r"[.!?:\n\"“]")  # after it, a capital does not indicate a name
CANDIDATES = 50  # nearest answers that are tried until one is allowed
BLOCK = 1024

Entities = dict[str, list[tuple[int, int]]]  # starts and ends by kind
Embed = Callable[[Sequence[str]], np.ndarray]
Entry = TypeVar("Entry")


class NegativesParams(Section):
    """params.yaml section `negatives`; shares are of train rows."""

    seed: Seed
    label: str = Field(min_length=1)
    answer: str = ""  # of made rows and negative sources in task answer
    used_as: Literal["class", "threshold"] = Field(alias="as")
    word_salad: float = Field(ge=0, le=1)
    entity_swap: float = Field(ge=0, le=1)
    random_pair: float = Field(ge=0, le=1)
    hard_pair: float = Field(ge=0, le=1)
    hard_max_cosine: float = Field(gt=0, le=1)
    positive_labels: list[str]
    pair_label: str
    other_context: float = Field(0.0, ge=0, le=1)


def negatives(
    rows: pd.DataFrame, params: NegativesParams, embed: Embed, task: Task
) -> tuple[pd.DataFrame, Counter[str]]:
    """Return the made negatives, and the number of refused ones by reason.

    `rows` are those of all sides; `embed` returns vectors of length 1 and is called for hard pairs
    alone. Raises ParamsError.
    """
    _check_methods(params, task)
    if not any(getattr(params, method) for method in MARKS):
        return rows.iloc[:0], Counter()
    made = Made(rows)
    train = parents(rows).sort_values("id")
    negative = task.negative(params.label, params.used_as)
    if params.other_context:
        _other_contexts(train, params, made, negative)
    records = as_rows(train[train["label"] != negative])
    for row in _drawn(records, params, "word_salad"):
        if not is_spaced(row.text):  # its clauses in another order are still about something
            made.refused[WORDS_NOT_APART] += 1
            continue
        text = word_salad(row.text, generator(params.seed, row.id, -1))
        _add(made, row, "word_salad", label=negative, text=text)
    if params.entity_swap:
        _swaps(records, params, made, negative)
    if params.random_pair or params.hard_pair:
        _check_pairs(rows, params, task)
        positive = {
            label: not set(params.positive_labels).isdisjoint(task.members(label))
            for label in set(train["label"])
        }
        records = as_rows(train[train["label"].map(positive).astype(bool)])
        _pairs(rows, train, records, params, made, embed)
    return made.frame(), made.refused


def _drawn(records: list[Row], params: NegativesParams, method: str) -> Iterator[Row]:
    """Yield the records from which this method makes a row: a share of them, by hash."""
    share = getattr(params, method)
    for row in records:
        if generator(params.seed, f"{method}:{row.id}", -1).random() < share:
            yield row


def _add(made: Made, row: Row, method: str, **changes: str) -> None:
    made.add(row, MARKS[method], "negative", method, **changes)


def word_salad(text: str, draw: random.Random) -> str:
    """Return the words of a text in random order, with unchanged gaps."""
    words, gaps = words_of(text, STAND_IN)
    return Words(draw.sample(words, len(words)), gaps).text()


def entities(text: str) -> Entities:
    """Find names and numbers: `name` is words with a capital that do not begin a sentence, `number`
    is digits. In a text in capitals, names cannot be recognised."""
    spans: Entities = {"name": [], "number": []}
    end = -1
    for match in NAME_OR_NUMBER.finditer("" if text.isupper() else text):
        word, (start, stop) = match.group(), match.span()
        between = text[end:start] if end >= 0 else "."
        end = stop
        if match.lastgroup == "number":
            spans["number"].append((start, stop))
        elif word[0].isupper() and len(word) > 1 and not BEGINNING.search(between):
            last = spans["name"][-1:]
            if last and last[0][1] < start and text[last[0][1] : start] == " ":
                spans["name"][-1] = (last[0][0], stop)  # New York is one name
            else:
                spans["name"].append((start, stop))
    return spans


def entity_swap(text: str, other: str) -> str:
    """Replace a text's names and numbers by those of another, in their order, starting again if the
    other has fewer."""
    mine, theirs = entities(text), entities(other)
    changes = []
    for kind, spans in mine.items():
        given = [other[start:stop] for start, stop in theirs[kind]]
        for number, (start, stop) in enumerate(spans if given else []):
            changes.append((start, stop, given[number % len(given)]))
    for start, stop, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[stop:]
    return text


def _swaps(records: list[Row], params: NegativesParams, made: Made, negative: str) -> None:
    """Partners are on a ring by hash: each row takes the next one of another label, so that rows
    that are added or removed change the partners of few others."""
    after = ring(params.seed, {row.id: row for row in records})
    for row in _drawn(records, params, "entity_swap"):
        own = entities(row.text)
        others = (other for other in after(row.id) if other.label != row.label)
        partner = next((one for one in others if _share_a_kind(own, entities(one.text))), None)
        if partner is None:
            made.refused["no_names_or_numbers"] += 1
        else:
            text = entity_swap(row.text, partner.text)
            _add(made, row, "entity_swap", label=negative, text=text)


def _share_a_kind(first: Entities, second: Entities) -> bool:
    return any(first[kind] and second[kind] for kind in first)


def ring(seed: int, entries: Mapping[str, Entry]) -> Callable[[str], Iterator[Entry]]:
    """Put entries in the order of hash(seed, name); return what yields every entry, starting with
    the one after a name's position."""

    def position(name: str) -> bytes:
        return hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest()

    names = sorted(entries, key=position)

    def after(name: str) -> Iterator[Entry]:
        start = bisect_right(names, position(name), key=position)
        yield from (entries[one] for one in names[start:])
        yield from (entries[one] for one in names[:start])

    return after


def _check_methods(params: NegativesParams, task: Task) -> None:
    """Raise ParamsError for a method that the task has not."""
    is_chat = task.TARGET == "answer"
    for method in MARKS:
        if getattr(params, method) and (method == "other_context") != is_chat:
            expected = "`other_context` alone" if is_chat else "a method of labels"
            found = f"{getattr(params, method):g}, and task {task.NAME}"
            raise ParamsError(f"params.yaml: negatives.{method}", found, expected, "set it to 0.0")
    if params.other_context and not params.answer.strip():
        expected = "how the assistant says that it cannot answer"
        raise ParamsError("params.yaml: negatives.answer", "nothing", expected, "write it")


def _other_contexts(
    train: pd.DataFrame, params: NegativesParams, made: Made, negative: str
) -> None:
    """Give questions the system text, from which they are to be answered, of another conversation;
    partners are found as those of `_swaps` are."""
    instructed = train[[_instruction(cell) != "" for cell in train["context"]]]
    records = as_rows(instructed[instructed["origin"] == "original"])
    group_of = dict(zip(train["id"], train["group"], strict=True))
    after = ring(params.seed, {row.id: row for row in records})
    for row in _drawn(records, params, "other_context"):
        own, group = _instruction(row.context), group_of[row.id]
        others = (
            one for one in after(row.id)
            if _instruction(one.context) != own and (not group or group_of[one.id] != group)
        )  # fmt: skip
        if partner := next(others, None):
            changes = {"label": negative, "answer": params.answer, "context": partner.context}
            _add(made, row, "other_context", **changes)
        else:
            made.refused["no_other_context"] += 1


def _instruction(context: str) -> str:
    """The system text of a conversation."""
    return next((turn.text for turn in read_turns(context)[:1] if turn.role == "system"), "")


def _check_pairs(rows: pd.DataFrame, params: NegativesParams, task: Task) -> None:
    labels = set(task.classes(rows["label"]))
    unknown = sorted(set(params.positive_labels) - labels)
    if not rows["text_pair"].any():
        key, problem = "random_pair, hard_pair", "rows without text_pair"
        expected = "a pair task"
    elif unknown or not params.positive_labels:
        key, problem = "positive_labels", f"`{unknown[0]}`" if unknown else "none"
        expected = (
            f"labels of pairs in which text_pair answers text, some of {in_line(sorted(labels))}"
        )
    elif not params.pair_label or params.pair_label in params.positive_labels:
        key, problem = "pair_label", f"`{params.pair_label}`"
        expected = "the label of a pair that does not belong together"
    else:
        return
    raise ParamsError(f"params.yaml: negatives.{key}", problem, expected, "correct the section")


def _pairs(
    rows: pd.DataFrame,
    train: pd.DataFrame,
    records: list[Row],
    params: NegativesParams,
    made: Made,
    embed: Embed,
) -> None:
    """Make pairs from the positive pairs of train, `records`."""
    answers_of: dict[str, set[str]] = defaultdict(set)  # of each text on any side, true or not
    for text, pair in zip(rows["text"], rows["text_pair"], strict=True):
        answers_of[normalised(text)].add(normalised(pair))
    pool = {normalised(pair): pair for pair in train["text_pair"] if pair.strip()}
    methods: dict[str, Callable[[Row], Iterable[str]]] = {}
    if params.hard_pair:
        hard = list(_drawn(records, params, "hard_pair"))
        nearest = _nearest(hard, list(pool.values()), params.hard_max_cosine, embed)
        methods["hard_pair"] = lambda row: nearest[row.id]
    if params.random_pair:
        after = ring(params.seed, pool)
        methods["random_pair"] = lambda row: after(row.id)
    for method, candidates in methods.items():
        for row in _drawn(records, params, method):
            taken = answers_of[normalised(row.text)]
            pair = next((text for text in candidates(row) if normalised(text) not in taken), "")
            if pair:
                taken.add(normalised(pair))
                _add(made, row, method, label=params.pair_label, text_pair=pair)
            else:
                made.refused["no_other_answer"] += 1


def _nearest(
    records: list[Row], pool: list[str], max_cosine: float, embed: Embed
) -> dict[str, list[str]]:
    """Return for each row the answers nearest to its own, nearest first; those nearer than
    `max_cosine` are left out, because they may mean the same."""
    if not records:
        return {}
    own, others = embed([row.text_pair for row in records]), embed(pool)
    nearest = {}
    for start in range(0, len(records), BLOCK):
        cosines = own[start : start + BLOCK] @ others.T
        for row, near in zip(records[start : start + BLOCK], cosines, strict=True):
            near = np.where(near < max_cosine, near, -2)
            order = np.argsort(-near, kind="stable")[:CANDIDATES]
            nearest[row.id] = [pool[index] for index in order if near[index] > -2]
    return nearest
