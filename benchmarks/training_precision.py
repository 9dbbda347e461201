"""What training in bfloat16 costs in accuracy: the same trainings in float32 and in bfloat16,
paired by seed, scored on held-out rows.

DATA=FOLDER python -m benchmarks.training_precision -> benchmarks/results/training_precision.json

Full fine-tuning of BANKING77 on 25 of its train rows a class; a seed draws them and orders batches.
No test row is read. Where the processor has no bfloat16 units its products are those of
benchmarks/rounded_products.py.
"""

import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.fine_tuning import ALL, banking77, drawn, training_data_of
from benchmarks.rounded_products import RoundedProducts
from seedbed.approaches import full
from seedbed.core.files import write_json
from seedbed.encoding.encoder import precision
from seedbed.training.classifier import Classifier
from seedbed.training.trainer import ApproachTrainer

RESULT = Path("benchmarks/results/training_precision.json")
SEEDS, ROWS_A_CLASS, EPOCHS = range(3), 25, 3
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def accuracy(train: pd.DataFrame, held: pd.DataFrame, seed: int, dtype: torch.dtype) -> float:
    """Of one model trained and asked in a precision."""
    params = ApproachTrainer("full", **{**ALL, "epochs": EPOCHS}).params
    classes = sorted(set(train["label"]))
    labels = np.searchsorted(classes, train["label"].to_numpy(dtype=object))
    data = replace(training_data_of(list(train["text"]), labels, classes), dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        full.fine_tune(data, params, seed, Path(folder))
        found = Classifier(Path(folder)).probabilities(list(held["text"]), dtype=dtype)
    right = np.array(classes)[found.argmax(1)] == held["label"].to_numpy(dtype=object)
    return float(right.mean())


def main() -> None:
    train, held = banking77("validation")
    has_units = precision("auto") == torch.bfloat16
    runs = []
    for seed in SEEDS:
        few, run = drawn(train, ROWS_A_CLASS, seed), {"seed": seed}
        for name, dtype in DTYPES.items():
            with nullcontext() if has_units else RoundedProducts():
                run[name] = accuracy(few, held, seed, dtype)
        print(run, flush=True)
        runs.append(run)
    gains = [run["bfloat16"] - run["float32"] for run in runs]
    found: dict[str, Any] = {
        "data": "banking77, train rows held out", "train_rows": len(few), "held_out": len(held),
        "bfloat16_units": has_units, "by_seed": runs, "difference": mean(gains),
        "sd": stdev(gains),
    }  # fmt: skip
    write_json(RESULT, found)


if __name__ == "__main__":
    main()
