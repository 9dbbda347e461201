"""Label errors: models that never saw a row, and a judge of its label for each task."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from seedbed.tasks import ClassTask

if TYPE_CHECKING:  # its module imports this one's task, and cleanlab is slow
    from seedbed.label_errors.out_of_fold import Counts
    from seedbed.label_errors.ranking import Judgement, NoiseFigures, Ranking


class Judge(Protocol):
    """The one shape of a judge; a task names its module. `labels` are targets of the task,
    `probabilities` and `quality` (rows, classes), both out of sample; `folds` is -1 for test."""

    def label_quality(
        self,
        labels: np.ndarray,
        probabilities: np.ndarray,
        folds: np.ndarray,
        counted: np.ndarray,
        ranking: "Ranking" = "posterior",
    ) -> np.ndarray:
        """Return P(class is right | row, given label): (rows, classes); only rows in the mask
        `counted` say how labels err."""

    def confident_joint(
        self, labels: np.ndarray, probabilities: np.ndarray, calibrated: bool = False
    ) -> np.ndarray:
        """Count rows by what is given and what is confidently true."""

    def judge_labels(
        self,
        task: ClassTask,
        labels: np.ndarray,
        probabilities: np.ndarray,
        quality: np.ndarray,
        min_probability: float,
        judged: np.ndarray,
        joint: np.ndarray,
    ) -> "Judgement":
        """Judge every label; rows outside the mask `judged` are never suspects."""

    def agreement(self, labels: np.ndarray, suggested: np.ndarray, quality: np.ndarray) -> "Counts":
        """Return whether a row's label confirms what is suggested for another."""

    def noise_figures(self, classes: Sequence[str], joint: np.ndarray) -> "NoiseFigures":
        """Return the figures of the calibrated joint."""


def judge_of(task: ClassTask) -> Judge:
    """Import the judge that a task names."""
    return cast(Judge, import_module(f"{__name__}.{task.JUDGE}"))
