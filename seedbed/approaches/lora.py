"""LoRA: the encoder is frozen, low-rank updates of some of its matrices and a new head are
trained, and merged when the model is saved (Hu et al., 2022)."""

import warnings
from pathlib import Path

from pydantic import Field

from seedbed.training import classifier
from seedbed.training.loop import Curve, Group
from seedbed.training.models import SavedModel, TrainingParams


class Params(TrainingParams):
    """params.yaml section `approaches.lora`."""

    rank: int = Field(gt=0, le=10_000)
    alpha: int = Field(gt=0, le=10**6)
    dropout: float = Field(ge=0, lt=1)
    matrices: list[str] = Field(min_length=1)


def fine_tune(data: classifier.TrainingData, params: Params, seed: int, folder: Path) -> Curve:
    """Train, merge, save a sequence classifier to `folder` and give the curve."""
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=params.rank,
        lora_alpha=params.alpha,
        lora_dropout=params.dropout,
        target_modules=list(params.matrices),
        modules_to_save=["classifier", "score"],
    )
    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5.23 for a name that it will drop in version 6.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        model = get_peft_model(classifier.new_sequence_classifier(data, seed), config)
    groups = [Group(params=[weight for weight in model.parameters() if weight.requires_grad])]
    curve = classifier.fit(model, groups, data, params, seed, "lora")
    origin = classifier.Origin("lora", params, classifier.trainable_parameters(model))
    classifier.save_sequence_classifier(model.merge_and_unload(), data, folder, origin)
    return curve


def load(folder: Path, card: SavedModel) -> classifier.Loaded:
    """Load a model that `fine_tune` saved."""
    return classifier.load_sequence_classifier(folder)
