"""The metrics files of deduplicate and split, and the figures of split: rows by side and class next
to what hashing leads to expect."""

import math
from typing import Any

import numpy as np
import pandas as pd

from seedbed.core.metrics import Metrics, RowCounts
from seedbed.core.rows import SIDES
from seedbed.splitting.sides import SideParams, units_of


class DeduplicateMetrics(Metrics):
    """reports/metrics/deduplicate.json."""

    rows: RowCounts
    near_duplicates_with_other_label: int
    frozen_rows: int
    near_pairs_both_frozen: int


class Share(Metrics):
    """The rows of one side: their number, where it is not that of `by_class`, and share; if the
    side is cut by hash, the expected share with its 95 % interval."""

    rows: int | None = None
    share: float
    expected_share: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None


class LeakGate(Metrics):
    """Pairs of rows on two sides with the same text, a near copy or the same group."""

    exact_pairs: int
    near_pairs: int
    group_pairs: int


class SplitMetrics(Metrics):
    """reports/metrics/split.json."""

    rows: RowCounts
    leak_gate: LeakGate
    way: str
    by_side: dict[str, Share]
    by_class: dict[str, dict[str, int]]  # rows by side
    shares_by_class: dict[str, dict[str, Share]]
    classes_with_few_test_rows: dict[str, int]  # about how many rows to collect
    classes_not_in_train: dict[str, int]
    frozen_test_rows: int


def rows_by_class(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return the number of rows on each side by class."""
    table = pd.crosstab(rows["label"], rows["split"]).reindex(columns=list(SIDES), fill_value=0)
    return {str(name): {side: int(line[side]) for side in SIDES} for name, line in table.iterrows()}


def shares_of(rows: pd.DataFrame, params: SideParams, with_rows: bool = False) -> dict[str, Share]:
    """Return the share of each side, with the number of rows if that is asked for."""
    cut = params.hashed_shares
    pool = rows[rows["split"].isin(cut)]
    _, sizes = np.unique(units_of(pool).astype(str), return_counts=True)
    part = len(pool) / len(rows)
    shares = {}
    for side in SIDES:
        members = rows["split"] == side
        figures: dict[str, Any] = {"rows": int(members.sum())} if with_rows else {}
        figures["share"] = float(members.mean())
        if side in cut and len(pool):
            low, high = hashing_interval(sizes, cut[side])
            figures["expected_share"] = cut[side] * part
            figures["expected_low"], figures["expected_high"] = low * part, high * part
        shares[side] = Share(**figures)
    return shares


def hashing_interval(sizes: np.ndarray, share: float) -> tuple[float, float]:
    """Return the 95 % interval of a side's share if units (rows, or groups of these sizes) are
    assigned to it independently with probability `share`.

    Binomial quantiles over the effective number of units, (sum of sizes)^2 / sum of squares (Kish
    1965), so that groups widen it.
    """
    from scipy.stats import binom  # half a second that other readers of this module do not need

    units = max(1, round(int(sizes.sum()) ** 2 / int((sizes.astype(np.int64) ** 2).sum())))
    low, high = binom.interval(0.95, units, share)
    return float(low) / units, float(high) / units


def classes_to_collect(
    by_class: dict[str, dict[str, int]], params: SideParams, warn_below: int
) -> dict[str, int]:
    """Return the classes with fewer than `warn_below` test rows, and about how many rows of each to
    collect. In the ways that do not hash test rows, these are rows of the held-out time, source or
    file."""
    missing = {name: warn_below - sides["test"] for name, sides in by_class.items()}
    share = params.test_share if params.way == "hash" else 1
    return {name: math.ceil(rows / share) for name, rows in missing.items() if rows > 0}
