"""The last layer at the first token alone, where that is all that a classification head reads.

Keys and values of the last layer are made of every token, everything else of it of the first one:
of MiniLM's six layers that spares a seventh of the matrix products, in training and in prediction,
with the same logits but for rounding.
"""

from types import MethodType
from typing import Any, TypeVar

import torch
from torch import nn

# Their heads read the first token (a BERT through its pooler), and their layers have one build.
READ_FIRST_TOKEN = {
    f"{family}ForSequenceClassification"
    for family in ("Bert", "Roberta", "XLMRoberta", "Camembert", "Electra")
}

Model = TypeVar("Model", bound=nn.Module)


def first_token_alone(model: Model) -> Model:
    """Make the last layer of a transformers classifier give the first token's state alone, where
    its head reads no other; every other model is given back as it is. Weights keep their names, so
    that what is saved is a stock model."""
    if type(model).__name__ not in READ_FIRST_TOKEN or model.config.is_decoder:
        return model
    if model.config._attn_implementation != "sdpa" or _dropout(model):
        return model
    layer = model.base_model.encoder.layer[-1]
    layer.forward = MethodType(_forward, layer)
    return model


def _dropout(model: nn.Module) -> float:
    return getattr(model.config, "attention_probs_dropout_prob", 0.0)


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
