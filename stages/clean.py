"""Clean every text by the rules in params, and drop the rows whose text is not worth keeping.

data/collect/ -> data/clean/, data/ledger/clean.csv, reports/metrics/clean.json
"""

from seedbed.cleaning.rows import clean_rows
from seedbed.cleaning.rules import CleanParams as Params
from seedbed.core.labels import unmatched, unused_in_words
from seedbed.core.metrics import in_words
from seedbed.core.params import read_params
from seedbed.core.rows import COLLECT, read_rows, write_results
from seedbed.core.stage import script


@script
def main() -> str:
    params = read_params("clean", Params)
    kept, drops, metrics = clean_rows(read_rows(COLLECT), params)
    fired = [rule for rule, rows in metrics.rows_touched_by_rule.items() if rows]
    named = params.model_dump()
    unused = unmatched("clean.boilerplate", named["boilerplate"], fired, ())
    unused |= unmatched("clean.languages", named["languages"], metrics.rows_by_language)
    write_results("clean", metrics.naming(unused), kept, drops, private=True)
    return in_words(metrics.rows) + unused_in_words(unused)
