"""The tasks: what a label is, and how a prediction of it is scored; one module each.

This table is the only list of them; types and reference pages are made from it. The module
`seedbed/tasks/NAME_task.py` has every name of `Task`. Nothing outside this room takes an argmax or
a softmax of a model's figures; a test reads the code for that.

Arrays of a task have one entry a row. A *target* is a label as models are trained on it, and a
prediction, as `decode` gives it, has the same form: of task `class` the index of a class.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np

from seedbed.core.params import unknown_name

if TYPE_CHECKING:  # torch, which most stages do not need
    from torch import Tensor

TASKS = {"class": "one label a text"}
NAMES = tuple(TASKS)


class Tallies(NamedTuple):
    """Rows by sample and class, (samples, classes) float64: with the class as label (`actual`), as
    prediction (`predicted`), and as both (`correct`). Classes are those among labels or
    predictions; `is_actual` marks those among the labels, (classes,)."""

    correct: np.ndarray
    actual: np.ndarray
    predicted: np.ndarray
    is_actual: np.ndarray


class Spread(NamedTuple):
    """A loss of each row, and its mean and variance by the model's own probabilities: (rows,)
    each."""

    values: np.ndarray
    means: np.ndarray
    variances: np.ndarray


class Task(Protocol):
    """The one shape of a task's module."""

    NAME: str  # in the table

    def targets(self, labels: Iterable[str], classes: Sequence[str]) -> np.ndarray:
        """Return the target of each label; a label that is no class is OUTSIDE."""

    def labels(self, targets: np.ndarray, classes: Sequence[str]) -> list[str]:
        """Return the label of each target or prediction."""

    def losses(self, logits: "Tensor", targets: "Tensor", smoothing: float) -> "Tensor":
        """Return the loss of each row in training: logits (rows, classes) -> (rows,)."""

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probabilities of logits: (rows, classes) -> (rows, classes) float64."""

    def rescaled(self, probabilities: np.ndarray, temperature: float) -> np.ndarray:
        """Return the probabilities that the logits would have, divided by a temperature."""

    def slope(self, targets: np.ndarray, probabilities: np.ndarray, temperature: float) -> float:
        """Return the slope of the log loss by 1 / temperature, which changes sign once."""

    def log_loss(self, targets: np.ndarray, probabilities: np.ndarray) -> Spread:
        """Return minus the logarithm of the probability of each row's label."""

    def brier(self, targets: np.ndarray, probabilities: np.ndarray) -> Spread:
        """Return the squared distance of each row's probabilities to its label (Brier, 1950)."""

    def decode(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the prediction of each row."""

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the probability of each row's prediction: (rows,)."""

    def given(self, probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the probability of each row's label: (rows,)."""

    def uncertainty(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the entropy of each row as a share of the largest possible: (rows,), 0 is
        certain."""

    def right(self, targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Return how right each prediction is, in [0, 1]: (rows,), which gate, slices and paired
        tests count."""

    def tallies(self, targets: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> Tallies:
        """Count what metrics of labels need, in each sample of `counts`, (samples, rows)."""

    def with_outside(self, probabilities: np.ndarray, threshold: float) -> np.ndarray:
        """Add "no label is right" as the last class, which is predicted where no other reaches
        `threshold`: (rows, classes) -> (rows, classes + 1)."""


def load(name: str) -> Task:
    """Import the module of a task.

    Raises ParamsError, which lists the table's entries and the nearest, for an unknown name.
    """
    if name not in TASKS:
        raise unknown_name(f"task `{name}`", name, NAMES)
    return cast(Task, import_module(f"{__name__}.{name}_task"))
