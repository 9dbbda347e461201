"""Answers written by a model: greedy, so that the same prompt gets the same answer on one machine,
and many at once.

Prompts of like length share a batch, padded on the left. A row whose turn ended leaves the batch,
so that a long answer does not keep short ones waiting. The last bits of a logit depend on the rows
of a batch; where two tokens are as likely, so may the answer.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from transformers import DynamicCache

from seedbed.core.stage import progress
from seedbed.encoding.encoder import device
from seedbed.training import together
from seedbed.training.loop import Inputs

BATCH_ROWS = 32
BATCH_TOKENS = 16_384  # of prompts and answers, whose keys and values are kept

# From token ids to text.
Decode = Callable[[list[int]], str]


class Written(NamedTuple):
    """The tokens of an answer without its end, and whether the model ended it by itself."""

    ids: list[int]
    ended: bool


class Writer:
    """A model that continues prompts. `prompt`: vectors, (tokens, width), that precede each."""

    def __init__(self, model: nn.Module, stops: Collection[int], longest: int,
                 prompt: torch.Tensor | None = None):  # fmt: skip
        """`stops`: tokens that end an answer; `longest`: most tokens that the model takes."""
        self.model, self.stops, self._prompt = model.to(device()).eval(), stops, prompt
        self.longest = longest - (0 if prompt is None else len(prompt))

    def write(
        self, prompts: Sequence[np.ndarray], max_new_tokens: int, label: str
    ) -> list[Written]:
        """Return an answer for each prompt, of at most `max_new_tokens` tokens."""
        batches = together.own(_batches([len(ids) for ids in prompts], max_new_tokens))
        written: dict[int, Written] = {}
        for batch in progress(batches, label, len(batches)):
            texts: dict[int, list[int]] = {int(row): [] for row in batch}
            for place, token in self._tokens([prompts[row] for row in batch], max_new_tokens):
                row = int(batch[place])
                if token in self.stops:
                    written[row] = Written(texts.pop(row), ended=True)
                else:
                    texts[row].append(token)
            for row, ids in texts.items():
                written[row] = Written(ids, ended=False)
        every = {row: one for part in together.gathered(written) for row, one in part.items()}
        return [every[row] for row in range(len(prompts))]

    def stream(
        self, prompt: np.ndarray, max_new_tokens: int, decode: Decode
    ) -> Generator[str, None, Written]:
        """Yield the text of one answer as it is written, whole characters at a time, and return
        its tokens."""
        ids: list[int] = []
        shown, ended = "", False
        for _, token in self._tokens([prompt], max_new_tokens):
            ended = token in self.stops
            if not ended:
                ids.append(token)
                text = decode(ids)
                if not text.endswith("\ufffd"):  # bytes of a character are still to come
                    yield text[len(shown) :]
                    shown = text
        if rest := decode(ids)[len(shown) :]:
            yield rest
        return Written(ids, ended)

    def _tokens(
        self, prompts: Sequence[np.ndarray], max_new_tokens: int
    ) -> Iterator[tuple[int, int]]:
        """Yield (index of the prompt, token), token by token, until each has ended."""
        active = torch.arange(len(prompts))
        inputs, mask = self._padded(prompts)
        limit = min(max_new_tokens, self.longest - max(map(len, prompts)))
        cache = DynamicCache(config=self.model.config)
        for _ in range(limit):
            with torch.inference_mode():
                [width] = {part.shape[1] for part in inputs.values()}
                output = self.model(
                    **inputs,
                    attention_mask=mask,
                    position_ids=(mask.cumsum(1) - 1).clamp(min=0)[:, -width:],
                    past_key_values=cache,
                    logits_to_keep=1,
                )
                tokens = output.logits[:, -1].argmax(-1)  # of equals the first
            found = tokens.tolist()
            yield from zip(active.tolist(), found, strict=True)
            going = torch.tensor([token not in self.stops for token in found])
            if not going.any():
                return
            with torch.inference_mode():
                if not going.all():
                    there = going.to(mask.device)
                    cache.batch_select_indices(there.nonzero()[:, 0])
                    active, tokens, mask = active[going], tokens[there], mask[there]
                mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
                inputs = {"input_ids": tokens[:, None]}

    @torch.inference_mode()
    def _padded(self, prompts: Sequence[np.ndarray]) -> tuple[Inputs, torch.Tensor]:
        """The prompts padded on the left, as `input_ids` (rows, tokens), or with vectors before
        them as `inputs_embeds` (rows, tokens, width); and their mask."""
        where = device()
        rows = [torch.from_numpy(ids.astype(np.int64)).to(where) for ids in prompts]
        name = "input_ids"
        if self._prompt is not None:
            embed = self.model.get_input_embeddings()
            rows = [torch.cat([self._prompt.to(vectors), vectors]) for vectors in map(embed, rows)]
            name = "inputs_embeds"
        lengths = torch.tensor(list(map(len, rows)), device=where)
        width = int(lengths.max())
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_side="left")
        mask = torch.arange(width, device=where) >= width - lengths[:, None]
        return {name: padded}, mask.long()


def _batches(lengths: Sequence[int], new: int) -> list[np.ndarray]:
    """Indices in batches of like length, the longest first, so that memory fails at once."""
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    batches, start = [], 0
    while start < len(order):
        size = max(1, min(BATCH_ROWS, BATCH_TOKENS // (lengths[order[start]] + new)))
        batches.append(order[start : start + size])
        start += size
    return batches
