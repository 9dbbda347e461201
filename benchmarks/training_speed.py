"""How fast training and embedding are beside the stock ways, in turns in one process.

DATA=FOLDER python -m benchmarks.training_speed [steps] [banking77] [embedding]
-> benchmarks/results/training_speed.json

`steps` takes one step of each side after the other: full fine-tuning on BBC News at 256 tokens,
beside the loop of Hugging Face's text-classification tutorial (batches of 16 in random order,
padded to their longest, dropout .1). `banking77` is three epochs beside it padded to 128.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification

from benchmarks.public_sets import data_folder
from seedbed.approaches.full import Params
from seedbed.encoding.encoder import SentenceEncoder, load_model, model_inputs, outputs, pooling_of
from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
from seedbed.encoding.examples import Examples, pad, token_budget_batches
from seedbed.encoding.tokens import TextTokenizer, Truncation
from seedbed.files import read_json, write_json
from seedbed.params import read_params
from seedbed.rows import read_rows
from seedbed.training.classifier import LogitsOnly, new_sequence_classifier
from seedbed.training.loop import layer_groups
from seedbed.training.task import Task

RESULT = Path("benchmarks/results/training_speed.json")
STEPS, ROWS, LENGTH, PADDED = 60, 16, 256, 128
BUDGET = 4096
CPU = torch.device("cpu")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def examples_of(rows: pd.DataFrame, length: int) -> tuple[Examples, list[str]]:
    """Rows as the loop takes them, and their classes."""
    classes = sorted(set(rows["label"]))
    labels = np.searchsorted(classes, rows["label"].to_numpy(dtype=object))
    folder = encoder_folder(read_params("encoder", EncoderParams))
    ids = TextTokenizer(folder, Truncation(length))(list(rows["text"])).ids
    names = [str(number) for number in range(len(ids))]
    return Examples(ids, None, labels, np.ones(len(ids), np.float32), names), classes


def bbc() -> pd.DataFrame:
    rows = read_rows(Path("data/split"))
    return rows[rows["split"] == "train"].reset_index(drop=True)


def stock_model(classes: int) -> nn.Module:
    """As the tutorial loads it: with its dropout."""
    torch.manual_seed(0)
    folder = encoder_folder(read_params("encoder", EncoderParams))
    return AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes)


def our_model(train: Examples, classes: list[str]) -> nn.Module:
    folder = encoder_folder(read_params("encoder", EncoderParams))
    task = Task(classes, train, train, lambda _: None, folder, Truncation(LENGTH), torch.float32)
    return LogitsOnly(new_sequence_classifier(task, 0))


def step_of(
    model: nn.Module, groups: Any, dtype: torch.dtype, train: Examples, fused: bool
) -> Callable[[np.ndarray, int], float]:
    """One optimizer step on some rows, padded to their longest or to a length; its seconds."""
    optimizer = torch.optim.AdamW(groups, lr=5e-5, fused=fused)
    model.train()

    def step(batch: np.ndarray, length: int = 0) -> float:
        start = time.perf_counter()
        inputs = model_inputs(train, batch, CPU)
        if length:
            ids = torch.from_numpy(pad([train.ids[row] for row in batch], length))
            mask = nn.functional.pad(inputs["attention_mask"], (0, ids.shape[1] -
                                     inputs["attention_mask"].shape[1]))  # fmt: skip
            inputs = {"input_ids": ids, "attention_mask": mask}
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            found = model(**inputs)
        logits = found if isinstance(found, torch.Tensor) else found.logits
        loss = nn.functional.cross_entropy(logits.float(), torch.from_numpy(train.labels[batch]))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return time.perf_counter() - start

    return step


def tokens_of(train: Examples, batch: np.ndarray) -> int:
    """Tokens without padding: what both sides have to learn from."""
    return sum(len(train.ids[row]) for row in batch)


def our_step(train: Examples, classes: list[str], dtype: torch.dtype) -> Callable:
    model, params = our_model(train, classes), read_params("approaches.full", Params)
    depth = model.model.config.num_hidden_layers
    return step_of(
        model, layer_groups(model, depth, params, params.layer_decay), dtype, train, True
    )


def steps() -> dict[str, Any]:
    """Tokens a second of both sides over interleaved steps. The tutorial's loop stays in float32,
    as it comes, and is taken in bfloat16 autocast, too."""
    train, classes = examples_of(bbc(), LENGTH)
    draw = np.random.default_rng(0)
    ours = token_budget_batches([len(ids) for ids in train.ids], BUDGET, draw)
    stock = np.array_split(draw.permutation(len(train.ids)), len(train.ids) // ROWS)
    found = {}
    for name, dtype in DTYPES.items():
        model = stock_model(len(classes))
        groups = list(model.parameters())
        sides = {"seedbed": (our_step(train, classes, dtype), ours),
                 "tutorial": (step_of(model, groups, dtype, train, False), stock)}  # fmt: skip
        speed: dict[str, list[float]] = {"seedbed": [], "tutorial": []}
        for number in range(STEPS):
            for side, (step, batches) in sides.items():
                batch = batches[number % len(batches)]
                speed[side].append(tokens_of(train, batch) / step(batch))
        medians = {side: median(values) for side, values in speed.items()}
        ratio = median(a / b for a, b in zip(speed["seedbed"], speed["tutorial"], strict=True))
        found[name] = {"steps": STEPS, **medians, "times_as_fast": ratio}
        print(name, found[name], flush=True)
    bf16 = found["bfloat16"]["seedbed"] / found["float32"]["tutorial"]
    return {**found, "auto_precision_beside_the_tutorial_as_it_comes": bf16}


def banking77() -> dict[str, Any]:
    """Three epochs by the time of interleaved steps: ours in bfloat16, the tutorial's padded to 128
    in float32."""
    rows = pd.read_csv(data_folder() / "banking77/train.csv", keep_default_na=False)
    train, classes = examples_of(rows, PADDED)
    draw = np.random.default_rng(0)
    ours = token_budget_batches([len(ids) for ids in train.ids], 1024, draw)
    stock = np.array_split(draw.permutation(len(rows)), -(-len(rows) // ROWS))
    model = stock_model(len(classes))
    our, theirs = our_step(train, classes, torch.bfloat16), step_of(
        model, list(model.parameters()), torch.float32, train, False)  # fmt: skip
    seconds: dict[str, list[float]] = {"seedbed": [], "tutorial": []}
    for number in range(STEPS):
        seconds["seedbed"].append(our(ours[number]) / len(ours[number]))
        seconds["tutorial"].append(theirs(stock[number], PADDED) / len(stock[number]))
    epochs = {side: 3 * len(rows) * float(np.mean(values)) for side, values in seconds.items()}
    return {
        "steps": STEPS,
        "seconds_of_3_epochs": epochs,
        "times_as_fast": epochs["tutorial"] / epochs["seedbed"],
    }


def embedding() -> dict[str, Any]:
    """BBC documents at 256 tokens, whole runs by turns, beside sentence-transformers as it comes,
    and how far our vectors are from float32's."""
    from sentence_transformers import SentenceTransformer

    folder = encoder_folder(read_params("encoder", EncoderParams))
    texts = list(read_rows(Path("data/split"))["text"])[:600]
    stock = SentenceTransformer(str(folder), device="cpu")
    stock.max_seq_length = LENGTH
    encoder = SentenceEncoder(load_model(folder), pooling_of(folder))
    tokenizer = TextTokenizer(folder, Truncation(LENGTH))
    seconds: dict[str, list[float]] = {"seedbed": [], "sentence_transformers": []}
    for _ in range(2):
        start = time.perf_counter()
        ours = outputs(encoder, tokenizer(texts), torch.bfloat16, "")
        seconds["seedbed"].append(time.perf_counter() - start)
        start = time.perf_counter()
        theirs = stock.encode(texts)
        seconds["sentence_transformers"].append(time.perf_counter() - start)
    near = (ours * theirs).sum(1)
    medians = {side: median(values) for side, values in seconds.items()}
    return {
        "texts": len(texts),
        "seconds": medians,
        "times_as_fast": medians["sentence_transformers"] / medians["seedbed"],
        "share_of_rows_at_cosine_9995": float((near >= 0.9995).mean()),
    }


PARTS = {"steps": steps, "banking77": banking77, "embedding": embedding}


def main(parts: list[str]) -> None:
    for part in parts:
        found = PARTS[part]()
        print(part, found, flush=True)
        before = read_json(RESULT) if RESULT.exists() else {}
        write_json(RESULT, {**before, part: found})


if __name__ == "__main__":
    main(sys.argv[1:] or list(PARTS))
