"""Every label judged: its quality score, the suggested label, and the reason to suspect it; and the
policy for suspects in train: keep, drop, relabel or down-weight them.

Annotators do not err evenly: where many rows of `science` are called `business`, a row called
business that looks like science is more doubtful than one called business that looks like sport.
By Bayes' rule P(true is j | row, given i) is proportional to P(j | row) x P(given i | true j): the
second factor is a column of the confident joint (Northcutt, Jiang and Chuang, 2021), counted by
cleanlab, and the first is estimated by the models' probability.

On real noise this posterior of the row's label ranks better than the models' own probability of it,
by which cleanlab ranks (docs/explanation/decisions.md); `self_confidence` is the latter.

A machine never changes a label of validation or test, nor a row that a person has verified.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.errors import ParamsError
from seedbed.core.metrics import Drop, Metrics, RowCounts
from seedbed.core.params import Section
from seedbed.core.reasons import Reason
from seedbed.label_errors.out_of_fold import Counts
from seedbed.tasks import ClassTask, Task

Ranking = Literal["posterior", "self_confidence"]
DIGITS = 4  # of what labels are judged by: the last bits differ from processor to processor
SMOOTHING = 10.0  # rows added to each true class, spread over the labels, for rare classes


class ClassNoise(Metrics):
    """The share of rows with this label that are of another class, and the share of rows of this
    class that have another label."""

    given_wrong: float
    true_missed: float


class NoiseFigures(Metrics):
    """The share of wrong labels, of all and by class, and the nonzero cells of the joint."""

    wrong_share: float
    by_class: dict[str, ClassNoise]
    confident_joint: dict[str, dict[str, int]]  # rows by label and by likely true class; of sets
    # by class and by whether it is likely right, extra or missing


class LabelErrorMetrics(Metrics):
    """reports/metrics/find_label_errors.json."""

    rows: RowCounts
    suspects: int
    suspects_by_side: dict[str, int]
    suspects_by_reason: dict[str, int]
    outliers_by_side: dict[str, int]
    verified_rows: int
    not_judged_by_class: dict[str, int]
    policy: str
    noise: NoiseFigures | None  # None of answers, which are of no class
    non_iid_p: float | None  # of "the order of arrival is random"; None: too few rows


def label_quality(
    labels: np.ndarray,
    probabilities: np.ndarray,
    folds: np.ndarray,
    counted: np.ndarray,
    ranking: Ranking = "posterior",
) -> np.ndarray:
    """Return P(true class | row, given label): (rows, classes); by `self_confidence` these are the
    probabilities themselves.

    `labels` are class indices, `probabilities` out of sample. The noise by which a row is judged is
    counted on the rows of the other folds, for test rows on all folds; only rows in the mask
    `counted` contribute, so that rows verified by people do not make noise look rare.
    """
    if ranking == "self_confidence":
        return probabilities.round(DIGITS)
    result, width = np.empty_like(probabilities), probabilities.shape[1]
    for fold in np.unique(folds):
        scored = folds == fold
        others = ~scored & (folds >= 0) & counted
        # P(given i | true j): the joint's columns, those of few rows shrunk towards uniform.
        smooth = confident_joint(labels[others], probabilities[others]) + SMOOTHING / width
        weighed = probabilities[scored] * (smooth / smooth.sum(0))[labels[scored]]
        result[scored] = weighed / weighed.sum(1, keepdims=True)
    return result.round(DIGITS)


def confident_joint(
    labels: np.ndarray, probabilities: np.ndarray, calibrated: bool = False
) -> np.ndarray:
    """Count rows by given label and the class they confidently belong to: (classes, classes).

    A row belongs to a class if its probability is at least the mean of the rows with that label.
    `calibrated`: rows of the joint add up to the rows of each label. Classes without a row have
    zeros, because cleanlab needs rows of every class, and two classes or more.
    """
    from cleanlab.count import compute_confident_joint

    joint = np.zeros((probabilities.shape[1], probabilities.shape[1]))
    present, indices = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        joint[present, present] = len(labels)
        return joint
    # None is 0, which only means that a model did not see the class: cleanlab takes logarithms.
    smooth = probabilities[:, present] + 1e-6
    joint[np.ix_(present, present)] = compute_confident_joint(
        indices, smooth / smooth.sum(1, keepdims=True), calibrate=calibrated
    )
    return joint


def noise_figures(classes: Sequence[str], joint: np.ndarray) -> NoiseFigures:
    """Return the figures of the calibrated joint: rows by given label (rows) and likely true class
    (columns), over `classes`: (n, n)."""
    total, right = joint.sum(), np.diagonal(joint)
    by_class, cells = {}, {}
    for index, name in enumerate(classes):
        given, true = joint[index].sum(), joint[:, index].sum()
        by_class[name] = ClassNoise(
            given_wrong=float(1 - right[index] / given) if given else 0.0,
            true_missed=float(1 - right[index] / true) if true else 0.0,
        )
        counts = zip(classes, joint[index], strict=True)
        cells[name] = {other: int(count) for other, count in counts if count}
    wrong = float(1 - right.sum() / total) if total else 0.0
    return NoiseFigures(wrong_share=wrong, by_class=by_class, confident_joint=cells)


class Judgement(NamedTuple):
    """For every row: the reason to suspect its label ("": none), the suggested target, the label
    quality score in [0, 1] (low is doubtful), and the near copy with another label (-1: none)."""

    reason: np.ndarray
    suggested: np.ndarray
    score: np.ndarray
    copy: np.ndarray


def judge_labels(
    task: ClassTask,
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
    alone, corrected = (
        np.where(task.confidence(given) >= min_probability, task.decode(given), labels)
        for given in (probabilities, quality)
    )
    suggested = np.where(corrected != labels, corrected, alone)
    score = np.where(judged, task.given(quality, labels), 1.0)
    issue = np.zeros(len(labels), dtype=bool)
    wrong = 1 - np.diagonal(joint) / np.maximum(joint.sum(1), 1)
    for label in np.flatnonzero(joint.sum(1)):
        rows = np.flatnonzero((labels == label) & judged)
        order = rows[np.argsort(score[rows], kind="stable")]
        issue[order[: round(wrong[label] * len(rows))]] = True
    others = quality.copy()
    others[np.arange(len(labels)), labels] = -1
    suggested = np.where(issue & (suggested == labels), task.decode(others), suggested)
    suggested = np.where(judged, suggested, labels)
    why = np.where(issue, Reason.LABEL_ISSUE, Reason.OTHER_LABEL_LIKELIER).astype(object)
    reason = np.where(suggested != labels, why, "")
    return Judgement(reason, suggested, score, np.full(len(labels), -1))


def agreement(labels: np.ndarray, suggested: np.ndarray, quality: np.ndarray) -> Counts:
    """Return whether a row has the class that is suggested for another."""
    return lambda rows, others: labels[others] == suggested[rows]


def with_near_copies(
    judgement: Judgement,
    labels: np.ndarray,
    copies: tuple[np.ndarray, np.ndarray],
    judged: np.ndarray,
    verified: np.ndarray,
) -> Judgement:
    """Add `near_copy_other_label`: one of two near copies with two `labels` (targets) is wrong.

    It is the one with the lower score, or the one that no person has verified; of equals it is the
    second. So only one of a pair is suspected for it.
    """
    row, copy = copies  # see `near_copies`
    lower = (judgement.score[row] < judgement.score[copy]) | (
        (judgement.score[row] == judgement.score[copy]) & (row > copy)
    )
    blamed = judged[row] & ~verified[row] & (verified[copy] | lower)
    row, copy = row[blamed], copy[blamed]
    reason, suggested, _, nearest = (column.copy() for column in judgement)
    reason[row], suggested[row], nearest[row] = Reason.NEAR_COPY_OTHER_LABEL, labels[copy], copy
    return Judgement(reason, suggested, judgement.score, nearest)


class PolicyParams(Section):
    """The part of params.yaml section `find_label_errors` about the policy."""

    policy: Literal["flag", "drop", "relabel", "weight"]
    max_score: float | None = Field(ge=0, le=1)
    max_share: float | None = Field(gt=0, le=1)
    suspect_weight: float = Field(ge=0, le=1)


def check_policy(params: PolicyParams) -> None:
    """Raise ParamsError unless exactly one of `max_score` and `max_share` is set."""
    if (params.max_score is None) == (params.max_share is None):
        problem = "neither is set" if params.max_score is None else "both are set"
        raise ParamsError(
            "params.yaml: find_label_errors.max_score and max_share",
            problem,
            "one of them: the highest label quality score or the share of train rows on which the "
            "policy acts",
            "set one, and the other to null",
        )


def chosen(
    task: Task, rows: pd.DataFrame, suspects: pd.DataFrame, params: PolicyParams
) -> pd.DataFrame:
    """Return the train suspects that the policy acts on, lowest label quality first.

    A class whose train rows would all be chosen keeps them, or it could not be learned.
    """
    selected = suspects[suspects["split"] == "train"].sort_values(["score", "id"])
    train = rows[rows["split"] == "train"]
    if params.max_share is None:
        selected = selected[selected["score"] <= params.max_score]
    else:
        selected = selected.head(int(params.max_share * len(train)))
    left = set(task.classes(train["label"][~train["id"].isin(selected["id"])]))
    kept = [left.issuperset(task.members(label)) for label in selected["label"]]
    return selected[np.array(kept, dtype=bool)]


def candidates(judged: pd.DataFrame, verified: set[str], params: PolicyParams) -> pd.DataFrame:
    """Return the rows that the policy may act on: the suspects, or with `max_share` every judged
    row, by default for `low_label_quality`. Verified rows are excluded."""
    selected = judged[~judged["id"].isin(verified)]
    if params.max_share is None:
        return selected[selected["reason"] != ""]
    selected = selected[selected["judged"]]
    return selected.assign(reason=selected["reason"].replace("", Reason.LOW_LABEL_QUALITY))


def apply_policy(
    task: Task, rows: pd.DataFrame, suspects: pd.DataFrame, params: PolicyParams
) -> tuple[pd.DataFrame, list[Drop]]:
    """Return the rows after the policy, and the drops; the cause of a row suspected for a near copy
    is that copy. `suspects` have id, split, label, suggested, score, reason, nearest (ids)."""
    selected = chosen(task, rows, suspects, params)
    hit = rows["id"].isin(selected["id"])
    if params.policy == "drop":
        copied = selected["reason"] == Reason.NEAR_COPY_OTHER_LABEL
        causes = selected["nearest"].str.split().str[0].where(copied, "")
        return rows[~hit], list(map(Drop, selected["id"], selected["reason"], causes))
    if params.policy == "relabel":
        suggested = dict(zip(selected["id"], selected["suggested"], strict=True))
        labels = [*map(suggested.get, rows["id"], rows["label"])]
        return rows.assign(label=pd.Series(labels, index=rows.index, dtype="str")), []
    if params.policy == "weight":
        return rows.assign(weight=rows["weight"].where(~hit, params.suspect_weight)), []
    return rows, []
