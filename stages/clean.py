"""Clean every text by the rules in params, and drop the rows whose text is not worth keeping.

data/collect/ -> data/clean/, data/ledger/clean.csv, reports/metrics/clean.json
"""

from seedbed.cleaning.rows import CleanMetrics, RowCleaner
from seedbed.cleaning.rules import CleanParams as Params
from seedbed.core.labels import Unused, unmatched, unused_in_words
from seedbed.core.metrics import in_words
from seedbed.core.params import Section, read_params
from seedbed.core.rows import COLLECT, row_chunks, write_results
from seedbed.core.stage import script


def unused_of(metrics: CleanMetrics, params: Section) -> Unused:
    """Return the rules and languages of params that no row has."""
    fired = [rule for rule, rows in metrics.rows_touched_by_rule.items() if rows]
    named = params.model_dump()
    unused = unmatched("clean.boilerplate", named["boilerplate"], fired, ())
    return unused | unmatched("clean.languages", named["languages"], metrics.rows_by_language)


@script
def main() -> str:
    params = read_params("clean", Params)
    cleaner = RowCleaner(params)

    def metrics() -> CleanMetrics:
        found = cleaner.metrics()
        return found.naming(unused_of(found, params))

    kept = map(cleaner, row_chunks(COLLECT))
    made = write_results("clean", metrics, kept, cleaner.drops, private=True)
    return in_words(made.rows) + unused_in_words(made.unused)
