"""What fine-tuning reaches: BANKING77 with all its train rows and with ten a class, BBC News with
eight a class beside SetFit.

DATA=FOLDER python -m benchmarks.fine_tuning validation|test [PART ...]
-> benchmarks/results/fine_tuning.json

Parts: banking77, banking77_few, bbc_few, beside_setfit. `validation` scores the same settings on
rows held out of train, by which they were chosen; `test` reads the test rows, which
benchmarks/test_reads.csv counts. BBC's rows are those of `dvc repro`.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.public_sets import data_folder
from benchmarks.turns import peer_command
from seedbed.approaches import full, prompt
from seedbed.core.files import read_json, write_json
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows
from seedbed.encoding.encoder import SentenceEncoder, load_model, outputs, pooling_of, precision
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import TextTokenizer, Truncation
from seedbed.encoding.vectors import EncoderParams, encoder_folder
from seedbed.tasks import class_task
from seedbed.training.classifier import Classifier, TrainingData
from seedbed.training.trainer import ApproachTrainer

RESULT = Path("benchmarks/results/fine_tuning.json")
MAX_LENGTH = 256
SETFIT_DRAWS = (0, 1, 2)  # of BBC; one takes SetFit a quarter of an hour of a processor
HELD_OUT = 2000  # train rows of banking77 that validate, by a seeded draw
ALL_SEEDS = (0, 1, 2)  # each takes six minutes of one core
ALL = {"head": "linear", "head_strength": 10.0, "epochs": 4, "min_steps": 0, "batch_tokens": 1024,
       "learning_rate": 1.25e-4, "layer_decay": 0.8, "patience_epochs": 0}  # fmt: skip
FEW = {"template": "{label}", "descriptions": {}, "pairs_below": 32, "prompt_prior": 0.0,
       "head_strength": 30.0, "epochs": 4, "min_steps": 0, "batch_tokens": 4096,
       "learning_rate": 3e-4, "layer_decay": 0.7, "patience_epochs": 0}  # fmt: skip
# Written without looking at rows; of seven wordings the best without training on validation rows.
BBC_DESCRIPTIONS = {
    "business": "company profits, shares, the economy, trade, oil prices and banks",
    "entertainment": "films, actors, music, bands, television shows, awards and festivals",
    "politics": "government, ministers, MPs, parties, elections, parliament, laws and taxes",
    "sports": "football, rugby, cricket, tennis and athletics matches, players, coaches and clubs",
    "tech": "computers, software, the internet, mobile phones, gadgets, security, video games and "
    "digital media",
}
BBC = {"template": "This news article is about {label}.", "descriptions": BBC_DESCRIPTIONS,
       "pairs_below": 32, "prompt_prior": 10.0, "head_strength": 30.0, "epochs": 4, "min_steps": 0,
       "batch_tokens": 12288, "learning_rate": 3e-4, "layer_decay": 0.7,
       "patience_epochs": 0}  # fmt: skip


def training_data_of(texts: list[str], labels: np.ndarray, classes: list[str]) -> TrainingData:
    """Train rows as a data. Nothing is validated on: the last epoch is kept, and the first rows
    stand where an epoch's score is asked."""
    folder, dtype = encoder_folder(read_params("encoder", EncoderParams)), precision("auto")
    cut = Truncation(MAX_LENGTH)
    ids = TextTokenizer(folder, cut)(texts).ids
    names = [f"{number:016x}" for number in range(len(ids))]
    train = Examples(ids, None, labels, np.ones(len(ids), np.float32), names)
    parts = {"train": train, "validation": train.take(np.arange(min(16, len(ids))))}

    def vectors(side: str) -> np.ndarray:
        encoder = SentenceEncoder(load_model(folder), pooling_of(folder))
        return outputs(encoder, parts[side], dtype, "")

    return TrainingData(
        class_task, classes, train, parts["validation"], vectors, folder, cut, dtype
    )


def scored(
    module: Any, changes: dict[str, Any], train: pd.DataFrame, held: pd.DataFrame, seed: int
) -> dict[str, float]:
    """Accuracy on held-out rows of a model trained on others, and the seconds of training."""
    name = module.__name__.rpartition(".")[2]
    params = ApproachTrainer(name, **changes).params
    classes = sorted(set(train["label"]))
    labels = np.searchsorted(classes, train["label"].to_numpy(dtype=object))
    data = training_data_of(list(train["text"]), labels, classes)
    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), time.process_time()
        module.fine_tune(data, params, seed, Path(folder))
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        predicted = Classifier(Path(folder)).probabilities(list(held["text"]), dtype=data.dtype)
    right = np.array(classes)[predicted.argmax(1)] == held["label"].to_numpy(dtype=object)
    found = {"accuracy": float(right.mean()), "seconds": seconds, "cpu_seconds": cpu}
    print(name, len(train), "rows, seed", seed, found, flush=True)
    return found


def drawn(rows: pd.DataFrame, number: int, seed: int) -> pd.DataFrame:
    """So many rows of each class, by a seeded draw."""
    order = np.random.default_rng(seed).permutation(len(rows))
    return rows.iloc[order].groupby("label", sort=False).head(number)


def over(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds, and every value."""
    accuracy = [run["accuracy"] for run in runs]
    return {
        "accuracy": float(np.mean(accuracy)),
        "sd": float(np.std(accuracy, ddof=1)) if len(runs) > 1 else 0.0,
        "by_seed": accuracy,
        "seconds": float(np.mean([run["seconds"] for run in runs])),
        "cpu_seconds": float(np.mean([run["cpu_seconds"] for run in runs])),
    }


def banking77(side: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All train rows and the test rows; for validation train rows and others of them."""
    folder = data_folder() / "banking77"
    train = pd.read_csv(folder / "train.csv", keep_default_na=False)
    if side == "test":
        return train, pd.read_csv(folder / "test.csv", keep_default_na=False)
    order = np.random.default_rng(0).permutation(len(train))
    return train.iloc[order[HELD_OUT:]], train.iloc[order[:HELD_OUT]]


def bbc(side: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train rows of BBC News, and those of a side."""
    rows = read_rows(Path("data/split"))
    return rows[rows["split"] == "train"], rows[rows["split"] == side]


def all_rows(side: str) -> dict[str, Any]:
    train, held = banking77(side)
    return over([scored(full, ALL, train, held, seed) for seed in ALL_SEEDS])


def ten_a_class(side: str) -> dict[str, Any]:
    train, held = banking77(side)
    return over([scored(prompt, FEW, drawn(train, 10, seed), held, seed) for seed in range(5)])


def eight_a_class(side: str) -> dict[str, Any]:
    train, held = bbc(side)
    return over([scored(prompt, BBC, drawn(train, 8, seed), held, seed) for seed in range(5)])


def beside_setfit(side: str) -> dict[str, Any]:
    """Ours and SetFit with the same encoder, rows and length, SetFit's defaults run to their end,
    one after the other on each draw."""
    train, held = bbc(side)
    runs: dict[str, list[dict[str, float]]] = {"seedbed": [], "setfit": []}
    for seed in SETFIT_DRAWS:
        few = drawn(train, 8, seed)
        runs["seedbed"].append(scored(prompt, BBC, few, held, seed))
        runs["setfit"].append(setfit(few, held, seed))
        print("setfit, seed", seed, runs["setfit"][-1], flush=True)
    return {"draws": list(SETFIT_DRAWS), **{name: over(made) for name, made in runs.items()}}


def setfit(few: pd.DataFrame, held: pd.DataFrame, seed: int) -> dict[str, float]:
    """One run of SetFit in its own environment (see benchmarks/peers/few_rows_setfit.py)."""
    encoder = encoder_folder(read_params("encoder", EncoderParams))
    told = {
        name: {key: list(rows[key]) for key in ("text", "label")}
        for name, rows in (("train", few), ("test", held))
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        file.write_text(json.dumps(told), encoding="utf-8")
        command = peer_command("setfit", "few_rows_setfit.py", file, encoder, MAX_LENGTH, seed)
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=".")
    return json.loads(done.stdout.strip().splitlines()[-1])


PARTS = {
    "banking77": all_rows,
    "banking77_few": ten_a_class,
    "bbc_few": eight_a_class,
    "beside_setfit": beside_setfit,
}


def main(side: str, parts: list[str]) -> None:
    for part in parts:
        found = PARTS[part](side)
        before = read_json(RESULT) if RESULT.exists() else {}
        write_json(RESULT, {**before, side: {**before.get(side, {}), part: found}})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or list(PARTS))
