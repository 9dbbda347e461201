"""Cap or weight classes and sources of the train rows; validation and test are unchanged.

data/augment/ -> data/balance/, data/ledger/balance.csv, reports/metrics/balance.json,
reports/plots/class_balance.csv
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from seedbed.core.files import write_csv
from seedbed.core.labels import unmatched, unused_in_words
from seedbed.core.metrics import Drop, settle
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import AUGMENT, DECIDING, read_rows, updated, write_results
from seedbed.core.stage import script
from seedbed.making.balancing import BalanceMetrics, BalanceParams as Params, GroupWeight, balance
from seedbed.tasks import Task
from seedbed.tasks.counting import strata
from seedbed.tasks.named import read_task

PLOT = Path("reports/plots/class_balance.csv")


def before_and_after(
    before: pd.DataFrame, after: pd.DataFrame, groups_of: Callable[[pd.DataFrame], pd.Series]
) -> dict[str, GroupWeight]:
    """Return the train rows and weights before and after by group; of each row `groups_of` returns
    one or more under its index."""
    parts = [rows[rows["split"] == "train"] for rows in (before, after)]
    groups = [groups_of(part) for part in parts]
    weights = [
        part["weight"].astype(float)[mine.index].groupby(mine.to_numpy()).sum()
        for part, mine in zip(parts, groups, strict=True)
    ]
    figures = {
        "rows_before": groups[0].value_counts(),
        "rows": groups[1].value_counts(),
        "weight": weights[1],
        "weight_share_before": weights[0] / weights[0].sum(),
        "weight_share": weights[1] / weights[1].sum(),
    }
    table = pd.DataFrame(figures, index=sorted(set(groups_of(before)))).fillna(0)
    return {name: GroupWeight(**line) for name, line in table.to_dict("index").items()}


def in_words(params: Params) -> str:
    """Return the params in words."""
    cap = f"cap {params.max_ratio:g} x the smallest class" if params.max_ratio else "no cap"
    target = params.target
    shares = f", shares by {target.by} ({target.how})" if target.by else ""
    return f"{cap}, weights {params.weights}{shares}"


def set_aside(
    rows: pd.DataFrame, used_as: str, label: str, task: Task
) -> tuple[pd.DataFrame, list[Drop]]:
    """Drop the negatives of train where a threshold is to detect them: `negative_for_threshold`.

    `used_as` and `label` are `negatives.as` and `negatives.label`. Validation keeps its negatives,
    to choose the threshold on, and so does test. Raises ParamsError as `Task.negative` does.
    """
    negative = task.negative(label, used_as)
    if used_as == "class":
        return rows, []
    aside = (rows["split"] == "train") & (rows["label"] == negative)
    return rows[~aside], [Drop(row, Reason.NEGATIVE_FOR_THRESHOLD) for row in rows["id"][aside]]


@script
def main() -> str:
    params, task = read_params("balance", Params), read_task()
    rows = read_rows(AUGMENT, DECIDING)
    negative = read_params("negatives.as", str), read_params("negatives.label", str)
    used, aside = set_aside(rows, *negative, task)
    is_train = used["split"] == "train"
    train, dropped = balance(used[is_train], params, task)
    dropped = aside + dropped
    after = pd.concat([train, used[~is_train]]).sort_values("id", ignore_index=True)
    metrics = BalanceMetrics(
        rows=settle("balance", rows["id"], after["id"], dropped),
        train_by_class=before_and_after(rows, after, lambda part: strata(part["label"], task)),
        train_by_source=before_and_after(rows, after, lambda part: part["source"]),
        asked=in_words(params),
    )
    target = params.target
    unused = unmatched("balance.target.shares", target.shares if not target.by else (), (), ())
    weighted = updated(AUGMENT, after[["id", "weight"]])
    write_results("balance", metrics.naming(unused), weighted, dropped)
    groups = metrics.train_by_class.items()
    lines = [
        (task.shown(name), group.rows_before, group.rows, group.weight) for name, group in groups
    ]
    write_csv(PLOT, ["class", "rows_before", "rows", "weight"], lines)
    return f"{in_words(params)}, {len(dropped)} rows dropped{unused_in_words(unused)}"
