"""The loss of answers: negative log-likelihoods of their tokens, end of turn included.

The head of a language model, a matrix with a line for each of tens of thousands of tokens, is
applied only at the positions that predict a learned token. Of SmolLM2-135M it is a fifth of the
weights, and its output is the largest tensor of a step.
"""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from seedbed.core.stage import progress
from seedbed.core.turns import Dialogue, dialogue
from seedbed.encoding.encoder import check_tokens, computing, device
from seedbed.encoding.examples import Examples, token_budget_batches
from seedbed.running.engine import FLOAT32, map_texts
from seedbed.training import together
from seedbed.training.chat.bases import ChatParams, OverLength, System, base_folder, load_writer
from seedbed.training.chat.batches import chat_examples, row_to_a_line
from seedbed.training.chat.template import ChatTemplate
from seedbed.training.loop import Inputs

BATCH_TOKENS = 4096  # for inference
Rendering = tuple[str, System, int, OverLength]  # what ChatTemplate takes besides a folder
Cells = tuple[str, str, str]  # `context`, `text` and `answer` of a row


class AnswerLogits(nn.Module):
    """A language model whose forward gives the logits at some positions alone.

    `prompt`: a module whose `weight`, (tokens, width), precedes the vectors of every line.
    """

    def __init__(self, model: nn.Module, prompt: nn.Embedding | None = None):
        super().__init__()
        self.model, self.prompt = model, prompt
        self._places: torch.Tensor | None = None
        # The head takes the states of all positions; what it gives keeps the caps and scales that
        # some models put on logits.
        head = model.get_output_embeddings()
        head.register_forward_pre_hook(self._selected)

    def _selected(self, head: nn.Module, states: tuple[torch.Tensor, ...]) -> torch.Tensor | None:
        if self._places is None:
            return None
        hidden = states[0]
        if self.prompt is not None:
            hidden = hidden[:, self.prompt.num_embeddings :]
        return hidden.flatten(0, 1)[self._places]

    def forward(
        self, input_ids: torch.Tensor, places: torch.Tensor, **inputs: torch.Tensor
    ) -> torch.Tensor:
        """`input_ids` (lines, tokens), `places` (learned,) as `_with_targets` gives them ->
        (learned, tokens known) float32."""
        self._places = places
        try:
            if self.prompt is None:
                return self.model(input_ids, use_cache=False, **inputs).logits.float()
            vectors = self.model.get_input_embeddings()(input_ids)
            before = self.prompt.weight.to(vectors.dtype).expand(len(vectors), -1, -1)
            vectors = torch.cat([before, vectors], 1)
            return self.model(inputs_embeds=vectors, use_cache=False, **inputs).logits.float()
        finally:
            self._places = None


def row_losses(module: nn.Module, inputs: Inputs, starts: torch.Tensor) -> torch.Tensor:
    """Return the mean negative log-likelihood of the learned tokens of each row: (rows,) float32,
    in nats; `inputs` as seedbed/training/chat/batches.py makes them."""
    total, count = _sums(module, inputs, len(starts))
    return total / count


def _sums(module: nn.Module, inputs: Inputs, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    inputs = dict(inputs)
    targets, owners = inputs.pop("targets"), inputs.pop("owners")
    losses = nn.functional.cross_entropy(module(**inputs), targets, reduction="none")
    total = torch.zeros(rows, dtype=losses.dtype, device=losses.device)
    return total.index_add(0, owners, losses), torch.bincount(owners, minlength=rows)


class AnswerLosses(NamedTuple):
    """Of each answer: the negative log-likelihood of all its tokens in nats, float64, NaN where the
    conversation does not fit; how many they are, end of turn included; and its characters."""

    total: np.ndarray
    tokens: np.ndarray
    characters: np.ndarray


@torch.inference_mode()
def answer_losses(
    module: nn.Module, examples: Examples, dtype: torch.dtype, label: str
) -> np.ndarray:
    """Return the negative log-likelihood of each row's answer, summed over its tokens: (rows,)
    float64. `module` as AnswerLogits is. The last bits depend on the rows of a batch."""
    check_tokens(module, examples, label)
    where = device()
    module = module.to(where).eval()
    every = token_budget_batches([len(ids) for ids in examples.ids], BATCH_TOKENS)
    totals, batches = np.zeros(len(examples.ids)), together.own(every)
    for batch in progress(batches, label, len(batches)):
        inputs = row_to_a_line(examples, batch, where)
        with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
            total, _ = _sums(module, inputs, len(batch))
        totals[batch] = total.double().cpu().numpy()
    return np.sum(together.gathered(totals), axis=0)


def dialogue_losses(
    module: AnswerLogits,
    template: ChatTemplate,
    dialogues: Sequence[Dialogue],
    with_question: bool = True,
    label: str = "losses",
) -> AnswerLosses:
    """Return the negative log-likelihood of each answer, given its question, or after nothing but
    what begins an answer."""
    encoded = (template.encode if with_question else template.without_question)(dialogues)
    names = [str(index) for index in range(len(dialogues))]
    examples = chat_examples(encoded, names, np.ones(len(names)))
    total, tokens = np.full(len(names), np.nan), np.zeros(len(names), dtype=np.int64)
    fits = encoded.fits
    if fits.any():  # the weights have their dtype already
        total[fits] = answer_losses(module, examples, torch.float32, label)
    tokens[fits] = np.array([len(ids) for ids in examples.ids], dtype=int) - examples.labels
    return AnswerLosses(total, tokens, np.array([len(row.answer) for row in dialogues]))


def base_losses(
    params: ChatParams, rows: Sequence[Cells], with_question: bool = True
) -> np.ndarray:
    """Return the loss in nats of each answer by the base model as it is, as `dialogue_losses` does,
    and its tokens: (rows, 2) float32. The memo keeps them. Raises ModelError as `base_folder` and
    `ChatTemplate` do."""
    dtype = computing(params.precision, params.threads)
    work = partial(
        losses_by,
        folder=base_folder(params),
        template=(params.template, params.system, params.max_length, params.over_length),
        dtype=str(dtype).removeprefix("torch."),
        with_question=with_question,
    )
    if not rows:
        return np.zeros((0, 2), np.float32)
    return np.stack(map_texts(work, rows, FLOAT32, threads=params.threads))


def losses_by(
    rows: Sequence[Cells],
    folder: Path,
    template: Rendering,
    dtype: str,
    with_question: bool,
) -> np.ndarray:
    """Return the losses of `base_losses` by the model of a folder. Their last bits depend on the
    rows that share a batch."""
    words, module = _loaded(folder.resolve(), template, dtype)
    found = dialogue_losses(module, words, list(map(_dialogue, rows)), with_question, "")
    return np.stack([found.total, found.tokens], axis=1).astype(np.float32)


def _dialogue(cells: Cells) -> Dialogue:
    context, text, answer = cells
    return dialogue(text, context, answer)


@cache
def _loaded(folder: Path, template: Rendering, dtype: str) -> tuple[ChatTemplate, AnswerLogits]:
    model = load_writer(folder, getattr(torch, dtype))
    return ChatTemplate(folder, *template), AnswerLogits(model)
