"""Every label judged: how likely it is right, what it should be, and why it is doubted.

On real noise the posterior of the row's label ranks better than the models' own probability of it,
with which cleanlab ranks (docs/explanation/decisions.md); `self_confidence` is the latter.
"""

from typing import Literal, NamedTuple

import numpy as np

from seedbed.core.reasons import Reason
from seedbed.label_errors.near_rows import NearCopies
from seedbed.label_errors.noise import posterior

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
    joint: np.ndarray,
) -> Judgement:
    """Reasons out of probabilities: `labels` are class numbers, `probabilities` out of sample,
    `quality` what `label_quality` made of them. Rows that are not `judged` (bool) are no suspects,
    whatever the probabilities say: reason "", score 1.

    `label_issue`: of the rows with this label the calibrated confident `joint` estimates so many to
    be wrong, and this is one of the most doubtful of them. `other_label_likelier`: another class
    has at least `min_probability`, by its quality or by the models alone; where noise is rare the
    joint counts none of these.
    """
    alone = np.where(probabilities.max(1) >= min_probability, probabilities.argmax(1), labels)
    corrected = np.where(quality.max(1) >= min_probability, quality.argmax(1), labels)
    suggested = np.where(corrected != labels, corrected, alone)
    score = np.where(judged, quality[np.arange(len(labels)), labels], 1.0)
    issue = _counted_wrong(labels, score, joint, judged)
    others = quality.copy()
    others[np.arange(len(labels)), labels] = -1
    suggested = np.where(issue & (suggested == labels), others.argmax(1), suggested)
    suggested = np.where(judged, suggested, labels)
    why = np.where(issue, Reason.LABEL_ISSUE, Reason.OTHER_LABEL_LIKELIER).astype(object)
    reason = np.where(suggested != labels, why, "")
    return Judgement(reason, suggested, score, np.full(len(labels), -1))


def _counted_wrong(
    labels: np.ndarray, score: np.ndarray, joint: np.ndarray, judged: np.ndarray
) -> np.ndarray:
    """Of each label the most doubtful judged rows (bool), as many as the joint says are wrong."""
    found = np.zeros(len(labels), dtype=bool)
    wrong = 1 - np.diagonal(joint) / np.maximum(joint.sum(1), 1)
    for label in np.flatnonzero(joint.sum(1)):
        rows = np.flatnonzero((labels == label) & judged)
        order = rows[np.argsort(score[rows], kind="stable")]
        found[order[: round(wrong[label] * len(rows))]] = True
    return found


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
    reason[row], suggested[row], nearest[row] = Reason.NEAR_COPY_OTHER_LABEL, labels[copy], copy
    return Judgement(reason, suggested, found.score, nearest)
