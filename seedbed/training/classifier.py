"""Classifiers: saved as a folder by an approach, loaded from it to predict.

Here is the format that transformers' AutoModelForSequenceClassification loads, which `full` and
`lora` share; that of sentence-transformers is in seedbed/training/heads.py, and an approach may
have one of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from seedbed.approaches import load
from seedbed.encoding.encoder import (
    first_token_alone,
    load_options,
    loaded,
    outputs,
    pooled_windows,
)
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import Encoded, TextTokenizer, Truncation
from seedbed.training.saved_models import ModelFormat, check_files, read_card, write_card
from seedbed.training.tasks import Origin, Task

SEQUENCE = ModelFormat(
    "sequence_classifier",
    "transformers",
    "text-classification",
    """from transformers import pipeline
classify = pipeline("text-classification", model="{folder}", truncation=True)
print(classify("{text}"))""",
)


class Loaded(NamedTuple):
    """A saved model. `module` maps token ids to logits. `fill` changes tokenized rows before it
    sees them; `head` maps vectors of an encoder that was not trained to logits."""

    module: nn.Module
    fill: Callable[[Any], Any] | None = None
    head: nn.Module | None = None


class Classifier:
    """A saved model, loaded for prediction."""

    def __init__(self, folder: Path):
        """Raises ModelError where the folder holds no classifier of Seedbed, or a damaged one."""
        check_files(folder)
        card = read_card(folder)
        self.classes = card.classes
        self.tokenizer = TextTokenizer(folder, Truncation(**card.truncation.model_dump()))
        self.module, self._fill, self.head = load(card.approach).load(folder, card)

    def logits(self, rows: Encoded | Examples, dtype: torch.dtype, label: str) -> np.ndarray:
        """Logits of tokenized texts: (windows, classes) float32."""
        filled = self._fill(rows) if self._fill else rows
        return outputs(self.module, filled, dtype, label)

    def probabilities(
        self, texts: list[str], pairs: list[str] | None = None, dtype: torch.dtype = torch.float32
    ) -> np.ndarray:
        """Class probabilities of texts, or of texts and their pairs: (rows, classes), in the order
        of `classes`."""
        encoded = self.tokenizer(texts, pairs)
        logits = pooled_windows(self.logits(encoded, dtype, "predict"), encoded.windows)
        return torch.from_numpy(logits).softmax(1).numpy()


class LogitsOnly(nn.Module):
    """A transformers classifier as a module from token ids to logits."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> logits (rows, classes)."""
        return self.model(**inputs).logits


def trainable_parameters(module: nn.Module) -> int:
    """The number of weights of a module that training may change."""
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


def new_sequence_classifier(task: Task, seed: int) -> nn.Module:
    """The encoder with a new head, initialised by `seed`."""
    options = load_options(task.encoder)
    options["config"].id2label = dict(enumerate(task.classes))
    options["config"].label2id = {name: index for index, name in enumerate(task.classes)}
    torch.manual_seed(seed)
    return first_token_alone(loaded(AutoModelForSequenceClassification, task.encoder, options))


def save_sequence_classifier(model: nn.Module, task: Task, folder: Path, origin: Origin) -> None:
    """Write a model that transformers' pipeline("text-classification") loads."""
    save_with_tokenizer(model, task, folder)
    write_card(folder, task.card(SEQUENCE, origin))


def load_sequence_classifier(folder: Path) -> Loaded:
    """Load what `save_sequence_classifier` wrote."""
    model = loaded(AutoModelForSequenceClassification, folder, load_options(folder))
    return Loaded(LogitsOnly(first_token_alone(model)))


def save_with_tokenizer(model: nn.Module, task: Task, folder: Path) -> None:
    """Write a transformers model and its tokenizer, which cuts texts as the task does."""
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(task.encoder, local_files_only=True)
    tokenizer.model_max_length = task.truncation.max_length
    tokenizer.truncation_side = "left" if task.truncation.keep == "tail" else "right"
    tokenizer.save_pretrained(folder)
