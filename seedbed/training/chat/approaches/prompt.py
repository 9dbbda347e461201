"""The language model stays as it is. With `kind: examples` the nearest train conversations are put
into its prompt (Liu et al., 2022); with `kind: soft` vectors that precede it are trained (prompt
tuning: Lester et al., 2021)."""

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from seedbed.core.errors import ParamsError
from seedbed.core.turns import Dialogue, Turn
from seedbed.training.chat.bases import load_writer
from seedbed.training.chat.losses import AnswerLogits
from seedbed.training.chat.nearest import NearestRows
from seedbed.training.chat.tuning import (
    Answerer,
    ChatData,
    ChatModel,
    ChatTrainingParams,
    fit,
    mean_loss,
    save_writer,
    weight_groups,
)
from seedbed.training.loop import LOSS, Curve
from seedbed.training.models import SavedModel

PLACE = "params.yaml: prompt"
SOFT = "soft_prompt.safetensors"
NEAREST = "nearest"


class Params(ChatTrainingParams):
    """params.yaml section of the approach.

    Of `examples`: how many conversations, and their `wording`, in which {question} and {answer} are
    replaced, as a text before the question; with "" they are earlier turns. Of `soft`: how many
    vectors.
    """

    kind: Literal["examples", "soft"]
    examples: int = Field(ge=0, le=1000)
    wording: str = ""
    vectors: int = Field(gt=0, le=10_000)


def fine_tune(data: ChatData, params: Params, seed: int, folder: Path) -> Curve:
    """Save the model with what precedes its prompt to `folder` and give the curve, which has one
    point where nothing is trained. Raises ParamsError for a wording without its places."""
    if params.kind == "soft":
        return _soft(data, params, seed, folder)
    if params.wording and not all(name in params.wording for name in ("{question}", "{answer}")):
        step = "put {question} and {answer} where they go"
        raise ParamsError(f"{PLACE}.wording", repr(params.wording), "a text with both", step)
    model = load_writer(data.base)
    nearest = NearestRows.of(data.rows["train"].dialogues, data.encoder, data.truncation)
    nearest.save(folder / NEAREST)
    settings = {"examples": str(params.examples), "wording": params.wording}
    save_writer(model, data, folder, data.card("prompt", params, 0, **settings))
    prepare = partial(with_examples, nearest=nearest, count=params.examples, wording=params.wording)
    held_out = data.rows["validation"].dialogues
    if not held_out:
        return [{"epoch": 1}]
    found = ChatModel(folder, data.card("prompt", params, 0), torch.float32, prepare)
    losses = found.losses(held_out)
    fits = losses.tokens > 0
    return [{"epoch": 1, LOSS: float(losses.total[fits].sum() / losses.tokens[fits].sum())}]


def load(folder: Path, card: SavedModel, dtype: torch.dtype) -> Answerer:
    """Load a model that `fine_tune` saved."""
    if (folder / SOFT).exists():
        from safetensors.torch import load_file

        return ChatModel(folder, card, dtype, prompt=load_file(folder / SOFT)["vectors"])
    nearest = NearestRows.load(folder / NEAREST)
    count, wording = int(str(card.settings["examples"])), str(card.settings["wording"])
    prepare = partial(with_examples, nearest=nearest, count=count, wording=wording)
    return ChatModel(folder, card, dtype, prepare)


def with_examples(
    dialogues: Sequence[Dialogue], nearest: NearestRows, count: int, wording: str
) -> list[Dialogue]:
    """Put the nearest conversations into each, the nearest last, which is next to the question, and
    lost last where not all fit. A conversation is no example for itself."""
    found = nearest.nearest(dialogues, count + 1) if count else [[] for _ in dialogues]
    changed = []
    for row, others in zip(dialogues, found, strict=True):
        used = [one for one in others if one.question != row.question][:count][::-1]
        if wording:
            changed.append(row._replace(question=_worded(wording, used, row.question)))
            continue
        system = tuple(turn for turn in row.context if turn.role == "system")
        turns = tuple(turn for turn in row.context if turn.role != "system")
        shown = [turn for one in used for turn in _turns(one)]
        changed.append(row._replace(context=(*system, *shown, *turns)))
    return changed


def _turns(row: Dialogue) -> tuple[Turn, Turn]:
    return Turn("user", row.question), Turn("assistant", row.answer)


def _worded(wording: str, rows: Sequence[Dialogue], question: str) -> str:
    """Examples and question by one wording, of which the question's ends before the answer."""
    blocks = [_filled(wording, row.question, row.answer) for row in rows]
    before, _, _ = wording.partition("{answer}")
    return "\n\n".join([*blocks, before.replace("{question}", question).rstrip()])


def _filled(wording: str, question: str, answer: str) -> str:
    # In one pass, or a question with {answer} in it would be filled, too.
    parts = wording.split("{question}")
    return question.join(part.replace("{answer}", answer) for part in parts)


def _soft(data: ChatData, params: Params, seed: int, folder: Path) -> Curve:
    from peft import PromptTuningConfig, TaskType, get_peft_model
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    model = load_writer(data.base)
    config = PromptTuningConfig(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=params.vectors)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        tuned = get_peft_model(model, config)
    prompt: nn.Embedding = tuned.prompt_encoder["default"].embedding
    words = model.get_input_embeddings().weight
    drawn = torch.randint(len(words), (params.vectors,))
    with torch.no_grad():  # vectors of words: random ones are of another length
        prompt.weight.copy_(words[drawn])
    module = AnswerLogits(model, prompt)
    untuned = mean_loss(module, data.validation, data.dtype, "prompt") if data.validation.ids else 0
    groups = weight_groups(module, params)
    curve = fit(module, groups, data, params, seed, "prompt")
    if data.validation.ids:
        curve = [{"epoch": 0, LOSS: untuned}, *curve]
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"vectors": prompt.weight.detach().cpu().contiguous()}, folder / SOFT)
    save_writer(model, data, folder, data.card("prompt", params, prompt.weight.numel()))
    return curve
