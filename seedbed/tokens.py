"""Texts to token ids, and token ids to padded batches of about the same cost.

Rust does the encoding. A batch holds texts of about one length, so that little of it is padding,
and as many as fit a budget of tokens, so that every batch costs about the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from seedbed.errors import ModelError


@dataclass(frozen=True)
class Examples:
    """Tokenized rows: token ids, class numbers (int64) and weights (float32), in one order."""

    ids: Sequence[Sequence[int]]
    labels: np.ndarray
    weights: np.ndarray


def load_tokenizer(folder: Path, max_length: int, truncation: str = "head") -> Tokenizer:
    """The fast tokenizer of an encoder folder, cutting at `max_length` tokens, never padding.

    `truncation` says which end of a long text stays: "head" or "tail". Raises ModelError where
    the folder has none.
    """
    file = folder / "tokenizer.json"
    if not file.exists():
        raise ModelError(
            str(folder), "no tokenizer.json", "a fast tokenizer", "save it with save_pretrained"
        )
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    direction = "right" if truncation == "head" else "left"
    tokenizer.enable_truncation(max_length, direction=direction)
    return tokenizer


def encode(
    tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None = None
) -> list[list[int]]:
    """Token ids of each text (or of each text and its pair), special tokens included."""
    return [encoding.ids for encoding in encodings(tokenizer, texts, pairs)]


def encodings(
    tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None = None
) -> list[Encoding]:
    """The Encoding of each text: its ids, and in `overflowing` what was cut off."""
    paired = pairs is not None and any(pairs)
    inputs = list(zip(texts, pairs, strict=True)) if paired else list(texts)
    return tokenizer.encode_batch(inputs)


def token_budget_batches(
    lengths: Sequence[int], max_tokens: int, shuffle: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Indices in batches of like length, each at most `max_tokens` tokens with its padding.

    With `shuffle` rows of like length change places and the batches come in random order, as
    training wants; without, the longest come first, so that memory fails at once or never.
    """
    lengths = np.asarray(lengths)
    noise = np.zeros(len(lengths)) if shuffle is None else shuffle.random(len(lengths)) * 3
    order = np.argsort(-(lengths + noise), kind="stable")
    batches: list[np.ndarray] = []
    start = 0
    while start < len(order):
        end, longest = start, 0
        while end < len(order):
            longest = max(longest, int(lengths[order[end]]))
            if end > start and longest * (end - start + 1) > max_tokens:
                break
            end += 1
        batches.append(order[start:end])
        start = end
    if shuffle is not None:
        shuffle.shuffle(batches)
    return batches


def pad(rows: Sequence[Sequence[int]], fill: int = 0) -> np.ndarray:
    """Rows padded on the right to the longest: (rows, tokens), int64."""
    padded = np.full((len(rows), max(len(row) for row in rows)), fill, dtype=np.int64)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return padded
