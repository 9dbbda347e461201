"""Clean every text by the rules in params, and drop the rows whose text is not worth keeping.

data/collect/ -> data/clean/, data/ledger/clean.csv, reports/metrics/clean.json
"""

from seedbed.cleaning.rows import clean_rows
from seedbed.cleaning.rules import CleanParams as Params
from seedbed.core.metrics import in_words
from seedbed.core.params import read_params
from seedbed.core.rows import COLLECT, read_rows, write_results
from seedbed.core.stage import script


@script
def main() -> str:
    kept, drops, metrics = clean_rows(read_rows(COLLECT), read_params("clean", Params))
    write_results("clean", metrics, kept, drops, private=True)
    return in_words(metrics.rows)
