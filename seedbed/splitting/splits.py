"""What may not stand on two sides: it is dropped, never moved; and gates prove that nothing leaks.

Of near copies on two sides the one on the lower side (train < validation < test) is dropped, and so
is a row on a lower side than another row of its group.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from seedbed.core.errors import LeakError, RowsError
from seedbed.core.ledger import Drop
from seedbed.core.reasons import Reason
from seedbed.core.rows import SIDES
from seedbed.splitting.near_duplicates import Join, normalised
from seedbed.splitting.sides import units_of

RANK = {side: rank for rank, side in enumerate(SIDES)}  # train < validation < test


class NearTexts:
    """Texts of rows made ready once, to be asked for near copies as often as rows change sides."""

    def __init__(self, rows: pd.DataFrame, shingle_words: int, min_jaccard: float) -> None:
        self._place = {row: place for place, row in enumerate(rows["id"])}
        texts, pairs = list(rows["text"]), list(rows["text_pair"])
        self._join = Join(texts, shingle_words, min_jaccard, pairs, remember=True)

    def across(self, rows: pd.DataFrame) -> list[tuple[str, str]]:
        """Ids of near texts on two sides, (lower side, higher side), sorted. `rows`: some or all
        of the rows, with the texts that they had."""
        ids = rows["id"].to_numpy(dtype=object)
        places = np.array([self._place[row] for row in ids], dtype=np.int64)
        order = np.argsort(places)
        side = np.zeros(len(self._place), dtype=np.int64)
        side[places] = rows["split"].map(RANK)
        pairs = self._join.pairs(places[order], places[order])
        crossing = side[pairs.i] != side[pairs.j]
        i, j = pairs.i[crossing], pairs.j[crossing]
        low, high = np.where(side[i] < side[j], i, j), np.where(side[i] < side[j], j, i)
        name = np.array(list(self._place), dtype=object)
        return sorted(zip(name[low].tolist(), name[high].tolist(), strict=True))


def cross_side_pairs(
    rows: pd.DataFrame, shingle_words: int, min_jaccard: float
) -> list[tuple[str, str]]:
    """Ids of near texts on two sides, (lower side, higher side), sorted."""
    return NearTexts(rows, shingle_words, min_jaccard).across(rows)


def drop_twins(rows: pd.DataFrame, near: NearTexts) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows without those that have a near copy on a higher side (`twin_in_test`,
    `twin_in_validation`) or another row of their group there (`group_in_test`,
    `group_in_validation`). A validation row that is dropped itself drops no train row."""
    side = dict(zip(rows["id"], rows["split"], strict=True))
    twins: dict[str, list[str]] = defaultdict(list)
    for low, high in near.across(rows):
        twins[low].append(high)
    dropped: dict[str, Drop] = {}
    first: dict[str, str] = {}  # of each group, on the highest side where it has a kept row
    order = sorted(zip(rows["id"], rows["group"], strict=True), key=lambda one: one[0])
    for row, group in sorted(order, key=lambda one: -RANK[side[one[0]]]):
        causes = [(RANK[side[twin]], "twin", twin) for twin in twins[row] if twin not in dropped]
        mate = first.setdefault(group, row) if group and not causes else first.get(group, row)
        if side[mate] != side[row]:
            causes.append((RANK[side[mate]], "group", mate))
        if causes:
            rank, kind, cause = max(causes)
            dropped[row] = Drop(row, f"{kind}_in_{SIDES[rank]}", cause)
    kept = rows[~rows["id"].isin(dropped)].reset_index(drop=True)
    return kept, list(dropped.values())


def drop_unlearnable(
    rows: pd.DataFrame, frozen: Collection[str]
) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows without those whose class has no row in train: it cannot be learnt, so its rows in
    validation and test are dropped, `class_not_in_train`.

    Raises RowsError where a frozen test row would have to go: no machine takes one out.
    """
    learnt = set(rows["label"][rows["split"] == "train"])
    lost = rows[~rows["label"].isin(learnt)]
    held = lost[lost["id"].isin(frozen)]
    if len(held):
        label = held["label"].iloc[0]
        raise RowsError(
            "split",
            f"class {label} has {(held['label'] == label).sum()} frozen test rows, none in train",
            "a row in train of every class that the frozen test holds",
            f"add rows of {label}, or have a person take the frozen ones out: delete their lines "
            "from data/frozen_test.csv",
        )
    kept = rows[rows["label"].isin(learnt)].reset_index(drop=True)
    return kept, [Drop(row, Reason.CLASS_NOT_IN_TRAIN) for row in lost["id"]]


def leak_gate(rows: pd.DataFrame, near: NearTexts) -> dict[str, int]:
    """Counts of what is shared between sides, all zero. Raises LeakError that lists pairs."""
    pairs = near.across(rows)
    return _counted({"exact": _exact(rows), "near": pairs, "group": _shared(rows["group"], rows)})


def gate_after_split(rows: pd.DataFrame, shingle_words: int, min_jaccard: float) -> None:
    """What may break after split: a text or a group on two sides, a made row near a row of another
    side, a made row or its parent outside train. The other rows need no second look for near
    copies, since no stage changes the text of a row that it has. Raises LeakError that lists pairs
    or rows."""
    near = made_near_another_side(rows, shingle_words, min_jaccard)
    _counted({"exact": _exact(rows), "near": near, "group": _shared(rows["group"], rows)})
    ancestry_gate(rows)


def made_near_another_side(
    rows: pd.DataFrame, shingle_words: int, min_jaccard: float
) -> list[tuple[str, str]]:
    """Ids of made train rows that are near copies of a validation or test row, and of that row."""
    made = rows["parent"] != ""
    if not made.any():
        return []
    return cross_side_pairs(
        rows[made | (rows["split"] != "train")].reset_index(drop=True), shingle_words, min_jaccard
    )


def _counted(found: dict[str, list[tuple[str, str]]]) -> dict[str, int]:
    for kind, pairs in found.items():
        if pairs:
            listed = ", ".join(f"{low} and {high}" for low, high in pairs[:10])
            raise LeakError(
                "leak gate",
                f"{len(pairs)} pairs of rows share the same {kind} on two sides: {listed}",
                "none",
                "this is a bug: the lower one of each pair should have been dropped",
            )
    return {f"{kind}_pairs": len(pairs) for kind, pairs in found.items()}


def contents(rows: pd.DataFrame) -> list[str]:
    """What makes two rows the same text: both parts without case and spaces."""
    texts = zip(rows["text"], rows["text_pair"], strict=True)
    return [normalised(text) + "\n" + normalised(pair) for text, pair in texts]


def _exact(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return _shared(contents(rows), rows)


def _shared(keys: Sequence[str] | pd.Series, rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs of ids that have one key (not "") on two sides: each with the first of another."""
    first: dict[str, dict[str, str]] = defaultdict(dict)
    for key, row, side in zip(keys, rows["id"], rows["split"], strict=True):
        if key.strip():
            first[key].setdefault(side, row)
    pairs = []
    for members in first.values():
        by_side = [members[side] for side in SIDES if side in members]
        pairs += list(zip(by_side, by_side[1:], strict=False))
    return sorted(pairs)


def ancestry_gate(rows: pd.DataFrame) -> None:
    """Made rows stand in train, and so do their parents. Raises LeakError that lists rows."""
    made = rows[rows["parent"] != ""]
    side = dict(zip(rows["id"], rows["split"], strict=True))
    outside = [
        row
        for row, split, parent in zip(made["id"], made["split"], made["parent"], strict=True)
        if split != "train" or (parent and side.get(parent, "train") != "train")
    ]
    if outside:
        raise LeakError(
            "leak gate",
            f"{len(outside)} made rows outside train: {', '.join(outside[:10])}",
            "augmented and negative rows in train only",
            "this is a bug",
        )


def stratified_folds(rows: pd.DataFrame, folds: int, seed: int) -> np.ndarray:
    """Fold of each row, 0..folds-1, -1 in test: classes spread evenly, groups kept whole
    (scikit-learn's StratifiedKFold and StratifiedGroupKFold). Rows must be sorted by id."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    inside = np.flatnonzero((rows["split"] != "test").to_numpy())
    labels = rows["label"].to_numpy()[inside]
    # With groups it tries each unit in each fold: 20 s for 100,000 rows, which rows without groups
    # need not spend.
    if (rows["group"] != "").any():
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        parts = splitter.split(labels, labels, units_of(rows)[inside])
    else:
        parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels, labels)
    numbers = np.full(len(rows), -1, dtype=np.int8)
    for fold, (_, members) in enumerate(parts):
        numbers[inside[members]] = fold
    return numbers


def unlabelled_rows(
    rows: pd.DataFrame, split: pd.DataFrame, shingle_words: int, min_jaccard: float
) -> pd.DataFrame:
    """Rows without a label, which split leaves out: the encoder may adapt to them, and people may
    label them. Without near copies of validation and test rows and without the groups of these, so
    that nothing is learned from, or labelled next, that is scored.

    `rows`: the rows before split; `split`: those after it. Twins are detected as in split.
    """
    unlabelled = rows[rows["label"] == ""].assign(split="train")
    held_out = split[split["split"].isin(("validation", "test"))]
    both = pd.concat([unlabelled, held_out], ignore_index=True)
    near = {low for low, _ in cross_side_pairs(both, shingle_words, min_jaccard)}
    groups = set(held_out["group"]) - {""}
    kept = ~unlabelled["id"].isin(near) & ~unlabelled["group"].isin(groups)
    return unlabelled[kept].reset_index(drop=True)
