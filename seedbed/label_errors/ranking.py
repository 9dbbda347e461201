"""Every label judged: how likely it is right, what it should be, and why it is doubted.

On real noise the posterior of the row's label ranks better than the models' own probability of it,
with which cleanlab ranks (docs/decisions.md); `self_confidence` is the latter.
"""

from typing import Literal, NamedTuple

import numpy as np

from seedbed.label_errors.near_rows import NearCopies
from seedbed.label_errors.noise import over, posterior

Ranking = Literal["posterior", "self_confidence"]


class Judgement(NamedTuple):
    """For every row: why its label is doubted ("" where it is not), the class number that it should
    have, the label quality score in [0, 1] (low is doubtful), and the near copy that makes it
    doubtful (-1: none)."""

    reason: np.ndarray
    suggested: np.ndarray
    score: np.ndarray
    copy: np.ndarray


def label_quality(
    labels: np.ndarray,
    probabilities: np.ndarray,
    folds: np.ndarray,
    counted: np.ndarray,
    ranking: Ranking,
) -> np.ndarray:
    """How likely each class is, the given label known: (rows, classes). See `posterior`."""
    if ranking == "self_confidence":
        return probabilities
    return posterior(labels, probabilities, folds, counted)


def judge_labels(
    labels: np.ndarray,
    probabilities: np.ndarray,
    quality: np.ndarray,
    min_probability: float,
    judged: np.ndarray,
) -> Judgement:
    """Reasons out of probabilities: `labels` are class numbers, `probabilities` out of sample,
    `quality` what `label_quality` made of them. Rows that are not `judged` (bool) are no suspects,
    whatever the probabilities say: reason "", score 1.

    A row is doubted where another class has at least `min_probability`, by its quality or by the
    models alone: where noise is rare the first doubts nothing, where it is one-sided the second
    doubts too little. `label_issue` where cleanlab also counts the row among the errors that the
    confident joint predicts, else `other_label_likelier`.
    """
    alone = np.where(probabilities.max(1) >= min_probability, probabilities.argmax(1), labels)
    corrected = np.where(quality.max(1) >= min_probability, quality.argmax(1), labels)
    suggested = np.where(corrected != labels, corrected, alone)
    issue = np.zeros(len(labels), dtype=bool)
    issue[judged] = _cleanlab_issues(labels[judged], probabilities[judged])
    suggested = np.where(issue & (suggested == labels), probabilities.argmax(1), suggested)
    suggested = np.where(judged, suggested, labels)
    why = np.where(issue, "label_issue", "other_label_likelier").astype(object)
    reason = np.where(suggested != labels, why, "")
    score = np.where(judged, quality[np.arange(len(labels)), labels], 1.0)
    return Judgement(reason, suggested, score, np.full(len(labels), -1))


def _cleanlab_issues(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Which labels cleanlab counts among the errors (bool)."""
    from cleanlab.filter import find_label_issues

    present, numbers = np.unique(labels, return_inverse=True)  # it wants rows of every class
    if len(present) < 2:
        return np.zeros(len(labels), dtype=bool)
    return find_label_issues(
        numbers,
        over(probabilities, present),
        filter_by="prune_by_noise_rate",
        min_examples_per_class=0,  # or it warns of each class with one row
        n_jobs=1,
    )


def with_near_copies(
    found: Judgement,
    labels: np.ndarray,
    copies: NearCopies,
    judged: np.ndarray,
    verified: np.ndarray,
) -> Judgement:
    """The judgement with `near_copy_other_label`: one of two near copies with two labels is wrong,
    and the row is the one whose label is the less likely right, or a person has verified the
    other. Of two that are equal it is the second. So of a pair one alone is doubted for it."""
    row, copy = copies.row, copies.copy
    lower = (found.score[row] < found.score[copy]) | (
        (found.score[row] == found.score[copy]) & (row > copy)
    )
    blamed = judged[row] & ~verified[row] & (verified[copy] | lower)
    row, copy = row[blamed], copy[blamed]
    reason, suggested, nearest = found.reason.copy(), found.suggested.copy(), found.copy.copy()
    reason[row], suggested[row], nearest[row] = "near_copy_other_label", labels[copy], copy
    return Judgement(reason, suggested, found.score, nearest)
