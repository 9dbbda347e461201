"""Label prompts: a sentence encoder scores a text against one prompt a class, and is tuned
contrastively so that a text lies nearest to the prompt of its own class (Radford et al., 2021).

Where there are few rows, texts are drawn to the other texts of their class and away from those of
other classes as well: SetFit's pairs (Tunstall et al., 2022), all those of a batch at once
(Khosla et al., 2020).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from seedbed.core.errors import ParamsError
from seedbed.encoding.encoder import SentenceEncoder, model_inputs
from seedbed.encoding.tokens import Encoded


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
        """One vector of length 1 a class: (classes, width) float32."""
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
    """Of each row the mean of -log softmax over what is of its class: (rows,). `similar` is (rows,
    others), the first of these being the rows themselves, each of which is no pair of its own."""
    rows = torch.arange(len(labels), device=labels.device)
    itself = torch.zeros_like(similar, dtype=torch.bool)
    itself[rows, rows] = True
    shares = similar.masked_fill(itself, -torch.inf).log_softmax(1).masked_fill(itself, 0.0)
    alike = (labels[:, None] == others[None, :]) & ~itself
    return -(shares * alike).sum(1) / alike.sum(1).clamp(min=1)


def prompts_of(classes: Sequence[str], template: str, descriptions: dict[str, str]) -> list[str]:
    """The template filled for each class: by its description, else by its name."""
    place = "params.yaml: approaches.prompt"
    unknown = sorted(set(descriptions) - set(classes))
    if unknown:
        raise ParamsError(
            f"{place}.descriptions",
            f"no class {', '.join(unknown)} in the data",
            f"some of {', '.join(classes)}",
            "correct the name or delete the line",
        )
    if "{label}" not in template:
        raise ParamsError(
            f"{place}.template",
            repr(template),
            "a text with {label} in it",
            "put {label} where the class's name belongs",
        )
    names = [descriptions.get(name, name.replace("_", " ")) for name in classes]
    return [template.replace("{label}", name) for name in names]
