"""Classifiers as folders: written for stock libraries, read back for prediction.

Two kinds. A sequence classifier is loaded by transformers' AutoModelForSequenceClassification; a
sentence classifier by sentence-transformers, its last module a Dense layer whose outputs are the
logits. `seedbed.json` beside the weights names the kind, the classes in order and the length.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from seedbed.encoder import (
    SentenceEncoder,
    load_model,
    load_options,
    outputs,
    pooled_windows,
    pooling_of,
)
from seedbed.errors import ModelError
from seedbed.examples import Examples
from seedbed.files import read_json, write_json
from seedbed.task import Task
from seedbed.tokens import Encoded, TextTokenizer, Truncation

SEQUENCE, SENTENCE = "sequence_classifier", "sentence_classifier"
CARD = "seedbed.json"


class LogitsOnly(nn.Module):
    """A transformers classifier as a module from token ids to logits."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> logits (rows, classes)."""
        return self.model(**inputs).logits


def new_sequence_classifier(task: Task, seed: int) -> nn.Module:
    """The encoder with a fresh head, drawn by `seed`."""
    options = load_options(task.encoder)
    options["config"].id2label = dict(enumerate(task.classes))
    options["config"].label2id = {name: number for number, name in enumerate(task.classes)}
    torch.manual_seed(seed)
    return AutoModelForSequenceClassification.from_pretrained(task.encoder, **options)


def trained_numbers(module: nn.Module) -> int:
    """How many numbers of a module training may change."""
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


def save_sequence_classifier(model: nn.Module, task: Task, folder: Path, trained: int) -> None:
    """Write model, tokenizer and card; transformers' pipeline("text-classification") reads it.

    `trained`: how many numbers were trained, the measure of cost that ties are settled by.
    """
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(task.encoder, local_files_only=True)
    tokenizer.model_max_length = task.truncation.max_length
    tokenizer.truncation_side = "left" if task.truncation.keep == "tail" else "right"
    tokenizer.save_pretrained(folder)
    _write_card(folder, SEQUENCE, task, trained)


def save_sentence_classifier(
    task: Task,
    folder: Path,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    encoder: dict[str, torch.Tensor] | None,
    trained: int,
) -> None:
    """Write encoder, pooling, normalisation and a Dense layer (classes, width) as one
    sentence-transformers model. `encoder` holds tuned weights; None leaves them as they came."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import (
        Dense,
        Normalize,
        Pooling,
        Transformer,
    )

    body = Transformer(
        str(task.encoder),
        max_seq_length=task.truncation.max_length,
        model_kwargs={"dtype": torch.float32, "use_safetensors": True, "local_files_only": True},
    )
    if encoder is not None:
        body.auto_model.load_state_dict(encoder)
    classes, width = weight.shape
    dense = Dense(width, classes, bias=bias is not None, activation_function=nn.Identity())
    state = {"linear.weight": weight.clone()} | ({} if bias is None else {"linear.bias": bias})
    dense.load_state_dict(state)
    pooling = Pooling(width, pooling_mode=pooling_of(task.encoder))
    model = SentenceTransformer(modules=[body, pooling, Normalize(), dense], device="cpu")
    model.save(str(folder), create_model_card=False)
    _write_card(folder, SENTENCE, task, trained)


def _write_card(folder: Path, kind: str, task: Task, trained: int) -> None:
    card = {
        "kind": kind,
        "classes": task.classes,
        "truncation": task.truncation._asdict(),
        "trained_numbers": trained,
    }
    write_json(folder / CARD, card)


class Classifier:
    """A classifier folder, loaded for prediction without importing sentence-transformers."""

    def __init__(self, folder: Path):
        """Raises ModelError where the folder holds no classifier of Seedbed."""
        if not (folder / CARD).exists():
            raise ModelError(
                str(folder), f"no {CARD}", "a classifier made by finetune", "run `dvc repro`"
            )
        card: dict[str, Any] = read_json(folder / CARD)
        self.classes: list[str] = card["classes"]
        self.tokenizer = TextTokenizer(folder, Truncation(**card["truncation"]))
        if card["kind"] == SEQUENCE:
            options = load_options(folder)
            model = AutoModelForSequenceClassification.from_pretrained(folder, **options)
            self.module: nn.Module = LogitsOnly(model)
        else:
            self.module = SentenceEncoder(load_model(folder), pooling_of(folder), _dense(folder))

    def logits(self, rows: Encoded | Examples, dtype: torch.dtype, label: str) -> np.ndarray:
        """Logits of tokenized texts: (windows, classes) float32."""
        return outputs(self.module, rows, dtype, label)

    def probabilities(
        self, texts: list[str], pairs: list[str] | None = None, dtype: torch.dtype = torch.float32
    ) -> np.ndarray:
        """Class probabilities of texts, or of texts and their pairs: (rows, classes), in the order
        of `classes`."""
        encoded = self.tokenizer(texts, pairs)
        logits = pooled_windows(self.logits(encoded, dtype, "predict"), encoded.windows)
        return torch.from_numpy(logits).softmax(1).numpy()


def _dense(folder: Path) -> nn.Linear:
    from safetensors.torch import load_file

    name = next(
        module["path"]
        for module in read_json(folder / "modules.json")
        if module["type"].endswith("Dense")
    )
    state = load_file(folder / name / "model.safetensors")
    weight = state["linear.weight"]
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias="linear.bias" in state)
    layer.load_state_dict({key.removeprefix("linear."): value for key, value in state.items()})
    return layer
