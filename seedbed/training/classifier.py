"""Classifiers: the rows that one is trained on, the folder an approach saves it to, and the model
loaded from there to predict.

Here are two formats that stock libraries load; an approach may have one of its own. `full` and
`lora` share transformers' AutoModelForSequenceClassification. A sentence classifier of
sentence-transformers is an encoder, pooling, normalisation and a head: Dense layers, which turn the
vector of a text into a logit for each class.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from seedbed import tasks
from seedbed.approaches import load
from seedbed.core.files import read_json
from seedbed.encoding.encoder import (
    SentenceEncoder,
    first_token_alone,
    load_model,
    pooled_windows,
    pooling_of,
)
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import Encoded, TextTokenizer, Truncation
from seedbed.scoring.metrics import macro_f1_of
from seedbed.training import models, together
from seedbed.training.loop import Curve, Group, Inputs, Losses, RowLosses, Run, Work, train

if TYPE_CHECKING:  # seconds, which predicting by most approaches does not need
    from sklearn.neural_network import MLPClassifier

    from seedbed.tasks import Regression

SEQUENCE = models.ModelFormat(
    "sequence_classifier",
    "transformers",
    "text-classification",
    """from transformers import pipeline
classify = pipeline("text-classification", model="{folder}", truncation=True)
{read}""",
)
SENTENCE = models.ModelFormat(
    "sentence_classifier",
    "sentence-transformers",
    "text-classification",
    """from sentence_transformers import SentenceTransformer
model, classes = SentenceTransformer("{folder}"), {classes}
{read}""",
)


class Origin(NamedTuple):
    """Where a saved model comes from: the approach, its parameters, and how many weights it
    trained."""

    approach: str
    params: models.ApproachParams
    trainable_parameters: int


@dataclass(frozen=True)
class TrainingData:
    """What an approach fine-tunes on: rows that are tokenized and embedded once, and one encoder.

    `vectors(side)` gives the encoder's own vectors of the train or the validation rows, (rows,
    width) float32 in the order of `row_ids`, computed when asked for. A training that was killed
    continues from the folder `checkpoints`; with None it starts anew."""

    task: tasks.ClassTask
    classes: list[str]
    train: Examples
    validation: Examples
    vectors: Callable[[str], np.ndarray]
    encoder: Path
    truncation: Truncation
    dtype: torch.dtype
    checkpoints: Path | None = None

    def row_losses(self, params: models.TrainingParams) -> RowLosses:
        """The loss of the task. Raises ParamsError for weights that the task does not have."""
        weights = self.task.positive_weights(self.train.row_labels, params.positive_weights)
        positive = None if weights is None else torch.from_numpy(weights)

        def losses(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            there = None if positive is None else positive.to(logits.device)
            return self.task.losses(logits, targets, params.label_smoothing, there)

        return losses

    def card(
        self, form: models.ModelFormat, origin: Origin, **settings: str | list[str]
    ) -> models.SavedModel:
        """The card of a model trained on these rows."""
        values = origin.params.model_dump(mode="json")
        usage = form.usage.replace("{read}", self.task.STOCK.get(form.kind, ""))
        if isinstance(origin.params, models.TrainingParams):
            settings |= together.group().as_settings()
        return models.SavedModel(
            approach=origin.approach,
            task=self.task.NAME,
            **form._replace(usage=usage)._asdict(),
            classes=self.classes,
            truncation=self.truncation,
            trainable_parameters=origin.trainable_parameters,
            # As JSON: written as numbers they would be rounded, as figures are.
            params={key: json.dumps(value) for key, value in values.items()},
            settings=settings,
        )


def fit(
    module: nn.Module,
    groups: list[Group],
    data: TrainingData,
    params: models.TrainingParams,
    seed: int,
    approach: str,
    losses: Losses | None = None,
    across_rows: bool = False,
) -> Curve:
    """Train a classifier in place and give its curve: one dict an epoch.

    `module(**model_inputs)` gives logits (windows, classes); `losses` defaults to those of
    the task, and `across_rows` says whether that of a row reads other rows. Raises ModelError as
    `train` does.
    """

    row_losses = data.row_losses(params)

    def of_task(model: nn.Module, inputs: Inputs, targets: torch.Tensor) -> torch.Tensor:
        return row_losses(model(**inputs).float(), targets)

    def score(model: nn.Module) -> float:
        return validation_score(model, data, f"{approach} validation")

    work = Work(
        module,
        groups,
        losses or of_task,
        score,
        params.patience_epochs,
        across_rows=across_rows,
    )
    rows = {"train": data.train, "validation": data.validation}
    return train(work, rows, Run(approach, params, seed, data.dtype, data.checkpoints, fit))


def validation_score(module: nn.Module, data: TrainingData, label: str) -> float:
    """Macro-F1 of a module from token ids to logits on the validation rows."""
    logits = together.shared_outputs(module, data.validation, data.dtype, label)
    return score_of(data, data.validation.pooled(logits))


def score_of(data: TrainingData, logits: np.ndarray) -> float:
    """Macro-F1 of logits (rows, classes) of the validation rows, by thresholds chosen on them where
    the task needs some."""
    task, labels, given = data.task, data.validation.row_labels, data.task.probabilities(logits)
    predicted = task.decode(task.answered(given, task.thresholds(labels, given)))
    return macro_f1_of(task, labels, predicted)


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
        models.check_files(folder)
        card = models.read_card(folder)
        self.task, self.classes = tasks.load_class(card.task), card.classes
        self.tokenizer = TextTokenizer(folder, card.truncation)
        self.module, self._fill, self.head = load(card.approach).load(folder, card)

    def logits(self, rows: Encoded | Examples, dtype: torch.dtype, label: str) -> np.ndarray:
        """Logits of tokenized texts: (windows, classes) float32."""
        filled = self._fill(rows) if self._fill else rows
        return together.shared_outputs(self.module, filled, dtype, label)

    def probabilities(
        self, texts: list[str], pairs: list[str] | None = None, dtype: torch.dtype = torch.float32
    ) -> np.ndarray:
        """Class probabilities of texts, or of texts and their pairs: (rows, classes), in the order
        of `classes`."""
        encoded = self.tokenizer(texts, pairs)
        logits = pooled_windows(self.logits(encoded, dtype, "predict"), encoded.windows)
        return self.task.probabilities(logits)


def trainable_parameters(module: nn.Module) -> int:
    """The number of weights of a module that training may change."""
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


def new_sequence_classifier(data: TrainingData, seed: int) -> nn.Module:
    """The encoder with a new head, initialised by `seed`: from token ids to logits."""
    torch.manual_seed(seed)
    return _sequence_classifier(data.encoder, data.classes, data.task.PROBLEM_TYPE)


def _sequence_classifier(
    folder: Path, classes: Sequence[str] = (), problem_type: str | None = None
) -> nn.Module:
    model = load_model(folder, 0.0, AutoModelForSequenceClassification, classes, problem_type)
    model.register_forward_hook(lambda module, inputs, output: output.logits)
    return first_token_alone(model)


def save_sequence_classifier(
    model: nn.Module, data: TrainingData, folder: Path, origin: Origin
) -> None:
    """Write a model that transformers' pipeline("text-classification") loads."""
    save_with_tokenizer(model, data, folder)
    models.write_card(folder, data.card(SEQUENCE, origin))


def load_sequence_classifier(folder: Path) -> Loaded:
    """Load what `save_sequence_classifier` wrote."""
    return Loaded(_sequence_classifier(folder))


def save_with_tokenizer(model: nn.Module, data: TrainingData, folder: Path) -> None:
    """Write a transformers model and its tokenizer, which cuts texts as training did."""
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(data.encoder, local_files_only=True)
    tokenizer.model_max_length = data.truncation.max_length
    tokenizer.truncation_side = "left" if data.truncation.keep == "tail" else "right"
    tokenizer.save_pretrained(folder)


def linear(weight: np.ndarray | torch.Tensor, bias: np.ndarray | None = None) -> nn.Linear:
    """A layer with this weight, (out, in), and this bias, (out,), or None."""
    module = nn.Linear(weight.shape[1], weight.shape[0], bias is not None)
    state = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    module.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})
    return module


def sequential(layers: Sequence[nn.Linear]) -> nn.Sequential:
    """A head of layers, with a ReLU between any two."""
    modules = [module for layer in layers for module in (layer, nn.ReLU())]
    return nn.Sequential(*modules[:-1])


def head_of(fitted: "MLPClassifier | Regression", classes: int) -> nn.Sequential:
    """What was fitted as a head, which gives one logit for each class. Of two classes of which a
    row has one, scikit-learn stores one logit; each gets half of it, with its sign."""
    layers: list[np.ndarray] = getattr(fitted, "coefs_", [])
    biases = getattr(fitted, "intercepts_", [])
    parts = [(part.T, bias) for part, bias in zip(layers, biases, strict=True)]
    parts = parts or [(fitted.coef_, fitted.intercept_)]
    weight, bias = parts[-1]
    if classes == 2 and len(weight) == 1:
        parts[-1] = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return sequential([linear(*part) for part in parts])


def save_sentence_classifier(
    data: TrainingData, folder: Path, head: nn.Sequential, encoder: nn.Module | None, origin: Origin
) -> None:
    """Write encoder, pooling, normalisation and the head's Dense layers as one
    sentence-transformers model. `encoder` is a tuned one; None keeps the original weights."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    body = modules.Transformer(
        str(data.encoder),
        max_seq_length=data.truncation.max_length,
        model_kwargs={"dtype": torch.float32, "use_safetensors": True, "local_files_only": True},
        # Written to tokenizer_config.json; by default the value of HF_HUB_OFFLINE.
        processor_kwargs={"local_files_only": True},
    )
    if encoder is not None:
        body.auto_model.load_state_dict(encoder.state_dict())
    pooling = modules.Pooling(head[0].in_features, pooling_of(data.encoder))
    model = SentenceTransformer(modules=[body, pooling, modules.Normalize()], device="cpu")
    for layer in (layer for layer in head.cpu() if isinstance(layer, nn.Linear)):
        activation = nn.Identity() if layer is head[-1] else nn.ReLU()
        shape = layer.in_features, layer.out_features, layer.bias is not None
        model.append(modules.Dense(*shape, activation, layer.weight, layer.bias))
    model.save(str(folder), create_model_card=False)
    usage = SENTENCE.usage.replace("{classes}", repr(data.classes))
    models.write_card(folder, data.card(SENTENCE._replace(usage=usage), origin))


def load_sentence_classifier(folder: Path) -> Loaded:
    """Load what `save_sentence_classifier` wrote, without importing sentence-transformers."""
    from safetensors.torch import load_file

    states = [
        load_file(folder / entry["path"] / "model.safetensors")
        for entry in read_json(folder / "modules.json")
        if entry["type"].endswith("Dense")
    ]
    layers = [linear(one["linear.weight"], one.get("linear.bias")) for one in states]
    return Loaded(SentenceEncoder(load_model(folder), pooling_of(folder), sequential(layers)))
