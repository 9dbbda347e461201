"""The tasks: what is learned of a text, and how a prediction of it is scored; one module each.

This table is the only list of them; types and reference pages are made from it. The module
`seedbed/tasks/NAME_task.py` has every name of `Task`, and of `ClassTask` if it is among
CLASS_TASKS. Nothing outside this room takes an argmax or a softmax of a model's figures; a test
reads the code for that.

A *label* is a cell of a table, text: the name of a class, or of a set of classes. "" is the label
of a text that nobody has labelled yet, in every task. Outside this room a label is only compared
for equality; which classes it names, `members` says. Task `answer` learns another column, `answer`,
and its label is the category of the row, by which rows are counted, balanced and spread over folds.

Arrays of a task have one entry a row. A *target* is a label as models are trained on it, and a
prediction, as `decode` gives it, has the same form: of task `class` the index of a class, of task
`labels` a row of 0 and 1, one a class.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import numpy as np

from seedbed.core.errors import ParamsError
from seedbed.core.params import unknown_name

if TYPE_CHECKING:  # torch and scikit-learn, which most stages do not need
    from sklearn.base import ClassifierMixin
    from torch import Tensor

TASKS = {
    "class": "one label a text",
    "labels": "a set of labels a text, which may be empty",
    "answer": "an answer a question, in a conversation",
}
NAMES = tuple(TASKS)
CLASS_TASKS = ("class", "labels")  # whose labels name classes
FIRST = "class"  # the task of versions from before params.yaml named one


class Tallies(NamedTuple):
    """Rows by sample and class, (samples, classes) float64: with the class as label (`actual`), as
    prediction (`predicted`), and as both (`correct`). Classes are those among labels or
    predictions; `is_actual` marks those among the labels, (classes,). `right`: the mean of the
    task's `right` in each sample, (samples,), where it is not the share of correct rows."""

    correct: np.ndarray
    actual: np.ndarray
    predicted: np.ndarray
    is_actual: np.ndarray
    right: np.ndarray | None = None

    def f1(self) -> np.ndarray:
        """F1 of the classes among the labels: (samples, classes); 0 if a class has neither label
        nor prediction in a sample."""
        known = self.is_actual
        either = self.actual[:, known] + self.predicted[:, known]
        return 2 * self.correct[:, known] / np.maximum(either, 1)

    def macro_f1(self) -> np.ndarray:
        """The mean over the classes that have rows in the sample: a class that is not drawn is no
        class that is never right."""
        drawn = self.actual[:, self.is_actual] > 0
        return (self.f1() * drawn).sum(1) / np.maximum(drawn.sum(1), 1)


class Spread(NamedTuple):
    """A loss of each row, and its mean and variance by the model's own probabilities: (rows,)
    each."""

    values: np.ndarray
    means: np.ndarray
    variances: np.ndarray


class Regression(Protocol):
    """A logistic regression in the form of scikit-learn's: targets are those of the task."""

    coef_: np.ndarray
    intercept_: np.ndarray
    classes_: np.ndarray

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Any:
        """Fit weights (classes, width) to vectors (rows, width), targets and weights (rows,)."""

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities: (rows, classes)."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return predictions, as `decode` does."""


class Task(Protocol):
    """The shape of every task's module."""

    NAME: str  # in the table
    TARGET: str  # the column of rows that holds what is learned
    NOUN: str  # what a label names, as pages call it
    PLURAL: str  # of several of these
    SETS: bool  # whether a label may name any number of classes

    def names_in(
        self, cell: str | Sequence[str], separator: str, empty: str
    ) -> tuple[str, ...] | None:
        """Return the classes that a source's cell names, as it writes them; None where the cell
        has no label yet. `separator`: between names in a text; `empty`: what the source says that
        a cell without names means, `none`, `missing` or "".

        Raises TypeError for a list if a label is one name.
        """

    def separator_in(self, cells: Iterable[str]) -> str:
        """Return the sign that separates names in cells of text; "" if there is none."""

    def renamed(
        self, names: Iterable[str], new: Mapping[str, str | None]
    ) -> tuple[str, ...] | None:
        """Return the classes under their new names, without those whose new name is None; None if
        that drops the row."""

    def is_storable(self, name: str) -> bool:
        """Return whether labels can be written with a class of this name."""

    def nothing_to_learn(self, labels: Collection[str]) -> str:
        """Return what these labels of all rows are if no two of them differ; "" if some do."""

    def members(self, label: str) -> tuple[str, ...]:
        """Return the classes that a label names, sorted; of "" none."""

    def label_of(self, members: Iterable[str]) -> str:
        """Return the label that names these classes, in the one form that it is written in."""

    def strata(self, label: str) -> tuple[str, ...]:
        """Return the classes that a row with this label counts for; where a label may name none,
        that is one more, under the name that `shown` gives it. Of "" none."""

    def differing(self, label: str, other: str) -> tuple[str, ...]:
        """Return the classes in which two labels of one text differ, where these are not simply
        both."""

    def negative(self, label: str, used_as: str) -> str:
        """Return the label of a text for which no class is right, if params call it `label` and
        use it as `used_as` (`negatives.as`). Raises ParamsError for a use that makes no sense."""

    def folds(
        self, labels: Sequence[str], units: np.ndarray, grouped: bool, folds: int, seed: int
    ) -> np.ndarray:
        """Return the fold of each row, 0..folds-1: classes spread evenly, rows of one unit in one
        fold. `grouped`: whether any unit has several rows."""

    def predicted_by(
        self, model: "ClassifierMixin", seen: np.ndarray, labels: Sequence[str], scored: np.ndarray
    ) -> list[str]:
        """Fit a classifier to vectors and their labels; return the label that it gives each other
        vector, (rows, width)."""

    def is_kept(self, given: str, of_parent: str, of_copy: str) -> bool:
        """Return whether a copy of a row has its label still: `given` is that label, the others are
        what models that saw neither predict of them."""

    def classes(self, labels: Iterable[str]) -> list[str]:
        """Return the classes that the labels name, each once, sorted."""

    def drawn_by(self, labels: Sequence[str]) -> list[str]:
        """Return the class by which each row is drawn, so that a part of the rows has them all."""

    def shown(self, label: str) -> str:
        """Return a label as people read it in a page, a terminal or a message."""

    def fault(self, classes: Collection[str], label: str) -> str:
        """Return what is wrong with a label that a person wrote; "" if nothing is."""

    def form(self, classes: Iterable[str]) -> str:
        """Return in words how a label of these classes is written."""

    def toggled(self, label: str, name: str) -> str:
        """Return the label after a person has chosen a class."""

    def difference(self, before: str, after: str) -> str:
        """Return in words which classes one label has and the other has not; "" where the labels
        themselves say it."""


class ClassTask(Task, Protocol):
    """The shape of a task whose label names classes: what models of classes need besides."""

    JUDGE: str  # the module of seedbed/label_errors that judges its labels
    PROBLEM_TYPE: str | None  # of transformers' sequence classifiers, where it must be named
    ACCURACY: str  # what accuracy is, where that must be said
    EACH_HAS: str  # how many of the classes a text has, as "one of"
    PAIRED_TEST: str  # between two models' `right` of the same rows, in words
    STOCK: dict[str, str]  # Python by kind of saved model: what reads the output of a stock library

    def targets(self, labels: Iterable[str], classes: Sequence[str]) -> np.ndarray:
        """Return the target of each label. A class that is not among `classes` is left out; where
        none is left and each row has one, the target is OUTSIDE."""

    def labels(self, targets: np.ndarray, classes: Sequence[str]) -> list[str]:
        """Return the label of each target or prediction."""

    def outside(self, targets: np.ndarray) -> np.ndarray:
        """Return which targets no prediction can be, (rows,) bool: those OUTSIDE."""

    def one_hot(self, targets: np.ndarray, classes: int) -> np.ndarray:
        """Return which of so many classes each target has: (rows, classes) bool."""

    def alike(self, targets: "Tensor", others: "Tensor") -> "Tensor":
        """Return how alike targets are, from 0 to 1: (rows, others)."""

    def positive_weights(self, targets: np.ndarray, how: str) -> "np.ndarray | None":
        """Return what a class counts where a row has it, against 1 where not, (classes,) float32,
        as `training.positive_weights` says; None: 1. Raises ParamsError where the task has none."""

    def losses(
        self,
        logits: "Tensor",
        targets: "Tensor",
        smoothing: float,
        positive: "Tensor | None" = None,
    ) -> "Tensor":
        """Return the loss of each row in training: logits (rows, classes) -> (rows,). `positive`:
        see `positive_weights`."""

    def regression(self, strength: float) -> Regression:
        """Return a logistic regression that is not fitted; `strength` is C of scikit-learn's."""

    def regression_around(
        self,
        centre: np.ndarray,
        vectors: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray,
        strength: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (classes, width) and bias (classes,) of a logistic regression whose
        weights are shrunk towards `centre` and not towards zero: a Gaussian prior with its mean
        there, from which few rows lead away only a little."""

    def prompt_bias(
        self, scores: Callable[[], np.ndarray], targets: np.ndarray
    ) -> np.ndarray | None:
        """Return what to add to `scores()` of rows against prompts, (rows, classes), to start as
        logits: (classes,), or None for nothing."""

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probabilities of logits: (rows, classes) -> (rows, classes) float64."""

    def rescaled(self, probabilities: np.ndarray, temperature: float) -> np.ndarray:
        """Return the probabilities that the logits would have, divided by a temperature."""

    def slope(self, targets: np.ndarray, probabilities: np.ndarray, temperature: float) -> float:
        """Return the slope of the log loss by 1 / temperature, which changes sign once."""

    def log_loss(self, targets: np.ndarray, probabilities: np.ndarray) -> Spread:
        """Return minus the logarithm of the probability of each row's label; of a set the mean over
        the classes."""

    def brier(self, targets: np.ndarray, probabilities: np.ndarray) -> Spread:
        """Return the squared distance of each row's probabilities to its label (Brier, 1950); of a
        set the mean over the classes."""

    def decode(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the prediction of each row."""

    def decisions(
        self, targets: np.ndarray, probabilities: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the confidence of every decision that a prediction consists of, and 1 where it is
        right, else 0: (decisions,) each, those of a row together."""

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

    def thresholds(self, targets: np.ndarray, probabilities: np.ndarray) -> list[float]:
        """Choose the thresholds of the task's rule on validation, before calibration; [] where
        `decode` needs none."""

    def ruled(self, probabilities: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
        """Return probabilities of which `decode` gives what the rule predicts: (rows, classes) ->
        (rows, classes, of which the rule may add one)."""

    def ruled_targets(
        self, targets: np.ndarray, classes: int, thresholds: Sequence[float]
    ) -> np.ndarray:
        """Return targets in the form that the rule predicts."""

    def ruled_classes(
        self, classes: Sequence[str], outside: str, thresholds: Sequence[float]
    ) -> list[str]:
        """Return the classes that the rule predicts; `outside` is the label of negatives."""

    def scope(self, classes: Sequence[str], outside: str, thresholds: Sequence[float]) -> str:
        """Say what a model with these classes and thresholds does with a text that none of its
        classes fits."""

    def answered(self, probabilities: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
        """Return probabilities of which `decode` gives the answer for a row in scope: (rows,
        classes)."""


def load(name: str) -> Task:
    """Import the module of a task.

    Raises ParamsError, which lists the table's entries and the nearest, for an unknown name.
    """
    if name not in TASKS:
        raise unknown_name(f"task `{name}`", name, NAMES)
    return cast(Task, import_module(f"{__name__}.{name}_task"))


def load_class(name: str) -> ClassTask:
    """Import the module of a task of classes. Raises ParamsError for another one."""
    task = load(name)
    if name not in CLASS_TASKS:
        raise ParamsError(
            "params.yaml: task.kind",
            f"`{name}`, whose rows have no classes",
            f"a task of classes here: {' or '.join(CLASS_TASKS)}",
            "set another task, or leave this step out: it trains and scores classifiers alone",
        )
    return cast(ClassTask, task)
