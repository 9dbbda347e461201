"""How much each class or source counts in training: by leaving rows out, or by weights.

A row is never copied: a weight of n is n copies in the loss, without the epochs that they cost. The
order is fixed: the cap, shares by leaving rows out, class weights, shares by weight. So the shares
asked for are the shares that come out, whatever stood before them.

Where rows go, made rows go first and then originals, by hash(seed, id): no augmented copy outlives
the row it was made of, since both are of one class and one source. A made negative is of another
class than its parent and may.
"""

import hashlib
import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.ledger import Drop
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


class Balanced(NamedTuple):
    """Train rows with their weights, and those that were left out."""

    train: pd.DataFrame
    dropped: list[Drop]


def balance(train: pd.DataFrame, params: BalanceParams) -> Balanced:
    """Train rows balanced as params say, in the order above; their mean weight is what it was."""
    dropped: list[Drop] = []
    target = params.target
    groups = _groups(train, target) if target.by else None
    if params.max_ratio:
        limit = max(1, int(params.max_ratio * train["label"].value_counts().min()))
        train, over = leave_out(
            train, train["label"], lambda _: limit, params.seed, Reason.OVER_CAP
        )
        dropped += over
    if groups is not None and target.how == "drop":
        limits = limits_for(groups[train.index].value_counts(), target.shares)
        train, over = leave_out(
            train, groups[train.index], limits.get, params.seed, Reason.OVER_SHARE
        )
        dropped += over
    if params.weights != "none":
        weights = class_weights(train["label"].value_counts(), params.weights)
        train = _times(train, train["label"].map(weights))
    if groups is not None and target.how == "weight":
        mine = groups[train.index]
        weights = train["weight"].astype(float).groupby(mine).sum()
        train = _times(train, mine.map(share_weights(weights, target.shares)))
    return Balanced(train, dropped)


def _times(train: pd.DataFrame, factor: pd.Series) -> pd.DataFrame:
    return train.assign(weight=(train["weight"] * factor).astype("float32"))


def leave_out(
    train: pd.DataFrame,
    groups: pd.Series,
    limit_of: Callable[[str], int],
    seed: int,
    reason: str,
) -> Balanced:
    """At most `limit_of(group)` rows of each group; which ones stay depends on hash(seed, id)
    alone, originals before made ones."""
    digests = train["id"].map(lambda row: hashlib.sha256(f"{seed}:{row}".encode()).hexdigest())
    order = pd.DataFrame({"group": groups, "made": train["parent"] != "", "digest": digests})
    ranks = order.sort_values(["group", "made", "digest"]).groupby("group").cumcount() + 1
    over = ranks.reindex(train.index) > groups.map(limit_of)
    return Balanced(train[~over], [Drop(row, reason) for row in train["id"][over]])


def class_weights(counts: pd.Series, method: str) -> pd.Series:
    """A weight a class, so that the mean over the rows is 1.

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
    """The factor of each group's weights that gives it its share and leaves the sum as it is.

    `sums`: weights by group. Groups without a share keep their proportions in what is left.
    """
    wanted = pd.Series(shares, dtype=float).reindex(sums.index)  # a cap may have taken a source
    free = wanted.isna()
    rest = sums[free] / sums[free].sum() * (1 - wanted.sum())
    wanted = wanted.fillna(rest)
    factor = wanted / wanted.sum() * sums.sum() / sums
    return factor.where(sums > 0, 1.0)


def limits_for(counts: pd.Series, shares: dict[str, float]) -> dict[str, int]:
    """The most rows of each group that have these shares without a row more than there is; at
    least one each. Groups without a share keep their proportions in what is left."""
    wanted = share_weights(counts.astype(float), shares) * counts / counts.sum()
    total = (counts / wanted).min()
    return {name: max(1, math.floor(total * wanted[name] + ROUNDING)) for name in counts.index}


def _groups(train: pd.DataFrame, target: TargetParams) -> pd.Series:
    """Each row's class or source. Raises ParamsError for shares that cannot be."""
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
            f"shares above 0 that leave some for {others[0]}" if others else "a sum of 1",
            "correct the shares",
        )
    return groups
