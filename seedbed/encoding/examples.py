"""Tokenized rows as models take them, and batches of about the same cost.

A batch holds texts of about one length, so that little of it is padding, and as many as fit a
budget of tokens, so that every batch costs about the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from seedbed.encoding.tokens import Encoded
from seedbed.scoring.metrics import OUTSIDE

LENGTH_NOISE_TOKENS = 2  # enough that an epoch's batches are never those of the one before


@dataclass(frozen=True)
class Examples:
    """Tokenized rows, one entry a window: token ids, segments (None: all 0), class numbers (int64,
    OUTSIDE: none), weights (float32) and the ids of the rows they belong to. The
    windows of a row stand together and share its weight."""

    ids: Sequence[np.ndarray]
    segments: Sequence[np.ndarray] | None
    labels: np.ndarray
    weights: np.ndarray
    rows: Sequence[str]

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each row's first window stands: (rows,)."""
        names = np.asarray(self.rows, dtype=object)
        return np.flatnonzero(np.r_[True, names[1:] != names[:-1]])

    def pooled(self, values: np.ndarray) -> np.ndarray:
        """The mean over each row's windows: (windows, width) -> (rows, width)."""
        sizes = np.diff(np.r_[self.starts, len(values)])
        return np.add.reduceat(values, self.starts, axis=0) / sizes[:, None]

    @property
    def row_ids(self) -> list[str]:
        """The rows' ids, each once."""
        return [self.rows[start] for start in self.starts]

    @property
    def row_labels(self) -> np.ndarray:
        """Class numbers by row: (rows,) int64."""
        return self.labels[self.starts]

    @property
    def row_weights(self) -> np.ndarray:
        """Weights by row: (rows,) float32."""
        return np.add.reduceat(self.weights, self.starts).astype(np.float32)

    @property
    def inside(self) -> "Examples":
        """Those that some class is right for; all of them where none is OUTSIDE."""
        known = self.labels != OUTSIDE
        return self if known.all() else self.take(known)

    def take(self, windows: np.ndarray) -> "Examples":
        """Some of them: `windows` holds places or truth values, (windows,)."""
        places = np.arange(len(self.ids))[windows]
        return Examples(
            [self.ids[place] for place in places],
            None if self.segments is None else [self.segments[place] for place in places],
            self.labels[places],
            self.weights[places],
            [self.rows[place] for place in places],
        )


def examples_of(rows: pd.DataFrame, encoded: Encoded, classes: Sequence[str]) -> Examples:
    """Rows with their windows, in the order of both; a label that is no class is OUTSIDE."""
    number = {name: place for place, name in enumerate(classes)}
    labels = np.array([number.get(name, OUTSIDE) for name in rows["label"]], dtype=np.int64)
    weights = rows["weight"].to_numpy(dtype=np.float32) / encoded.windows.astype(np.float32)
    return Examples(
        encoded.ids,
        encoded.segments,
        np.repeat(labels, encoded.windows),
        np.repeat(weights, encoded.windows),
        np.repeat(rows["id"].to_numpy(dtype=object), encoded.windows).tolist(),
    )


def token_budget_batches(
    lengths: Sequence[int], max_tokens: int, shuffle: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Indices in batches of like length, each at most `max_tokens` tokens with its padding.

    With `shuffle` rows of like length change places and the batches come in random order, as
    training wants; without, the longest come first, so that memory fails at once or never.
    """
    lengths = np.asarray(lengths)
    noise = np.zeros(len(lengths))
    if shuffle is not None:
        noise = shuffle.random(len(lengths)) * LENGTH_NOISE_TOKENS
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


def padding_share(lengths: Sequence[int], batches: Sequence[np.ndarray], fixed: int = 0) -> float:
    """Share of padding in batches padded to their longest, or to `fixed` tokens each."""
    lengths = np.asarray(lengths)
    padded = sum((fixed or int(lengths[batch].max())) * len(batch) for batch in batches)
    return 1 - float(lengths.sum()) / padded


def pad(rows: Sequence[Sequence[int]], multiple: int = 1) -> np.ndarray:
    """Rows padded with 0 on the right to the longest, rounded up to a multiple: (rows, tokens)
    int64. What is padding the attention mask says, not its number."""
    longest = max(len(row) for row in rows)
    padded = np.zeros((len(rows), -(-longest // multiple) * multiple), dtype=np.int64)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return padded
