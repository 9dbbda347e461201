"""Two model folders asked about the same rows, each through its own tokenizer and settings."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.errors import GateError
from seedbed.gate.verdict import Answers
from seedbed.scoring.intervals import clusters_of
from seedbed.scoring.metrics import Scored
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


def answered(model: Asked, rows: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """Run a model on each row, tokenized as that model does: probabilities (rows, classes).

    They are calibrated; out of scope is a class of its own, the most probable one where the model's
    confidence is below its threshold. A class that the model does not have gets 0.
    """
    from seedbed.scoring.confidence import rescaled
    from seedbed.scoring.scope_detection import with_outside
    from seedbed.serving.predicting import probabilities
    from seedbed.training.classifier import Classifier

    serving, classifier = model.serving, Classifier(model.folder)
    pairs = list(rows["text_pair"]) if serving.paired else None
    given = probabilities(list(rows["text"]), pairs, classifier, serving)
    columns = list(classifier.classes)
    if serving.threshold is None:
        given = rescaled(given, serving.temperature)
    else:  # the threshold holds for the confidence before scaling
        given = with_outside(given, serving.threshold)
        columns.append(serving.outside)
    result = np.zeros((len(rows), len(classes)))
    result[:, [classes.index(name) for name in columns]] = given
    return result


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
    labels = np.array([number[name] for name in rows["label"]], dtype=np.int64)
    clusters = clusters_of(list(rows["id"]), list(rows["group"]))
    now = answered(head, rows, classes)
    before = now if base.digest == head.digest else answered(base, rows, classes)
    scored = (Scored.of(labels, given.argmax(1), given, clusters) for given in (before, now))
    return Answers(classes, *scored)
