"""Prompts that guide the model, by what kind of checkpoint it is: a sentence encoder scores a text
against label prompts, a masked language model fills the gap of a cloze.

Before tuning either is a zero-shot classifier; its validation score is the curve's epoch 0.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from threadpoolctl import threadpool_limits
from torch import nn
from transformers import PreTrainedModel

from seedbed.core.errors import ParamsError
from seedbed.encoding.encoder import SentenceEncoder, load_model, outputs, pooling_of
from seedbed.encoding.tokens import TextTokenizer
from seedbed.scoring.metrics import macro_f1_of
from seedbed.training.checkpoints import Curve
from seedbed.training.classifier import (
    save_cloze_classifier,
    save_sentence_classifier,
    trained_numbers,
)
from seedbed.training.cloze import ClozeScorer, Gap, is_masked_lm, load_masked_lm
from seedbed.training.heads import Layer, regression_around
from seedbed.training.label_prompts import PromptScorer, prompts_of
from seedbed.training.loop import Losses, fit, layer_groups
from seedbed.training.loop_params import TrainingParams
from seedbed.training.task import Task


class Params(TrainingParams):
    """params.yaml section `approaches.prompt`."""

    kind: Literal["auto", "label_prompts", "cloze"]
    template: str
    descriptions: dict[str, str]
    scale: float = Field(gt=0)
    pairs_below: int = Field(ge=0)
    prompt_weight: float = Field(ge=0)
    prompt_prior: float = Field(ge=0)
    head_strength: float = Field(gt=0)
    layer_decay: float = Field(gt=0, le=1)
    cloze: str
    words: dict[str, str]


def fine_tune(task: Task, params: Params, seed: int, folder: Path) -> Curve:
    """Train, write a model that stock libraries load, give the curve. Raises ParamsError where the
    checkpoint cannot do what is asked."""
    if kind_of(task.encoder, params) == "cloze":
        return _cloze(task, params, seed, folder)
    return _label_prompts(task, params, seed, folder)


def kind_of(encoder: Path, params: Params) -> str:
    """What the checkpoint is asked: cloze where it has a masked language model's head."""
    can_fill = is_masked_lm(encoder)
    if params.kind == "cloze" and not can_fill:
        raise ParamsError(
            "params.yaml: approaches.prompt.kind",
            "cloze, and the encoder has no masked language model's head",
            "a checkpoint saved as ...ForMaskedLM",
            "set kind: label_prompts, or name a masked language model in encoder.name",
        )
    if params.kind != "auto":
        return params.kind
    return "cloze" if can_fill else "label_prompts"


def _cloze(task: Task, params: Params, seed: int, folder: Path) -> Curve:
    unknown = sorted(set(params.words) - set(task.classes))
    if unknown:
        raise ParamsError(
            "params.yaml: approaches.prompt.words",
            f"no class {', '.join(unknown)} in the data",
            f"some of {', '.join(task.classes)}",
            "correct the name or delete the line",
        )
    words = [params.words.get(name, name.replace("_", " ")) for name in task.classes]
    gap = Gap(task.encoder, task.truncation, params.cloze, words)
    filled = {side: gap.filled(getattr(task, side)) for side in ("train", "validation")}
    task = replace(task, **filled)
    model = load_masked_lm(task.encoder)
    scorer = ClozeScorer(model, gap)
    curve = _tuned(scorer, model, task, params, seed)
    save_cloze_classifier(model, task, folder, gap, trained_numbers(model))
    return curve


def _label_prompts(task: Task, params: Params, seed: int, folder: Path) -> Curve:
    whole = task.truncation._replace(keep="head")
    texts = prompts_of(task.classes, params.template, params.descriptions)
    encoder = SentenceEncoder(load_model(task.encoder), pooling_of(task.encoder))
    scorer = PromptScorer(encoder, TextTokenizer(task.encoder, whole)(texts), params.scale)
    are_few = len(task.train.row_ids) < params.pairs_below * len(task.classes)

    def losses(
        model: PromptScorer, inputs: dict[str, torch.Tensor], labels: torch.Tensor
    ) -> torch.Tensor:
        return model.paired_losses(inputs, labels, params.prompt_weight, params.label_smoothing)

    curve = _tuned(scorer, encoder.model, task, params, seed, losses if are_few else None)
    scorer.eval()
    with torch.inference_mode():
        prompts = scorer.prompt_vectors()
    head = Layer(params.scale * prompts)
    if are_few:
        head = _head_of_few(task, encoder, prompts.cpu().numpy(), params)
    tuned = {name: weight.cpu() for name, weight in encoder.model.state_dict().items()}
    save_sentence_classifier(task, folder, [head], tuned, trained_numbers(encoder))
    return curve


def _tuned(
    scorer: nn.Module,
    encoder: PreTrainedModel,
    task: Task,
    params: Params,
    seed: int,
    losses: Losses | None = None,
) -> Curve:
    """Train the scorer in place; its curve with the zero-shot score as epoch 0."""
    logits = outputs(scorer, task.validation, task.dtype, "prompt zero-shot")
    predicted = task.validation.pooled(logits).argmax(1)
    zero_shot = {
        "epoch": 0,
        "validation_macro_f1": macro_f1_of(task.validation.row_labels, predicted),
    }
    depth = encoder.config.num_hidden_layers
    groups = layer_groups(scorer, depth, params, params.layer_decay)
    return [zero_shot, *fit(scorer, groups, task, params, seed, "prompt", losses)]


def _head_of_few(
    task: Task, encoder: SentenceEncoder, prompts: np.ndarray, params: Params
) -> Layer:
    """Logistic regression on the tuned vectors of the rows and, as one row more, of each prompt,
    its weights drawn to `prompt_prior` times the prompts: what these know before any row is kept as
    far as the rows do not speak against it."""
    vectors = task.train.pooled(outputs(encoder, task.train, task.dtype, "prompt head"))
    rows = np.vstack([vectors, prompts])
    labels = np.r_[task.train.row_labels, np.arange(len(prompts))]
    weights = np.r_[task.train.row_weights, np.ones(len(prompts))]
    with threadpool_limits(1):
        centre = params.prompt_prior * prompts
        return regression_around(centre, rows, labels, weights, params.head_strength)
