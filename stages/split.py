"""Put each row on its side and in its fold, drop twins across sides, prove that nothing leaks.

data/deduplicate/, data/frozen_test.csv -> data/split/, data/ledger/split.csv, data/manifest/,
reports/metrics/split.json
"""

import warnings
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from seedbed.core.errors import RowsError
from seedbed.core.files import fresh_folder, sha256_of, write_csv, write_json
from seedbed.core.ledger import Drop, in_words, settle, write_ledger
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import SIDES, read_rows, sides, write_rows
from seedbed.core.stage import run
from seedbed.splitting.frozen_test import FROZEN, check_frozen, read_frozen
from seedbed.splitting.sides import SideParams, assign_sides, units_of
from seedbed.splitting.split_figures import split_figures
from seedbed.splitting.splits import (
    NearTexts,
    drop_twins,
    drop_unlearnable,
    leak_gate,
    stratified_folds,
)

SOURCE = Path("data/deduplicate")
ROWS = Path("data/split")
LEDGER = Path("data/ledger/split.csv")
MANIFEST = Path("data/manifest")
METRICS = Path("reports/metrics/split.json")
MANIFEST_HEADER = ["id", "digest", "label", "split"]
COUNTS, COUNTS_HEADER = "counts.csv", ["batch", *SIDES, "sha256"]


class Params(SideParams):
    """params.yaml section `split`."""

    folds: int = Field(ge=2)
    shingle_words: int = Field(ge=1)
    twin_min_jaccard: float = Field(gt=0, le=1)
    warn_below: int = Field(ge=0)
    max_rows_in_git: int = Field(ge=0)


def apart(
    rows: pd.DataFrame, frozen: Collection[str], params: Params, near: NearTexts | None = None
) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows on their sides with nothing shared between these, and the drops. `near`: their texts, if
    these are ready. Raises ParamsError and RowsError where the rows cannot be placed so."""
    near = near or NearTexts(rows, params.shingle_words, params.twin_min_jaccard)
    placed = assign_sides(rows, frozen, params)
    # Twice: a row whose class cannot be learnt drops no twin, and a class may lose its only train
    # rows as twins.
    learnable, unlearnable = drop_unlearnable(placed, frozen)
    apart, twins = drop_twins(learnable, near)
    kept, orphans = drop_unlearnable(apart, frozen)
    return kept, unlearnable + twins + orphans


def without_unlabelled(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows without those that have no label: they are on no side, and adapt alone reads them, out
    of deduplicate."""
    bare = rows["label"] == ""
    return rows[~bare].reset_index(drop=True), [
        Drop(row, Reason.UNLABELLED) for row in rows["id"][bare]
    ]


def with_folds(rows: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Rows with their fold."""
    with warnings.catch_warnings():
        # A class with fewer rows than folds is told of by find_label_errors, by name.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return rows.assign(fold=stratified_folds(rows, params.folds, params.seed))


def check_sides(rows: pd.DataFrame, params: Params) -> None:
    """Raises RowsError where a side is empty, train has one class or folds lack rows."""
    for side, members in sides(rows).items():
        if members.empty:
            raise RowsError(
                "split",
                f"no row in {side}",
                "rows on every side",
                "add rows, or correct what says in params.yaml, section split, who goes there",
            )
    if rows["label"].nunique() < 2:
        raise RowsError(
            "split",
            f"1 class, {rows['label'].iloc[0]}, has rows in train",
            "two or more",
            "add rows of another class; data/ledger/ tells what became of those there were",
        )
    inside = rows[rows["split"] != "test"]
    units = len(set(units_of(inside)))
    largest = inside["label"].value_counts().max()
    if min(units, largest) < params.folds:
        raise RowsError(
            "split",
            f"{units} rows or groups in train + validation, {largest} rows in the largest class",
            f"at least one for each of {params.folds} folds",
            "add rows or lower split.folds",
        )


def write_manifest(rows: pd.DataFrame, max_rows: int) -> None:
    """One CSV a batch: id, digest, label and split of every kept row, sorted by id. With more than
    `max_rows` rows, which git would carry for ever, COUNTS alone; the rows are read out of
    data/split, which is in DVC's cache."""
    counts = []
    with fresh_folder(MANIFEST) as folder:
        for batch, members in rows.groupby("batch", sort=True):
            file = folder / f"{batch}.csv"
            write_csv(file, MANIFEST_HEADER, members[MANIFEST_HEADER].sort_values("id").to_numpy())
            if len(rows) > max_rows:
                by_side = members["split"].value_counts()
                sides = [int(by_side.get(side, 0)) for side in SIDES]
                counts.append([batch, *sides, sha256_of(file)])
                file.unlink()
        if counts:
            write_csv(folder / COUNTS, COUNTS_HEADER, counts)


def warnings_in_words(found: dict[str, Any], params: Params) -> str:
    """What a person should know, for the stage's line."""
    words = [
        f"; no row in train, so {number} rows dropped: {name}"
        for name, number in found["classes_not_in_train"].items()
    ]
    if few := found["classes_with_few_test_rows"]:
        words.append(f"; fewer than {params.warn_below} test rows: {', '.join(few)}")
    return "".join(words)


def main() -> str:
    params = read_params("split", Params)
    rows, frozen = read_rows(SOURCE), read_frozen(FROZEN)
    check_frozen(rows, frozen)
    labelled, bare = without_unlabelled(rows)
    near = NearTexts(labelled, params.shingle_words, params.twin_min_jaccard)
    kept, dropped = apart(labelled, frozen, params, near)
    dropped += bare
    check_sides(kept, params)
    gate = leak_gate(kept, near)
    kept = with_folds(kept, params)
    counts = settle("split", rows["id"], kept["id"], dropped)
    label = dict(zip(rows["id"], rows["label"], strict=True))
    gone = Counter(label[drop.id] for drop in dropped if drop.reason == Reason.CLASS_NOT_IN_TRAIN)
    found: dict[str, Any] = {
        **split_figures(kept, params, params.warn_below),
        "classes_not_in_train": dict(sorted(gone.items())),
        "frozen_test_rows": len(frozen),
    }
    write_rows(ROWS, kept)
    write_ledger(LEDGER, dropped)
    write_manifest(kept, params.max_rows_in_git)
    write_json(METRICS, {"rows": counts.model_dump(exclude_unset=True), "leak_gate": gate, **found})
    by_side = ", ".join(f"{found['by_side'][side]['rows']} {side}" for side in SIDES)
    return f"{by_side}, {in_words(counts)}, nothing leaks{warnings_in_words(found, params)}"


if __name__ == "__main__":
    run("split", main)
