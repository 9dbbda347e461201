"""`duplicates_datasketch.py TEXTS SHINGLE_WORDS MIN_JACCARD`: the pairs that MinHash LSH finds.

Runs in a virtual environment of its own; see benchmarks/speed.py.
"""

import json
import re
import sys
from pathlib import Path

from cost import measured, tell


def near_pairs(texts: list[str], words: int, min_jaccard: float) -> list[tuple[int, int]]:
    from datasketch import MinHash, MinHashLSH

    sets = []
    for text in texts:
        found = re.findall(r"\w+", text.lower())
        count = max(len(found) - words + 1, 1)
        sets.append({" ".join(found[start : start + words]).encode() for start in range(count)})
    index = MinHashLSH(threshold=min_jaccard, num_perm=128)
    pairs = []
    for row, minhash in enumerate(MinHash.generator(sets, num_perm=128)):
        for other in index.query(minhash):
            pairs.append((other, row))
        index.insert(row, minhash)
    return sorted(pairs)


if __name__ == "__main__":
    file, words, min_jaccard = sys.argv[1:]
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    tell(measured(lambda: near_pairs(texts, int(words), float(min_jaccard))))
