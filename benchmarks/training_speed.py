"""How fast training and embedding are beside the stock ways, in turns in one process.

DATA=FOLDER python -m benchmarks.training_speed [steps] [banking77] [accuracy] [embedding]
-> benchmarks/results/training_speed.json

`steps`: full fine-tuning on BBC News at 256 tokens, a step of our loop and a step of the Trainer of
transformers after the other (benchmarks/tutorial.py, benchmarks/loop_turns.py). `banking77`: the
same beside it padded to 128. `accuracy`: three whole epochs of each on BANKING77's train rows,
scored on rows held out of them; it takes half an hour of a processor.
"""

import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from benchmarks.fine_tuning import ALL, banking77 as banking77_sides, scored
from benchmarks.loop_turns import Turns
from benchmarks.tutorial import predicted, tutorial
from seedbed.approaches import full
from seedbed.core.files import read_json, write_json
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows
from seedbed.encoding.encoder import SentenceEncoder, load_model, outputs, pooling_of, precision
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import TextTokenizer, Truncation
from seedbed.encoding.vectors import EncoderParams, encoder_folder
from seedbed.tasks import class_task
from seedbed.training.classifier import TrainingData, fit, new_sequence_classifier
from seedbed.training.loop import Inputs, layer_groups
from seedbed.training.trainer import ApproachTrainer

RESULT = Path("benchmarks/results/training_speed.json")
STEPS, LENGTH, PADDED = 60, 256, 128
EPOCHS = 3
OURS, THEIRS = "seedbed", "trainer"
NAMES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


class Setting(NamedTuple):
    """What the two sides are told: tokens of a text, those of our batches with their padding, our
    precision, and whether the Trainer is in bfloat16 and pads every text to the length."""

    length: int
    batch_tokens: int
    dtype: torch.dtype
    bf16: bool = False
    padded: bool = False


def training_data_of(
    texts: list[str], labels: np.ndarray, classes: list[str], how: Setting
) -> TrainingData:
    """Rows as our loop takes them. No epoch ends within the steps that are measured, so nothing is
    validated."""
    folder = encoder_folder(read_params("encoder", EncoderParams))
    cut = Truncation(how.length)
    ids = TextTokenizer(folder, cut)(texts).ids
    names = [str(number) for number in range(len(ids))]
    rows = Examples(ids, None, labels, np.ones(len(ids), np.float32), names)
    return TrainingData(
        class_task, classes, rows, rows.take(np.arange(1)), lambda _: None, folder, cut, how.dtype
    )


def beside(rows: pd.DataFrame, how: Setting) -> dict[str, Any]:
    """Our full fine-tuning beside the tutorial's, a step each in turn."""
    classes = sorted(set(rows["label"]))
    labels = np.searchsorted(classes, rows["label"].to_numpy(dtype=object))
    texts, turns = list(rows["text"]), Turns((OURS, THEIRS), STEPS)
    data = training_data_of(texts, labels, classes, how)
    changes = {"epochs": STEPS, "patience_epochs": 0, "batch_tokens": how.batch_tokens}
    params = ApproachTrainer("full", **changes).params

    def losses(module: nn.Module, inputs: Inputs, labels: torch.Tensor) -> torch.Tensor:
        turns.step(OURS)
        turns.tokens[OURS].append(int(inputs["attention_mask"].sum()))
        return nn.functional.cross_entropy(module(**inputs).float(), labels, reduction="none")

    def ours() -> None:
        model = new_sequence_classifier(data, 0)
        depth = model.config.num_hidden_layers
        groups = layer_groups(model, depth, params, params.layer_decay)
        fit(model, groups, data, params, 0, "full", losses)

    def theirs() -> None:
        tutorial(
            texts, labels, len(classes), how.length, padded=how.padded, bf16=how.bf16,
            steps=STEPS + 2, told=lambda: turns.step(THEIRS), counts=turns.tokens[THEIRS],
        ).train()  # fmt: skip

    turns.run({OURS: ours, THEIRS: theirs})
    precisions = {OURS: NAMES[how.dtype], THEIRS: "bfloat16" if how.bf16 else "float32"}
    return {"precision": precisions, **turns.figures()}


def steps() -> dict[str, Any]:
    """Both in float32; then ours in the precision that `auto` gives beside the Trainer as it comes,
    and beside it in bfloat16. Where the processor has no bfloat16 units `auto` is float32, and the
    time that the Trainer would take in bfloat16 says nothing."""
    rows = read_rows(Path("data/split"))
    rows = rows[rows["split"] == "train"].reset_index(drop=True)
    auto, same = precision("auto"), Setting(LENGTH, 16 * LENGTH, torch.float32)
    pairs = {"float32": same}
    if auto == torch.bfloat16:
        pairs["auto_beside_float32"] = same._replace(dtype=auto)
        pairs["auto_beside_bfloat16"] = same._replace(dtype=auto, bf16=True)
    found: dict[str, Any] = {"auto": NAMES[auto], "threads": torch.get_num_threads()}
    for name, how in pairs.items():
        found[name] = beside(rows, how)
        print(name, found[name], flush=True)
    return found


def banking77() -> dict[str, Any]:
    """In the precision of `auto`, with the batches that benchmarks/fine_tuning.py trains with,
    beside the tutorial padded to 128 in float32. Tokens count no padding, so a second's are an
    epoch's share on either side."""
    how = Setting(PADDED, ALL["batch_tokens"], precision("auto"), padded=True)
    return beside(banking77_sides("validation")[0], how)


def accuracy() -> dict[str, Any]:
    """Three whole epochs of each on the same train rows, scored on those held out. The tutorial is
    padded to the longest of a batch: what is padding is masked, so that its accuracy is that of
    padding to 128 but for rounding and the draw of dropout, at a fifth of the time."""
    train, held = banking77_sides("validation")
    ours = scored(full, {**ALL, "epochs": EPOCHS}, train, held, 0)
    classes = sorted(set(train["label"]))
    labels = np.searchsorted(classes, train["label"].to_numpy(dtype=object))
    trainer = tutorial(list(train["text"]), labels, len(classes), PADDED, epochs=EPOCHS)
    start = time.process_time()
    trainer.train()
    seconds = time.process_time() - start
    names = np.array(classes)[predicted(trainer, list(held["text"]), PADDED)]
    right = float((names == held["label"].to_numpy(dtype=object)).mean())
    theirs = {"accuracy": right, "cpu_seconds": round(seconds, 1)}
    counts = {"epochs": EPOCHS, "train": len(train), "held_out": len(held)}
    return {**counts, OURS: ours, THEIRS: theirs}


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


PARTS = {"steps": steps, "banking77": banking77, "accuracy": accuracy, "embedding": embedding}


def main(parts: list[str]) -> None:
    for part in parts:
        found = PARTS[part]()
        print(part, found, flush=True)
        before = read_json(RESULT) if RESULT.exists() else {}
        write_json(RESULT, {**before, part: found})


if __name__ == "__main__":
    main(sys.argv[1:] or list(PARTS))
