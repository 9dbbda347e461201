"""Clean every text by the rules in params, and drop the rows whose text is not worth keeping.

data/collect/ -> data/clean/, data/ledger/clean.csv, reports/metrics/clean.json
"""

from seedbed.cleaning.rows import CleanMetrics, clean_rows
from seedbed.cleaning.rules import CleanParams as Params
from seedbed.core.metrics import in_words, settle
from seedbed.core.params import read_params
from seedbed.core.rows import COLLECT, read_rows, write_results
from seedbed.core.stage import script


@script
def main() -> str:
    params = read_params("clean", Params)
    rows = read_rows(COLLECT)
    cleaned = clean_rows(rows, params)
    metrics = CleanMetrics(
        rows=settle("clean", rows["id"], cleaned.kept["id"], cleaned.drops),
        rows_touched_by_rule=cleaned.rows_touched_by_rule,
        rows_by_language=cleaned.rows_by_language,
    )
    write_results("clean", metrics, cleaned.kept, cleaned.drops, private=True)
    return in_words(metrics.rows)
