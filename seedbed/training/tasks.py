"""What an approach is given: rows that are tokenized and embedded once, and one encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from seedbed.encoding.encoder import precision
from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
from seedbed.encoding.examples import Examples, examples_of
from seedbed.encoding.tokens import TextTokenizer, Truncation, truncation_of
from seedbed.encoding.vectors import vectors_of
from seedbed.training.params import ApproachParams, json_values
from seedbed.training.saved_models import ModelFormat, SavedModel, SavedTruncation


class Origin(NamedTuple):
    """Where a saved model comes from: the approach, its parameters, and how many weights it
    trained."""

    approach: str
    params: ApproachParams
    trainable_parameters: int


@dataclass(frozen=True)
class Task:
    """One fine-tuning task. `vectors(side)` gives the encoder's own vectors of the train or the
    validation rows, (rows, width) float32 in the order of `row_ids`, computed when asked for. A
    training that was killed continues from the folder `checkpoints`; with None it starts anew."""

    classes: list[str]
    train: Examples
    validation: Examples
    vectors: Callable[[str], np.ndarray]
    encoder: Path
    truncation: Truncation
    dtype: torch.dtype
    checkpoints: Path | None = None

    def card(self, form: ModelFormat, origin: Origin, **settings: str | list[str]) -> SavedModel:
        """The card of a model trained on this task."""
        return SavedModel(
            approach=origin.approach,
            **form._asdict(),
            classes=self.classes,
            truncation=SavedTruncation(**self.truncation._asdict()),
            trainable_parameters=origin.trainable_parameters,
            params=json_values(origin.params),
            settings=settings,
        )


class RowTasks:
    """Tasks whose train and validation rows are all among `rows`, for stages that train on several
    parts of them; vectors that the folder `vectors` lacks are computed. `split`: the rows folder
    that `max_length: auto` reads."""

    def __init__(self, rows: pd.DataFrame, encoder: EncoderParams, vectors: Path, split: Path):
        self.folder, self.dtype = encoder_folder(encoder), precision(encoder.precision)
        self.truncation = truncation_of(encoder, self.folder, split)
        texts, pairs = list(rows["text"]), list(rows["text_pair"])
        self._encoded = TextTokenizer(self.folder, self.truncation)(texts, pairs)
        self._index = {row: index for index, row in enumerate(rows["id"])}
        self._vectors = cache(lambda: vectors_of(rows, vectors, encoder, split))

    def examples(self, rows: pd.DataFrame, classes: list[str]) -> Examples:
        """The tokens of some of the rows, with the weights they have in `rows`."""
        indices = rows["id"].map(self._index).to_numpy()
        return examples_of(rows, self._encoded.take(indices), classes)

    def vectors(self, rows: pd.DataFrame) -> np.ndarray:
        """The encoder's own vectors of some of the rows: (rows, width) float32."""
        return self._vectors()[rows["id"].map(self._index).to_numpy()]

    def task(self, train: pd.DataFrame, validation: pd.DataFrame) -> Task:
        """Train and validation rows as one task. A class that only validation has cannot be
        predicted: every model gets its rows wrong."""
        classes = sorted(set(train["label"]))
        unseen = sorted(set(validation["label"]) - set(classes))
        parts = {"train": train, "validation": validation}
        return Task(
            classes=classes,
            train=self.examples(train, classes),
            validation=self.examples(validation, [*classes, *unseen]),
            vectors=lambda side: self.vectors(parts[side]),
            encoder=self.folder,
            truncation=self.truncation,
            dtype=self.dtype,
        )
