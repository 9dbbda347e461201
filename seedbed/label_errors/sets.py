"""The judge of sets of labels: every class of every row by itself, `missing` from the row's set or
`extra` in it, and the whole set that results.

The posterior takes two facts that the models' probability of a class leaves out. Whether other
classes are given: where sets are small, a second label is more often extra, and a set with a label
lacks another less often; a logistic regression of each class, fitted on other folds, weighs the
probability and this fact. And how annotators err, which the confident joint of each class counts,
as for single labels (ranking.py). The joint of a rare class rests on few rows, and the models'
probabilities are soft, so only the square root of its ratio counts. On planted errors and on those
of a heuristic this ranks both kinds above cleanlab's scores, which `self_confidence` are
(docs/explanation/decisions.md).
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from seedbed.core.reasons import Reason
from seedbed.label_errors import ranking
from seedbed.label_errors.out_of_fold import Counts
from seedbed.label_errors.ranking import (
    DIGITS,
    ClassNoise,
    Judgement,
    NoiseFigures,
    Ranking,
)
from seedbed.tasks import ClassTask

LEAST = 1e-4  # of a probability: its last digit
NOISE_POWER = 0.5  # of the joint's ratio; 0: the noise is ignored, 1: trusted
RIGHT, EXTRA, MISSING = "right", "extra", "missing"


def label_quality(
    labels: np.ndarray,
    probabilities: np.ndarray,
    folds: np.ndarray,
    counted: np.ndarray,
    ranking: Ranking = "posterior",
) -> np.ndarray:
    """Return P(class belongs to the set | row, given set): (rows, classes); by `self_confidence`
    the probabilities themselves. `labels`: (rows, classes) of 0 and 1.

    What a row is judged by is fitted on the rows of the other folds, for test rows on all folds, of
    those in the mask `counted`.
    """
    if ranking == "self_confidence":
        return probabilities.round(DIGITS)
    quality = np.empty_like(probabilities)
    sizes = labels.sum(1)
    for number in range(labels.shape[1]):
        held, alone = labels[:, number].astype(np.int64), probabilities[:, number]
        odds = _log_odds(alone)
        by_noise = _log_odds(_by_noise(alone, held, folds, counted)) - odds
        by_set = _by_given_set(np.c_[odds, sizes > held], held, folds, counted)
        quality[:, number] = 1 / (1 + np.exp(-by_set - NOISE_POWER * by_noise))
    return quality.round(DIGITS)


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    inside = np.clip(probabilities, LEAST, 1 - LEAST)
    return np.log(inside / (1 - inside))


@threadpool_limits.wrap(limits=1)  # two features: a second thread costs more than it gains
def _by_given_set(
    given: np.ndarray, held: np.ndarray, folds: np.ndarray, counted: np.ndarray
) -> np.ndarray:
    """Return the log-odds of a class, (rows,), by those of the models and whether other classes are
    given, (rows, 2); rows whose other folds are all alike in `held` keep those of the models."""
    odds = given[:, 0].copy()
    for fold in np.unique(folds):
        scored = folds == fold
        others = ~scored & (folds >= 0) & counted
        if len(np.unique(held[others])) == 2:
            model = LogisticRegression().fit(given[others], held[others])
            odds[scored] = model.decision_function(given[scored])
    return odds


def _by_noise(
    probabilities: np.ndarray, held: np.ndarray, folds: np.ndarray, counted: np.ndarray
) -> np.ndarray:
    """Return the posterior of a class, (rows,), as that of two labels: without it and with it."""
    both = np.c_[1 - probabilities, probabilities]
    return ranking.label_quality(held, both, folds, counted)[:, 1]


def confident_joint(
    labels: np.ndarray, probabilities: np.ndarray, calibrated: bool = False
) -> np.ndarray:
    """Count rows of each class by whether it is given and whether it is confidently true:
    (classes, 2, 2)."""
    columns = zip(labels.T.astype(np.int64), probabilities.T, strict=True)
    return np.array(
        [
            ranking.confident_joint(held, np.c_[1 - found, found], calibrated)
            for held, found in columns
        ]
    )


def judge_labels(
    task: ClassTask,
    labels: np.ndarray,
    probabilities: np.ndarray,
    quality: np.ndarray,
    min_probability: float,
    judged: np.ndarray,
    joint: np.ndarray,
) -> Judgement:
    """Judge sets (rows, classes) by out-of-sample `probabilities` and their `label_quality`.

    A class is suspected where the opposite has at least `min_probability`, by its quality or by the
    models alone, or where it is among the lowest-scoring of those with (or without) it, as many as
    the calibrated `joint` counts wrong. The suggestion is the set with every suspected class added
    or taken out, the score the probability of the whole set. Rows outside the mask `judged` are
    never suspects: reason "", score 1.
    """
    held = labels == 1
    scores, alone = (np.where(held, part, 1 - part) for part in (quality, probabilities))
    doubted = 1 - np.minimum(scores, alone) >= min_probability
    wrong = joint[:, [0, 1], [1, 0]] / np.maximum(joint.sum(2), 1)
    for number, shares in enumerate(wrong):
        for state, share in enumerate(shares):
            rows = np.flatnonzero((labels[:, number] == state) & judged)
            order = rows[np.argsort(scores[rows, number], kind="stable")]
            doubted[order[: round(share * len(rows))], number] = True
    doubted &= judged[:, None]
    missing, extra = (doubted & ~held).any(1), (doubted & held).any(1)
    kinds = [missing & extra, missing, extra]
    reasons = [Reason.MISSING_AND_EXTRA_LABELS, Reason.LACKS_LABEL, Reason.EXTRA_LABEL]
    return Judgement(
        reason=np.select(kinds, reasons, "").astype(object),
        suggested=np.where(doubted, 1 - labels, labels),
        score=np.where(judged, scores.prod(1), 1.0).round(2 * DIGITS),  # of factors of so many
        copy=np.full(len(labels), -1),
    )


def agreement(labels: np.ndarray, suggested: np.ndarray, quality: np.ndarray) -> Counts:
    """Return whether a row is, in the most doubtful class of another, as suggested for that one."""
    scores = np.where(labels == 1, quality, 1 - quality)
    number = np.where(suggested != labels, scores, 2.0).argmin(1)
    wanted = suggested[np.arange(len(labels)), number]

    def agrees(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        return labels[others, number[rows]] == wanted[rows]

    return agrees


def noise_figures(classes: Sequence[str], joint: np.ndarray) -> NoiseFigures:
    """Return the figures of the calibrated joint, (classes, 2, 2); the share of wrong labels is of
    all pairs of a row and a class."""
    by_class, cells = {}, {}
    for name, ((_, missing), (extra, right)) in zip(classes, joint, strict=True):
        by_class[name] = ClassNoise(
            given_wrong=float(extra / (extra + right)) if extra + right else 0.0,
            true_missed=float(missing / (missing + right)) if missing + right else 0.0,
        )
        counts = {RIGHT: right, EXTRA: extra, MISSING: missing}
        cells[name] = {kind: int(count) for kind, count in counts.items() if count}
    total = joint.sum()
    wrong = float((joint[:, 0, 1] + joint[:, 1, 0]).sum() / total) if total else 0.0
    return NoiseFigures(wrong_share=wrong, by_class=by_class, confident_joint=cells)
