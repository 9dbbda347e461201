"""Which side a row is on: a pure function of the row. And the gate that proves nothing leaks.

side = hash(seed, the row's group if it has one, else its id) against the shares, so that a row
never moves when others come or go. Near copies on two sides are not moved either: the one on the
lower side (train < validation < test) is dropped.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from seedbed.errors import LeakError
from seedbed.ledger import Drop
from seedbed.near_duplicates import near_pairs, normalised
from seedbed.rows import SIDES

RANK = {side: rank for rank, side in enumerate(SIDES)}  # train < validation < test


def side_of(seed: int, unit: str, validation_share: float, test_share: float) -> str:
    """train, validation or test, for a row's group or id. Raising one share moves rows into that
    side only from train."""
    digest = hashlib.sha256(f"{seed}:{unit}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < test_share:
        return "test"
    # Validation is cut from the other end, so that a larger test share leaves it as it is.
    return "validation" if place >= 1 - validation_share else "train"


def cross_side_pairs(
    rows: pd.DataFrame, shingle_words: int, min_jaccard: float
) -> list[tuple[str, str]]:
    """Ids of near texts on two sides, (lower side, higher side), sorted."""
    ids, side = rows["id"].to_numpy(), rows["split"].map(RANK).to_numpy()
    pairs = near_pairs(list(rows["text"]), shingle_words, min_jaccard, list(rows["text_pair"]))
    crossing = side[pairs.i] != side[pairs.j]
    i, j = pairs.i[crossing], pairs.j[crossing]
    low, high = np.where(side[i] < side[j], i, j), np.where(side[i] < side[j], j, i)
    return sorted(zip(ids[low].tolist(), ids[high].tolist(), strict=True))


def drop_twins(
    rows: pd.DataFrame, shingle_words: int, min_jaccard: float
) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows without those that have a near copy on a higher side: `twin_in_test`,
    `twin_in_validation`. A validation row that is dropped itself drops no train row."""
    side = dict(zip(rows["id"], rows["split"], strict=True))
    twins: dict[str, list[str]] = defaultdict(list)
    for low, high in cross_side_pairs(rows, shingle_words, min_jaccard):
        twins[low].append(high)
    dropped: dict[str, Drop] = {}
    for row in sorted(twins, key=lambda one: (-RANK[side[one]], one)):
        causes = [twin for twin in twins[row] if twin not in dropped]
        if causes:
            cause = max(causes, key=lambda twin: (RANK[side[twin]], twin))
            dropped[row] = Drop(row, f"twin_in_{side[cause]}", cause)
    kept = rows[~rows["id"].isin(dropped)].reset_index(drop=True)
    return kept, list(dropped.values())


def leak_gate(rows: pd.DataFrame, shingle_words: int, min_jaccard: float) -> dict[str, int]:
    """Counts of what is shared between sides, all zero. Raises LeakError that lists pairs."""
    found = {
        "exact": _shared(
            [
                normalised(text) + "\n" + normalised(pair)
                for text, pair in zip(rows["text"], rows["text_pair"], strict=True)
            ],
            rows,
        ),
        "near": cross_side_pairs(rows, shingle_words, min_jaccard),
        "group": _shared(list(rows["group"]), rows),
    }
    for kind, pairs in found.items():
        if pairs:
            listed = ", ".join(f"{low} and {high}" for low, high in pairs[:10])
            raise LeakError(
                "leak gate",
                f"{len(pairs)} pairs of rows share the same {kind} on two sides: {listed}",
                "none",
                "give the rows one group, or drop one of each pair",
            )
    return {f"{kind}_pairs": len(pairs) for kind, pairs in found.items()}


def _shared(keys: Sequence[str], rows: pd.DataFrame) -> list[tuple[str, str]]:
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
    """Fold of each row, 0..folds-1, -1 in test: labels spread evenly, groups kept whole
    (scikit-learn's StratifiedGroupKFold). Rows must be sorted by id."""
    from sklearn.model_selection import StratifiedGroupKFold

    inside = np.flatnonzero((rows["split"] != "test").to_numpy())
    labels = rows["label"].to_numpy()[inside]
    groups = np.where(rows["group"] == "", rows["id"], rows["group"])[inside]
    numbers = np.full(len(rows), -1, dtype=np.int8)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, members) in enumerate(splitter.split(labels, labels, groups)):
        numbers[inside[members]] = fold
    return numbers
