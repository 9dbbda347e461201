"""Copies among answers: a question with the same or nearly the same answer is a copy; the same
question with another answer is a conflict, which is shown, or drops both."""

from itertools import chain

import numpy as np
import pandas as pd

from seedbed.core.errors import ParamsError
from seedbed.core.metrics import Drop
from seedbed.core.reasons import Reason
from seedbed.splitting.compared import contents, parts_of
from seedbed.splitting.near_copies import Join, drop_copies
from seedbed.splitting.shingles import normalised


def answer_copies(rows: pd.DataFrame, min_jaccard: float, words: int) -> list[tuple[int, int]]:
    """Return (row, the kept row that it is a copy of) for near copies: question, earlier turns and
    answer are all near. Rows are sorted by priority; frozen ones come first and are kept."""
    first, *more = parts_of(rows)
    join = Join(first, words, min_jaccard, use_memo=True, more=more)
    nothing = np.full(len(rows), "", dtype=object)
    cause, _ = drop_copies(join, nothing, int(rows["frozen"].sum()))
    return [(int(row), int(cause[row])) for row in np.flatnonzero(cause >= 0)]


def exact_answer_drops(rows: pd.DataFrame, conflict: str) -> list[Drop]:
    """Drop copies of a question and its answer for the first of them, and, if `conflict` is
    `drop_both`, every question that has two answers; never a frozen row. A question without an
    answer is in no conflict."""
    answers = [normalised(text) for text in rows["answer"]]
    keyed = pd.DataFrame({"asked": contents(rows), "answer": answers}).assign(
        id=rows["id"].to_numpy(), frozen=rows["frozen"].to_numpy()
    )
    drops: list[Drop] = []
    first_of: dict[tuple[str, str], str] = {}
    firsts: dict[str, dict[str, str]] = {}  # of each question, the first row of each answer
    for row in keyed.itertuples():
        first_of.setdefault((row.asked, row.answer), row.id)
        if row.answer:
            firsts.setdefault(row.asked, {}).setdefault(row.answer, row.id)
    for row in keyed.itertuples():
        others = [one for answer, one in firsts.get(row.asked, {}).items() if answer != row.answer]
        first = first_of[row.asked, row.answer]
        if row.frozen:
            continue
        if conflict == "drop_both" and row.answer and others:
            drops.append(Drop(row.id, Reason.ANSWER_CONFLICT, others[0]))
        elif row.id != first:
            drops.append(Drop(row.id, Reason.EXACT_DUPLICATE, first))
    return drops


def conflicting(rows: pd.DataFrame, min_jaccard: float, words: int) -> list[tuple[int, int]]:
    """Return pairs of rows whose questions and earlier turns are the same or nearly the same, and
    whose answers are not: of each different question its first row with another of its rows, and
    with that of a near question. Rows are sorted by priority."""
    asked = pd.Series(contents(rows), dtype=object)
    first_of = asked.drop_duplicates().index.to_numpy()
    number = pd.Series(first_of, index=asked[first_of].to_numpy())
    same = [(int(first), row) for row, first in enumerate(asked.map(number)) if first != row]
    questions, context, answers = parts_of(rows.iloc[first_of])
    every = np.arange(len(first_of))
    near = Join(questions, words, min_jaccard, use_memo=True, more=[context]).pairs(every, every)
    alike = Join(questions, words, min_jaccard, use_memo=True, more=[context, answers])
    copies = set(zip(*alike.pairs(every, every)[:2], strict=True))
    pairs = (pair for pair in zip(near.i, near.j, strict=True) if pair not in copies)
    other = ((int(first_of[i]), int(first_of[j])) for i, j in pairs)
    return sorted(chain(same, other))


def check_near_conflict(near_conflict: str) -> None:
    """Raise ParamsError for a rule that answers do not have."""
    if near_conflict != "keep":
        raise ParamsError(
            "params.yaml: deduplicate.near_conflict",
            f"`{near_conflict}`, and task answer",
            "`keep`: near questions may have two answers",
            "set near_conflict: keep; answer_conflict decides on the same question",
        )
