"""What every approach is given: the same rows, tokenized and embedded once, and one encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import Truncation


@dataclass(frozen=True)
class Task:
    """One fine-tuning task. `vectors(side)` gives the encoder's own vectors of the train or the
    validation rows, (rows, width) float32 in the order of `row_ids`, made when asked for. In the
    folder `checkpoints` a training that was killed goes on; with None it begins anew."""

    classes: list[str]
    train: Examples
    validation: Examples
    vectors: Callable[[str], np.ndarray]
    encoder: Path
    truncation: Truncation
    dtype: torch.dtype
    checkpoints: Path | None = None
