"""Copies, near copies and texts with two labels dropped, each with the row that caused it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.metrics import Drop, Metrics, RowCounts
from seedbed.core.params import Section
from seedbed.core.reasons import Reason
from seedbed.core.texts import TextColumn
from seedbed.splitting import answers
from seedbed.splitting.compared import contents
from seedbed.splitting.near_copies import Join, drop_copies
from seedbed.tasks import Task

CONFLICTS = (Reason.LABEL_CONFLICT, Reason.NEAR_CONFLICT)
GIVEN_RANK = {"test": 2, "validation": 1}


class DeduplicateParams(Section):
    """params.yaml section `deduplicate`."""

    exact: bool  # drop copies, and texts that have two labels
    near: bool  # drop near copies
    near_conflict: Literal["keep", "drop_both"]  # what becomes of near copies with two labels
    # What becomes of a question with two answers, in task answer.
    answer_conflict: Literal["keep", "drop_both"] = "keep"
    shingle_words: int = Field(ge=1, le=100)  # words in one shingle
    min_jaccard: float = Field(gt=0, le=1)  # texts are near from this similarity on


class NearConflict(Metrics):
    """Two kept rows that are near copies and have two labels; in task answer two that have nearly
    the same question and two answers, and the label of each is its category."""

    id: str
    label: str
    other_id: str
    other_label: str


class DeduplicateMetrics(Metrics):
    """reports/metrics/deduplicate.json."""

    rows: RowCounts
    near_conflict_pairs: int = 0  # of kept rows
    near_conflict_rows: int = 0  # in these pairs
    near_conflicts: list[NearConflict] = []  # the first of these pairs, by priority
    frozen_rows: int
    near_pairs_both_frozen: int
    labels_that_differ: dict[str, int] = {}  # pairs of sets by the labels that one of them lacks


def deduplicate(
    rows: pd.DataFrame, frozen: Collection[str], params: DeduplicateParams, way: str = "hash"
) -> tuple[list[Drop], list[NearConflict]]:
    """Return all drops, and the pairs of kept near copies with two labels, by priority.

    The cause of every duplicate is a kept row that does not have another label. Near copies with
    two labels are kept, or all of them dropped as `params.near_conflict` says, so that no row stays
    or goes by its id.
    """
    if "answer" in rows:
        return _deduplicated_answers(by_priority(rows, frozen, way), params)
    # The texts stay in place: sorted, they would be in memory twice.
    texts = rows[["text", "text_pair"]]
    own = rows.drop(columns=texts.columns)
    own = own.assign(content=contents(rows), place=np.arange(len(rows)))
    rows = by_priority(own, frozen, way)
    exact = exact_drops(rows) if params.exact else []
    in_conflict: list[Drop] = []
    if params.near and params.near_conflict == "drop_both":
        in_conflict = near_conflict_drops(rows, exact, params, texts)
        rows = _without(rows, in_conflict)
        exact = exact_drops(rows) if params.exact else []
    left = _without(rows, exact)
    near: list[Drop] = []
    conflicts: list[NearConflict] = []
    if params.near:
        ids, labels = (left[name].to_numpy(dtype=object) for name in ("id", "label"))
        # Frozen rows are never dropped.
        cause, pairs = drop_copies(_joined(left, params, texts), labels, int(left["frozen"].sum()))
        dropped = np.flatnonzero(cause >= 0)
        near = [Drop(ids[row], Reason.NEAR_DUPLICATE, ids[cause[row]]) for row in dropped]
        conflicts = [
            NearConflict(id=ids[i], label=labels[i], other_id=ids[j], other_label=labels[j])
            for i, j in pairs
        ]
    return in_conflict + _with_kept_causes(exact, near), conflicts


def _with_kept_causes(exact: list[Drop], near: list[Drop]) -> list[Drop]:
    """Return both: a copy of a row that is itself dropped is near to the cause of that row."""
    cause_of = {drop.id: drop.cause for drop in near}
    drops, more = [], list(near)
    for drop in exact:
        if drop.reason == Reason.EXACT_DUPLICATE and drop.cause in cause_of:
            more.append(Drop(drop.id, Reason.NEAR_DUPLICATE, cause_of[drop.cause]))
        else:
            drops.append(drop)
    return drops + more


def _deduplicated_answers(
    rows: pd.DataFrame, params: DeduplicateParams
) -> tuple[list[Drop], list[NearConflict]]:
    """Return what `deduplicate` does, of answers; a conflict is listed by the rows' categories."""
    answers.check_near_conflict(params.near_conflict)
    exact = answers.exact_answer_drops(rows, params.answer_conflict) if params.exact else []
    left, near, how = _without(rows, exact), [], (params.min_jaccard, params.shingle_words)
    ids = list(left["id"])
    if params.near:
        copies = answers.answer_copies(left, *how)
        near = [Drop(ids[row], Reason.NEAR_DUPLICATE, ids[cause]) for row, cause in copies]
    kept = _without(left, near)
    names = list(zip(kept["id"], kept["label"], strict=True))
    pairs = answers.conflicting(kept, *how) if params.near else []
    conflicts = [
        NearConflict(id=one[0], label=one[1], other_id=other[0], other_label=other[1])
        for one, other in ((names[i], names[j]) for i, j in pairs)
    ]
    return _with_kept_causes(exact, near), conflicts


def near_conflict_drops(
    rows: pd.DataFrame, exact: list[Drop], params: DeduplicateParams, texts: pd.DataFrame
) -> list[Drop]:
    """Drop every row that is nearly the text of a row with another label, but no frozen row; the
    cause is the first such row. `exact`: what `exact_drops` drops of these rows; copies of a row
    that is dropped here are, too. `texts`: where the rows have their texts, at their `place`."""
    left = _without(rows, exact)
    ids, labels = (left[name].to_numpy(dtype=object) for name in ("id", "label"))
    every = np.arange(len(left))
    pairs = _joined(left, params, texts).pairs(every, every, labels)
    cause: dict[str, str] = {}
    # Pairs are sorted by j, so of each row the first comes first.
    for i, j in zip(ids[pairs.i], ids[pairs.j], strict=True):
        cause.setdefault(j, i)
        cause.setdefault(i, j)
    label = dict(zip(rows["id"], rows["label"], strict=True))
    for copy in exact:
        if copy.reason == Reason.EXACT_DUPLICATE and copy.cause in cause and label[copy.id]:
            cause[copy.id] = cause[copy.cause]
    fixed = set(rows["id"][rows["frozen"]])
    return [Drop(id, Reason.NEAR_CONFLICT, cause[id]) for id in cause if id not in fixed]


def labels_that_differ(
    rows: pd.DataFrame, drops: Iterable[Drop], conflicts: Iterable[NearConflict], task: Task
) -> dict[str, int]:
    """Count, by class, the pairs of rows with the same or nearly the same text whose labels differ
    in it, most frequent first; nothing where two labels differ as a whole.

    A dropped row is compared with the row that caused it.
    """
    label = dict(zip(rows["id"], rows["label"], strict=True))
    pairs = [(label[drop.id], label[drop.cause]) for drop in drops if drop.reason in CONFLICTS]
    pairs += [(pair.label, pair.other_label) for pair in conflicts]
    counts = Counter(name for pair in pairs for name in task.differing(*pair))
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _without(rows: pd.DataFrame, drops: list[Drop]) -> pd.DataFrame:
    return rows[~rows["id"].isin({drop.id for drop in drops})].reset_index(drop=True)


def _joined(rows: pd.DataFrame, params: DeduplicateParams, texts: pd.DataFrame) -> Join:
    first, second = (TextColumn(texts[name], rows["place"].to_numpy()) for name in texts)
    return Join(first, params.shingle_words, params.min_jaccard, second, use_memo=True)


def by_priority(rows: pd.DataFrame, frozen: Collection[str], way: str = "hash") -> pd.DataFrame:
    """Sort rows by the order in which they are kept.

    Frozen test rows come first; if the sources give the sides (split.way is given), those of test,
    then of validation, so that a test set that others use stays whole; then rows with a label; then
    the smallest (batch, id).
    """
    given = rows["split"].map(GIVEN_RANK).fillna(0) if way == "given" else 0
    bare = rows["answer" if "answer" in rows else "label"] == ""
    ranked = rows.assign(frozen=rows["id"].isin(frozen), given=given, bare=bare)
    order = {"frozen": False, "given": False, "bare": True, "batch": True, "id": True}
    ordered = ranked.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    return ordered.drop(columns=["given", "bare"])


def exact_drops(rows: pd.DataFrame) -> list[Drop]:
    """Drop copies of a kept row, and all copies of a text that has two labels; never a frozen row.

    Rows are sorted by priority, and have their `contents` as `content`. The cause of a conflict is
    the first copy with another label. A row without a label conflicts with none: it is dropped for
    a copy that has one, and kept if all of those are dropped.
    """
    copied = rows.loc[rows["content"].duplicated(keep=False), ["content", "id", "label", "frozen"]]
    copies_of: dict[bytes, list[Any]] = defaultdict(list)
    for row in copied.itertuples():
        copies_of[row.content].append(row)
    drops = []
    for copies in copies_of.values():
        first_of = {row.label: row.id for row in reversed(copies)}
        known = [label for label in dict.fromkeys(row.label for row in copies) if label]
        stays = [row.id for row in copies if row.frozen or len(known) < 2]
        for row in copies:
            others = [first_of[label] for label in known if row.label and label != row.label]
            first = first_of[row.label] if row.label or not stays else stays[0]
            if others and not row.frozen:
                drops.append(Drop(row.id, Reason.LABEL_CONFLICT, others[0]))
            elif row.id != first and not row.frozen:
                drops.append(Drop(row.id, Reason.EXACT_DUPLICATE, first))
    return drops
