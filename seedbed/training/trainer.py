"""An approach with its parameters, for stages that train by any of them.

Not in classifier.py, since evaluate loads models and must not depend on parameters of training.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seedbed.approaches import NAMES, Name, load
from seedbed.core.params import check_names, read_params, validated
from seedbed.training.checkpoints import Curve
from seedbed.training.classifier import Classifier
from seedbed.training.params import SharedParams, with_shared
from seedbed.training.tasks import RowTasks, Task


class ApproachTrainer:
    """An approach with its section of params.yaml, in which `cv` may have changed some values."""

    def __init__(self, approach: Name, **changes: Any):
        """Raises ParamsError for an unknown approach, parameter or value."""
        check_names("approaches", NAMES)
        self._module = load(approach)
        own = read_params(f"approaches.{approach}", dict)
        shared = read_params("training", SharedParams)
        params = with_shared(f"approaches.{approach}", own, shared, self._module.Params)
        changed = params.model_dump() | changes
        self.params = validated(f"cv.grid.{approach}", changed, type(params))

    def fine_tune(self, task: Task, seed: int, folder: Path) -> Curve:
        """Train one model, save it to `folder` and give the curve: one dict an epoch."""
        return self._module.fine_tune(task, self.params, seed, folder)

    def score(self, task: Task, seed: int) -> float:
        """Validation macro-F1 of one model, that of its best epoch."""
        with tempfile.TemporaryDirectory() as folder:
            curve = self.fine_tune(task, seed, Path(folder))
        return max(point["validation_macro_f1"] for point in curve)

    def probabilities(
        self, task: Task, seed: int, others: pd.DataFrame, rows: RowTasks
    ) -> np.ndarray:
        """Class probabilities that one model gives other rows of `rows`: (rows, classes of the
        task)."""
        with tempfile.TemporaryDirectory() as folder:
            self.fine_tune(task, seed, Path(folder))
            model = Classifier(Path(folder))
        if model.head is not None:  # the encoder is the one that made the rows' vectors
            with torch.inference_mode():
                logits = model.head(torch.from_numpy(rows.vectors(others))).numpy()
        else:
            examples = rows.examples(others, task.classes)
            logits = examples.pooled(model.logits(examples, task.dtype, "held-out rows"))
        return torch.from_numpy(logits).double().softmax(1).numpy()
