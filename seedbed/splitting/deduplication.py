"""Copies, near copies and texts with two labels dropped, each with the kept row that caused it."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.metrics import Drop
from seedbed.core.params import Section
from seedbed.core.reasons import Reason
from seedbed.splitting.near_duplicates import first_kept
from seedbed.splitting.shingles import normalised

GIVEN_RANK = {"test": 2, "validation": 1}


class DeduplicateParams(Section):
    """params.yaml section `deduplicate`."""

    exact: bool  # drop copies, and texts that have two labels
    near: bool  # drop near copies
    shingle_words: int = Field(ge=1)  # words in one shingle
    min_jaccard: float = Field(gt=0, le=1)  # texts are near from this similarity on


def deduplicate(
    rows: pd.DataFrame, frozen: Collection[str], params: DeduplicateParams, way: str = "hash"
) -> tuple[list[Drop], int]:
    """Return all drops, and the number of near copies with another label than their cause.

    The cause of every duplicate is a kept row.
    """
    rows = by_priority(rows, frozen, way)
    exact = exact_drops(rows) if params.exact else []
    left = rows[~rows["id"].isin({drop.id for drop in exact})].reset_index(drop=True)
    near = near_drops(left, params) if params.near else []
    cause = {drop.id: drop.cause for drop in near}
    drops = []
    for drop in exact:
        if drop.reason == Reason.EXACT_DUPLICATE and drop.cause in cause:
            # A copy of a row that is itself dropped is near to the cause of that row.
            near.append(Drop(drop.id, Reason.NEAR_DUPLICATE, cause[drop.cause]))
        else:
            drops.append(drop)
    label = dict(zip(rows["id"], rows["label"], strict=True))
    return drops + near, sum(label[drop.id] != label[drop.cause] for drop in near)


def by_priority(rows: pd.DataFrame, frozen: Collection[str], way: str = "hash") -> pd.DataFrame:
    """Sort rows by the order in which they are kept.

    Frozen test rows come first; if the sources give the sides (split.way is given), those of test,
    then of validation, so that a test set that others use stays whole; then rows with a label; then
    the smallest (batch, id).
    """
    given = rows["split"].map(GIVEN_RANK).fillna(0) if way == "given" else 0
    ranked = rows.assign(frozen=rows["id"].isin(frozen), given=given, bare=rows["label"] == "")
    order = {"frozen": False, "given": False, "bare": True, "batch": True, "id": True}
    ordered = ranked.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    return ordered.drop(columns=["given", "bare"])


def exact_drops(rows: pd.DataFrame) -> list[Drop]:
    """Drop copies of a kept row, and all copies of a text that has two labels; never a frozen row.

    Rows are sorted by priority. The cause of a conflict is the first copy with another label. A row
    without a label conflicts with none: it is dropped for a copy that has one, and kept if all of
    those are dropped.
    """
    contents = zip(rows["text"], rows["text_pair"], strict=True)
    same = pd.Series([(normalised(text), normalised(pair)) for text, pair in contents])
    copied = rows.loc[same.duplicated(keep=False), ["id", "label", "frozen"]]
    drops = []
    for _, copies in copied.groupby(same[copied.index], sort=False):
        first_of = copies.drop_duplicates("label").set_index("label")["id"].to_dict()
        known = [label for label in first_of if label]
        stays = [row.id for row in copies.itertuples() if row.frozen or len(known) < 2]
        for row in copies.itertuples():
            others = [first_of[label] for label in known if row.label and label != row.label]
            first = first_of[row.label] if row.label or not stays else stays[0]
            if others and not row.frozen:
                drops.append(Drop(row.id, Reason.LABEL_CONFLICT, others[0]))
            elif row.id != first and not row.frozen:
                drops.append(Drop(row.id, Reason.EXACT_DUPLICATE, first))
    return drops


def near_drops(rows: pd.DataFrame, params: DeduplicateParams) -> list[Drop]:
    """Drop rows near a kept row of higher priority; never a frozen row."""
    cause = first_kept(
        rows["text"].tolist(),
        params.shingle_words,
        params.min_jaccard,
        rows["text_pair"].tolist(),
        fixed=int(rows["frozen"].sum()),
        use_memo=True,
    )
    ids = rows["id"].to_numpy()
    return [
        Drop(ids[row], Reason.NEAR_DUPLICATE, ids[cause[row]]) for row in np.flatnonzero(cause >= 0)
    ]
