"""Assign each row its side and fold, drop twins across sides, prove that nothing leaks.

data/deduplicate/, data/frozen_test.csv -> data/split/, data/ledger/split.csv, data/manifest/,
reports/metrics/split.json
"""

import warnings
from collections import Counter
from pathlib import Path

import pandas as pd

from seedbed.core.errors import RowsError
from seedbed.core.files import fresh_folder, sha256_of, write_csv
from seedbed.core.ledger import in_words, settle, write_ledger
from seedbed.core.metrics import write_metrics
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import SIDES, read_rows, sides, write_rows
from seedbed.core.stage import run
from seedbed.splitting.frozen_test import FROZEN, check_frozen, read_frozen
from seedbed.splitting.sides import (
    SplitMetrics,
    classes_to_collect,
    rows_by_class,
    shares_of,
    units_of,
)
from seedbed.splitting.splits import (
    NearTexts,
    leak_gate,
    split_rows,
    stratified_folds,
    without_unlabelled,
)
from seedbed.splitting.splits import SplitParams as Params

DEDUPLICATE = Path("data/deduplicate")
SPLIT = Path("data/split")
LEDGER = Path("data/ledger/split.csv")
MANIFEST = Path("data/manifest")
METRICS = Path("reports/metrics/split.json")
MANIFEST_HEADER = ["id", "digest", "label", "split"]
COUNTS, COUNTS_HEADER = "counts.csv", ["batch", *SIDES, "sha256"]


def with_folds(rows: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the rows with their fold."""
    with warnings.catch_warnings():
        # find_label_errors names the classes with fewer rows than folds.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return rows.assign(fold=stratified_folds(rows, params.folds, params.seed))


def check_sides(rows: pd.DataFrame, params: Params) -> None:
    """Raise RowsError if a side is empty, train has one class or folds lack rows."""
    for side, members in sides(rows).items():
        if members.empty:
            raise RowsError(
                "split",
                f"no row in {side}",
                "rows on every side",
                "add rows, or change what decides the side in params.yaml, section split",
            )
    if rows["label"].nunique() < 2:
        raise RowsError(
            "split",
            f"1 class, {rows['label'].iloc[0]}, has rows in train",
            "two or more",
            "add rows of another class; data/ledger/ lists the rows that were dropped",
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
    """Write one CSV per batch: id, digest, label and split of every kept row, sorted by id.

    More than `max_rows` rows would burden git for ever: then COUNTS alone is written, and readers
    take the rows from data/split, which is in DVC's cache.
    """
    counts = []
    with fresh_folder(MANIFEST) as folder:
        for batch, members in rows.groupby("batch", sort=True):
            file = folder / f"{batch}.csv"
            write_csv(file, MANIFEST_HEADER, members[MANIFEST_HEADER].sort_values("id").to_numpy())
            if len(rows) > max_rows:
                by_side = members["split"].value_counts()
                counts.append([batch, *(int(by_side.get(side, 0)) for side in SIDES)])
                counts[-1].append(sha256_of(file))
                file.unlink()
        if counts:
            write_csv(folder / COUNTS, COUNTS_HEADER, counts)


def summary(metrics: SplitMetrics, warn_below: int) -> str:
    """Return the line that the stage prints, with what a person should know."""
    by_side = ", ".join(f"{share.rows} {side}" for side, share in metrics.by_side.items())
    parts = [f"{by_side}, {in_words(metrics.rows)}, nothing leaks"]
    for name, number in metrics.classes_not_in_train.items():
        parts.append(f"no row in train, so {number} rows dropped: {name}")
    if metrics.classes_with_few_test_rows:
        few = ", ".join(metrics.classes_with_few_test_rows)
        parts.append(f"fewer than {warn_below} test rows: {few}")
    return "; ".join(parts)


def main() -> str:
    params = read_params("split", Params)
    rows, frozen = read_rows(DEDUPLICATE), read_frozen(FROZEN)
    check_frozen(rows, frozen)
    labelled, bare = without_unlabelled(rows)
    near = NearTexts(labelled, params.shingle_words, params.twin_min_jaccard)
    kept, dropped = split_rows(labelled, frozen, params, near)
    dropped += bare
    check_sides(kept, params)
    gate = leak_gate(kept, near)
    kept = with_folds(kept, params)
    label = dict(zip(rows["id"], rows["label"], strict=True))
    lost = Counter(label[drop.id] for drop in dropped if drop.reason == Reason.CLASS_NOT_IN_TRAIN)
    by_class = rows_by_class(kept)
    classes = {str(name): part for name, part in kept.groupby("label", sort=True)}
    metrics = SplitMetrics(
        rows=settle("split", rows["id"], kept["id"], dropped),
        leak_gate=gate,
        way=params.way,
        by_side=shares_of(kept, params, with_rows=True),
        by_class=by_class,
        shares_by_class={name: shares_of(part, params) for name, part in classes.items()},
        classes_with_few_test_rows=classes_to_collect(by_class, params, params.warn_below),
        classes_not_in_train=dict(sorted(lost.items())),
        frozen_test_rows=len(frozen),
    )
    write_rows(SPLIT, kept)
    write_ledger(LEDGER, dropped)
    write_manifest(kept, params.max_rows_in_git)
    write_metrics(METRICS, metrics)
    return summary(metrics, params.warn_below)


if __name__ == "__main__":
    run("split", main)
