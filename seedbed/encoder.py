"""The encoder: loaded from safetensors, texts turned into vectors. Remote code is never run."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedModel
from transformers.utils import logging

from seedbed.errors import ModelError
from seedbed.files import read_json
from seedbed.stage import progress
from seedbed.tokens import load_tokenizer, pad, token_budget_batches

logging.disable_progress_bar()  # a bar for 0.1 s of loading is noise in a log,
logging.set_verbosity_error()  # and so is the news that a new head is new

BATCH_TOKENS = 8192  # for inference; larger batches were no faster on 2 cores


def device() -> torch.device:
    """The fastest device there is: CUDA, Apple's MPS, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def precision(wanted: str) -> torch.dtype:
    """bfloat16 where `wanted` is "auto" and the hardware multiplies in it, else float32."""
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    where = device().type
    fast = (
        torch.cuda.is_bf16_supported()
        if where == "cuda"
        else where == "cpu" and torch.cpu._is_avx512_bf16_supported()
    )
    return torch.bfloat16 if fast else torch.float32


def load_options(folder: Path) -> dict[str, Any]:
    """How every model is loaded: float32, safetensors, no remote code, no dropout.

    Dropout in attention keeps scaled-dot-product attention off its fast path on CPU (a step took
    twice the time); the other dropout cost another fifth. A few epochs with early stopping do
    without.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    dropouts = ("attention_probs_dropout_prob", "attention_dropout", "hidden_dropout_prob",
                "dropout")  # fmt: skip
    for name in dropouts:
        if hasattr(config, name):
            setattr(config, name, 0.0)
    return {
        "config": config,
        "dtype": torch.float32,
        "use_safetensors": True,
        "trust_remote_code": False,
        "local_files_only": True,
        "attn_implementation": "sdpa",
    }


def load_model(folder: Path) -> PreTrainedModel:
    """The bare encoder, ready to train or to use."""
    return AutoModel.from_pretrained(folder, **load_options(folder))


def pooling_of(folder: Path) -> str:
    """ "mean" or "cls", from the folder's sentence-transformers settings; "mean" without any."""
    settings = folder / "1_Pooling" / "config.json"
    if not settings.exists():
        return "mean"
    content = read_json(settings)
    mode = content.get("pooling_mode", "")
    return "cls" if content.get("pooling_mode_cls_token") or mode == "cls" else "mean"


class SentenceEncoder(nn.Module):
    """Token ids to one vector of length 1 a text: encoder, pooling, normalisation
    (Reimers and Gurevych, 2019). With `head`, to that linear layer's outputs."""

    def __init__(self, model: PreTrainedModel, pooling: str, head: nn.Linear | None = None):
        super().__init__()
        self.model, self.pooling, self.head = model, pooling, head

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 -> (rows, width) float32."""
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0].float()
        else:
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1, dtype=torch.float32) / mask.sum(1, dtype=torch.float32)
        vectors = nn.functional.normalize(pooled, dim=1)
        return vectors if self.head is None else self.head(vectors)


@torch.inference_mode()
def outputs(
    module: nn.Module, ids: Sequence[Sequence[int]], dtype: torch.dtype, label: str
) -> np.ndarray:
    """What `module(input_ids, attention_mask)` gives for each row of ids: (rows, width) float32.

    Every text that becomes a vector or a score goes through here, batched by length.
    """
    where = device()
    module = module.to(where).eval()
    results: np.ndarray | None = None
    batches = token_budget_batches([len(row) for row in ids], BATCH_TOKENS)
    for batch in progress(batches, label, len(batches)):
        input_ids = torch.from_numpy(pad([ids[index] for index in batch])).to(where)
        lengths = torch.tensor([len(ids[index]) for index in batch], device=where)
        mask = torch.arange(input_ids.shape[1], device=where)[None, :] < lengths[:, None]
        with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
            out = module(input_ids=input_ids, attention_mask=mask.long()).float().cpu().numpy()
        if results is None:
            results = np.empty((len(ids), out.shape[1]), dtype=np.float32)
        results[batch] = out
    if results is None:
        raise ModelError(label, "no texts", "at least one", "see the stage before")
    return results


def embed_texts(
    texts: Sequence[str | tuple[str, str]],
    folder: Path,
    max_length: int,
    truncation: str,
    dtype: str,
) -> np.ndarray:
    """One vector of length 1 for each text, or each text and its pair: (texts, width) float32.

    `folder` is an encoder's, `dtype` "float32" or "bfloat16". The last bits of a vector depend on
    the texts it is batched with.
    """
    tokenizer = load_tokenizer(folder, max_length, truncation)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    return outputs(_sentence_encoder(folder), ids, getattr(torch, dtype), "")


@cache
def _sentence_encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(load_model(folder), pooling_of(folder))
