"""Parameters of training: the section `training` of params.yaml, and what one approach, or adapt,
names itself because it differs.

A module of its own, since stages read these without loading torch.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import Field, JsonValue

from seedbed.core.params import Section, validated

Kind = TypeVar("Kind", bound=Section)


class LoopSettings(Section):
    """What every training in epochs has, with labels or without."""

    epochs: int = Field(gt=0)
    min_steps: int = Field(ge=0)
    batch_tokens: int = Field(gt=0)
    warmup_share: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0)


class SharedParams(LoopSettings):
    """params.yaml section `training`: values of adapt and of every approach that trains in epochs,
    where these do not name their own."""

    label_smoothing: float = Field(ge=0, lt=1)
    patience_epochs: int = Field(ge=0)


class LoopParams(LoopSettings):
    """Parameters of the training loop."""

    learning_rate: float = Field(gt=0)


class ApproachParams(Section):
    """What the section of every approach has."""

    run: bool


class TrainingParams(ApproachParams, SharedParams, LoopParams):
    """Parameters of an approach that trains in epochs."""


class AdaptationParams(LoopParams):
    """Parameters of adapting an encoder to texts without labels."""

    mask_share: float = Field(gt=0, lt=1)
    dropout: float = Field(gt=0, lt=1)
    temperature: float = Field(gt=0)


def with_shared(
    place: str, own: Mapping[str, JsonValue], shared: SharedParams, kind: type[Kind]
) -> Kind:
    """Complete the section `own`, at `place` in params.yaml, from `training`.

    Only fields of `kind` are taken from there. Raises ParamsError for a key or value that `kind`
    refuses.
    """
    inherited = {key: value for key, value in shared if key in kind.model_fields}
    return validated(place, {**inherited, **own}, kind)
