"""Balancing: how much each class or source counts in training, by dropping rows or by weights; and
the gain of an option, balancing among them: trained with and without it, seed by seed.

A row is never copied: a weight of n is n copies in the loss, without the steps that they cost. The
order is fixed: the cap, shares by dropping rows, class weights, shares by weight. So the resulting
shares are the target shares, whatever came before.

Made rows are dropped before originals, by hash(seed, id): no augmented copy outlives its parent,
because both have one label and one source. A made negative, which has another label than its
parent, may.

A row whose label names several classes counts for each of them (`Task.strata`). Rows of rare
classes are kept first, and a cap drops a row only if all of its classes have as many as they may.
The weight of a row is the mean of its classes' weights.

To measure an option, a seed draws train rows, the same with and without it, and sets the approach's
own seed (folds of the feature approach, heads and the order of batches of the others). With
`rows_per_class` n it draws n rows of each class by hash(seed, id); with 0 a bootstrap sample of all
rows, each with a weight that is a Poisson(1) number from hash(seed, id). Rows made from a drawn row
have its weight. To measure balance, for which a sample of equal classes is useless, n rows of the
smallest class are drawn, and of the others as many as keeps the shares of the classes. The interval
therefore shows how the gain varies with the train rows. The validation rows are the same for all
seeds, so it does not show how the gain would vary with those.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import AliasChoices, Field

from seedbed.core.errors import ParamsError
from seedbed.core.files import hash_number
from seedbed.core.labels import in_line
from seedbed.core.metrics import Drop, Metrics, RowCounts, WithUnused
from seedbed.core.params import Section, Seed
from seedbed.core.reasons import Reason
from seedbed.tasks import Task
from seedbed.tasks.counting import strata

EFFECTIVE_BETA = 0.999
ROUNDING = 1e-9
CONFIDENCE = 0.95
RowsPerClass = Annotated[int, Field(ge=0, le=10**9)]  # 0: all


class TargetParams(Section):
    """params.yaml section `balance.target`."""

    by: Literal["", "class", "source"]
    shares: dict[str, Annotated[float, Field(ge=-1e6, le=1e6)]]  # see `_groups`
    how: Literal["weight", "drop"]


class BalanceParams(Section):
    """params.yaml section `balance`."""

    seed: Seed
    max_ratio: float = Field(ge=0, le=10**9)
    weights: Literal["none", "inverse", "sqrt", "effective"]
    target: TargetParams


class GroupWeight(Metrics):
    """Train rows of a class or source before and after balancing, and their summed weight."""

    rows_before: int
    rows: int
    weight: float
    weight_share_before: float
    weight_share: float


class BalanceMetrics(WithUnused):
    """reports/metrics/balance.json."""

    rows: RowCounts
    train_by_class: dict[str, GroupWeight]
    train_by_source: dict[str, GroupWeight]
    asked: str  # the params in words


class AugmentMetrics(WithUnused):
    """reports/metrics/augment.json."""

    rows: RowCounts
    by_origin: dict[str, int]
    made_by_method: dict[str, int]
    made_by_class: dict[str, int]
    refused_by_reason: dict[str, int]


def balance(
    train: pd.DataFrame, params: BalanceParams, task: Task
) -> tuple[pd.DataFrame, list[Drop]]:
    """Balance train rows (with a unique index) by the params, in the order above, and return them
    with their weights, and the drops; their mean weight is unchanged."""
    dropped: list[Drop] = []
    target = params.target
    groups = _groups(train, target, task) if target.by else None
    if params.max_ratio:
        classes = strata(train["label"], task)
        limit = max(1, int(params.max_ratio * classes.value_counts().min()))
        same = dict.fromkeys(classes, limit)
        train, over = drop_over(train, classes, same, params.seed, Reason.OVER_CAP)
        dropped += over
    if groups is not None and target.how == "drop":
        limits = limits_for(groups[train.index].value_counts(), target.shares)
        mine = groups[train.index]
        train, over = drop_over(train, mine, limits, params.seed, Reason.OVER_SHARE)
        dropped += over
    if params.weights != "none":
        classes = strata(train["label"], task)
        weights = class_weights(classes.value_counts(), params.weights)
        factor = classes.map(weights).groupby(level=0).mean()
        # The mean over classes is that over rows where each row has one.
        train = _times(train, factor / factor.mean() if classes.index.has_duplicates else factor)
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
    """Keep a row if fewer than `limits[group]` rows of one of its groups (one or more under its
    index) were kept before: originals before made ones, rarer groups first, by hash(seed, id)."""
    digests = train["id"].map(lambda row: hashlib.sha256(f"{seed}:{row}".encode()).hexdigest())
    rarest = groups.map(groups.value_counts()).groupby(level=0).min()
    order = pd.DataFrame({"made": train["parent"] != "", "rarest": rarest, "digest": digests})
    groups_of = groups.groupby(level=0).agg(list)
    room, over = Counter(limits), set()
    for row in order.sort_values(["made", "rarest", "digest"]).index:
        if all(room[group] <= 0 for group in groups_of[row]):
            over.add(row)
        else:
            room.subtract(groups_of[row])
    is_over = train.index.isin(over)
    return train[~is_over], [Drop(row, reason) for row in train["id"][is_over]]


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


def _groups(train: pd.DataFrame, target: TargetParams, task: Task) -> pd.Series:
    """Return each row's class or source. Raises ParamsError for impossible shares."""
    place = "params.yaml: balance.target"
    if target.by == "class" and task.SETS:
        found = "class, where a row may have several"
        raise ParamsError(f"{place}.by", found, "source", "use max_ratio or weights for classes")
    groups = train["label" if target.by == "class" else "source"]
    known, shares = sorted(set(groups)), target.shares
    place, total = f"{place}.shares", sum(shares.values())
    unknown = sorted(set(shares) - set(known))
    wrong = [name for name, share in shares.items() if not 0 < share <= 1]
    others = sorted(set(known) - set(shares))
    if unknown:
        raise ParamsError(place, f"`{unknown[0]}`", f"some of {in_line(known)}", "correct the name")
    if wrong or (others and total > 1 - ROUNDING) or (not others and abs(total - 1) > ROUNDING):
        raise ParamsError(
            place,
            f"`{wrong[0]}: {shares[wrong[0]]:g}`" if wrong else f"shares that sum to {total:g}",
            f"shares above 0 that leave a share for {others[0]}" if others else "a sum of 1",
            "correct the shares",
        )
    return groups


class Gain(Metrics):
    """Mean scores without and with an option, the mean paired gain over the seeds with its 95 % t
    interval, and the verdict."""

    without: float
    with_it: float = Field(
        validation_alias=AliasChoices("with", "with_it"), serialization_alias="with"
    )
    gain: float
    low: float
    high: float
    verdict: Literal["gain", "loss", "no gain"]
    gain_by_seed: dict[str, float]


class ArmRows(Metrics):
    """Mean numbers of train rows without and with an option."""

    rows_without: float
    rows_with: float


class AblationGain(Gain, ArmRows):
    """The gain of an option at one number of rows per class."""


class AblateMetrics(Metrics):
    """reports/metrics/ablate.json: gains by option and rows per class; `off`: options not on."""

    measured_on: str
    approach: str
    seeds: int
    off: str
    measured: dict[str, dict[str, AblationGain]]


class AdaptMetrics(Metrics):
    """reports/metrics/adapt.json of a run that adapted: the method, texts by origin, and gains by
    rows per class."""

    run: Literal[True] = True
    way: str
    texts: dict[Literal["train", "unlabelled"], int]
    loss_by_epoch: list[float]
    measured_on: str
    measured: dict[str, Gain]


class Arms(NamedTuple):
    """Train rows without an option and with it, and whether a draw must keep the class shares."""

    without: pd.DataFrame
    with_it: pd.DataFrame
    keep_shares: bool


def arms_of(augmented: pd.DataFrame, balanced: pd.DataFrame) -> dict[str, Arms]:
    """Return the arms of each option that is on, from the train rows of augment and balance."""
    parents = augmented[augmented["parent"] == ""]
    arms = {}
    for option, origin in (("augment", "augmented"), ("negatives", "negative")):
        made = augmented[(augmented["origin"] == origin) & (augmented["parent"] != "")]
        if len(made):
            arms[option] = Arms(parents, pd.concat([parents, made]), False)
    before, after = (
        rows[["id", "weight"]].sort_values("id", ignore_index=True)
        for rows in (augmented, balanced)
    )
    if not before.equals(after):
        arms["balance"] = Arms(augmented, balanced, True)
    return arms


def drawn(
    arms: Arms, rows_per_class: int, seed: int, task: Task
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both arms with the rows that this seed draws, repeats as weight."""
    parents = arms.without[arms.without["parent"] == ""].reset_index(drop=True)
    position = parents["id"].map(lambda row: hash_number(f"{seed}:{row}") / 2**64)
    classes = strata(parents["label"], task)
    at = position[classes.index]  # of the row, for each of its classes
    if rows_per_class:
        counts = classes.value_counts()
        wanted = counts * 0.0 + rows_per_class
        if arms.keep_shares:
            wanted = np.ceil(counts * min(1, rows_per_class / counts.min()))
        rank = at.groupby(classes.to_numpy()).rank(method="first")
        times = (rank <= classes.map(wanted)).groupby(level=0).any().astype(int)
    else:
        # Numbers of mean and variance 1, by the inverse of the Poisson distribution.
        steps = np.cumsum([math.exp(-1) / math.factorial(number) for number in range(12)])
        drawn_times = np.searchsorted(steps, position, side="right")
        times = pd.Series(drawn_times, index=position.index)
        rarest = at.groupby(classes.to_numpy()).idxmin().unique()
        times[rarest] = np.maximum(times[rarest], 1)  # no class is left out altogether
    often = dict(zip(parents["id"], times, strict=True))
    return _taken(arms.without, often), _taken(arms.with_it, often)


def _taken(rows: pd.DataFrame, often: dict[str, int]) -> pd.DataFrame:
    root = rows["parent"].where(rows["parent"] != "", rows["id"])
    times = root.map(often).to_numpy()
    return rows.assign(weight=rows["weight"] * times)[times > 0].sort_values("id")


def sizes(arms: Arms, rows_per_class: Iterable[int], task: Task) -> list[int]:
    """Return the numbers of rows per class that leave out any row; 0, which means all, always."""
    parents = arms.without[arms.without["parent"] == ""]
    counts = strata(parents["label"], task).value_counts()
    most = counts.min() if arms.keep_shares else counts.max()
    return [number for number in rows_per_class if number < most]


def verdict(without: dict[int, float], with_it: dict[int, float]) -> Gain:
    """Return the gain from scores by seed: `gain` if the interval is above zero, `loss` if it is
    below, else `no gain`."""
    from scipy.stats import t

    gains = {str(seed): with_it[seed] - without[seed] for seed in without}
    values = np.array(list(gains.values()))
    mean, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    low, high = mean - half, mean + half
    return Gain(
        without=float(np.mean(list(without.values()))),
        with_it=float(np.mean(list(with_it.values()))),
        gain=mean,
        low=low,
        high=high,
        verdict="gain" if low > 0 else "loss" if high < 0 else "no gain",
        gain_by_seed=gains,
    )
