"""What cleanlab's Datalab says of rows whatever their labels: which lie far from all others, and
whether rows that came together are alike.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seedbed.label_errors.near_rows import Near

NEAREST = 10  # Datalab's own default for both
FEWEST = 30  # rows: below, "far from all others" and a permutation test say nothing


class WholeSet(NamedTuple):
    """Which rows are outliers (bool) with a score in [0, 1] each, low is far; and the p-value of
    "rows stand in no order" (None: too few rows)."""

    outlier: np.ndarray
    score: np.ndarray
    non_iid_p: float | None


def order_of_arrival(rows: pd.DataFrame) -> np.ndarray:
    """Places of the rows as they came: by batch, source, file and line."""
    from json import loads

    came = [loads(one) for one in rows["provenance"]]
    keys = zip(
        rows["batch"],
        rows["source"],
        [str(one.get("file", "")) for one in came],
        [int(one.get("line") or 0) for one in came],
        rows["id"],
        strict=True,
    )
    return np.array([place for _, place in sorted(zip(keys, range(len(rows)), strict=True))])


def look_at_whole_set(near: Near, arrival: np.ndarray) -> WholeSet:
    """Outliers: the mean distance to the nearest rows is far above the third quartile of all.
    Order: a Kolmogorov-Smirnov statistic of how many places apart nearest rows came, against
    permutations (Cummings, Snorrason and Mueller, 2023)."""
    number, count = len(near.rows), NEAREST
    if number < FEWEST:
        return WholeSet(np.zeros(number, dtype=bool), np.ones(number), None)
    from cleanlab import Datalab
    from scipy.sparse import csr_matrix

    place = np.empty(number, np.int64)
    place[arrival] = np.arange(number)
    ordered = place[near.rows[arrival, :count]]
    distances = 1 - near.cosines[arrival, :count].astype(float)
    ends = np.arange(0, number * count + 1, count)
    graph = csr_matrix(
        (np.maximum(distances, 0).ravel(), ordered.ravel(), ends), shape=(number, number)
    )
    lab = Datalab({"row": list(range(number))}, verbosity=0)
    asked: dict[str, dict[str, Any]] = {"outlier": {"k": count}, "non_iid": {"k": count}}
    lab.find_issues(knn_graph=graph, issue_types=asked)
    outliers = lab.get_issues("outlier")
    return WholeSet(
        outliers["is_outlier_issue"].to_numpy()[place],
        outliers["outlier_score"].to_numpy()[place],
        float(lab.get_info("non_iid")["p-value"]),
    )
