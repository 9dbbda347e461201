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

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json
from seedbed.core.stage import progress
from seedbed.encoding.examples import Examples, pad, token_budget_batches
from seedbed.encoding.tokens import Encoded, TextTokenizer, Truncation

logging.disable_progress_bar()  # a bar for 0.1 s of loading is noise in a log,
logging.set_verbosity_error()  # and so is the news that a new head is new

ATTENTION_DROPOUTS = ("attention_probs_dropout_prob", "attention_dropout")
HIDDEN_DROPOUTS = ("hidden_dropout_prob", "dropout")
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


def load_options(folder: Path, dropout: float = 0.0) -> dict[str, Any]:
    """How every model is loaded: float32, safetensors, no remote code, no dropout but where a
    training asks for it. Raises ModelError where transformers itself does not know the model.

    Dropout in attention keeps scaled-dot-product attention off its fast path on CPU (a step took
    twice the time); the other dropout cost another fifth. A few epochs with early stopping do
    without.
    """
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ValueError, OSError, KeyError) as error:
        raise ModelError(
            f"{folder}/config.json",
            f"no model that transformers knows: {str(error).splitlines()[0][:120]}",
            "a model without code of its own, which is never run",
            "name another encoder, or mend the file",
        ) from None
    for names, share in ((ATTENTION_DROPOUTS, 0.0), (HIDDEN_DROPOUTS, dropout)):
        for name in names:
            if hasattr(config, name):
                setattr(config, name, share)
    return {
        "config": config,
        "dtype": torch.float32,
        "use_safetensors": True,
        "trust_remote_code": False,
        "local_files_only": True,
        "attn_implementation": "sdpa",
    }


def load_model(folder: Path, dropout: float = 0.0) -> PreTrainedModel:
    """The bare encoder, ready to train or to use."""
    return loaded(AutoModel, folder, load_options(folder, dropout))


def loaded(kind: Any, folder: Path, options: dict[str, Any]) -> PreTrainedModel:
    """A model by one of transformers' Auto classes. Raises ModelError where its weights are
    damaged or not safetensors."""
    from safetensors import SafetensorError

    try:
        return kind.from_pretrained(folder, **options)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            str(folder),
            f"weights that cannot be read: {str(error).splitlines()[0][:120]}",
            "a whole model.safetensors",
            "get the model again: `dvc checkout`, or install or download it anew",
        ) from None


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
    (Reimers and Gurevych, 2019). With `head`, to what that makes of the vector."""

    def __init__(self, model: PreTrainedModel, pooling: str, head: nn.Module | None = None):
        super().__init__()
        self.model, self.pooling, self.head = model, pooling, head

    def forward(self, attention_mask: torch.Tensor, **inputs: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) int64 each -> (rows, width) float32."""
        hidden = self.model(attention_mask=attention_mask, **inputs).last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0].float()
        else:
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1, dtype=torch.float32) / mask.sum(1, dtype=torch.float32)
        vectors = nn.functional.normalize(pooled, dim=1)
        return vectors if self.head is None else self.head(vectors)


def model_inputs(
    rows: Encoded | Examples, batch: np.ndarray, where: torch.device
) -> dict[str, torch.Tensor]:
    """input_ids, attention_mask and, where segments are told apart, token_type_ids of some
    windows: (windows, tokens) int64 each."""
    # Tensor cores multiply in blocks of 8; on a processor it brings nothing.
    multiple = 8 if where.type == "cuda" else 1
    input_ids = torch.from_numpy(pad([rows.ids[index] for index in batch], multiple)).to(where)
    lengths = torch.tensor([len(rows.ids[index]) for index in batch], device=where)
    places = torch.arange(input_ids.shape[1], device=where)
    inputs = {
        "input_ids": input_ids,
        "attention_mask": (places[None, :] < lengths[:, None]).long(),
    }
    if rows.segments is not None:
        segments = pad([rows.segments[index] for index in batch], multiple)
        inputs["token_type_ids"] = torch.from_numpy(segments).to(where)
    return inputs


@torch.inference_mode()
def outputs(
    module: nn.Module, rows: Encoded | Examples, dtype: torch.dtype, label: str
) -> np.ndarray:
    """What `module(**model_inputs)` gives for each window: (windows, width) float32.

    Every text that becomes a vector or a score goes through here, batched by length.
    """
    where = device()
    module = module.to(where).eval()
    results: np.ndarray | None = None
    batches = token_budget_batches([len(ids) for ids in rows.ids], BATCH_TOKENS)
    for batch in progress(batches, label, len(batches)):
        with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
            out = module(**model_inputs(rows, batch, where)).float().cpu().numpy()
        if results is None:
            results = np.empty((len(rows.ids), out.shape[1]), dtype=np.float32)
        results[batch] = out
    if results is None:
        raise ModelError(label, "no texts", "at least one", "see the stage before")
    return results


def embed_texts(
    texts: Sequence[str | tuple[str, str]], folder: Path, truncation: Truncation, dtype: str
) -> np.ndarray:
    """One vector for each text, or each text and its pair: (texts, width) float32.

    Of length 1, or where `truncation` keeps windows the mean of theirs. `folder` is an encoder's,
    `dtype` "float32" or "bfloat16". The last bits of a vector depend on the texts it is batched
    with.
    """
    paired = bool(texts) and not isinstance(texts[0], str)
    columns = list(zip(*texts, strict=True)) if paired else [texts]
    encoded = TextTokenizer(folder, truncation)(*columns)
    vectors = outputs(_sentence_encoder(folder.resolve()), encoded, getattr(torch, dtype), "")
    return pooled_windows(vectors, encoded.windows)


def pooled_windows(values: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """The mean over each text's windows: (windows, width), (texts,) -> (texts, width) float32."""
    starts = np.cumsum(windows) - windows
    return (np.add.reduceat(values, starts, axis=0) / windows[:, None]).astype(np.float32)


@cache
def _sentence_encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(load_model(folder), pooling_of(folder))
