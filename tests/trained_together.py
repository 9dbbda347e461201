"""Train tiny models as one of the processes that RANK and WORLD_SIZE name: python
tests/trained_together.py FOLDER FAULT WHAT... FOLDER has `tiny` and `writer`; the main process
writes the loss of each step and the curve of each to FOLDER/WHAT.json, the model to FOLDER/WHAT."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from conftest import small_training_data
from tiny_chat import tiny_writer

from seedbed.core.files import sha256_of
from seedbed.core.turns import Dialogue
from seedbed.encoding.tokens import Truncation
from seedbed.training import loop, together

SHARED = {"run": True, "epochs": 3, "min_steps": 0, "batch_tokens": 64, "warmup_share": 0.1,
          "weight_decay": 0.01, "patience_epochs": 2}  # fmt: skip
CLASSES = SHARED | {"label_smoothing": 0.1, "positive_weights": "none"}
LORA = {"learning_rate": 0.03, "rank": 4, "alpha": 8, "dropout": 0.0}
PROMPT = {
    "kind": "label_prompts", "template": "About {label}.", "descriptions": {}, "scale": 20.0,
    "pairs_below": 32, "prompt_weight": 0.2, "prompt_prior": 5.0, "head_strength": 30.0,
    "layer_decay": 1.0, "cloze": "{text} {mask}", "words": {}, "learning_rate": 0.001,
}  # fmt: skip
PARAMS = {
    "full": CLASSES | {"head": "new", "head_strength": 10.0, "learning_rate": 0.01,
                       "layer_decay": 0.8},
    "lora": CLASSES | LORA | {"matrices": ["query", "value"]},
    "prompt": CLASSES | PROMPT,
    "chat": SHARED | {"learning_rate": 0.01, "batch_tokens": 512},
    "packed": SHARED | {"learning_rate": 0.01, "batch_tokens": 512, "packing": True},
}  # fmt: skip
APPROACH = {"chat": "full", "packed": "full"}


def prepare(folder: Path) -> None:
    """The models that are trained."""
    small_training_data(folder)
    tiny_writer(folder / "writer")


def classes(folder: Path):
    """Sixteen texts; their weights differ, so that no two shares of a batch weigh the same."""
    data = small_training_data(folder, lambda *_: None)
    weights = np.linspace(0.5, 3.0, len(data.train.ids)).astype(np.float32)
    return replace(data, train=replace(data.train, weights=weights))


def dialogues(folder: Path):
    """Eight questions with answers of other lengths."""
    from seedbed.training.chat.bases import ChatParams
    from seedbed.training.chat.datasets import ChatRows, tokenized
    from seedbed.training.chat.tuning import chat_data, chat_template

    names = [f"{number:016x}" for number in range(8)]
    rows = [Dialogue((), f"What is {number}?", "so " * number + "many") for number in range(8)]
    part = ChatRows(names, rows, np.linspace(0.5, 2.0, 8))
    params = ChatParams(
        base=str(folder / "writer"), sha256=sha256_of(folder / "writer/model.safetensors"),
        max_length=256, threads=1, precision="float32",
    )  # fmt: skip
    parts = {"train": part, "validation": part}
    content, _ = tokenized(params, parts, chat_template(params), Truncation(32))
    return chat_data(content, folder / "tiny")


@contextmanager
def planted(fault: str, steps: list[float]) -> Iterator[None]:
    """Note each step's loss; and normalise wrongly, or be killed after so many steps."""
    step, weight_of = loop._step, loop._weight_of

    def noted(*given) -> float:
        if fault.startswith("kill") and len(steps) == int(fault.removeprefix("kill")):
            os.kill(os.getpid(), signal.SIGKILL)
        steps.append(step(*given))
        return steps[-1]

    def of_own_share(examples, batch, where) -> torch.Tensor:
        own = together.shares(batch, whole=False) or [batch]
        return weight_of(examples, own[0], where) * together.group().number

    loop._step = noted
    if fault == "own_share":
        loop._weight_of = of_own_share
    try:
        yield
    finally:
        loop._step, loop._weight_of = step, weight_of


def train(folder: Path, what: str, fault: str = "") -> None:
    """Train one model by the processes that this one has joined."""
    name, is_chat = APPROACH.get(what, what), what in ("chat", "packed")
    if is_chat:
        from seedbed.training.chat.approaches import load
    else:
        from seedbed.approaches import load
    approach, steps = load(name), []
    data = (dialogues if is_chat else classes)(folder)
    data = replace(data, checkpoints=folder / "checkpoints" / what)
    with planted(fault, steps), together.written(folder / what) as target:
        curve = approach.fine_tune(data, approach.Params(**PARAMS[what]), 0, target)
    if together.group().is_main:
        (folder / f"{what}.json").write_text(json.dumps({"steps": steps, "curve": curve}))
        shutil.rmtree(folder / "checkpoints" / what)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with together.joined():
        for what in sys.argv[3:]:
            train(Path(sys.argv[1]), what, sys.argv[2])
