"""Cap or weight classes and sources of the train rows; validation and test are unchanged.

data/augment/ -> data/balance/, data/ledger/balance.csv, reports/metrics/balance.json,
reports/plots/class_balance.csv
"""

from pathlib import Path

import pandas as pd

from seedbed.core.files import write_csv
from seedbed.core.ledger import Drop, settle, write_ledger
from seedbed.core.metrics import write_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.making.balancing import BalanceMetrics, GroupWeight, balance
from seedbed.making.balancing import BalanceParams as Params
from seedbed.making.negatives import NegativesParams, set_aside

AUGMENT = Path("data/augment")
BALANCE = Path("data/balance")
LEDGER = Path("data/ledger/balance.csv")
METRICS = Path("reports/metrics/balance.json")
PLOT = Path("reports/plots/class_balance.csv")


def balanced(
    rows: pd.DataFrame, params: Params, negatives: NegativesParams
) -> tuple[pd.DataFrame, list[Drop]]:
    """Drop negatives that a threshold is to detect and balance train; return rows and drops."""
    rows, aside = set_aside(rows, negatives)
    train, rest = rows[rows["split"] == "train"], rows[rows["split"] != "train"]
    train, dropped = balance(train, params)
    return pd.concat([train, rest]).sort_values("id", ignore_index=True), aside + dropped


def before_and_after(
    before: pd.DataFrame, after: pd.DataFrame, column: str
) -> dict[str, GroupWeight]:
    """Return the train rows and weights before and after by the values of a column."""
    parts = [rows.loc[rows["split"] == "train", [column, "weight"]] for rows in (before, after)]
    counts = [part[column].value_counts() for part in parts]
    weights = [part["weight"].astype(float).groupby(part[column]).sum() for part in parts]
    shares = [weight / weight.sum() for weight in weights]
    return {
        name: GroupWeight(
            rows_before=int(counts[0].get(name, 0)),
            rows=int(counts[1].get(name, 0)),
            weight=float(weights[1].get(name, 0)),
            weight_share_before=float(shares[0].get(name, 0)),
            weight_share=float(shares[1].get(name, 0)),
        )
        for name in sorted(set(before[column]))
    }


def in_words(params: Params) -> str:
    """Return the params in words."""
    parts = [f"cap {params.max_ratio:g} x the smallest class"] if params.max_ratio else ["no cap"]
    parts.append(f"weights {params.weights}")
    if params.target.by:
        parts.append(f"shares by {params.target.by} ({params.target.how})")
    return ", ".join(parts)


def main() -> str:
    params = read_params("balance", Params)
    rows = read_rows(AUGMENT)
    after, dropped = balanced(rows, params, read_params("negatives", NegativesParams))
    metrics = BalanceMetrics(
        rows=settle("balance", rows["id"], after["id"], dropped),
        train_by_class=before_and_after(rows, after, "label"),
        train_by_source=before_and_after(rows, after, "source"),
        asked=in_words(params),
    )
    write_rows(BALANCE, after)
    write_ledger(LEDGER, dropped)
    write_metrics(METRICS, metrics)
    lines = [
        (name, group.rows_before, group.rows, group.weight)
        for name, group in metrics.train_by_class.items()
    ]
    write_csv(PLOT, ["class", "rows_before", "rows", "weight"], lines)
    return f"{in_words(params)}, {len(dropped)} rows dropped"


if __name__ == "__main__":
    run("balance", main)
