"""Full fine-tuning: every weight of the encoder and a new classification head is trained."""

from pathlib import Path

from pydantic import Field
from torch import nn

from seedbed.classifier import (
    LogitsOnly,
    new_sequence_classifier,
    save_sequence_classifier,
    trained_numbers,
)
from seedbed.task import Task
from seedbed.training import TrainingParams, fit


class Params(TrainingParams):
    """params.yaml section `approaches.full`."""

    layer_decay: float = Field(gt=0, le=1)


def fine_tune(task: Task, params: Params, seed: int, folder: Path) -> list[dict[str, float]]:
    """Train, write a sequence-classification model to `folder`, give the curve."""
    model = new_sequence_classifier(task, seed)
    groups = layer_groups(model, params)
    curve = fit(LogitsOnly(model), groups, task, params, seed, "full")
    save_sequence_classifier(model, task, folder, trained_numbers(model))
    return curve


def layer_groups(model: nn.Module, params: Params) -> list[dict]:
    """One AdamW group a layer: the head at the full rate, each layer below it `layer_decay` times
    the one above (Howard and Ruder, 2018). Biases and layer norms are not decayed."""
    depth = model.config.num_hidden_layers
    groups = []
    for name, weight in model.named_parameters():
        if ".layer." in name:
            below = depth - int(name.split(".layer.")[1].split(".")[0])
        else:
            below = depth + 1 if "embeddings" in name else 0
        groups.append(
            {
                "params": [weight],
                "lr": params.learning_rate * params.layer_decay**below,
                "weight_decay": params.weight_decay if weight.ndim > 1 else 0.0,
            }
        )
    return groups
