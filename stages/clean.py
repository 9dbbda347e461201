"""Clean every text by the rules in params, and drop the rows whose text is not worth keeping.

data/collect/ -> data/clean/, data/ledger/clean.csv, reports/metrics/clean.json
"""

from pathlib import Path

from seedbed.cleaning.rows import CleanMetrics, clean_rows
from seedbed.cleaning.rules import CleanParams as Params
from seedbed.core.ledger import in_words, settle, write_ledger
from seedbed.core.metrics import write_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run

COLLECT = Path("data/collect")
CLEAN = Path("data/clean")
LEDGER = Path("data/ledger/clean.csv")
METRICS = Path("reports/metrics/clean.json")


def main() -> str:
    params = read_params("clean", Params)
    rows = read_rows(COLLECT)
    cleaned = clean_rows(rows, params)
    counts = settle("clean", rows["id"].tolist(), cleaned.kept["id"].tolist(), cleaned.drops)
    write_rows(CLEAN, cleaned.kept, private=True)
    write_ledger(LEDGER, cleaned.drops)
    metrics = CleanMetrics(
        rows=counts,
        rows_touched_by_rule=cleaned.rows_touched_by_rule,
        rows_by_language=cleaned.rows_by_language,
    )
    write_metrics(METRICS, metrics)
    return in_words(counts)


if __name__ == "__main__":
    run("clean", main)
