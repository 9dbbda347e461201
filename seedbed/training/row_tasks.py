"""Tasks made of any rows, for stages that train beside finetune: rows are tokenized and embedded
once, whatever parts of them are trained on."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seedbed.approaches import feature, full, lora, prompt
from seedbed.core.params import read_params, with_changes
from seedbed.encoding.encoder import precision
from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
from seedbed.encoding.examples import Examples, examples_of
from seedbed.encoding.row_vectors import vectors_of
from seedbed.encoding.tokens import TextTokenizer
from seedbed.encoding.truncation import truncation_of
from seedbed.training.classifier import Classifier
from seedbed.training.task import Task

MODULES = {"feature": feature, "full": full, "lora": lora, "prompt": prompt}
# By name, so that a test can see which sections a stage reads.
SECTIONS = {
    "feature": lambda: read_params("approaches.feature", feature.Params),
    "full": lambda: read_params("approaches.full", full.Params),
    "lora": lambda: read_params("approaches.lora", lora.Params),
    "prompt": lambda: read_params("approaches.prompt", prompt.Params),
}


class RowTasks:
    """Tasks whose train and validation rows are all among `rows`; vectors that the folder
    `vectors` lacks are made. `split` is the rows folder that `max_length: auto` reads."""

    def __init__(self, rows: pd.DataFrame, encoder: EncoderParams, vectors: Path, split: Path):
        self.folder, self.dtype = encoder_folder(encoder), precision(encoder.precision)
        self.truncation = truncation_of(encoder, self.folder, split)
        texts, pairs = list(rows["text"]), list(rows["text_pair"])
        self._encoded = TextTokenizer(self.folder, self.truncation)(texts, pairs)
        self._place = {row: number for number, row in enumerate(rows["id"])}
        self._vectors = cache(lambda: vectors_of(rows, vectors, encoder, split))

    def examples(self, rows: pd.DataFrame, classes: list[str]) -> Examples:
        """Some of the rows, with the weights they have here."""
        places = rows["id"].map(self._place).to_numpy()
        return examples_of(rows, self._encoded.take(places), classes)

    def vectors(self, rows: pd.DataFrame) -> np.ndarray:
        """The encoder's own vectors of some of the rows: (rows, width) float32."""
        return self._vectors()[rows["id"].map(self._place).to_numpy()]

    def task(self, train: pd.DataFrame, validation: pd.DataFrame) -> Task:
        """Train and validation rows as one task. A class that only validation has cannot be
        predicted: its rows are wrong under every model."""
        classes = sorted(set(train["label"]))
        lost = sorted(set(validation["label"]) - set(classes))
        parts = {"train": train, "validation": validation}
        return Task(
            classes=classes,
            train=self.examples(train, classes),
            validation=self.examples(validation, [*classes, *lost]),
            vectors=lambda side: self.vectors(parts[side]),
            encoder=self.folder,
            truncation=self.truncation,
            dtype=self.dtype,
        )


class Approach:
    """One approach with its params, some of them changed; models are not kept."""

    def __init__(self, name: str, **changes: Any):
        self.name, self._module = name, MODULES[name]
        self.params = with_changes(SECTIONS[name](), f"cv.grid.{name}", changes)

    def score(self, task: Task, seed: int) -> float:
        """Validation macro-F1 of one model, the best of its epochs."""
        with tempfile.TemporaryDirectory() as folder:
            curve = self._module.fine_tune(task, self.params, seed, Path(folder))
        return max(point["validation_macro_f1"] for point in curve)

    def probabilities(
        self, task: Task, seed: int, others: pd.DataFrame, rows: RowTasks
    ) -> np.ndarray:
        """Class probabilities that one model gives other rows of `rows`: (rows, classes of the
        task). A frozen encoder has made their vectors already: only the head is asked."""
        import torch

        with tempfile.TemporaryDirectory() as folder:
            self._module.fine_tune(task, self.params, seed, Path(folder))
            model = Classifier(Path(folder))
        if self.name == "feature":
            with torch.inference_mode():
                logits = model.module.head(torch.from_numpy(rows.vectors(others))).numpy()
        else:
            examples = rows.examples(others, task.classes)
            logits = examples.pooled(model.logits(examples, task.dtype, "held-out rows"))
        return torch.from_numpy(logits).double().softmax(1).numpy()
