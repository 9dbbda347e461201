"""Heads, which turn the vector of a text into a logit for each class, and the models around them.

Such a model is an encoder, pooling, normalisation and Dense layers: sentence-transformers loads it.
A head is fitted on vectors, or made of label prompts: one vector a class, and the encoder is tuned
contrastively so that a text lies nearest to the prompt of its class (Radford et al., 2021).
Where there are few rows, texts are also pulled towards texts of their class and away from others:
SetFit's pairs (Tunstall et al., 2022), all those of a batch at once (Khosla et al., 2020).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from torch import nn

from seedbed.core.files import read_json
from seedbed.encoding.encoder import SentenceEncoder, load_model, model_inputs, pooling_of
from seedbed.encoding.tokens import Encoded
from seedbed.training.classifier import Loaded
from seedbed.training.saved_models import ModelFormat, write_card
from seedbed.training.tasks import Origin, Task

Head: TypeAlias = "LogisticRegression | MLPClassifier"

SENTENCE = ModelFormat(
    "sentence_classifier",
    "sentence-transformers",
    "text-classification",
    """from sentence_transformers import SentenceTransformer
model, classes = SentenceTransformer("{folder}"), {classes}
print(classes[model.encode("{text}").argmax()])""",
)


class Layer(NamedTuple):
    """A layer of a head: weight (out, in) and bias (out) or None. Between two layers is a ReLU."""

    weight: torch.Tensor
    bias: torch.Tensor | None = None


def layers_of(head: Head, classes: int) -> list[Layer]:
    """The head's layers, of which the last gives one logit for each class. Of two classes
    scikit-learn stores one logit; each gets half of it, with its sign."""
    if isinstance(head, LogisticRegression):
        parts = [(head.coef_, head.intercept_)]
    else:
        weights = [weight.T for weight in head.coefs_]
        parts = list(zip(weights, head.intercepts_, strict=True))
    if classes == 2:
        weight, bias = parts[-1]
        halves = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        parts[-1] = halves
    return [
        Layer(torch.from_numpy(weight).float(), torch.from_numpy(bias).float())
        for weight, bias in parts
    ]


def regression_around(
    centre: np.ndarray,
    vectors: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    inverse_regularisation: float,
) -> Layer:
    """Softmax regression whose weights are shrunk towards `centre`, (classes, width), and not
    towards zero: a Gaussian prior with its mean there, from which few rows lead away only a little.
    `vectors` are (rows, width), `labels` class indices."""
    rows, one_hot = vectors.astype(np.float64), np.eye(len(centre))[labels]
    centre = centre.astype(np.float64)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        offset, bias = flat[: -len(centre)].reshape(centre.shape), flat[-len(centre) :]
        logits = rows @ (centre + offset).T + bias
        logits -= logits.max(1, keepdims=True)
        log_shares = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        error = weights[:, None] * (np.exp(log_shares) - one_hot)
        value = -(weights * (log_shares * one_hot).sum(1)).sum()
        value += (offset**2).sum() / (2 * inverse_regularisation)
        gradient = error.T @ rows + offset / inverse_regularisation
        return value, np.concatenate([gradient.ravel(), error.sum(0)])

    start = np.zeros(centre.size + len(centre))
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    weight = centre + fitted.x[: -len(centre)].reshape(centre.shape)
    bias = fitted.x[-len(centre) :]
    return Layer(torch.from_numpy(weight).float(), torch.from_numpy(bias.copy()).float())


def save_sentence_classifier(
    task: Task,
    folder: Path,
    head: Sequence[Layer],
    encoder: dict[str, torch.Tensor] | None,
    origin: Origin,
) -> None:
    """Write encoder, pooling, normalisation and the head's Dense layers as one
    sentence-transformers model. `encoder` holds tuned weights; None keeps the original ones."""
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
    usage = SENTENCE.usage.replace("{classes}", repr(task.classes))
    write_card(folder, task.card(SENTENCE._replace(usage=usage), origin))


def load_sentence_classifier(folder: Path) -> Loaded:
    """Load what `save_sentence_classifier` wrote, without importing sentence-transformers."""
    from safetensors.torch import load_file

    files = [
        folder / entry["path"] / "model.safetensors"
        for entry in read_json(folder / "modules.json")
        if entry["type"].endswith("Dense")
    ]
    states = [load_file(file) for file in files]
    layers = [Layer(state["linear.weight"], state.get("linear.bias")) for state in states]
    head = sequential(layers)
    return Loaded(SentenceEncoder(load_model(folder), pooling_of(folder), head))


def linear(layer: Layer) -> nn.Linear:
    """A layer as a module."""
    out, width = layer.weight.shape
    module = nn.Linear(width, out, bias=layer.bias is not None)
    state = {"weight": layer.weight, "bias": layer.bias}
    module.load_state_dict({key: value for key, value in state.items() if value is not None})
    return module


def _dense(layer: Layer, is_last: bool) -> nn.Module:
    from sentence_transformers.sentence_transformer.modules import Dense

    activation = nn.Identity() if is_last else nn.ReLU()
    out, width = layer.weight.shape
    dense = Dense(width, out, bias=layer.bias is not None, activation_function=activation)
    dense.linear = linear(layer)
    return dense


def sequential(layers: Sequence[Layer]) -> nn.Sequential:
    """Layers as a module, with a ReLU between any two."""
    modules: list[nn.Module] = [linear(layers[0])]
    for layer in layers[1:]:
        modules += [nn.ReLU(), linear(layer)]
    return nn.Sequential(*modules)


class PromptScorer(nn.Module):
    """Maps token ids to `scale` times the cosine with the prompt of each class."""

    def __init__(self, encoder: SentenceEncoder, prompts: Encoded, scale: float):
        super().__init__()
        self.encoder, self.scale = encoder, scale
        indices = np.arange(len(prompts.ids))
        for name, tensor in model_inputs(prompts, indices, torch.device("cpu")).items():
            self.register_buffer(f"prompt_{name}", tensor)
        self._frozen: torch.Tensor | None = None

    def train(self, mode: bool = True) -> "PromptScorer":
        """In training the prompts change with the encoder; otherwise they are encoded once."""
        self._frozen = None
        return super().train(mode)

    def prompt_vectors(self) -> torch.Tensor:
        """One vector of length 1 for each class: (classes, width) float32."""
        if self.training:
            return self._encoded_prompts()
        if self._frozen is None:
            self._frozen = self._encoded_prompts()
        return self._frozen

    def _encoded_prompts(self) -> torch.Tensor:
        return self.encoder(
            input_ids=self.prompt_input_ids, attention_mask=self.prompt_attention_mask
        ).float()

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> logits (rows, classes) float32."""
        return self.scale * self.encoder(**inputs).float() @ self.prompt_vectors().T

    def paired_losses(
        self,
        inputs: dict[str, torch.Tensor],
        labels: torch.Tensor,
        prompt_weight: float,
        smoothing: float,
    ) -> torch.Tensor:
        """The loss of each row against the prompts, times `prompt_weight`, and against the batch's
        other texts and the prompts together: (rows,)."""
        texts, prompts = self.encoder(**inputs).float(), self.prompt_vectors()
        to_prompts = nn.functional.cross_entropy(
            self.scale * texts @ prompts.T, labels, reduction="none", label_smoothing=smoothing
        )
        classes = torch.arange(len(prompts), device=labels.device)
        others = torch.cat([labels, classes])
        similar = self.scale * texts @ torch.cat([texts, prompts]).T
        return prompt_weight * to_prompts + contrastive_losses(similar, labels, others)


def contrastive_losses(
    similar: torch.Tensor, labels: torch.Tensor, others: torch.Tensor
) -> torch.Tensor:
    """For each row the mean of -log softmax over all that is of its class: (rows,). `similar` is
    (rows, others); the first of these are the rows themselves, and no row is its own pair."""
    rows = torch.arange(len(labels), device=labels.device)
    itself = torch.zeros_like(similar, dtype=torch.bool)
    itself[rows, rows] = True
    log_shares = similar.masked_fill(itself, -torch.inf).log_softmax(1).masked_fill(itself, 0.0)
    alike = (labels[:, None] == others[None, :]) & ~itself
    return -(log_shares * alike).sum(1) / alike.sum(1).clamp(min=1)
