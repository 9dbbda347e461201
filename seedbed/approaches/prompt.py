"""Prompts: the encoder scores a text against one prompt a class, and is tuned contrastively so
that a text lies nearest to the prompt of its own class (Radford et al., 2021, for the loss).

Before tuning this is a zero-shot classifier; its validation score is the curve's epoch 0.
"""

from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import nn

from seedbed.classifier import Layer, save_sentence_classifier, trained_numbers
from seedbed.encoder import SentenceEncoder, load_model, model_inputs, outputs, pooling_of
from seedbed.errors import ParamsError
from seedbed.scoring import macro_f1_of
from seedbed.task import Task
from seedbed.tokens import Encoded, TextTokenizer
from seedbed.training import TrainingParams, fit


class Params(TrainingParams):
    """params.yaml section `approaches.prompt`."""

    template: str
    descriptions: dict[str, str]
    scale: float = Field(gt=0)


class PromptScorer(nn.Module):
    """Token ids to `scale` times the cosine with each class's prompt: (rows, classes)."""

    def __init__(self, encoder: SentenceEncoder, prompts: Encoded, scale: float):
        super().__init__()
        self.encoder, self.scale = encoder, scale
        every = np.arange(len(prompts.ids))
        for name, tensor in model_inputs(prompts, every, torch.device("cpu")).items():
            self.register_buffer(f"prompt_{name}", tensor)
        self._frozen: torch.Tensor | None = None

    def train(self, mode: bool = True) -> "PromptScorer":
        """In training the prompts move with the encoder; else their vectors are made once."""
        self._frozen = None
        return super().train(mode)

    def prompt_vectors(self) -> torch.Tensor:
        """One vector of length 1 a class: (classes, width)."""
        if self.training:
            return self._encoded_prompts()
        if self._frozen is None:
            self._frozen = self._encoded_prompts()
        return self._frozen

    def _encoded_prompts(self) -> torch.Tensor:
        return self.encoder(
            input_ids=self.prompt_input_ids, attention_mask=self.prompt_attention_mask
        )

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> logits (rows, classes) float32."""
        vectors = self.encoder(**inputs)
        return self.scale * vectors.float() @ self.prompt_vectors().float().T


def fine_tune(task: Task, params: Params, seed: int, folder: Path) -> list[dict[str, float]]:
    """Train, write a sentence-transformers model that ends in Dense, give the curve."""
    whole = task.truncation._replace(keep="head")
    prompts = TextTokenizer(task.encoder, whole)(prompts_of(task.classes, params))
    encoder = SentenceEncoder(load_model(task.encoder), pooling_of(task.encoder))
    scorer = PromptScorer(encoder, prompts, params.scale)
    logits = task.validation.pooled(
        outputs(scorer, task.validation, task.dtype, "prompt zero-shot")
    )
    score = macro_f1_of(task.validation.row_labels, logits.argmax(1))
    groups = [{"params": list(scorer.parameters())}]
    curve = fit(scorer, groups, task, params, seed, "prompt")
    scorer.eval()
    with torch.inference_mode():
        head = params.scale * scorer.prompt_vectors().float()
    save_sentence_classifier(
        task,
        folder,
        head=[Layer(head)],
        encoder=encoder.model.state_dict(),
        trained=trained_numbers(encoder),
    )
    return [{"epoch": 0, "validation_macro_f1": score}, *curve]


def prompts_of(classes: list[str], params: Params) -> list[str]:
    """The template filled for each class: by its description, else by its name."""
    unknown = sorted(set(params.descriptions) - set(classes))
    if unknown:
        raise ParamsError(
            "params.yaml: approaches.prompt.descriptions",
            f"no class {', '.join(unknown)} in the data",
            f"some of {', '.join(classes)}",
            "correct the name or delete the line",
        )
    if "{label}" not in params.template:
        raise ParamsError(
            "params.yaml: approaches.prompt.template",
            repr(params.template),
            "a text with {label} in it",
            "put {label} where the class's name belongs",
        )
    names = [params.descriptions.get(name, name.replace("_", " ")) for name in classes]
    return [params.template.replace("{label}", name) for name in names]
