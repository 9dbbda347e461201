"""Rows split so that nothing leaks: what would be on two sides is dropped, never moved, and gates
prove it.

Of near copies on two sides the one on the lower side (train < validation < test) is dropped, and so
is a row on a lower side than another row of its group.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field

from seedbed.core.errors import LeakError, RowsError
from seedbed.core.metrics import Drop, Metrics, RowCounts
from seedbed.core.reasons import Reason
from seedbed.core.rows import HELD_OUT, SIDES
from seedbed.core.texts import TextColumn
from seedbed.splitting.compared import NearQuestions, asked_of
from seedbed.splitting.near_copies import Join
from seedbed.splitting.sides import Share, SideParams, assign_sides, units_of
from seedbed.tasks import Task

RANK = {side: rank for rank, side in enumerate(SIDES)}  # train < validation < test

IdPairs = list[tuple[str, str]]  # ids of two rows


class SplitParams(SideParams):
    """params.yaml section `split`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folds: int = Field(ge=2, le=1000)
    shingle_words: int = Field(ge=1, le=100)
    twin_min_jaccard: float = Field(gt=0, le=1)
    warn_below: int = Field(ge=0, le=10**9)
    max_rows_in_git: int = Field(ge=0, le=10**9)
    contamination: list[str] = []  # files of evaluations, in task answer


class LeakGate(Metrics):
    """Pairs of rows on two sides with the same text, a near copy or the same group."""

    exact_pairs: int
    near_pairs: int
    group_pairs: int


class Contaminated(Metrics):
    """A train row whose question is nearly one of an evaluation file, or of a frozen test row."""

    id: str
    file: str
    line: int | None = None  # where the question begins in the file
    other_id: str = ""  # the frozen row


class SplitMetrics(Metrics):
    """reports/metrics/split.json."""

    rows: RowCounts
    leak_gate: LeakGate
    twins_with_other_label: int = 0  # rows dropped for a near copy on another side
    rows_without_words: int = 0  # kept rows of punctuation alone, compared as whole texts only
    way: str
    by_side: dict[str, Share]
    by_class: dict[str, dict[str, int]]  # rows by side
    shares_by_class: dict[str, dict[str, Share]]
    classes_with_few_test_rows: dict[str, int]  # about how many rows to collect
    classes_not_in_train: dict[str, int]
    frozen_test_rows: int
    contamination: list[Contaminated] = []


class NearTexts:
    """Texts prepared once, in which near copies are found as often as rows change sides."""

    def __init__(self, rows: pd.DataFrame, shingle_words: int, min_jaccard: float) -> None:
        self._questions = None
        self._asked = dict(zip(rows["id"], asked_of(rows), strict=True))
        if "answer" in rows:
            self._questions = NearQuestions(rows, shingle_words, min_jaccard)
            return
        self._index = {row: index for index, row in enumerate(rows["id"])}
        texts, pairs = TextColumn(rows["text"]), TextColumn(rows["text_pair"])
        self._join = Join(texts, shingle_words, min_jaccard, pairs, use_memo=True)

    def asked(self, rows: pd.DataFrame) -> list[bytes]:
        """Return `asked_of` some or all of the prepared rows, which need no texts for it."""
        return [self._asked[row] for row in rows["id"]]

    def without_words(self, rows: pd.DataFrame) -> int:
        """Return how many of the rows have no word and no sign, so that nothing can be near them.

        `rows` are some or all of the prepared rows.
        """
        if self._questions:
            return self._questions.without_words(rows["id"])
        indices = [self._index[row] for row in rows["id"]]
        return int((self._join.whole.sizes[indices] == 0).sum())

    def across(self, rows: pd.DataFrame) -> IdPairs:
        """Return the ids of near texts on two sides, (lower side, higher side), sorted.

        `rows` are some or all of the prepared rows, with unchanged texts.
        """
        if self._questions:
            return self._questions.across(rows)
        indices = np.array([self._index[row] for row in rows["id"]], dtype=np.int64)
        order = np.argsort(indices)
        side = np.zeros(len(self._index), dtype=np.int64)
        side[indices] = rows["split"].map(RANK)
        pairs = self._join.pairs(indices[order], indices[order])
        crossing = side[pairs.i] != side[pairs.j]
        i, j = pairs.i[crossing], pairs.j[crossing]
        low, high = np.where(side[i] < side[j], i, j), np.where(side[i] < side[j], j, i)
        ids = np.array(list(self._index), dtype=object)
        return sorted(zip(ids[low].tolist(), ids[high].tolist(), strict=True))


def without_unlabelled(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Drop]]:
    """Return the rows that have a label, and the drops of the others.

    Those are on no side; only adapt reads them, from the output of deduplicate.
    """
    bare = rows["label"] == ""
    if not bare.any():
        return rows, []
    drops = [Drop(row, Reason.UNLABELLED) for row in rows["id"][bare]]
    return rows[~bare].reset_index(drop=True), drops


def unlabelled_rows(
    rows: pd.DataFrame, split: pd.DataFrame, shingle_words: int, min_jaccard: float
) -> pd.DataFrame:
    """Return the rows without a label, to adapt the encoder to or to label next.

    Near copies of validation and test rows are left out, and so are the groups of these, so that
    nothing is learned from or labelled next that is scored. `rows` are the rows before split,
    `split` those after it. Twins are detected as in split.
    """
    unlabelled = rows[rows["label"] == ""].assign(split="train")
    held_out = split[split["split"].isin(HELD_OUT)]
    both = pd.concat([unlabelled, held_out], ignore_index=True)
    near = {low for low, _ in NearTexts(both, shingle_words, min_jaccard).across(both)}
    groups = set(held_out["group"]) - {""}
    kept = ~unlabelled["id"].isin(near) & ~unlabelled["group"].isin(groups)
    return unlabelled[kept].reset_index(drop=True)


def split_rows(
    rows: pd.DataFrame,
    frozen: Collection[str],
    params: SplitParams,
    task: Task,
    near: NearTexts | None = None,
) -> tuple[pd.DataFrame, list[Drop]]:
    """Return the rows with their sides, sharing nothing across sides, and the drops.

    `near` are the prepared texts, if the caller has them. Raises ParamsError or RowsError if the
    rows cannot be split as the params ask.
    """
    near = near or NearTexts(rows, params.shingle_words, params.twin_min_jaccard)
    assigned = assign_sides(rows, frozen, params)
    # Twice: a row whose class cannot be learned drops no twin, and a class may lose its only train
    # rows as twins.
    learnable, unlearnable = drop_unlearnable(assigned, frozen, task)
    separate, twins = drop_twins(learnable, near)
    while "answer" in rows and near.across(separate):
        # A question of many rows was compared with a few of them, which may be gone.
        separate, more = drop_twins(separate, near)
        twins += more
    kept, orphans = drop_unlearnable(separate, frozen, task)
    return kept, unlearnable + twins + orphans


def drop_twins(rows: pd.DataFrame, near: NearTexts) -> tuple[pd.DataFrame, list[Drop]]:
    """Drop rows that have a near copy on a higher side (`twin_in_test`, `twin_in_validation`) or
    another row of their group there (`group_in_test`, `group_in_validation`).

    A validation row that is itself dropped does not cause a train row to be dropped.
    """
    side = dict(zip(rows["id"], rows["split"], strict=True))
    twins: dict[str, list[str]] = defaultdict(list)
    for low, high in near.across(rows):
        twins[low].append(high)
    dropped: dict[str, Drop] = {}
    first: dict[str, str] = {}  # of each group, on the highest side where it has a kept row
    group_of = dict(zip(rows["id"], rows["group"], strict=True))
    for row in sorted(side, key=lambda row: (-RANK[side[row]], row)):
        group = group_of[row]
        causes = [(RANK[side[twin]], "twin", twin) for twin in twins[row] if twin not in dropped]
        mate = first.setdefault(group, row) if group and not causes else first.get(group, row)
        if side[mate] != side[row]:
            causes.append((RANK[side[mate]], "group", mate))
        if causes:
            rank, kind, cause = max(causes)
            dropped[row] = Drop(row, f"{kind}_in_{SIDES[rank]}", cause)
    kept = rows[~rows["id"].isin(dropped)].reset_index(drop=True)
    return kept, list(dropped.values())


def twins_with_other_label(rows: pd.DataFrame, drops: Iterable[Drop]) -> int:
    """Count the rows dropped for a near copy on a higher side whose label is not theirs."""
    label = dict(zip(rows["id"], rows["label"], strict=True))
    twins = [drop for drop in drops if drop.reason.startswith("twin")]
    return sum(label[drop.id] != label[drop.cause] for drop in twins)


def drop_unlearnable(
    rows: pd.DataFrame, frozen: Collection[str], task: Task
) -> tuple[pd.DataFrame, list[Drop]]:
    """Drop validation and test rows whose label names a class without a train row
    (`class_not_in_train`), because such a class cannot be learned.

    Raises RowsError if that would drop a frozen test row, which no machine may do. Where the label
    is not what is learned, nothing is dropped.
    """
    if task.TARGET != "label":
        return rows, []
    learned = set(task.classes(rows["label"][rows["split"] == "train"]))
    unknown = {label: set(task.members(label)) - learned for label in rows["label"].unique()}
    is_lost = rows["label"].map({label: bool(names) for label, names in unknown.items()})
    lost = rows[is_lost.astype(bool)]
    held = lost["label"][lost["id"].isin(frozen)]
    if len(held):
        name = min(unknown[held.iloc[0]])
        count = sum(name in unknown[label] for label in held)
        raise RowsError(
            "split",
            f"class {name} has {count} frozen test rows, none in train",
            "a train row for every class of the frozen test",
            f"add rows of {name}, or have a person remove its lines from data/frozen_test.csv",
        )
    kept = rows.drop(lost.index).reset_index(drop=True)
    return kept, [Drop(row, Reason.CLASS_NOT_IN_TRAIN) for row in lost["id"]]


def leak_gate(rows: pd.DataFrame, near: NearTexts) -> LeakGate:
    """Count what is shared between sides: zero of each kind. Raises LeakError that lists pairs."""
    return _counted(rows, near.asked(rows), near.across(rows))


def gate_after_split(rows: pd.DataFrame, shingle_words: int, min_jaccard: float) -> None:
    """Check what later stages may break: no text or group on two sides, no made row near a row of
    another side, no made row or its parent outside train.

    The other rows need no second search for near copies, because no stage changes the text of a
    row. Raises LeakError that lists pairs or rows.
    """
    _counted(rows, asked_of(rows), made_near_another_side(rows, shingle_words, min_jaccard))
    ancestry_gate(rows)


def made_near_another_side(rows: pd.DataFrame, shingle_words: int, min_jaccard: float) -> IdPairs:
    """Return the ids of made train rows near a validation or test row, with the id of that row."""
    made = rows["parent"] != ""
    if not made.any():
        return []
    outside = rows[made | (rows["split"] != "train")].reset_index(drop=True)
    return NearTexts(outside, shingle_words, min_jaccard).across(outside)


def _counted(rows: pd.DataFrame, asked: list[bytes], near: IdPairs) -> LeakGate:
    same_text = _shared(asked, rows)
    same_group = _shared(rows["group"], rows)
    for kind, pairs in (("exact", same_text), ("near", near), ("group", same_group)):
        if pairs:
            listed = ", ".join(f"{low} and {high}" for low, high in pairs[:10])
            raise LeakError(
                "leak gate",
                f"{len(pairs)} pairs of rows share the same {kind} on two sides: {listed}",
                "no such pair",
                "this is a bug: the lower row of each pair should have been dropped",
            )
    return LeakGate(exact_pairs=0, near_pairs=0, group_pairs=0)


def _shared(keys: Iterable[str | bytes], rows: pd.DataFrame) -> IdPairs:
    """Return pairs of ids that have one key (not empty) on two sides: the first of each side."""
    ranks = rows["split"].map(RANK).to_numpy()
    keyed = pd.DataFrame({"key": list(keys), "id": rows["id"].to_numpy(), "rank": ranks})
    is_there = keyed["key"].map(lambda key: bool(key.strip())).astype(bool)
    keyed = keyed[is_there].drop_duplicates(["key", "rank"])
    keyed = keyed.sort_values("rank", kind="stable")
    higher = keyed.groupby("key")["id"].shift(-1)
    return sorted(zip(keyed["id"][higher.notna()], higher.dropna(), strict=True))


def ancestry_gate(rows: pd.DataFrame) -> None:
    """Check that made rows and their parents are in train. Raises LeakError that lists rows."""
    made = rows[rows["parent"] != ""]
    of_parent = made["parent"].map(rows.set_index("id")["split"]).fillna("train")
    outside = made["id"][(made["split"] != "train") | (of_parent != "train")]
    if len(outside):
        raise LeakError(
            "leak gate",
            f"{len(outside)} made rows outside train: {', '.join(outside.head(10))}",
            "augmented and negative rows in train only",
            "this is a bug",
        )


def stratified_folds(rows: pd.DataFrame, folds: int, seed: int, task: Task) -> np.ndarray:
    """Return the fold of each row, 0..folds-1, and -1 in test: classes spread evenly, groups kept
    whole. Rows must be sorted by id."""
    inside = np.flatnonzero((rows["split"] != "test").to_numpy())
    labels, grouped = rows["label"].to_numpy()[inside], bool((rows["group"] != "").any())
    fold_of = np.full(len(rows), -1, dtype=np.int8)
    fold_of[inside] = task.folds(list(labels), units_of(rows)[inside], grouped, folds, seed)
    return fold_of


def classes_to_collect(
    by_class: dict[str, dict[str, int]], params: SideParams, warn_below: int
) -> dict[str, int]:
    """Return the classes with fewer than `warn_below` test rows, and about how many rows of each to
    collect. In the ways that do not hash test rows, these are rows of the held-out time, source or
    file."""
    missing = {name: warn_below - sides["test"] for name, sides in by_class.items()}
    share = params.test_share if params.way == "hash" else 1
    return {name: math.ceil(rows / share) for name, rows in missing.items() if rows > 0}
