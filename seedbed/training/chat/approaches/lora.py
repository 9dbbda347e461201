"""LoRA: the language model is frozen, low-rank updates of its matrices are trained, and merged when
it is saved (Hu et al., 2022)."""

import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from pydantic import Field
from transformers import PreTrainedModel

from seedbed.core.errors import ParamsError
from seedbed.training.chat.bases import load_writer
from seedbed.training.chat.losses import AnswerLogits
from seedbed.training.chat.tuning import (
    Answerer,
    ChatData,
    ChatModel,
    ChatTrainingParams,
    fit,
    save_writer,
    trainable_parameters,
    weight_groups,
)
from seedbed.training.loop import Curve
from seedbed.training.models import SavedModel

EVERY = "all-linear"  # what peft calls all matrices but the head


class Params(ChatTrainingParams):
    """params.yaml section of the approach. `matrices`: their names in the model, or [all-linear]
    for all but the head."""

    rank: int = Field(gt=0, le=10_000)
    alpha: int = Field(gt=0, le=10**6)
    dropout: float = Field(ge=0, lt=1)
    matrices: list[str] = Field(min_length=1)


def fine_tune(data: ChatData, params: Params, seed: int, folder: Path) -> Curve:
    """Train, merge, save the model to `folder` and give the curve. Raises ParamsError for matrices
    that the model does not have."""
    model, merged = with_updates(data, params, seed)
    trained = trainable_parameters(model)
    curve = fit(AnswerLogits(model), weight_groups(model, params), data, params, seed, "lora")
    save_writer(merged(), data, folder, data.card("lora", params, trained))
    return curve


def with_updates(
    data: ChatData, params: Params, seed: int
) -> tuple[PreTrainedModel, Callable[[], PreTrainedModel]]:
    """Return the frozen model with updates to be trained, which change nothing yet, and a function
    that merges them when they are. Raises ParamsError for matrices that it does not have."""
    from peft import LoraConfig, TaskType, get_peft_model

    every = params.matrices == [EVERY]
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=params.rank,
        lora_alpha=params.alpha,
        lora_dropout=params.dropout,
        target_modules=EVERY if every else list(params.matrices),
    )
    torch.manual_seed(seed)  # the first of the two matrices of an update starts at random
    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5.23 for a name that it will drop in version 6.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        model = load_writer(data.base)
        try:
            tuned = get_peft_model(model, config)
        except ValueError as error:
            found, step = f"{params.matrices}", f"name some of the model's, or [{EVERY}]"
            expected = f"matrices of the model ({' '.join(str(error).split())[:120]})"
            raise ParamsError("params.yaml: lora.matrices", found, expected, step) from None
    return model, tuned.merge_and_unload


def load(folder: Path, card: SavedModel, dtype: torch.dtype) -> Answerer:
    """Load a model that `fine_tune` saved."""
    return ChatModel(folder, card, dtype)
