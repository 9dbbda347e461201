"""Drop exact copies, near copies and texts with two labels.

data/apply_decisions/, data/frozen_test.csv
-> data/deduplicate/, data/ledger/deduplicate.csv, reports/metrics/deduplicate.json
"""

from pathlib import Path

from seedbed.core.ledger import in_words, settle, write_ledger
from seedbed.core.metrics import write_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.splitting.deduplication import DeduplicateMetrics, deduplicate, near_pairs
from seedbed.splitting.deduplication import DeduplicateParams as Params
from seedbed.splitting.frozen_test import FROZEN, read_frozen

APPLY_DECISIONS = Path("data/apply_decisions")
DEDUPLICATE = Path("data/deduplicate")
LEDGER = Path("data/ledger/deduplicate.csv")
METRICS = Path("reports/metrics/deduplicate.json")


def main() -> str:
    params = read_params("deduplicate", Params)
    rows, frozen = read_rows(APPLY_DECISIONS), read_frozen(FROZEN)
    drops, with_other_label = deduplicate(rows, frozen, params, read_params("split.way", str))
    kept = rows[~rows["id"].isin({drop.id for drop in drops})]
    counts = settle("deduplicate", rows["id"].tolist(), kept["id"].tolist(), drops)
    test = rows[rows["id"].isin(frozen)]
    # Two frozen rows are both kept: a person may want to look at them.
    copies = near_pairs(
        list(test["text"]), params.shingle_words, params.min_jaccard, list(test["text_pair"])
    )
    write_rows(DEDUPLICATE, kept)
    write_ledger(LEDGER, drops)
    write_metrics(
        METRICS,
        DeduplicateMetrics(
            rows=counts,
            near_duplicates_with_other_label=with_other_label,
            frozen_rows=len(test),
            near_pairs_both_frozen=len(copies.i),
        ),
    )
    return in_words(counts)


if __name__ == "__main__":
    run("deduplicate", main)
