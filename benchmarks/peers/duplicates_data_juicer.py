"""`duplicates_data_juicer.py TEXTS SHINGLE_WORDS MIN_JACCARD`: the rows that it drops.

document_minhash_deduplicator as it comes (256 permutations, words apart at white space), in one
process on a plain Arrow dataset. Its own dataset class is left out: it starts a process for each
operator and installs torch when it is first used, which would be counted against it.
Runs in a virtual environment of its own; see benchmarks/speed.py.
"""

import json
import sys
from pathlib import Path

from cost import measured, tell
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
from datasets import Dataset, disable_progress_bars
from loguru import logger


def dropped(texts: list[str], words: int, min_jaccard: float) -> list[int]:
    operator = DocumentMinhashDeduplicator(window_size=words, jaccard_threshold=min_jaccard)
    rows = Dataset.from_dict({"text": texts, "row": list(range(len(texts)))})
    kept, _ = operator.process(rows.map(operator.compute_hash))
    return sorted(set(range(len(texts))) - set(kept["row"]))


if __name__ == "__main__":
    logger.remove()
    disable_progress_bars()
    file, words, min_jaccard = sys.argv[1:]
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    tell(measured(lambda: dropped(texts, int(words), float(min_jaccard))))
