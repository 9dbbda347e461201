"""Put each row on its side and in its fold, drop twins across sides, prove that nothing leaks.

data/deduplicate/, data/frozen_test.csv -> data/split/, data/ledger/split.csv, data/manifest/,
reports/metrics/split.json
"""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.errors import LeakError, ParamsError, RowsError
from seedbed.files import fresh_folder, read_csv, write_csv, write_json
from seedbed.ledger import settle, write_ledger
from seedbed.params import Section, read_params
from seedbed.rows import SIDES, read_rows, sides, write_rows
from seedbed.splits import drop_twins, leak_gate, side_of, stratified_folds
from seedbed.stage import run

SOURCE = Path("data/deduplicate")
FROZEN = Path("data/frozen_test.csv")
ROWS = Path("data/split")
LEDGER = Path("data/ledger/split.csv")
MANIFEST = Path("data/manifest")
METRICS = Path("reports/metrics/split.json")


class Params(Section):
    """params.yaml section `split`."""

    seed: int
    validation_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)
    folds: int = Field(ge=2)
    shingle_words: int = Field(ge=1)
    twin_min_jaccard: float = Field(gt=0, le=1)
    warn_below: int = Field(ge=0)


def assign_sides(rows: pd.DataFrame, frozen: dict[str, str], params: Params) -> pd.DataFrame:
    """Rows with their side. Raises LeakError where a frozen test row is gone or has changed."""
    digests = dict(zip(rows["id"], rows["digest"], strict=True))
    lost = [row for row, digest in frozen.items() if digests.get(row) != digest]
    if lost:
        raise LeakError(
            str(FROZEN),
            f"{len(lost)} frozen test rows are gone or changed: {', '.join(lost[:10])}",
            "every frozen row with its digest",
            "bring the rows back, or take them out of the frozen test with a reviewed commit",
        )
    units = [group or row for group, row in zip(rows["group"], rows["id"], strict=True)]
    chosen = [
        "test"
        if row in frozen
        else side_of(params.seed, unit, params.validation_share, params.test_share)
        for row, unit in zip(rows["id"], units, strict=True)
    ]
    return rows.assign(split=chosen)


def check_sides(rows: pd.DataFrame, params: Params) -> None:
    """Raises RowsError where a row has no label, a side is empty, train lacks a class or folds lack
    rows."""
    if (rows["label"] == "").any():
        raise RowsError(
            "split",
            f"{(rows['label'] == '').sum()} rows without a label",
            "a label in every row: no stage learns from unlabelled rows yet",
            "take the source that is `unlabelled: true` out of params.yaml",
        )
    by_side = sides(rows)
    for side, members in by_side.items():
        if members.empty:
            raise RowsError(
                "split",
                f"no row in {side}",
                "rows on every side",
                "add rows or raise the side's share in params.yaml",
            )
    units = pd.Series(np.where(rows["group"] == "", rows["id"], rows["group"]))
    inside = units[(rows["split"] != "test").to_numpy()].nunique()
    if inside < params.folds:
        raise RowsError(
            "split",
            f"{inside} rows or groups in train + validation",
            f"at least one for each of {params.folds} folds",
            "add rows or lower split.folds",
        )
    missing = sorted(set(rows["label"]) - set(by_side["train"]["label"]))
    if missing:
        raise RowsError(
            "split",
            f"class {missing[0]} has no row in train",
            "every class in train",
            f"add rows of {missing[0]}, or merge the class with label_map",
        )


def figures(rows: pd.DataFrame, params: Params) -> dict[str, Any]:
    """Shares by side with the 95 % interval that hashing gives, and counts by class and side."""
    shares = {"test": params.test_share, "validation": params.validation_share}
    shares["train"] = 1 - sum(shares.values())
    total = len(rows)
    table = pd.crosstab(rows["label"], rows["split"]).reindex(columns=list(SIDES), fill_value=0)
    few = table.index[table["test"] < params.warn_below].tolist()
    by_side = {}
    for side in SIDES:
        half = 1.96 * math.sqrt(shares[side] * (1 - shares[side]) / total)
        by_side[side] = {
            "rows": int(table[side].sum()),
            "share": table[side].sum() / total,
            "expected_share": shares[side],
            "expected_low": max(0.0, shares[side] - half),
            "expected_high": min(1.0, shares[side] + half),
        }
    by_class = {
        str(name): {side: int(line[side]) for side in SIDES} for name, line in table.iterrows()
    }
    return {"by_side": by_side, "by_class": by_class, "classes_with_few_test_rows": few}


def write_manifest(rows: pd.DataFrame) -> None:
    """One CSV a batch: id, digest, label and split of every kept row, sorted by id."""
    with fresh_folder(MANIFEST) as folder:
        for batch, members in rows.groupby("batch", sort=True):
            lines = members[["id", "digest", "label", "split"]].sort_values("id").to_numpy()
            write_csv(folder / f"{batch}.csv", ["id", "digest", "label", "split"], lines)


def read_frozen() -> dict[str, str]:
    """Digest by id of the frozen test rows."""
    return {line["id"]: line["digest"] for line in read_csv(FROZEN)}


def main() -> str:
    params = read_params("split", Params)
    if params.validation_share + params.test_share >= 1:
        raise ParamsError(
            "params.yaml: split",
            "validation_share + test_share leave nothing for train",
            "a sum below 1",
            "lower one of them",
        )
    rows = read_rows(SOURCE)
    placed = assign_sides(rows, read_frozen(), params)
    kept, dropped = drop_twins(placed, params.shingle_words, params.twin_min_jaccard)
    check_sides(kept, params)
    gate = leak_gate(kept, params.shingle_words, params.twin_min_jaccard)
    with warnings.catch_warnings():
        # A class with fewer rows than folds is reported below, by name.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        kept = kept.assign(fold=stratified_folds(kept, params.folds, params.seed))
    counts = settle("split", rows["id"], kept["id"], dropped)
    write_rows(ROWS, kept)
    write_ledger(LEDGER, dropped)
    write_manifest(kept)
    found = figures(kept, params)
    write_json(METRICS, {"rows": counts, "leak_gate": gate, **found})
    by_side = ", ".join(f"{found['by_side'][side]['rows']} {side}" for side in SIDES)
    few = found["classes_with_few_test_rows"]
    warning = f"; fewer than {params.warn_below} test rows: {', '.join(few)}" if few else ""
    return f"{by_side}, {len(dropped)} twins across sides dropped, nothing leaks{warning}"


if __name__ == "__main__":
    run("split", main)
