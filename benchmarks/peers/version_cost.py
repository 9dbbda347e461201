"""Processor seconds of one kind of work, by the code of the version whose folder is named.

argv: the folder, the work, a JSON file with texts. For each line on standard input the work is done
once more, and a line printed: processor seconds, how many were found. Runs with versions in which
modules have other names, so it imports what both have.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

SHINGLE_WORDS, MIN_JACCARD = 3, 0.7


def near_copies(texts: list[str]) -> int:
    try:
        from seedbed.splitting.near_copies import near_pairs
    except ImportError:  # until f37f742
        from seedbed.splitting.deduplication import near_pairs
    return len(near_pairs(texts, SHINGLE_WORDS, MIN_JACCARD).i)


def patterns(texts: list[str]) -> int:
    from seedbed.private.detection import changes
    from seedbed.private.kinds import KINDS, Wanted

    wanted = Wanted(frozenset(kind.name for kind in KINDS if kind.default))
    return sum(sum(one[1].values()) for one in changes(texts, wanted, b"key", "placeholder"))


WORK: dict[str, Callable[[list[str]], int]] = {"near copies": near_copies, "patterns": patterns}


def main() -> None:
    folder, work, file = Path(sys.argv[1]), WORK[sys.argv[2]], Path(sys.argv[3])
    sys.path.insert(0, str(folder))
    import seedbed

    if Path(seedbed.__file__).parent.parent != folder.resolve():
        sys.exit(f"the code of {seedbed.__file__} runs, not that of {folder}")
    texts = json.loads(file.read_text(encoding="utf-8"))
    work(texts[:2000])  # what is loaded once is no part of the figures
    for _ in sys.stdin:
        gc.collect()
        start = time.process_time()
        found = work(texts)
        print(json.dumps([time.process_time() - start, found]), flush=True)


if __name__ == "__main__":
    main()
