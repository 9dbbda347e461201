"""The gain of an option: trained with and without it on the same drawn rows, seed by seed.

A seed draws train rows, and sets the approach's own seed (folds of the feature approach, heads and
the order of batches of the others). With `rows_per_class` n it draws n rows of each class by
hash(seed, id); with 0 a bootstrap sample of all rows, each with a weight that is a Poisson(1)
number from hash(seed, id). Rows made from a drawn row have its weight. To measure balance, for
which a sample of equal classes is useless, n rows of the smallest class are drawn, and of the
others as many as keeps the shares of the classes.

The interval therefore shows how the gain varies with the train rows. The validation rows are the
same for all seeds, so it does not show how the gain would vary with those.
"""

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import AliasChoices, Field

from seedbed.core.metrics import Metrics
from seedbed.splitting.sides import hash_number

CONFIDENCE = 0.95


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


def drawn(arms: Arms, rows_per_class: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both arms with the rows that this seed draws, repeats as weight."""
    parents = arms.without[arms.without["parent"] == ""].reset_index(drop=True)
    position = parents["id"].map(lambda row: hash_number(f"{seed}:{row}") / 2**64)
    if rows_per_class:
        counts = parents["label"].value_counts()
        wanted = counts * 0.0 + rows_per_class
        if arms.keep_shares:
            wanted = np.ceil(counts * min(1, rows_per_class / counts.min()))
        rank = position.groupby(parents["label"]).rank(method="first")
        times = (rank <= parents["label"].map(wanted)).astype(int)
    else:
        # Numbers of mean and variance 1, by the inverse of the Poisson distribution.
        steps = np.cumsum([math.exp(-1) / math.factorial(number) for number in range(12)])
        drawn_times = np.searchsorted(steps, position, side="right")
        times = pd.Series(drawn_times, index=position.index)
        rarest = position.groupby(parents["label"]).idxmin()
        times[rarest] = np.maximum(times[rarest], 1)  # no class is left out altogether
    often = dict(zip(parents["id"], times, strict=True))
    return _taken(arms.without, often), _taken(arms.with_it, often)


def _taken(rows: pd.DataFrame, often: dict[str, int]) -> pd.DataFrame:
    root = rows["parent"].where(rows["parent"] != "", rows["id"])
    times = root.map(often).to_numpy()
    return rows.assign(weight=rows["weight"] * times)[times > 0].sort_values("id")


def sizes(arms: Arms, rows_per_class: Iterable[int]) -> list[int]:
    """Return the numbers of rows per class that leave out any row; 0, which means all, always."""
    parents = arms.without[arms.without["parent"] == ""]
    counts = parents["label"].value_counts()
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
