"""Near duplicates against brute force and against planted pairs.

DATA=FOLDER python -m benchmarks.near_duplicates -> benchmarks/results/near_duplicates.json

The folder is as benchmarks/public_sets.py says. How fast it is: benchmarks/speed.py.
"""

import json
from pathlib import Path

from benchmarks.public_sets import data_folder
from seedbed.core.files import read_csv, write_json
from seedbed.core.text_units import units_of
from seedbed.splitting.near_copies import near_pairs

RESULT = Path("benchmarks/results/near_duplicates.json")
MIN_JACCARD = 0.7


def brute_force(texts: list[str], words: int) -> set[tuple[int, int]]:
    """Every pair, compared; written without the join under test, on sets of tuples of units."""
    sets = []
    for text in texts:
        found = units_of(text)
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


def main() -> None:
    data, result = data_folder(), {}
    tweets = [row["text"] for row in read_csv(data / "davidson_hate" / "all.csv")]
    articles = read_csv(data / "neardup_articles" / "articles_1000.csv")
    result["davidson_hate"] = quality(tweets, 2)
    result["neardup_articles"] = quality([row["text"] for row in articles], 3)
    result["neardup_articles_planted"] = planted(data / "neardup_articles", 3)
    write_json(RESULT, result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
