"""Encoded conversations as examples of the training loop, and their batches.

The `labels` of such examples are the index of each row's first learned token, and their `weights`
that of the row times its learned tokens, so that the loss of a batch is the mean over tokens, as
transformers computes it. A batch has one row in a line, padded on the right, where no token reads
it; or, packed, several rows in a line, none of which reads another.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from seedbed.core.errors import RowsError
from seedbed.encoding.examples import Examples, pad
from seedbed.training.chat.template import Encoded
from seedbed.training.loop import Inputs

OPEN_LINES = 64  # packed lines that another row may still go to: more gain nothing


def chat_examples(encoded: Encoded, rows: Sequence[str], weights: np.ndarray) -> Examples:
    """Return the rows that fit, with their ids and weights: (rows,) of all of them."""
    fits = np.flatnonzero(encoded.fits).tolist()
    ids = [encoded.ids[index] for index in fits]
    starts = encoded.starts[fits]
    learned = np.array([len(row) for row in ids], dtype=np.int64) - starts
    scaled = (np.asarray(weights)[fits] * learned).astype(np.float32)
    return Examples(ids, None, starts, scaled, [rows[index] for index in fits])


def check_ends(examples: Examples, end: int) -> None:
    """Raise RowsError where a row is without the token that ends its answer, or has no token that
    is learned: a model would learn never to stop, or nothing."""
    for ids, start, row in zip(examples.ids, examples.labels, examples.rows, strict=True):
        if not 0 < start < len(ids) - 1:
            found = f"{len(ids)} tokens, of which the answer begins at {start}"
            raise RowsError(f"row {row}", found, "an answer of at least one token", "`dvc repro`")
        if ids[-1] != end:
            found, expected = "an answer that lost its end", f"token {end} as the last one"
            raise RowsError(f"row {row}", found, expected, "run `dvc repro`")


def row_to_a_line(examples: Examples, batch: np.ndarray, where: torch.device) -> Inputs:
    """Return a batch with one row in a line: `input_ids` (rows, tokens), and what `_with_targets`
    adds. Without a mask, since a token reads only those on its left."""
    lines = [[index] for index in range(len(batch))]
    return _with_targets(examples, batch, lines, where)


class Packing(NamedTuple):
    """Several rows after each other in a line of at most `width` tokens, which is at least the
    length of the longest row."""

    width: int

    def batches(
        self, lengths: Sequence[int], max_tokens: int, shuffle: np.random.Generator
    ) -> list[np.ndarray]:
        """Return the indices of rows in batches of lines, filled in random order by first fit; each
        batch has at most `max_tokens` with its padding, or one line."""
        lines: list[list[int]] = []
        room: list[int] = []
        for row in shuffle.permutation(len(lengths)).tolist():
            last = range(max(0, len(lines) - OPEN_LINES), len(lines))
            line = next((line for line in last if room[line] >= lengths[row]), len(lines))
            if line == len(lines):
                lines.append([])
                room.append(self.width)
            lines[line].append(row)
            room[line] -= lengths[row]
        step = max(1, max_tokens // self.width)
        parts = [lines[start : start + step] for start in range(0, len(lines), step)]
        shuffle.shuffle(parts)
        return [np.array([row for line in part for row in line]) for part in parts]

    def collate(self, examples: Examples, batch: np.ndarray, where: torch.device) -> Inputs:
        """Return a batch of `batches` in its lines: `input_ids` and `position_ids` (lines, tokens),
        `attention_mask` (lines, 1, tokens, tokens) bool, True where a token (third) reads another
        (fourth), and what `_with_targets` adds."""
        sizes = [len(examples.ids[row]) for row in batch]
        lines = self._lines(sizes)
        inputs = _with_targets(examples, batch, lines, where)
        width = inputs["input_ids"].shape[1]
        owners = np.full((len(lines), width), -1, dtype=np.int64)  # -1: padding
        positions = np.zeros((len(lines), width), dtype=np.int64)
        for number, line in enumerate(lines):
            end = 0
            for index in line:
                start, end = end, end + sizes[index]
                owners[number, start:end] = index
                positions[number, start:end] = range(sizes[index])
            positions[number, end:] = range(width - end)
        # Padding reads padding: softmax over no token at all is not a number.
        mask = (owners[:, :, None] == owners[:, None, :]) & np.tri(width, dtype=bool)
        inputs["position_ids"] = torch.from_numpy(positions).to(where)
        inputs["attention_mask"] = torch.from_numpy(mask[:, None]).to(where)
        return inputs

    def _lines(self, sizes: Sequence[int]) -> list[list[int]]:
        """The lines that `batches` filled: a row that opened one did not fit into that before."""
        lines: list[list[int]] = []
        left = -1
        for index, size in enumerate(sizes):
            if size > left:
                lines.append([])
                left = self.width
            lines[-1].append(index)
            left -= size
        return lines


def _with_targets(
    examples: Examples, batch: np.ndarray, lines: list[list[int]], where: torch.device
) -> Inputs:
    """`input_ids` of the lines, and of each learned token, (learned,) int64: `places`, the index of
    the position before it among all of them, which predicts it; `targets`, its id; `owners`, the
    index of its row in the batch."""
    ids = [examples.ids[row] for row in batch]
    padded = pad([np.concatenate([ids[index] for index in line]) for line in lines])
    places, targets, owners = [], [], []
    for number, line in enumerate(lines):
        offset = number * padded.shape[1]
        for index in line:
            start, end = int(examples.labels[batch[index]]), len(ids[index])
            places.append(np.arange(offset + start - 1, offset + end - 1))
            targets.append(ids[index][start:].astype(np.int64))
            owners.append(np.full(end - start, index))
            offset += end
    columns = {"places": places, "targets": targets, "owners": owners}
    arrays = {name: np.concatenate(column) for name, column in columns.items()}
    arrays["input_ids"] = padded
    return {name: torch.from_numpy(array).to(where) for name, array in arrays.items()}
