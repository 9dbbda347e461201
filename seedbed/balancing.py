"""How much each class counts in training: by leaving rows out, or by weights. Never by copies."""

import hashlib

import numpy as np
import pandas as pd

from seedbed.ledger import Drop

EFFECTIVE_BETA = 0.999


def cap(train: pd.DataFrame, max_ratio: float, seed: int) -> tuple[pd.DataFrame, list[Drop]]:
    """At most `max_ratio` times the smallest class's rows in each class; which rows stay depends
    on hash(seed, id) alone. The others are dropped, reason `over_cap`."""
    limit = int(max_ratio * train["label"].value_counts().min())
    order = train["id"].map(lambda row: hashlib.sha256(f"{seed}:{row}".encode()).hexdigest())
    rank = order.groupby(train["label"]).rank(method="first")
    over = rank > limit
    return train[~over], [Drop(row, "over_cap") for row in train["id"][over]]


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
