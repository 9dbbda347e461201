"""Full fine-tuning: every weight of the language model is trained."""

from pathlib import Path

import torch

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


class Params(ChatTrainingParams):
    """params.yaml section of the approach."""


def fine_tune(data: ChatData, params: Params, seed: int, folder: Path) -> Curve:
    """Train, save the model to `folder` and give the curve."""
    model = load_writer(data.base)
    curve = fit(AnswerLogits(model), weight_groups(model, params), data, params, seed, "full")
    save_writer(model, data, folder, data.card("full", params, trainable_parameters(model)))
    return curve


def load(folder: Path, card: SavedModel, dtype: torch.dtype) -> Answerer:
    """Load a model that `fine_tune` saved."""
    return ChatModel(folder, card, dtype)
