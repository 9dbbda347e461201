"""What the approaches that write share: the conversations that a model is tuned on, its training by
the one loop, the folder it is saved to, and the model that answers from there."""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from pydantic import Field
from torch import nn
from transformers import PreTrainedModel

from seedbed.core.errors import ModelError, ParamsError
from seedbed.core.turns import Dialogue
from seedbed.encoding.encoder import computing
from seedbed.encoding.examples import Examples, token_budget_batches
from seedbed.encoding.tokens import Truncation
from seedbed.scoring.answers.predictions import Written
from seedbed.training import together
from seedbed.training.chat.bases import ChatParams, OverLength, System, base_folder, load_writer
from seedbed.training.chat.batches import Packing, check_ends, row_to_a_line
from seedbed.training.chat.datasets import ChatRows, ChatTokenized
from seedbed.training.chat.generation import Writer
from seedbed.training.chat.losses import (
    AnswerLogits,
    AnswerLosses,
    answer_losses,
    dialogue_losses,
    row_losses,
)
from seedbed.training.chat.template import ChatTemplate
from seedbed.training.loop import LOSS, Curve, Group, Losses, Run, Work, train
from seedbed.training.models import ApproachParams, LoopParams, ModelFormat, SavedModel, write_card

CAUSAL = ModelFormat(
    "causal_lm",
    "transformers",
    "text-generation",
    """from transformers import pipeline
write = pipeline("text-generation", model="{folder}", max_new_tokens=200)
print(write([{"role": "user", "content": {text}}])[0]["generated_text"][-1]["content"])""",
)
MAX_NEW_TOKENS = 256


class ChatTrainingParams(ApproachParams, LoopParams):
    """Parameters of an approach that trains a language model in epochs.

    `packing` puts several conversations in a line, none of which reads another: the same loss, with
    less padding and more attention. `gradient_checkpointing` computes the states of a layer twice
    rather than keep them: the same loss, less memory, a third more time.
    """

    patience_epochs: int = Field(ge=0, le=100_000)
    packing: bool = False
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class ChatData:
    """What an approach is tuned on: conversations by split, and their tokens by one base model; the
    folder of the encoder that compares questions by meaning, and how it cuts them. A training that
    was killed continues from the folder `checkpoints`; with None it starts anew."""

    base: Path
    template: ChatTemplate
    rows: Mapping[str, ChatRows]
    train: Examples
    validation: Examples
    encoder: Path
    truncation: Truncation
    dtype: torch.dtype
    settings: Mapping[str, str]
    checkpoints: Path | None = None

    def card(
        self, approach: str, params: ApproachParams, trained: int, **settings: str
    ) -> SavedModel:
        """The card of a model that was tuned on these rows, `trained` of whose weights changed."""
        values = params.model_dump(mode="json")
        return SavedModel(
            approach=approach,
            task="answer",
            **CAUSAL._asdict(),
            classes=[],
            truncation=Truncation(self.template.max_length),
            trainable_parameters=trained,
            params={key: json.dumps(value) for key, value in values.items()},
            settings={
                **self.settings,
                "template_digest": self.template.digest,
                **settings,
                **(together.group().as_settings() if trained else {}),
            },
        )


def chat_template(params: ChatParams) -> ChatTemplate:
    """Return the template of the base model that params.yaml names, or the one that it gives.

    Raises ModelError as `base_folder` and `ChatTemplate` do.
    """
    return ChatTemplate(
        base_folder(params), params.template, params.system, params.max_length, params.over_length
    )


def chat_data(content: ChatTokenized, encoder: Path, checkpoints: Path | None = None) -> ChatData:
    """Return tokenized rows with the base model that they were tokenized for.

    Raises ModelError as `base_folder` and `ChatTemplate` do.
    """
    params, examples = content.params, content.examples
    return ChatData(
        base_folder(params),
        chat_template(params),
        content.rows,
        examples["train"],
        examples["validation"],
        encoder,
        content.truncation,
        computing(params.precision, params.threads),
        params.to_be_saved(),
        checkpoints,
    )


def weight_groups(model: nn.Module, params: LoopParams) -> list[Group]:
    """The weights that are trained, as two AdamW groups: norms and biases get no weight decay."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        Group(params=[weight for weight in weights if weight.ndim > 1]),
        Group(params=[weight for weight in weights if weight.ndim <= 1], weight_decay=0.0),
    ]
    return [group for group in groups if group["params"]]


def trainable_parameters(module: nn.Module) -> int:
    """The number of weights of a module that training may change."""
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


def fit(
    module: AnswerLogits,
    groups: list[Group],
    data: ChatData,
    params: ChatTrainingParams,
    seed: int,
    approach: str,
    losses: Losses | None = None,
) -> Curve:
    """Train a language model in place and give its curve: one dict an epoch, with the mean loss a
    token on the validation rows. `losses` defaults to `row_losses`. Raises RowsError for rows that
    are not whole, and ModelError as the loop does."""
    for part in (data.train, data.validation):
        check_ends(part, data.template.end)

    def score(module: nn.Module) -> float:
        return mean_loss(module, data.validation, data.dtype, f"{approach} validation")

    # The vectors of a soft prompt precede each line, so that a line is one row.
    lines = Packing(max(map(len, data.train.ids))) if params.packing else None
    if module.prompt is not None:
        lines = None
    work = Work(
        module,
        groups,
        losses or row_losses,
        score if len(data.validation.ids) else None,
        params.patience_epochs,
        LOSS,
        lines.collate if lines else row_to_a_line,
        lines.batches if lines else token_budget_batches,
    )
    if params.gradient_checkpointing:
        if not module.model.supports_gradient_checkpointing:
            place = f"params.yaml: {approach}.gradient_checkpointing"
            found, expected = "true", "false: this model cannot compute a layer twice"
            raise ParamsError(place, found, expected, "set it so, and lower batch_tokens")
        module.model.activation_checkpointing_enable()
    rows = {"train": data.train, "validation": data.validation}
    run = Run(approach, params, seed, data.dtype, data.checkpoints, fit, "chat")
    curve = train(work, rows, run)
    if params.gradient_checkpointing:
        module.model.activation_checkpointing_disable()
    return curve


def mean_loss(module: nn.Module, examples: Examples, dtype: torch.dtype, label: str) -> float:
    """The negative log-likelihood a token of the answers, in nats."""
    totals = answer_losses(module, examples, dtype, label)
    learned = sum(len(ids) for ids in examples.ids) - int(examples.labels.sum())
    return float(totals.sum() / learned)


def save_writer(model: PreTrainedModel, data: ChatData, folder: Path, card: SavedModel) -> None:
    """Write a model that transformers' pipeline("text-generation") loads, with the template that it
    was tuned by; `card` and digests last."""
    model.generation_config.eos_token_id = list(data.template.stops)
    model.generation_config.do_sample = False
    model.save_pretrained(folder)
    words = data.template.words
    words.model_max_length = data.template.longest
    words.save_pretrained(folder)
    write_card(folder, card)


class Answer(NamedTuple):
    """What was written: its text, its tokens without the end of turn, whether it ended by itself,
    and why a question got none ("" where it did)."""

    text: str
    tokens: int
    ended: bool
    reason: str = ""


def as_written(answers: Sequence[Answer], losses: AnswerLosses | None) -> Written:
    """Return what a model wrote, and what it makes of the true answers, in the form that is
    judged."""
    rows = len(answers)
    return Written(
        [answer.text for answer in answers],
        np.array([answer.ended for answer in answers], dtype=bool),
        [answer.reason for answer in answers],
        np.full(rows, np.nan) if losses is None else losses.total,
        np.zeros(rows, dtype=np.int64) if losses is None else losses.tokens,
    )


class Answerer(Protocol):
    """A model that answers, as every approach loads it."""

    def answers(
        self, dialogues: Sequence[Dialogue], max_new_tokens: int = MAX_NEW_TOKENS
    ) -> list[Answer]:
        """Return the answer to each question; what the dialogue has as one is not read."""

    def losses(
        self, dialogues: Sequence[Dialogue], with_question: bool = True
    ) -> AnswerLosses | None:
        """Return how surprising each answer is, given its question or not; None for what writes
        without probabilities."""

    def stream(
        self, row: Dialogue, max_new_tokens: int = MAX_NEW_TOKENS
    ) -> Generator[str, None, Answer]:
        """Yield one answer piece by piece, and return it."""


class ChatModel:
    """A language model with its template. `prepare` changes what is asked, as examples in the
    prompt do; `prompt` are vectors, (tokens, width), that precede every conversation."""

    def __init__(
        self,
        folder: Path,
        card: SavedModel,
        dtype: torch.dtype,
        prepare: Callable[[Sequence[Dialogue]], list[Dialogue]] = list,
        prompt: torch.Tensor | None = None,
    ):
        """Raises ModelError where the folder has no such model, or another template than the one
        that the model was tuned by."""
        system: System = "question" if card.settings.get("system") == "question" else "template"
        over_length: OverLength = (
            "refuse" if card.settings.get("over_length") == "refuse" else "drop_turns"
        )
        self.template = ChatTemplate(folder, "", system, card.truncation.max_length, over_length)
        if (found := self.template.digest) != card.settings.get("template_digest"):
            expected = f"{card.settings.get('template_digest')}, by which the model was tuned"
            step = "bring its files back: `dvc checkout`, or `dvc repro`"
            raise ModelError(f"{folder}", f"the chat template {found}", expected, step)
        model = load_writer(folder, dtype)
        soft = None if prompt is None else nn.Embedding(*prompt.shape, _weight=prompt.to(dtype))
        self._logits = AnswerLogits(model, soft)
        self._writer = Writer(model, self.template.stops, self.template.longest, prompt)
        self._prepare = prepare

    def answers(
        self, dialogues: Sequence[Dialogue], max_new_tokens: int = MAX_NEW_TOKENS
    ) -> list[Answer]:
        """Return the answer to each question, written greedily."""
        prompts = self.template.prompts(self._prepare(dialogues), max_new_tokens)
        known = [ids for ids in prompts.ids if len(ids)]
        waiting = iter(self._writer.write(known, max_new_tokens, "answers"))
        answers = []
        for reason in prompts.reasons:
            if reason:
                answers.append(Answer("", 0, False, reason))
                continue
            written = next(waiting)
            text = self.template.decode(written.ids)
            answers.append(Answer(text, len(written.ids), written.ended))
        return answers

    def stream(
        self, row: Dialogue, max_new_tokens: int = MAX_NEW_TOKENS
    ) -> Generator[str, None, Answer]:
        """Yield one answer piece by piece, and return what `answers` does."""
        prompts = self.template.prompts(self._prepare([row]), max_new_tokens)
        if reason := prompts.reasons[0]:
            return Answer("", 0, False, reason)
        decode = self.template.decode
        written = yield from self._writer.stream(prompts.ids[0], max_new_tokens, decode)
        return Answer(decode(written.ids), len(written.ids), written.ended)

    def losses(self, dialogues: Sequence[Dialogue], with_question: bool = True) -> AnswerLosses:
        """Return the negative log-likelihood of each answer, given its question, or after nothing
        but what begins an answer."""
        rows = self._prepare(dialogues) if with_question else dialogues
        return dialogue_losses(self._logits, self.template, rows, with_question)
