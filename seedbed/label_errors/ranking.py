"""Every label judged: its quality score, the suggested label, and the reason to suspect it.

On real noise the posterior of the row's label ranks better than the models' own probability of it,
by which cleanlab ranks (docs/explanation/decisions.md); `self_confidence` is the latter.
"""

from typing import Literal, NamedTuple

import numpy as np

from seedbed.core.reasons import Reason
from seedbed.label_errors.near_rows import NearCopies
from seedbed.label_errors.noise import posterior

Ranking = Literal["posterior", "self_confidence"]


class Judgement(NamedTuple):
    """For every row: the reason to suspect its label ("": none), the suggested class index, the
    label quality score in [0, 1] (low is doubtful), and the near copy with another label (-1:
    none)."""

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
    """Return the probability of each class given the label: (rows, classes). See `posterior`."""
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
    """Judge labels (class indices) by out-of-sample `probabilities` and their `label_quality`.

    Rows outside the mask `judged` are never suspects: reason "", score 1. `label_issue`: the row is
    among the lowest-scoring of its label, as many as the calibrated confident `joint` estimates
    wrong. `other_label_likelier`: another class has at least `min_probability`, by its quality or
    by the models alone; if noise is rare, the joint counts none of these.
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
    """Return a mask of the lowest-scoring judged rows of each label, as many as the joint estimates
    wrong."""
    issue = np.zeros(len(labels), dtype=bool)
    wrong = 1 - np.diagonal(joint) / np.maximum(joint.sum(1), 1)
    for label in np.flatnonzero(joint.sum(1)):
        rows = np.flatnonzero((labels == label) & judged)
        order = rows[np.argsort(score[rows], kind="stable")]
        issue[order[: round(wrong[label] * len(rows))]] = True
    return issue


def with_near_copies(
    judgement: Judgement,
    labels: np.ndarray,
    copies: NearCopies,
    judged: np.ndarray,
    verified: np.ndarray,
) -> Judgement:
    """Add `near_copy_other_label`: one of two near copies with two labels is wrong.

    It is the one with the lower score, or the one that no person has verified; of equals it is the
    second. So only one of a pair is suspected for it.
    """
    row, copy = copies.row, copies.copy
    lower = (judgement.score[row] < judgement.score[copy]) | (
        (judgement.score[row] == judgement.score[copy]) & (row > copy)
    )
    blamed = judged[row] & ~verified[row] & (verified[copy] | lower)
    row, copy = row[blamed], copy[blamed]
    reason, suggested, _, nearest = (column.copy() for column in judgement)
    reason[row], suggested[row], nearest[row] = Reason.NEAR_COPY_OTHER_LABEL, labels[copy], copy
    return Judgement(reason, suggested, judgement.score, nearest)
