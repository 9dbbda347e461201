"""Balancing: how much each class or source counts in training, by dropping rows or by weights.

A row is never copied: a weight of n is n copies in the loss, without the steps that they cost. The
order is fixed: the cap, shares by dropping rows, class weights, shares by weight. So the resulting
shares are the target shares, whatever came before.

Made rows are dropped before originals, by hash(seed, id): no augmented copy outlives its parent,
because both have one class and one source. A made negative, which has another class than its
parent, may.
"""

import hashlib
import math
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.ledger import Drop, RowCounts
from seedbed.core.metrics import Metrics
from seedbed.core.params import Section
from seedbed.core.reasons import Reason

EFFECTIVE_BETA = 0.999
ROUNDING = 1e-9


class TargetParams(Section):
    """params.yaml section `balance.target`."""

    by: Literal["", "class", "source"]
    shares: dict[str, float]
    how: Literal["weight", "drop"]


class BalanceParams(Section):
    """params.yaml section `balance`."""

    seed: int
    max_ratio: float = Field(ge=0)
    weights: Literal["none", "inverse", "sqrt", "effective"]
    target: TargetParams


class GroupWeight(Metrics):
    """Train rows of a class or source before and after balancing, and their summed weight."""

    rows_before: int
    rows: int
    weight: float
    weight_share_before: float
    weight_share: float


class BalanceMetrics(Metrics):
    """reports/metrics/balance.json."""

    rows: RowCounts
    train_by_class: dict[str, GroupWeight]
    train_by_source: dict[str, GroupWeight]
    asked: str  # the params in words


class AugmentMetrics(Metrics):
    """reports/metrics/augment.json."""

    rows: RowCounts
    by_origin: dict[str, int]
    made_by_method: dict[str, int]
    made_by_class: dict[str, int]
    refused_by_reason: dict[str, int]


def balance(train: pd.DataFrame, params: BalanceParams) -> tuple[pd.DataFrame, list[Drop]]:
    """Balance train rows by the params, in the order above, and return them with their weights, and
    the drops; their mean weight is unchanged."""
    dropped: list[Drop] = []
    target = params.target
    groups = _groups(train, target) if target.by else None
    if params.max_ratio:
        limit = max(1, int(params.max_ratio * train["label"].value_counts().min()))
        same = dict.fromkeys(train["label"], limit)
        train, over = drop_over(train, train["label"], same, params.seed, Reason.OVER_CAP)
        dropped += over
    if groups is not None and target.how == "drop":
        limits = limits_for(groups[train.index].value_counts(), target.shares)
        mine = groups[train.index]
        train, over = drop_over(train, mine, limits, params.seed, Reason.OVER_SHARE)
        dropped += over
    if params.weights != "none":
        weights = class_weights(train["label"].value_counts(), params.weights)
        train = _times(train, train["label"].map(weights))
    if groups is not None and target.how == "weight":
        mine = groups[train.index]
        weights = train["weight"].astype(float).groupby(mine).sum()
        train = _times(train, mine.map(share_weights(weights, target.shares)))
    return train, dropped


def _times(train: pd.DataFrame, factor: pd.Series) -> pd.DataFrame:
    return train.assign(weight=(train["weight"] * factor).astype("float32"))


def drop_over(
    train: pd.DataFrame, groups: pd.Series, limits: dict[str, int], seed: int, reason: str
) -> tuple[pd.DataFrame, list[Drop]]:
    """Keep at most `limits[group]` rows of each group, originals before made ones, by hash(seed,
    id)."""
    digests = train["id"].map(lambda row: hashlib.sha256(f"{seed}:{row}".encode()).hexdigest())
    order = pd.DataFrame({"group": groups, "made": train["parent"] != "", "digest": digests})
    ranks = order.sort_values(["group", "made", "digest"]).groupby("group").cumcount() + 1
    over = ranks.reindex(train.index) > groups.map(limits)
    return train[~over], [Drop(row, reason) for row in train["id"][over]]


def class_weights(counts: pd.Series, method: str) -> pd.Series:
    """Return a weight per class, so that the mean over the rows is 1.

    `inverse`: 1/n. `sqrt`: 1/sqrt(n). `effective`: (1 - b) / (1 - b^n), b = 0.999, the effective
    number of samples (Cui et al., 2019).
    """
    n = counts.astype(float)
    raw = {
        "inverse": 1 / n,
        "sqrt": 1 / np.sqrt(n),
        "effective": (1 - EFFECTIVE_BETA) / (1 - EFFECTIVE_BETA**n),
    }[method]
    return raw * n.sum() / (raw * n).sum()


def share_weights(sums: pd.Series, shares: dict[str, float]) -> pd.Series:
    """Return the factor of each group's weights that gives it its share and keeps the sum.

    `sums`: weights by group. Groups without a share keep their proportions in the rest.
    """
    wanted = pd.Series(shares, dtype=float).reindex(sums.index)  # a cap may have taken a source
    free = wanted.isna()
    rest = sums[free] / sums[free].sum() * (1 - wanted.sum())
    wanted = wanted.fillna(rest)
    factor = wanted / wanted.sum() * sums.sum() / sums
    return factor.where(sums > 0, 1.0)


def limits_for(counts: pd.Series, shares: dict[str, float]) -> dict[str, int]:
    """Return the largest numbers of existing rows with these shares by group, at least one each.

    Groups without a share keep their proportions in the rest.
    """
    wanted = share_weights(counts.astype(float), shares) * counts / counts.sum()
    total = (counts / wanted).min()
    return {name: max(1, math.floor(total * wanted[name] + ROUNDING)) for name in counts.index}


def _groups(train: pd.DataFrame, target: TargetParams) -> pd.Series:
    """Return each row's class or source. Raises ParamsError for impossible shares."""
    groups = train["label" if target.by == "class" else "source"]
    known, shares = sorted(set(groups)), target.shares
    place, total = "params.yaml: balance.target.shares", sum(shares.values())
    unknown = sorted(set(shares) - set(known))
    wrong = [name for name, share in shares.items() if not 0 < share <= 1]
    others = sorted(set(known) - set(shares))
    if unknown:
        raise ParamsError(
            place, f"`{unknown[0]}`", f"some of {', '.join(known)}", "correct the name"
        )
    if wrong or (others and total > 1 - ROUNDING) or (not others and abs(total - 1) > ROUNDING):
        raise ParamsError(
            place,
            f"`{wrong[0]}: {shares[wrong[0]]:g}`" if wrong else f"shares that sum to {total:g}",
            f"shares above 0 that leave a share for {others[0]}" if others else "a sum of 1",
            "correct the shares",
        )
    return groups
