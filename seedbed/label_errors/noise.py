"""Which labels are given to which classes: the confident joint (Northcutt, Jiang and Chuang, 2021),
counted by cleanlab, and what it says of one row.

Annotators do not err evenly: where many rows of `science` are called `business`, a row called
business that looks like science is more doubtful than one called business that looks like sport.
By Bayes' rule P(true is j | row, given i) is proportional to P(j | row) x P(given i | true j); the
second factor is a column of the joint, and the models' probability stands for the first.
"""

from typing import Any, NamedTuple

import numpy as np

SMOOTHING = 10.0  # rows added to each true class, spread over the labels: rare classes say little


class Joint(NamedTuple):
    """Rows by given label (lines) and likely true class (columns), over `classes`: (n, n)."""

    classes: list[str]
    rows: np.ndarray


def posterior(
    labels: np.ndarray, probabilities: np.ndarray, folds: np.ndarray, counted: np.ndarray
) -> np.ndarray:
    """P(true class | row, given label): (rows, classes).

    `labels` are class numbers, `probabilities` out of sample. The noise that a row is judged by is
    counted on the rows of the other folds, for test rows on all folds; only rows that are `counted`
    (bool) say anything of it, so that what people have verified does not make noise look rare.
    """
    found = np.empty_like(probabilities)
    for fold in np.unique(folds):
        scored = folds == fold
        others = ~scored & (folds >= 0) & counted
        noise = _given_by_true(confident_joint(labels[others], probabilities[others]))
        weighed = probabilities[scored] * noise[labels[scored]]
        found[scored] = weighed / weighed.sum(1, keepdims=True)
    return found


def _given_by_true(joint: np.ndarray) -> np.ndarray:
    """P(given i | true j): columns of the joint, those of few rows drawn to "any label"."""
    smooth = joint + SMOOTHING / len(joint)
    return smooth / smooth.sum(0)


def confident_joint(
    labels: np.ndarray, probabilities: np.ndarray, calibrated: bool = False
) -> np.ndarray:
    """Rows by given label and by the class that they confidently belong to: (classes, classes).

    A row belongs to a class that it gets at least as much probability of as rows with that label do
    on average. `calibrated`: lines add up to the rows of each label. Classes without a row have
    zeros: cleanlab wants rows of every class, and two classes or more.
    """
    from cleanlab.count import compute_confident_joint

    joint = np.zeros((probabilities.shape[1], probabilities.shape[1]))
    present, numbers = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        joint[present, present] = len(labels)
        return joint
    joint[np.ix_(present, present)] = compute_confident_joint(
        numbers, over(probabilities, present), calibrate=calibrated
    )
    return joint


def over(probabilities: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Probabilities of some classes that add up to one, none of them 0, which only says "not among
    those that a model saw" and which cleanlab would take the log of."""
    smooth = probabilities[:, present] + 1e-6
    return smooth / smooth.sum(1, keepdims=True)


def noise_figures(joint: Joint) -> dict[str, Any]:
    """What the calibrated joint says: the share of labels that are wrong, of all and by class, and
    its cells that are not 0. Of a class: the share of the rows called so that are of another
    (`given_wrong`), and the share of its true rows that are called otherwise (`true_missed`)."""
    total, right = joint.rows.sum(), np.diagonal(joint.rows)
    by_class, cells = {}, {}
    for at, name in enumerate(joint.classes):
        given, true = joint.rows[at].sum(), joint.rows[:, at].sum()
        by_class[name] = {
            "given_wrong": float(1 - right[at] / given) if given else 0.0,
            "true_missed": float(1 - right[at] / true) if true else 0.0,
        }
        cells[name] = {
            other: int(joint.rows[at, place])
            for place, other in enumerate(joint.classes)
            if joint.rows[at, place]
        }
    wrong = float(1 - right.sum() / total) if total else 0.0
    return {"wrong_share": wrong, "by_class": by_class, "confident_joint": cells}
