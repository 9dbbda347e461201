"""Full fine-tuning: every weight of the encoder and of a classification head is trained.

The head is a new one, or it starts as logistic regression on the encoder's own vectors, so that
training does not first distort the encoder to suit a random head (linear probing, then fine-tuning:
Kumar et al., 2022).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from threadpoolctl import threadpool_limits
from torch import nn

from seedbed.encoding.encoder import SentenceEncoder, load_model, pooling_of
from seedbed.training import classifier
from seedbed.training.loop import Curve, layer_groups
from seedbed.training.models import SavedModel, TrainingParams


class Params(TrainingParams):
    """params.yaml section `approaches.full`."""

    head: Literal["new", "linear"]
    head_strength: float = Field(gt=0, le=10**9)
    layer_decay: float = Field(gt=0, le=1)


def fine_tune(data: classifier.TrainingData, params: Params, seed: int, folder: Path) -> Curve:
    """Train, save a sequence classifier, or with `head: linear` a sentence classifier, to `folder`
    and give the curve."""
    is_linear = params.head == "linear"
    if is_linear:
        model, head = load_model(data.encoder), linear_head(data, params)
        module: nn.Module = SentenceEncoder(model, pooling_of(data.encoder), head)
    else:
        module = model = classifier.new_sequence_classifier(data, seed)
    groups = layer_groups(module, model.config.num_hidden_layers, params, params.layer_decay)
    curve = classifier.fit(module, groups, data, params, seed, "full")
    origin = classifier.Origin("full", params, classifier.trainable_parameters(module))
    if is_linear:
        classifier.save_sentence_classifier(data, folder, head, model, origin)
    else:
        classifier.save_sequence_classifier(model, data, folder, origin)
    return curve


def load(folder: Path, card: SavedModel) -> classifier.Loaded:
    """Load a model that `fine_tune` saved."""
    if card.kind == classifier.SEQUENCE.kind:
        return classifier.load_sequence_classifier(folder)
    return classifier.load_sentence_classifier(folder)


def linear_head(data: classifier.TrainingData, params: Params) -> nn.Sequential:
    """Logistic regression on the encoder's own vectors of the train rows, as a head."""
    labels, weights = data.train.row_labels, data.train.row_weights
    with threadpool_limits(1):
        regression = data.task.regression(params.head_strength)
        regression.fit(data.vectors("train"), labels, weights)
    return classifier.head_of(regression, len(data.classes))
