"""Drop exact copies, near copies and texts with two labels; say which kept row was the cause.

data/apply_decisions/, data/frozen_test.csv
-> data/deduplicate/, data/ledger/deduplicate.csv, reports/metrics/deduplicate.json
"""

from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.files import write_json
from seedbed.core.ledger import Drop, in_words, settle, write_ledger
from seedbed.core.params import Section, read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.splitting.frozen_test import FROZEN, read_frozen
from seedbed.splitting.near_duplicates import first_kept, near_pairs
from seedbed.splitting.shingles import normalised

INPUT = Path("data/apply_decisions")
OUTPUT = Path("data/deduplicate")
LEDGER = Path("data/ledger/deduplicate.csv")
METRICS = Path("reports/metrics/deduplicate.json")

GIVEN_RANK = {"test": 2, "validation": 1}


class Params(Section):
    """params.yaml section `deduplicate`."""

    exact: bool  # drop copies, and texts that stand there with two labels
    near: bool  # drop near copies
    shingle_words: int = Field(ge=1)  # words in one shingle
    min_jaccard: float = Field(gt=0, le=1)  # texts are near from this similarity on


def by_priority(rows: pd.DataFrame, frozen: set[str], way: str = "hash") -> pd.DataFrame:
    """Rows in the order in which they may stay: frozen test rows; where the sources give the sides
    (split.way is given) those of test, then of validation, so that a test set that others use
    stays whole; then rows with a label; then smallest (batch, id)."""
    given = rows["split"].map(GIVEN_RANK).fillna(0) if way == "given" else 0
    ranked = rows.assign(frozen=rows["id"].isin(frozen), given=given, bare=rows["label"] == "")
    order = {"frozen": False, "given": False, "bare": True, "batch": True, "id": True}
    ordered = ranked.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    return ordered.drop(columns=["given", "bare"])


def exact_drops(rows: pd.DataFrame) -> list[Drop]:
    """Copies of a kept row, and all copies of a text that has two labels; never a frozen row.

    Rows stand by priority. The cause of a conflict is the first copy with another label. No label
    is none that conflicts: such a copy goes for one with a label, and stays where those all go.
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


def near_drops(rows: pd.DataFrame, params: Params) -> list[Drop]:
    """Rows that are near a kept row before them; never a frozen row. Rows stand by priority."""
    cause = first_kept(
        rows["text"].tolist(),
        params.shingle_words,
        params.min_jaccard,
        rows["text_pair"].tolist(),
        fixed=int(rows["frozen"].sum()),
        remember=True,
    )
    ids = rows["id"].to_numpy()
    return [
        Drop(ids[row], Reason.NEAR_DUPLICATE, ids[cause[row]]) for row in np.flatnonzero(cause >= 0)
    ]


def deduplicate(
    rows: pd.DataFrame, frozen: set[str], params: Params, way: str = "hash"
) -> tuple[list[Drop], dict]:
    """All drops, and the figures for the metrics. Every duplicate's cause is a kept row."""
    rows = by_priority(rows, frozen, way)
    exact = exact_drops(rows) if params.exact else []
    left = rows[~rows["id"].isin({drop.id for drop in exact})].reset_index(drop=True)
    near = near_drops(left, params) if params.near else []
    cause = {drop.id: drop.cause for drop in near}
    # The copy of a row that went itself is near to what that row was near to.
    near += [
        Drop(d.id, Reason.NEAR_DUPLICATE, cause[d.cause]) for d in exact if copies_one_of(cause, d)
    ]
    drops = [drop for drop in exact if not copies_one_of(cause, drop)] + near
    return drops, figures(rows, near, params)


def copies_one_of(dropped: dict[str, str], drop: Drop) -> bool:
    return drop.reason == Reason.EXACT_DUPLICATE and drop.cause in dropped


def figures(rows: pd.DataFrame, near: list[Drop], params: Params) -> dict[str, int]:
    """What a person may want to look at: near copies with another label than the row that stays,
    and copies that stay because both are frozen."""
    label = dict(zip(rows["id"], rows["label"], strict=True))
    frozen = rows[rows["frozen"]]
    texts, text_pairs = frozen["text"].tolist(), frozen["text_pair"].tolist()
    copies = near_pairs(texts, params.shingle_words, params.min_jaccard, text_pairs)
    return {
        "near_duplicates_with_other_label": sum(label[d.id] != label[d.cause] for d in near),
        "frozen_rows": len(frozen),
        "near_pairs_both_frozen": len(copies.i),
    }


def main() -> str:
    params = read_params("deduplicate", Params)
    rows = read_rows(INPUT)
    way = read_params("split.way", str)
    drops, counted = deduplicate(rows, set(read_frozen(FROZEN)), params, way)
    kept = rows[~rows["id"].isin({drop.id for drop in drops})]
    counts = settle("deduplicate", rows["id"].tolist(), kept["id"].tolist(), drops)
    write_rows(OUTPUT, kept)
    write_ledger(LEDGER, drops)
    write_json(METRICS, {"rows": counts.model_dump(exclude_unset=True), **counted})
    return in_words(counts)


if __name__ == "__main__":
    run("deduplicate", main)
