"""Domain-adaptive training of the encoder, on texts without labels.

Masked-LM training where the checkpoint has that head (Gururangan et al., 2020), else SimCSE (Gao et
al., 2021): a text and the same text under other dropout are a positive pair, all other texts of the
batch are negatives.
"""

import shutil
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from seedbed.encoding.encoder import SentenceEncoder, load_model, pooling_of
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import Encoded
from seedbed.training.loop import Curve, Group, Run, Work, train
from seedbed.training.models import AdaptationParams
from seedbed.training.prompts import is_masked_lm, load_masked_lm, mask_of

NOT_MASKED = -100
SMALL_FILES = ("*.json", "*.txt", "*.model", "*/config.json")  # every file that holds no weights


def adapt(encoder: Path, texts: Encoded, run: Run, folder: Path) -> tuple[str, Curve]:
    """Adapt the encoder to tokenized texts and write it to `folder`.

    Gives the method, "masked_lm" or "simcse", and the loss of each epoch.
    """
    params = cast(AdaptationParams, run.params)
    method = "masked_lm" if is_masked_lm(encoder) else "simcse"
    torch.manual_seed(run.seed)
    if method == "masked_lm":
        model = load_masked_lm(encoder, params.dropout)
        module: nn.Module = MaskedWords(model, mask_of(encoder), params.mask_share)
    else:
        model = load_model(encoder, params.dropout)
        module = TwiceDropped(SentenceEncoder(model, pooling_of(encoder)), params.temperature)
    groups = [Group(params=list(module.parameters()))]
    # Both modules give their losses themselves, without labels.
    work = Work(module, groups, lambda module, inputs, _: module(**inputs), score=None)
    curve = train(work, {"train": _rows(texts)}, run)
    for pattern in SMALL_FILES:
        for file in encoder.glob(pattern):
            target = folder / file.relative_to(encoder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    model.cpu().save_pretrained(folder)
    return method, curve


def _rows(texts: Encoded) -> Examples:
    """The texts as rows of weight 1; their class indices mean nothing."""
    labels = np.zeros(len(texts.ids), np.int64)
    names = list(map(str, range(len(labels))))
    return Examples(texts.ids, texts.segments, labels, np.ones(len(labels), np.float32), names)


class TwiceDropped(nn.Module):
    """The SimCSE loss of each text: (rows,)."""

    def __init__(self, encoder: SentenceEncoder, temperature: float):
        super().__init__()
        self.encoder, self.temperature = encoder, temperature

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> losses (rows,)."""
        once, again = self.encoder(**inputs).float(), self.encoder(**inputs).float()
        similar = once @ again.T / self.temperature
        itself = torch.arange(len(once), device=once.device)
        return nn.functional.cross_entropy(similar, itself, reduction="none")


class MaskedWords(nn.Module):
    """The masked-LM loss of each text, (rows,): of the chosen tokens four fifths are masked, a
    tenth is replaced by another token and a tenth stays (Devlin et al., 2019)."""

    def __init__(self, model: nn.Module, mask: int, share: float):
        super().__init__()
        self.model, self.mask, self.share = model, mask, share

    def forward(self, input_ids: torch.Tensor, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> losses (rows,)."""
        hidden, targets = self.hide(input_ids, inputs["attention_mask"])
        logits = self.model(input_ids=hidden, **inputs).logits.float()
        losses = nn.functional.cross_entropy(
            logits.transpose(1, 2), targets, ignore_index=NOT_MASKED, reduction="none"
        )
        return losses.sum(1) / (targets != NOT_MASKED).sum(1).clamp(min=1)

    def hide(self, ids: torch.Tensor, attention: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The tokens with some of them hidden, and the hidden ones, NOT_MASKED elsewhere. The first
        and the last token, which are special, and padding are never chosen."""
        lengths = attention.sum(1, keepdim=True)
        positions = torch.arange(ids.shape[1], device=ids.device)[None, :]
        inner = (positions > 0) & (positions < lengths - 1)
        draw, kind = torch.rand(2, *ids.shape).to(ids.device)
        chosen = inner & (draw < self.share)
        others = torch.randint(0, self.model.config.vocab_size, ids.shape).to(ids.device)
        hidden = torch.where(chosen & (kind < 0.8), self.mask, ids)
        hidden = torch.where(chosen & (kind >= 0.9), others, hidden)
        return hidden, torch.where(chosen, ids, NOT_MASKED)
