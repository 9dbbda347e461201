"""Classifiers as folders: written for stock libraries, read back for prediction.

Three kinds. A sequence classifier is loaded by transformers' AutoModelForSequenceClassification; a
sentence classifier by sentence-transformers, its last module a Dense layer whose outputs are the
logits; a cloze classifier by AutoModelForMaskedLM, the class being the likeliest of its words.
`seedbed.json` beside the weights names the kind, the classes in order, the length, and the digest
of every file, so that a damaged folder is told before it predicts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json, sha256_of, write_json
from seedbed.encoding.encoder import (
    SentenceEncoder,
    load_model,
    load_options,
    loaded,
    outputs,
    pooled_windows,
    pooling_of,
)
from seedbed.encoding.examples import Examples
from seedbed.encoding.last_layer import first_token_alone
from seedbed.encoding.tokens import Encoded, TextTokenizer, Truncation
from seedbed.training.cloze import ClozeScorer, Gap, load_masked_lm
from seedbed.training.heads import Layer
from seedbed.training.task import Task

SEQUENCE, SENTENCE, CLOZE = "sequence_classifier", "sentence_classifier", "cloze_classifier"
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
    return first_token_alone(loaded(AutoModelForSequenceClassification, task.encoder, options))


def trained_numbers(module: nn.Module) -> int:
    """How many numbers of a module training may change."""
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


def save_sequence_classifier(model: nn.Module, task: Task, folder: Path, trained: int) -> None:
    """Write model, tokenizer and card; transformers' pipeline("text-classification") reads it.

    `trained`: how many numbers were trained, the measure of cost that ties are settled by.
    """
    _save_model(model, task, folder)
    _write_card(folder, SEQUENCE, task, trained)


def save_cloze_classifier(
    model: nn.Module, task: Task, folder: Path, gap: Gap, trained: int
) -> None:
    """Write model, tokenizer and card; transformers' pipeline("fill-mask") reads it."""
    _save_model(model, task, folder)
    told = {"template": gap.template, "words": gap.words, "mask_token": gap.mask_token}
    _write_card(folder, CLOZE, task, trained, **told)


def _save_model(model: nn.Module, task: Task, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(task.encoder, local_files_only=True)
    tokenizer.model_max_length = task.truncation.max_length
    tokenizer.truncation_side = "left" if task.truncation.keep == "tail" else "right"
    tokenizer.save_pretrained(folder)


def save_sentence_classifier(
    task: Task,
    folder: Path,
    head: Sequence[Layer],
    encoder: dict[str, torch.Tensor] | None,
    trained: int,
) -> None:
    """Write encoder, pooling, normalisation and the head's Dense layers as one
    sentence-transformers model. `encoder` holds tuned weights; None leaves them as they came."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    body = Transformer(
        str(task.encoder),
        max_seq_length=task.truncation.max_length,
        model_kwargs={"dtype": torch.float32, "use_safetensors": True, "local_files_only": True},
    )
    if encoder is not None:
        body.auto_model.load_state_dict(encoder)
    pooling = Pooling(head[0].weight.shape[1], pooling_mode=pooling_of(task.encoder))
    dense = [_dense(layer, layer is head[-1]) for layer in head]
    model = SentenceTransformer(modules=[body, pooling, Normalize(), *dense], device="cpu")
    model.save(str(folder), create_model_card=False)
    _write_card(folder, SENTENCE, task, trained)


def _dense(layer: Layer, is_last: bool) -> nn.Module:
    from sentence_transformers.sentence_transformer.modules import Dense

    activation = nn.Identity() if is_last else nn.ReLU()
    out, width = layer.weight.shape
    dense = Dense(width, out, bias=layer.bias is not None, activation_function=activation)
    state = {"linear.weight": layer.weight.clone()}
    dense.load_state_dict(state if layer.bias is None else state | {"linear.bias": layer.bias})
    return dense


def _write_card(folder: Path, kind: str, task: Task, trained: int, **more: Any) -> None:
    card = {
        "kind": kind,
        "classes": task.classes,
        "truncation": task.truncation._asdict(),
        "trained_numbers": trained,
        **more,
        "files": {name: sha256_of(folder / name) for name in _files(folder)},
    }
    write_json(folder / CARD, card)


def _files(folder: Path) -> list[str]:
    return sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()
    )


def _check_files(folder: Path, digests: dict[str, str]) -> None:
    """Raises ModelError where a file is missing or has other bytes than when it was written."""
    for name, digest in digests.items():
        file = folder / name
        if not file.exists() or sha256_of(file) != digest:
            raise ModelError(
                str(file),
                "other bytes than finetune wrote" if file.exists() else "no such file",
                f"the file that {CARD} names, whole",
                "`dvc checkout` if DVC knows the folder, else `dvc repro`",
            )


class Classifier:
    """A classifier folder, loaded for prediction without importing sentence-transformers."""

    def __init__(self, folder: Path):
        """Raises ModelError where the folder holds no classifier of Seedbed, or a damaged one."""
        if not (folder / CARD).exists():
            raise ModelError(
                str(folder), f"no {CARD}", "a classifier made by finetune", "run `dvc repro`"
            )
        card: dict[str, Any] = read_json(folder / CARD)
        _check_files(folder, card["files"])
        self.classes: list[str] = card["classes"]
        truncation = Truncation(**card["truncation"])
        self.tokenizer = TextTokenizer(folder, truncation)
        self._gap: Gap | None = None
        if card["kind"] == SEQUENCE:
            options = load_options(folder)
            model = loaded(AutoModelForSequenceClassification, folder, options)
            self.module: nn.Module = LogitsOnly(first_token_alone(model))
        elif card["kind"] == CLOZE:
            self._gap = Gap(folder, truncation, card["template"], card["words"])
            self.module = ClozeScorer(load_masked_lm(folder), self._gap)
        else:
            self.module = SentenceEncoder(load_model(folder), pooling_of(folder), _head(folder))

    def logits(self, rows: Encoded | Examples, dtype: torch.dtype, label: str) -> np.ndarray:
        """Logits of tokenized texts: (windows, classes) float32."""
        filled = rows if self._gap is None else self._gap.filled(rows)
        return outputs(self.module, filled, dtype, label)

    def probabilities(
        self, texts: list[str], pairs: list[str] | None = None, dtype: torch.dtype = torch.float32
    ) -> np.ndarray:
        """Class probabilities of texts, or of texts and their pairs: (rows, classes), in the order
        of `classes`."""
        encoded = self.tokenizer(texts, pairs)
        logits = pooled_windows(self.logits(encoded, dtype, "predict"), encoded.windows)
        return torch.from_numpy(logits).softmax(1).numpy()


def _head(folder: Path) -> nn.Sequential:
    """The Dense layers, a ReLU between each and the next."""
    from safetensors.torch import load_file

    layers: list[nn.Module] = []
    for module in read_json(folder / "modules.json"):
        if module["type"].endswith("Dense"):
            state = load_file(folder / module["path"] / "model.safetensors")
            weight = state["linear.weight"]
            layer = nn.Linear(weight.shape[1], weight.shape[0], bias="linear.bias" in state)
            layer.load_state_dict({key.removeprefix("linear."): one for key, one in state.items()})
            layers += [nn.ReLU(), layer] if layers else [layer]
    return nn.Sequential(*layers)
