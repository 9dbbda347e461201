"""An approach with its parameters, and a pool of rows to train it on, for stages that train by any
approach.

Not in classifier.py, since evaluate loads models and must not depend on parameters of training.
"""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pydantic import JsonValue

from seedbed.approaches import NAMES, Name, load
from seedbed.core.params import check_names, read_params, validated
from seedbed.encoding.encoder import computing
from seedbed.encoding.examples import Examples, examples_of
from seedbed.encoding.tokens import TextTokenizer, truncation_of
from seedbed.encoding.vectors import EncoderParams, encoder_folder, vectors_of
from seedbed.tasks import ClassTask
from seedbed.training.classifier import Classifier, TrainingData
from seedbed.training.loop import Curve
from seedbed.training.models import SharedParams, with_shared


class RowPool:
    """Rows that are tokenized and embedded once, for stages that train on several parts of them.

    Vectors that the folder `vectors` lacks are computed. `split`: the rows folder that `max_length:
    auto` reads.
    """

    def __init__(
        self,
        task: ClassTask,
        rows: pd.DataFrame,
        encoder: EncoderParams,
        vectors: Path,
        split: Path,
    ):
        self.task = task
        self.folder, self.dtype = (
            encoder_folder(encoder),
            computing(encoder.precision, encoder.threads),
        )
        self.truncation = truncation_of(encoder, self.folder, split)
        texts, pairs = list(rows["text"]), list(rows["text_pair"])
        self._encoded = TextTokenizer(self.folder, self.truncation)(texts, pairs)
        self._index = {row: index for index, row in enumerate(rows["id"])}
        self._vectors = cache(lambda: vectors_of(rows, vectors, encoder, split))

    def examples(self, rows: pd.DataFrame, classes: list[str]) -> Examples:
        """The tokens of some of the rows, with the weights they have in `rows`."""
        indices = rows["id"].map(self._index).to_numpy()
        return examples_of(self.task, rows, self._encoded.take(indices), classes)

    def vectors(self, rows: pd.DataFrame) -> np.ndarray:
        """The encoder's own vectors of some of the rows: (rows, width) float32."""
        return self._vectors()[rows["id"].map(self._index).to_numpy()]

    def training_data(self, train: pd.DataFrame, validation: pd.DataFrame) -> TrainingData:
        """Some rows to train on, others to validate on. A class that only validation has cannot be
        predicted: every model gets its rows wrong."""
        classes = self.task.classes(train["label"])
        unseen = sorted(set(self.task.classes(validation["label"])) - set(classes))
        parts = {"train": train, "validation": validation}
        return TrainingData(
            task=self.task,
            classes=classes,
            train=self.examples(train, classes),
            validation=self.examples(validation, [*classes, *unseen]),
            vectors=lambda side: self.vectors(parts[side]),
            encoder=self.folder,
            truncation=self.truncation,
            dtype=self.dtype,
        )


class ApproachTrainer:
    """An approach with its section of params.yaml, in which `cv` may have changed some values."""

    def __init__(self, approach: Name, **changes: JsonValue):
        """Raises ParamsError for an unknown approach, parameter or value."""
        check_names("approaches", NAMES)
        self._module = load(approach)
        own = read_params(f"approaches.{approach}", dict)
        shared = read_params("training", SharedParams)
        params = with_shared(f"approaches.{approach}", own, shared, self._module.Params)
        changed = params.model_dump() | changes
        self.params = validated(f"cv.grid.{approach}", changed, type(params))

    def fine_tune(self, data: TrainingData, seed: int, folder: Path) -> Curve:
        """Train one model, save it to `folder` and give the curve: one dict an epoch."""
        return self._module.fine_tune(data, self.params, seed, folder)

    def score(self, data: TrainingData, seed: int) -> float:
        """Validation macro-F1 of one model, that of its best epoch."""
        with tempfile.TemporaryDirectory() as folder:
            curve = self.fine_tune(data, seed, Path(folder))
        return max(point["validation_macro_f1"] for point in curve)

    def probabilities(
        self, data: TrainingData, seed: int, others: pd.DataFrame, rows: RowPool
    ) -> np.ndarray:
        """Class probabilities that one model gives other rows of `rows`: (rows, classes of
        `data`)."""
        with tempfile.TemporaryDirectory() as folder:
            self.fine_tune(data, seed, Path(folder))
            model = Classifier(Path(folder))
        if model.head is not None:  # the encoder is the one that made the rows' vectors
            with torch.inference_mode():
                logits = model.head(torch.from_numpy(rows.vectors(others))).numpy()
        else:
            examples = rows.examples(others, data.classes)
            logits = examples.pooled(model.logits(examples, data.dtype, "held-out rows"))
        return data.task.probabilities(logits)
