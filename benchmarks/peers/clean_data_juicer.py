"""`clean_data_juicer.py TEXTS`: data-juicer's mappers for Unicode, HTML and white space.

The mappers' own batch functions on lists of texts, in one process, without a dataset around them:
what the same rules cost at their cheapest. After two texts that make it import what it needs.
Runs in a virtual environment of its own; see benchmarks/speed.py.
"""

import json
import sys
from pathlib import Path

from cost import measured, tell
from data_juicer.ops.mapper.clean_html_mapper import CleanHtmlMapper
from data_juicer.ops.mapper.fix_unicode_mapper import FixUnicodeMapper
from data_juicer.ops.mapper.whitespace_normalization_mapper import WhitespaceNormalizationMapper

BATCH = 1000  # its own default


def changed(texts: list[str]) -> int:
    """How many texts the mappers change."""
    mappers = [FixUnicodeMapper(), CleanHtmlMapper(), WhitespaceNormalizationMapper()]
    count = 0
    for start in range(0, len(texts), BATCH):
        before = texts[start : start + BATCH]
        batch = {"text": list(before)}
        for mapper in mappers:
            batch = mapper.process_batched(batch)
        count += sum(old != new for old, new in zip(before, batch["text"], strict=True))
    return count


if __name__ == "__main__":
    texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    changed(texts[:2])
    tell(measured(lambda: changed(texts)))
