"""Two model folders asked about the same rows, each through its own tokenizer and settings."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.errors import GateError
from seedbed.gate.verdict import Answers
from seedbed.scoring.intervals import units_of
from seedbed.serving.model_folder import Serving, read_serving
from seedbed.training.saved_models import model_digest, read_card


def all_classes(model: list[str], serving: Serving) -> set[str]:
    """What a model can answer, "out of scope" among it where it tells that."""
    return {*model, *([serving.outside] if serving.outside else [])}


def check_classes(base: set[str], head: set[str]) -> None:
    """Raises GateError where one model has a class that the other lacks."""
    if base != head:
        added, gone = sorted(head - base), sorted(base - head)
        found = [f"new: {', '.join(added)}"] * bool(added) + [f"gone: {', '.join(gone)}"] * bool(
            gone
        )
        raise GateError(
            "the models' classes",
            f"they differ ({'; '.join(found)})",
            "the same classes in both models",
            "judge this one by reports/report.md; the next comparison is with a model that has the "
            "same classes",
        )


class Asked(NamedTuple):
    """A model folder, checked: what it can answer, what predictions need, and its digest."""

    folder: Path
    classes: set[str]
    serving: Serving
    digest: str


def checked_model(folder: Path) -> Asked:
    """Check a model's files and read what they say. Raises ModelError where it is damaged."""
    serving = read_serving(folder)
    classes = all_classes(read_card(folder).classes, serving)
    return Asked(folder, classes, serving, model_digest(folder))


def answered(model: Asked, rows: pd.DataFrame) -> list[str]:
    """What a model says of each row, tokenized as that model does: labels (rows,)."""
    from seedbed.serving.predicting import answers
    from seedbed.training.classifier import Classifier

    pairs = list(rows["text_pair"]) if model.serving.paired else None
    labels, _, outside = answers(list(rows["text"]), pairs, Classifier(model.folder), model.serving)
    told = zip(labels, outside, strict=True)
    return [model.serving.outside if out else label for label, out in told]


def answers_of(rows: pd.DataFrame, base: Asked, head: Asked) -> Answers:
    """Both models' answers to the rows. One that stands twice, byte for byte, is asked once.

    Raises GateError where the classes differ, or one model takes pairs and the other does not.
    """
    check_classes(base.classes, head.classes)
    if base.serving.paired != head.serving.paired:
        raise GateError(
            "the models' inputs", "one reads pairs, the other single texts", "the same inputs",
            "judge this one by reports/report.md",
        )  # fmt: skip
    classes = sorted(head.classes | set(rows["label"]))
    number = {name: place for place, name in enumerate(classes)}
    now = answered(head, rows)
    before = now if base.digest == head.digest else answered(base, rows)
    labels, said, says = (
        np.array([number[name] for name in names], dtype=np.int64)
        for names in (rows["label"], before, now)
    )
    return Answers(classes, labels, said, says, units_of(list(rows["id"]), list(rows["group"])))
