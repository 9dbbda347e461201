"""How many rows stand on which side, class by class, beside what hashing leads to expect."""

import math
from typing import Any

import numpy as np
import pandas as pd

from seedbed.core.rows import SIDES
from seedbed.splitting.sides import SideParams, units_of


def split_figures(rows: pd.DataFrame, params: SideParams, warn_below: int) -> dict[str, Any]:
    """Rows and shares by side and by class and side, with the 95 % interval that hashing gives;
    and the classes with fewer than `warn_below` test rows, each with about how many more rows of it
    to collect."""
    table = pd.crosstab(rows["label"], rows["split"]).reindex(columns=list(SIDES), fill_value=0)
    whole = shares_of(rows, params)
    classes = {str(name): part for name, part in rows.groupby("label", sort=True)}
    few = table["test"][table["test"] < warn_below]
    return {
        "way": params.way,
        "by_side": {side: {"rows": int(table[side].sum()), **whole[side]} for side in SIDES},
        "by_class": {
            str(name): {side: int(line[side]) for side in SIDES} for name, line in table.iterrows()
        },
        "shares_by_class": {name: shares_of(part, params) for name, part in classes.items()},
        "classes_with_few_test_rows": {
            str(name): rows_to_collect(warn_below - int(test), params) for name, test in few.items()
        },
    }


def shares_of(rows: pd.DataFrame, params: SideParams) -> dict[str, dict[str, float]]:
    """By side: `share` of the rows; where the side is cut by hash, `expected_share` and the 95 %
    interval `expected_low` to `expected_high`."""
    total, cut = len(rows), params.hashed_shares
    pool = rows[rows["split"].isin(cut)]
    _, sizes = np.unique(units_of(pool).astype(str), return_counts=True)
    part = len(pool) / total
    result = {}
    for side in SIDES:
        result[side] = {"share": float((rows["split"] == side).mean())}
        if side in cut and len(pool):
            low, high = hashing_interval(sizes, cut[side])
            result[side] |= {
                "expected_share": cut[side] * part,
                "expected_low": low * part,
                "expected_high": high * part,
            }
    return result


def hashing_interval(sizes: np.ndarray, share: float) -> tuple[float, float]:
    """Where the share of rows on a side falls 95 times of 100, with units (rows, or groups of these
    sizes) put there one by one with probability `share`: binomial quantiles over the effective
    number of units, (sum of sizes)^2 / sum of squares (Kish 1965), so that groups make it wider."""
    from scipy.stats import binom  # half a second that a reader of rows need not spend

    units = max(1, round(int(sizes.sum()) ** 2 / int((sizes.astype(np.int64) ** 2).sum())))
    low, high = binom.interval(0.95, units, share)
    return float(low) / units, float(high) / units


def rows_to_collect(missing: int, params: SideParams) -> int:
    """About how many rows to collect for so many more in test; in the ways that do not hash test
    rows, those rows themselves, in the held-out time, source or file."""
    return math.ceil(missing / params.test_share) if params.way == "hash" else missing
