"""Drop exact copies, near copies and texts with two labels.

data/apply_decisions/, data/frozen_test.csv
-> data/deduplicate/, data/ledger/deduplicate.csv, reports/metrics/deduplicate.json
"""

from seedbed.core.labels import in_line
from seedbed.core.metrics import in_words, settle
from seedbed.core.params import read_params
from seedbed.core.rows import (
    APPLY_DECISIONS,
    DECIDING,
    read_rows,
    updated,
    write_results,
)
from seedbed.core.stage import script
from seedbed.core.texts import COLUMNS as TEXTS
from seedbed.splitting.compared import parts_of
from seedbed.splitting.deduplication import (
    DeduplicateMetrics,
    DeduplicateParams as Params,
    deduplicate,
    labels_that_differ,
)
from seedbed.splitting.near_copies import near_pairs
from seedbed.splitting.sides import FROZEN, read_frozen
from seedbed.tasks.named import read_task

LISTED = 20  # pairs in the metrics


@script
def main() -> str:
    params = read_params("deduplicate", Params)
    rows, frozen = read_rows(APPLY_DECISIONS, (*DECIDING, *TEXTS)), read_frozen(FROZEN)
    task = read_task()
    drops, conflicts = deduplicate(rows, frozen, params, read_params("split.way", str))
    kept = rows.loc[~rows["id"].isin({drop.id for drop in drops}), ["id"]]
    test = rows[rows["id"].isin(frozen)]
    # Two frozen rows are both kept: a person may want to look at them.
    texts, second, *_ = parts_of(test)
    copies = near_pairs(texts, params.shingle_words, params.min_jaccard, second)
    metrics = DeduplicateMetrics(
        rows=settle("deduplicate", rows["id"], kept["id"], drops),
        near_conflict_pairs=len(conflicts),
        near_conflict_rows=len({row for pair in conflicts for row in (pair.id, pair.other_id)}),
        near_conflicts=conflicts[:LISTED],
        frozen_rows=len(test),
        near_pairs_both_frozen=len(copies.i),
    )
    if differing := labels_that_differ(rows, drops, conflicts, task):
        metrics = metrics.model_copy(update={"labels_that_differ": differing})
    write_results("deduplicate", metrics, updated(APPLY_DECISIONS, kept), drops)
    words = in_words(metrics.rows)
    if differing:
        words += f"; in texts with two sets of labels these differ: {in_line(differing)}"
    if conflicts and "answer" in rows:
        words += (
            f"; {metrics.near_conflict_rows} kept rows have the question of a row with another "
            f"answer, or nearly: {conflicts[0].id} and {conflicts[0].other_id}, {len(conflicts)} "
            "pairs in all"
        )
    elif conflicts:
        words += (
            f"; {metrics.near_conflict_rows} kept rows are near copies of a row with another label:"
            f" {conflicts[0].id} and {conflicts[0].other_id}, {len(conflicts)} pairs in all"
        )
    return words
