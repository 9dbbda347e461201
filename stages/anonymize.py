"""Find personal values and replace them.

data/clean/ -> data/anonymize/, reports/metrics/anonymize.json
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from seedbed.core.files import is_public, load_key
from seedbed.core.labels import in_line, unmatched, unused_in_words
from seedbed.core.metrics import settle
from seedbed.core.params import read_params
from seedbed.core.rows import CLEAN, columns_in, read_rows, row_chunks, write_results
from seedbed.core.stage import script
from seedbed.private.kinds import AnonymizeMetrics, AnonymizeParams as Params
from seedbed.private.languages import in_other_languages, looked_for
from seedbed.private.rows import RowAnonymizer


def chunks(folder: Path) -> Iterator[pd.DataFrame]:
    """Yield the rows of a folder; all of them at once if they are answers, because the values of a
    conversation may be in several rows."""
    return iter([read_rows(folder)]) if "answer" in columns_in(folder) else row_chunks(folder)


@script
def main() -> str:
    params = read_params("anonymize", Params)
    key = load_key(params.key_fingerprint)
    if is_public(key):
        print(
            "anonymize: WARNING: the public example key is in use: whoever guesses a value can "
            "check it against its stand-in; set SEEDBED_PII_KEY or write .seedbed/key",
            file=sys.stderr,
        )
    anonymizer = RowAnonymizer(params, key)

    def metrics() -> AnonymizeMetrics:
        replaced = anonymizer.replaced()
        names = [pattern.name for pattern in params.patterns]
        return AnonymizeMetrics(
            rows=settle("anonymize", anonymizer.ids, anonymizer.ids, []),
            mode=params.mode,
            public_key=is_public(key),
            looked_for=looked_for(
                params.kinds, params.names or (), params.regions, anonymizer.sample
            ),
            **replaced._asdict(),
        ).naming(unmatched("anonymize.patterns", names, replaced.replaced_by_kind, ()))

    made = write_results("anonymize", metrics, map(anonymizer, chunks(CLEAN)))
    scope = made.looked_for
    assert scope is not None
    if other := in_other_languages(scope):
        print(f"anonymize: {other}", file=sys.stderr)
    values = sum(made.replaced_by_kind.values())
    line = (
        f"{values:,} values replaced in {made.rows_touched:,} of {made.rows.read:,} rows; national "
        f"numbers of {in_line(scope.regions)}"
    )
    return line + unused_in_words(made.unused)
