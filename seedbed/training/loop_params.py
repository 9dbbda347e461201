"""What the training loop is told, apart from it: a stage reads this without loading torch."""

from pydantic import Field

from seedbed.core.params import Section


class LoopParams(Section):
    """What the loop itself is told."""

    epochs: int = Field(gt=0)
    min_steps: int = Field(ge=0)
    learning_rate: float = Field(gt=0)
    batch_tokens: int = Field(gt=0)
    warmup_share: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0)


class TrainingParams(LoopParams):
    """What every approach that goes through the loop can be told."""

    run: bool
    label_smoothing: float = Field(ge=0, lt=1)
    patience_epochs: int = Field(ge=0)


class AdaptationParams(LoopParams):
    """How an encoder is adapted."""

    mask_share: float = Field(gt=0, lt=1)
    dropout: float = Field(gt=0, lt=1)
    temperature: float = Field(gt=0)
