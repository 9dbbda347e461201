"""Cap or weight the classes of the train rows; validation and test stay as they are.

data/augment/ -> data/balance/, data/ledger/balance.csv, reports/metrics/balance.json,
reports/plots/class_balance.csv
"""

from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from seedbed.balancing import cap, class_weights
from seedbed.files import write_csv, write_json
from seedbed.ledger import Drop, settle, write_ledger
from seedbed.params import Section, read_params
from seedbed.rows import read_rows, write_rows
from seedbed.stage import run

SOURCE = Path("data/augment")
ROWS = Path("data/balance")
LEDGER = Path("data/ledger/balance.csv")
METRICS = Path("reports/metrics/balance.json")
PLOT = Path("reports/plots/class_balance.csv")


class Params(Section):
    """params.yaml section `balance`."""

    seed: int
    max_ratio: float = Field(ge=0)
    weights: Literal["none", "inverse", "sqrt", "effective"]


def balanced(rows: pd.DataFrame, params: Params) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows with train capped and weighted, and the drops."""
    train, rest = rows[rows["split"] == "train"], rows[rows["split"] != "train"]
    dropped: list[Drop] = []
    if params.max_ratio:
        train, dropped = cap(train, params.max_ratio, params.seed)
    if params.weights != "none":
        weights = class_weights(train["label"].value_counts(), params.weights)
        factor = train["label"].map(weights).astype("float32")
        train = train.assign(weight=train["weight"] * factor)
    return pd.concat([train, rest]).sort_values("id", ignore_index=True), dropped


def main() -> str:
    params = read_params("balance", Params)
    rows = read_rows(SOURCE)
    after, dropped = balanced(rows, params)
    counts = settle("balance", rows["id"], after["id"], dropped)
    classes = sorted(set(rows["label"]))
    table = []
    for name in classes:
        before = rows[(rows["split"] == "train") & (rows["label"] == name)]
        now = after[(after["split"] == "train") & (after["label"] == name)]
        table.append((name, len(before), len(now), float(now["weight"].sum())))
    write_rows(ROWS, after)
    write_ledger(LEDGER, dropped)
    by_class = {
        name: {"rows_before": before, "rows": now, "weight": weight}
        for name, before, now, weight in table
    }
    write_json(METRICS, {"rows": counts, "train_by_class": by_class})
    write_csv(PLOT, ["class", "rows_before", "rows", "weight"], table)
    how = f"cap {params.max_ratio:g} x the smallest class" if params.max_ratio else "no cap"
    return f"{how}, weights {params.weights}, {len(dropped)} rows dropped"


if __name__ == "__main__":
    run("balance", main)
