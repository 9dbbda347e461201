"""Find personal values and replace them.

data/clean/ -> data/anonymize/, reports/metrics/anonymize.json
"""

import sys
from pathlib import Path

from seedbed.core.keys import is_public, load_key
from seedbed.core.ledger import settle
from seedbed.core.metrics import write_metrics
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.private.detection import anonymize_rows
from seedbed.private.kinds import AnonymizeMetrics
from seedbed.private.kinds import AnonymizeParams as Params

CLEAN = Path("data/clean")
ANONYMIZE = Path("data/anonymize")
METRICS = Path("reports/metrics/anonymize.json")


def main() -> str:
    params = read_params("anonymize", Params)
    key = load_key(params.key_fingerprint)
    if is_public(key):
        print(
            "anonymize: WARNING: the public example key is in use: whoever guesses a value can "
            "check it against its stand-in; set SEEDBED_PII_KEY or write .seedbed/key",
            file=sys.stderr,
        )
    rows = read_rows(CLEAN)
    anonymized, replaced = anonymize_rows(rows, params, key)
    counts = settle("anonymize", list(rows["id"]), list(anonymized["id"]), [])
    write_rows(ANONYMIZE, anonymized)
    metrics = AnonymizeMetrics(
        rows=counts, mode=params.mode, public_key=is_public(key), **replaced._asdict()
    )
    write_metrics(METRICS, metrics)
    values = sum(replaced.replaced_by_kind.values())
    return f"{values:,} values replaced in {replaced.rows_touched:,} of {len(rows):,} rows"


if __name__ == "__main__":
    run("anonymize", main)
