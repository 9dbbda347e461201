"""Cap or weight classes and sources of the train rows; validation and test stay as they are.

data/augment/ -> data/balance/, data/ledger/balance.csv, reports/metrics/balance.json,
reports/plots/class_balance.csv
"""

from pathlib import Path
from typing import Any

import pandas as pd

from seedbed.core.files import write_csv, write_json
from seedbed.core.ledger import Drop, settle, write_ledger
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.making.balancing import BalanceParams as Params
from seedbed.making.balancing import balance
from seedbed.making.out_of_scope import NegativesParams, set_aside

SOURCE = Path("data/augment")
ROWS = Path("data/balance")
LEDGER = Path("data/ledger/balance.csv")
METRICS = Path("reports/metrics/balance.json")
PLOT = Path("reports/plots/class_balance.csv")


def balanced(
    rows: pd.DataFrame, params: Params, negatives: NegativesParams
) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows without negatives that a threshold is to tell, train balanced; and the drops."""
    rows, aside = set_aside(rows, negatives)
    train, rest = rows[rows["split"] == "train"], rows[rows["split"] != "train"]
    train, dropped = balance(train, params)
    return pd.concat([train, rest]).sort_values("id", ignore_index=True), aside + dropped


def before_and_after(before: pd.DataFrame, after: pd.DataFrame, column: str) -> dict[str, Any]:
    """Train rows, their summed weight and its share, by the values of a column."""
    parts = [rows.loc[rows["split"] == "train", [column, "weight"]] for rows in (before, after)]
    rows = [part[column].value_counts() for part in parts]
    weights = [part["weight"].astype(float).groupby(part[column]).sum() for part in parts]
    shares = [weight / weight.sum() for weight in weights]
    return {
        name: {
            "rows_before": int(rows[0].get(name, 0)),
            "rows": int(rows[1].get(name, 0)),
            "weight": float(weights[1].get(name, 0)),
            "weight_share_before": float(shares[0].get(name, 0)),
            "weight_share": float(shares[1].get(name, 0)),
        }
        for name in sorted(set(before[column]))
    }


def in_words(params: Params) -> str:
    """What was asked for."""
    parts = [f"cap {params.max_ratio:g} x the smallest class"] if params.max_ratio else ["no cap"]
    parts.append(f"weights {params.weights}")
    if params.target.by:
        parts.append(f"shares by {params.target.by} ({params.target.how})")
    return ", ".join(parts)


def main() -> str:
    params = read_params("balance", Params)
    rows = read_rows(SOURCE)
    after, dropped = balanced(rows, params, read_params("negatives", NegativesParams))
    counts = settle("balance", rows["id"], after["id"], dropped)
    classes, sources = (before_and_after(rows, after, name) for name in ("label", "source"))
    write_rows(ROWS, after)
    write_ledger(LEDGER, dropped)
    metrics = {
        "rows": counts.model_dump(exclude_unset=True),
        "train_by_class": classes,
        "train_by_source": sources,
    }
    write_json(METRICS, metrics | {"asked": in_words(params)})
    columns = ["rows_before", "rows", "weight"]
    lines = [(name, *(one[column] for column in columns)) for name, one in classes.items()]
    write_csv(PLOT, ["class", *columns], lines)
    return f"{in_words(params)}, {len(dropped)} rows dropped"


if __name__ == "__main__":
    run("balance", main)
