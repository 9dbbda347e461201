"""Find personal values and replace them.

data/clean/ -> data/anonymize/, reports/metrics/anonymize.json
"""

import sys

from seedbed.core.files import is_public, load_key
from seedbed.core.labels import in_line, unmatched, unused_in_words
from seedbed.core.metrics import settle
from seedbed.core.params import read_params
from seedbed.core.rows import CLEAN, read_rows, write_results
from seedbed.core.stage import script
from seedbed.core.texts import different_texts
from seedbed.private.kinds import AnonymizeMetrics, AnonymizeParams as Params
from seedbed.private.languages import in_other_languages, looked_for
from seedbed.private.rows import anonymize_rows


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
    rows = read_rows(CLEAN)
    anonymized, replaced = anonymize_rows(rows, params, key)
    counts = settle("anonymize", rows["id"], anonymized["id"], [])
    scope = looked_for(params.kinds, params.names or (), params.regions, different_texts(rows))
    if other := in_other_languages(scope):
        print(f"anonymize: {other}", file=sys.stderr)
    metrics = AnonymizeMetrics(
        rows=counts,
        mode=params.mode,
        public_key=is_public(key),
        looked_for=scope,
        **replaced._asdict(),
    )
    names = [pattern.name for pattern in params.patterns]
    unused = unmatched("anonymize.patterns", names, replaced.replaced_by_kind, ())
    write_results("anonymize", metrics.naming(unused), anonymized)
    values = sum(replaced.replaced_by_kind.values())
    line = (
        f"{values:,} values replaced in {replaced.rows_touched:,} of {len(rows):,} rows; national "
        f"numbers of {in_line(scope.regions)}"
    )
    return line + unused_in_words(unused)
