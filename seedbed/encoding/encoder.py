"""The encoder: loaded from safetensors, texts turned into vectors. Remote code is never run."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import MethodType
from typing import Any, TypeVar

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
logging.set_verbosity_error()  # and so is the warning that a new head is untrained

ATTENTION_DROPOUTS = ("attention_probs_dropout_prob", "attention_dropout")
HIDDEN_DROPOUTS = ("hidden_dropout_prob", "dropout")
BATCH_TOKENS = 8192  # for inference; larger batches were no faster on 2 cores
# Their heads read the first token (a BERT through its pooler), and their layers have one structure.
READ_FIRST_TOKEN = {
    f"{family}ForSequenceClassification"
    for family in ("Bert", "Roberta", "XLMRoberta", "Camembert", "Electra")
}

Model = TypeVar("Model", bound=nn.Module)


def device() -> torch.device:
    """Return the fastest device: CUDA, Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def precision(wanted: str) -> torch.dtype:
    """Return the dtype that is asked for; "auto" is bfloat16 if the hardware multiplies in it."""
    fast = {"cuda": torch.cuda.is_bf16_supported, "cpu": torch.cpu._is_avx512_bf16_supported}
    where = device().type
    is_low = where in fast and fast[where]() if wanted == "auto" else wanted == "bfloat16"
    return torch.bfloat16 if is_low else torch.float32


def computing(wanted: str, threads: int) -> torch.dtype:
    """Return the dtype of `precision`, and let torch compute on so many threads.

    Each thread adds up a part of a sum, so that their number decides the last bits: it must depend
    neither on the processor nor on OMP_NUM_THREADS.
    """
    torch.set_num_threads(threads)
    return precision(wanted)


def load_model(
    folder: Path,
    dropout: float = 0.0,
    kind: Any = AutoModel,
    classes: Sequence[str] = (),
    problem_type: str | None = None,
) -> PreTrainedModel:
    """Load the bare encoder, or a model of another of transformers' Auto classes: float32,
    safetensors, no remote code, and dropout only if training asks for it. `classes` are those of a
    new head, `problem_type` what transformers calls its task.

    Raises ModelError if transformers does not know the model, or if its weights are damaged or not
    safetensors.
    """
    from safetensors import SafetensorError

    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(folder, **safe)
    except (ValueError, OSError, KeyError) as error:
        found = f"not a model that transformers knows: {' '.join(str(error).split())[:120]}"
        expected = "a model without code of its own, which is never run"
        step = "name another encoder, or fix the file"
        raise ModelError(f"{folder}/config.json", found, expected, step) from None
    # Dropout in attention keeps scaled-dot-product attention off its fast path on CPU (a step took
    # twice the time); the other dropout cost another fifth. A few epochs with early stopping do
    # not need it.
    dropouts = dict.fromkeys(ATTENTION_DROPOUTS, 0.0) | dict.fromkeys(HIDDEN_DROPOUTS, dropout)
    for name, share in dropouts.items():
        if hasattr(config, name):
            setattr(config, name, share)
    if classes:
        config.id2label = dict(enumerate(classes))
        config.label2id = {name: index for index, name in enumerate(classes)}
        config.problem_type = problem_type
    options = {"dtype": torch.float32, "use_safetensors": True, "attn_implementation": "sdpa"}
    try:
        return kind.from_pretrained(folder, config=config, **options, **safe)
    except (SafetensorError, OSError) as error:
        found = f"weights that cannot be read: {' '.join(str(error).split())[:120]}"
        step = "get the model again: `dvc checkout`, or install or download it again"
        raise ModelError(str(folder), found, "a complete model.safetensors", step) from None


def pooling_of(folder: Path) -> str:
    """Return "mean" or "cls" from the folder's sentence-transformers settings, else "mean"."""
    settings = folder / "1_Pooling" / "config.json"
    if not settings.exists():
        return "mean"
    content = read_json(settings)
    is_cls = content.get("pooling_mode_cls_token") or content.get("pooling_mode") == "cls"
    return "cls" if is_cls else "mean"


class SentenceEncoder(nn.Module):
    """From token ids to one vector of length 1 per text: encoder, pooling, normalisation (Reimers
    and Gurevych, 2019); with `head`, to its output for the vector."""

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
    """Return input_ids, attention_mask and, if the tokenizer has segments, token_type_ids of the
    windows in a batch: (windows, tokens) int64 each."""
    # Tensor cores multiply in blocks of 8; on a CPU it gains nothing.
    multiple = 8 if where.type == "cuda" else 1
    ids = [rows.ids[index] for index in batch]
    columns = {"input_ids": ids, "attention_mask": [np.ones(len(row)) for row in ids]}
    if rows.segments is not None:
        columns["token_type_ids"] = [rows.segments[index] for index in batch]
    return {
        name: torch.from_numpy(pad(column, multiple)).to(where) for name, column in columns.items()
    }


def check_tokens(module: nn.Module, rows: Encoded | Examples, place: str) -> None:
    """Raise ModelError if a token or a segment is none of the model's: of all damage to tokenized
    rows this alone stops a model, with an index error on a CPU, and for good on a GPU."""
    model = next((part for part in module.modules() if isinstance(part, PreTrainedModel)), None)
    if model is None:
        return
    known = {
        "token": (rows.ids, model.get_input_embeddings().num_embeddings),
        "segment": (rows.segments or [], getattr(model.config, "type_vocab_size", 0)),
    }
    for name, (ids, number) in known.items():
        if not len(ids):
            continue
        least, most = (int(edge(np.concatenate(ids))) for edge in (np.min, np.max))
        if least < 0 or (number and most >= number):
            found = f"{name} {least if least < 0 else most}"
            expected = f"{name}s from 0 to {number - 1}, which the model knows"
            step = "the tokenized rows are damaged, or of another model: run `dvc repro`"
            raise ModelError(place, found, expected, step)


@torch.inference_mode()
def outputs(
    module: nn.Module, rows: Encoded | Examples, dtype: torch.dtype, label: str
) -> np.ndarray:
    """Return the output of `module(**model_inputs)` for each window: (windows, width) float32.

    Every text that becomes a vector or a score passes through here, batched by length.
    """
    if not len(rows.ids):
        step = "look at the output of the stage before"
        raise ModelError(label, "no texts", "at least one", step)
    check_tokens(module, rows, label)
    where = device()
    module = module.to(where).eval()
    parts = []
    batches = token_budget_batches([len(ids) for ids in rows.ids], BATCH_TOKENS)
    for batch in progress(batches, label, len(batches)):
        with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
            parts.append(module(**model_inputs(rows, batch, where)).float().cpu().numpy())
    in_order: np.ndarray = np.concatenate(parts)[np.argsort(np.concatenate(batches))]
    return in_order


def embed_texts(
    texts: Sequence[str | tuple[str, str]], folder: Path, truncation: Truncation, dtype: str
) -> np.ndarray:
    """Return one vector for each text, or each text and its pair: (texts, width) float32.

    Of length 1, or the mean of those of its windows. `folder` is an encoder's, `dtype` "float32" or
    "bfloat16". The last bits of a vector depend on the texts it shares a batch with.
    """
    paired = bool(texts) and not isinstance(texts[0], str)
    columns = list(zip(*texts, strict=True)) if paired else [texts]
    encoded = TextTokenizer(folder, truncation)(*columns)
    vectors = outputs(_sentence_encoder(folder.resolve()), encoded, getattr(torch, dtype), "")
    return pooled_windows(vectors, encoded.windows)


def pooled_windows(values: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Return the mean over each text's windows: (windows, width), (texts,) -> (texts, width)."""
    starts = np.cumsum(windows) - windows
    return (np.add.reduceat(values, starts, axis=0) / windows[:, None]).astype(np.float32)


@cache
def _sentence_encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(load_model(folder), pooling_of(folder))


def first_token_alone(model: Model) -> Model:
    """Make the last layer of a transformers classifier compute the state of the first token alone,
    if its head reads no other; return every other model unchanged.

    Keys and values of the last layer need every token, the rest of it the first one alone: of
    MiniLM's six layers this saves a seventh of the matrix products, in training and prediction,
    with the same logits up to rounding. Weights keep their names, so that a stock model is saved.
    """
    if type(model).__name__ not in READ_FIRST_TOKEN or model.config.is_decoder:
        return model
    config = model.config
    if config._attn_implementation != "sdpa" or getattr(config, "attention_probs_dropout_prob", 0):
        return model
    layer = model.base_model.encoder.layer[-1]
    layer.forward = MethodType(_forward, layer)
    return model


def _forward(
    layer: nn.Module, hidden: torch.Tensor, mask: torch.Tensor | None = None, *_: Any, **__: Any
) -> torch.Tensor:
    """(rows, tokens, width) -> (rows, 1, width). `mask` is (rows, 1, tokens or 1, tokens)."""
    attention, first = layer.attention.self, hidden[:, :1]

    def heads(states: torch.Tensor) -> torch.Tensor:
        return states.unflatten(-1, (-1, attention.attention_head_size)).transpose(1, 2)

    seen = nn.functional.scaled_dot_product_attention(
        heads(attention.query(first)),
        heads(attention.key(hidden)),
        heads(attention.value(hidden)),
        attn_mask=None if mask is None else mask[:, :, :1],
        scale=attention.scaling,
    )
    state = layer.attention.output(seen.transpose(1, 2).flatten(2), first)
    return layer.output(layer.intermediate(state), state)
