"""Prompts guide the model. With a sentence encoder each class has a label prompt that texts are
compared with; a masked language model fills the gap of a cloze.

Before tuning, either is a zero-shot classifier; its validation score is epoch 0 of the curve.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from threadpoolctl import threadpool_limits
from torch import nn

from seedbed.core.errors import ParamsError
from seedbed.core.labels import in_line
from seedbed.encoding.encoder import SentenceEncoder, load_model, outputs, pooling_of
from seedbed.encoding.tokens import TextTokenizer
from seedbed.tasks import ClassTask
from seedbed.training import classifier
from seedbed.training.loop import Curve, Inputs, Losses, layer_groups
from seedbed.training.models import ModelFormat, SavedModel, TrainingParams, write_card
from seedbed.training.objectives import (
    MASK,
    PLACE,
    ClozeScorer,
    Gap,
    PromptScorer,
    is_masked_lm,
    load_masked_lm,
)

CLOZE = ModelFormat(
    "cloze_classifier",
    "transformers",
    "fill-mask",
    """from transformers import pipeline
fill = pipeline("fill-mask", model="{folder}", targets={words})
print(fill({filled})[0]["token_str"])""",
)


class Params(TrainingParams):
    """params.yaml section `approaches.prompt`."""

    kind: Literal["auto", "label_prompts", "cloze"]
    template: str
    descriptions: dict[str, str]
    scale: float = Field(gt=0, le=10**6)
    pairs_below: int = Field(ge=0, le=10**9)
    prompt_weight: float = Field(ge=0, le=10**6)
    prompt_prior: float = Field(ge=0, le=10**9)
    head_strength: float = Field(gt=0, le=10**9)
    layer_decay: float = Field(gt=0, le=1)
    cloze: str
    words: dict[str, str]


def fine_tune(data: classifier.TrainingData, params: Params, seed: int, folder: Path) -> Curve:
    """Train, save a cloze or a sentence classifier to `folder` and give the curve. Raises
    ParamsError where the checkpoint does not support the kind that params.yaml names."""
    if kind_of(data.task, data.encoder, params) == "cloze":
        return _cloze(data, params, seed, folder)
    return _label_prompts(data, params, seed, folder)


def load(folder: Path, card: SavedModel) -> classifier.Loaded:
    """Load a model that `fine_tune` saved."""
    if card.kind != CLOZE.kind:
        return classifier.load_sentence_classifier(folder)
    template, words = str(card.settings["template"]), list(card.settings["words"])
    gap = Gap(folder, card.truncation, template, words)
    return classifier.Loaded(ClozeScorer(load_masked_lm(folder), gap), gap.filled)


def kind_of(task: ClassTask, encoder: Path, params: Params) -> str:
    """The kind of prompts: cloze where the checkpoint has a masked language model's head, and each
    row has one class: a gap takes one word."""
    can_fill = is_masked_lm(encoder)
    if params.kind == "cloze" and task.SETS:
        expected, step = "task class: a gap takes one word", "set kind: label_prompts"
        raise ParamsError(f"{PLACE}.kind", f"cloze, and task {task.NAME}", expected, step)
    if params.kind == "cloze" and not can_fill:
        found = "cloze, but the encoder has no masked language model's head"
        step = "set kind: label_prompts, or name a masked language model in encoder.name"
        raise ParamsError(f"{PLACE}.kind", found, "a checkpoint saved as ...ForMaskedLM", step)
    if params.kind != "auto":
        return params.kind
    return "cloze" if can_fill and not task.SETS else "label_prompts"


def _cloze(data: classifier.TrainingData, params: Params, seed: int, folder: Path) -> Curve:
    words = _by_class("words", params.words, data.classes)
    gap = Gap(data.encoder, data.truncation, params.cloze, words)
    data = replace(data, train=gap.filled(data.train), validation=gap.filled(data.validation))
    model = load_masked_lm(data.encoder)
    depth = model.config.num_hidden_layers
    curve = _tuned(ClozeScorer(model, gap), depth, data, params, seed, losses=None)
    classifier.save_with_tokenizer(model, data, folder)
    filled_text = json.dumps(gap.template.replace(MASK, gap.mask_token), ensure_ascii=False)
    usage = CLOZE.usage.replace("{words}", repr(words)).replace("{filled}", filled_text)
    origin = classifier.Origin("prompt", params, classifier.trainable_parameters(model))
    card = data.card(CLOZE._replace(usage=usage), origin, template=gap.template, words=gap.words)
    write_card(folder, card)
    return curve


def _label_prompts(data: classifier.TrainingData, params: Params, seed: int, folder: Path) -> Curve:
    whole = data.truncation._replace(keep="head")
    texts = label_prompts(data.classes, params)
    encoder = SentenceEncoder(load_model(data.encoder), pooling_of(data.encoder))
    scorer = PromptScorer(encoder, TextTokenizer(data.encoder, whole)(texts), params.scale)
    targets = prompt_targets(data)

    def scores() -> np.ndarray:
        return data.train.pooled(outputs(scorer, data.train, data.dtype, "prompt zero-shot"))

    scorer.start_at(data.task.prompt_bias(scores, data.train.row_labels))
    are_few = len(data.train.row_ids) < params.pairs_below * len(data.classes)

    row_losses = data.row_losses(params)

    def losses(model: PromptScorer, inputs: Inputs, labels: torch.Tensor) -> torch.Tensor:
        of_prompts, weight = torch.from_numpy(targets), params.prompt_weight
        return model.paired_losses(data.task, inputs, labels, of_prompts, weight, row_losses)

    depth = encoder.model.config.num_hidden_layers
    curve = _tuned(scorer, depth, data, params, seed, losses if are_few else None)
    scorer.eval()
    with torch.inference_mode():
        prompts = scorer.prompt_vectors()
    bias = None if scorer.bias is None else scorer.bias.detach()
    head = classifier.linear(params.scale * prompts, bias)
    if are_few:
        head = _head_of_few(data, encoder, prompts.cpu().numpy(), targets, params)
    origin = classifier.Origin("prompt", params, classifier.trainable_parameters(encoder))
    classifier.save_sentence_classifier(data, folder, nn.Sequential(head), encoder.model, origin)
    return curve


def prompt_targets(data: classifier.TrainingData) -> np.ndarray:
    """The target of each prompt: of its class alone."""
    names = [data.task.label_of([name]) for name in data.classes]
    return data.task.targets(names, data.classes)


def label_prompts(classes: Sequence[str], params: Params) -> list[str]:
    """The template filled for each class. Raises ParamsError where it has no {label}."""
    if "{label}" not in params.template:
        found, step = repr(params.template), "put {label} where the class's name goes"
        raise ParamsError(f"{PLACE}.template", found, "a text with {label} in it", step)
    names = _by_class("descriptions", params.descriptions, classes)
    return [params.template.replace("{label}", name) for name in names]


def _by_class(key: str, values: dict[str, str], classes: Sequence[str]) -> list[str]:
    """The value of each class, by default its name as words."""
    if unknown := sorted(set(values) - set(classes)):
        found = f"no class {in_line(unknown)} in the data"
        expected, step = f"some of {in_line(classes)}", "correct the name or delete the line"
        raise ParamsError(f"{PLACE}.{key}", found, expected, step)
    return [values.get(name, name.replace("_", " ")) for name in classes]


def _tuned(
    scorer: nn.Module,
    depth: int,
    data: classifier.TrainingData,
    params: Params,
    seed: int,
    losses: Losses | None,
) -> Curve:
    """Train the scorer, whose encoder has `depth` layers, in place and give its curve, with the
    zero-shot score as epoch 0. `losses`, where there are some, compare the rows of a batch."""
    score = classifier.validation_score(scorer, data, "prompt zero-shot")
    zero_shot = {"epoch": 0, "validation_macro_f1": score}
    groups = layer_groups(scorer, depth, params, params.layer_decay)
    given = scorer, groups, data, params, seed, "prompt"
    return [zero_shot, *classifier.fit(*given, losses, losses is not None)]


def _head_of_few(
    data: classifier.TrainingData,
    encoder: SentenceEncoder,
    prompts: np.ndarray,
    targets: np.ndarray,
    params: Params,
) -> nn.Linear:
    """Logistic regression on the tuned vectors of the rows and of the prompts, one row each. Its
    weights are shrunk towards `prompt_prior` times the prompts, which holds their zero-shot
    knowledge where the rows do not contradict it."""
    vectors = data.train.pooled(outputs(encoder, data.train, data.dtype, "prompt head"))
    rows = np.vstack([vectors, prompts])
    labels = np.concatenate([data.train.row_labels, targets])
    weights = np.r_[data.train.row_weights, np.ones(len(prompts))]
    with threadpool_limits(1):
        centre = params.prompt_prior * prompts
        parts = data.task.regression_around(centre, rows, labels, weights, params.head_strength)
    return classifier.linear(*parts)
