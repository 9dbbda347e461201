"""Models of the metrics files of answers: validation.json and test.json of task `answer`.

Nothing heavy is imported here, so that commands and pages can read the files at once.
"""

from pathlib import Path
from typing import Literal

from seedbed.core.metrics import Metrics, read_if_run
from seedbed.scoring.metrics_files import Estimate, ModelCosts, Right, Slice, WithEstimates


class SideBySide(Metrics):
    """A row of a source that allows its texts to be shown, and what each approach answers."""

    id: str
    question: str
    target: str
    answers: dict[str, str]


class AnswerEvaluation(WithEstimates):
    """All figures of one approach on one split.

    `right`: what counts as right of a row, in slices, paired tests and the gate. `without_answer`
    counts rows that the model could not be asked, by reason, `without_loss` those whose true answer
    it gives no probability. `accuracy` of a slice is the mean of `right`, of the seed `seed_shown`.
    `refusal` and `min_language_chars` are the params that metrics of refusals and of the language
    were made with. `base`: of approach `prompt` the same figures of its model as it was before
    anyone tuned it.
    """

    run: Literal[True]
    model: ModelCosts
    rows: int
    estimates: dict[str, Estimate]
    right: Right
    refusal: str
    min_language_chars: int
    seed_shown: str
    without_answer: dict[str, int]
    without_loss: int
    slices: dict[str, dict[str, Slice]]
    base: "AnswerEvaluation | None" = None


def read_evaluation(approach: str, split: str, folder: Path) -> AnswerEvaluation | None:
    """Read the figures of an approach on a split; None if it is off."""
    return read_if_run(folder / approach / f"{split}.json", AnswerEvaluation)
