"""Drop exact copies, near copies and texts with two labels.

data/apply_decisions/, data/frozen_test.csv
-> data/deduplicate/, data/ledger/deduplicate.csv, reports/metrics/deduplicate.json
"""

from seedbed.core.metrics import in_words, settle
from seedbed.core.params import read_params
from seedbed.core.rows import APPLY_DECISIONS, read_rows, write_results
from seedbed.core.stage import script
from seedbed.splitting.deduplication import DeduplicateMetrics, deduplicate, near_pairs
from seedbed.splitting.deduplication import DeduplicateParams as Params
from seedbed.splitting.sides import FROZEN, read_frozen


@script
def main() -> str:
    params = read_params("deduplicate", Params)
    rows, frozen = read_rows(APPLY_DECISIONS), read_frozen(FROZEN)
    drops, with_other_label = deduplicate(rows, frozen, params, read_params("split.way", str))
    kept = rows[~rows["id"].isin({drop.id for drop in drops})]
    test = rows[rows["id"].isin(frozen)]
    # Two frozen rows are both kept: a person may want to look at them.
    copies = near_pairs(
        list(test["text"]), params.shingle_words, params.min_jaccard, list(test["text_pair"])
    )
    metrics = DeduplicateMetrics(
        rows=settle("deduplicate", rows["id"], kept["id"], drops),
        near_duplicates_with_other_label=with_other_label,
        frozen_rows=len(test),
        near_pairs_both_frozen=len(copies.i),
    )
    write_results("deduplicate", metrics, kept, drops)
    return in_words(metrics.rows)
