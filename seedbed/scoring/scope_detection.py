"""Texts to which no class is the right answer: how well they are told from the others.

A model either has a class for them, or is silent below a confidence that was chosen on validation.
Figures as in Hendrycks and Gimpel, 2017 (AUROC), Larson et al., 2019 (recall) and Liang et al.,
2018 (false positive rate at 95 % recall).
"""

from typing import Any

import numpy as np

from seedbed.core.rows import OUTSIDE
from seedbed.scoring.intervals import resampled_counts
from seedbed.scoring.metrics import macro_f1_of

DRAWS = 500
RECALL = 0.95


def outside_score(probabilities: np.ndarray, outside: int) -> np.ndarray:
    """How much a text looks out of scope, (rows,): the probability of class number `outside`, or
    one minus the highest probability where the model has no such class (OUTSIDE)."""
    return 1 - probabilities.max(1) if outside == OUTSIDE else probabilities[:, outside]


def chosen_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The confidence below which a prediction is out of scope: the one with the best macro-F1 over
    the classes and out of scope, the lowest of equals. `labels`: OUTSIDE where out of scope."""
    sure, predicted = probabilities.max(1), probabilities.argmax(1)
    classes = probabilities.shape[1]
    truth = np.where(labels == OUTSIDE, classes, labels)
    ordered = np.unique(sure)
    between = np.r_[0.0, (ordered[1:] + ordered[:-1]) / 2]
    # Some hundred candidates say as much as all of them.
    candidates = between[:: max(1, len(between) // 200)]
    scores = [macro_f1_of(truth, np.where(sure < low, classes, predicted)) for low in candidates]
    return float(candidates[int(np.argmax(scores))])


def with_outside(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Probabilities with one class more, out of scope, which is the likeliest where no other class
    reaches `threshold`: (rows, classes) -> (rows, classes + 1)."""
    more = np.concatenate([probabilities, np.full((len(probabilities), 1), threshold)], axis=1)
    return more / more.sum(1, keepdims=True)


def detection(
    is_outside: np.ndarray,
    scores: np.ndarray,
    flagged: np.ndarray,
    kinds: np.ndarray,
    units: np.ndarray,
) -> dict[str, Any]:
    """Figures over all rows out of scope, and over those of each kind beside the same rows in
    scope. `flagged`: rows that the model says are out of scope. All (rows,)."""
    inside = ~is_outside
    result: dict[str, Any] = {
        "in_scope_rows": int(inside.sum()),
        "in_scope_flagged_share": float(flagged[inside].mean()),
        "all": _figures(is_outside, scores, flagged, units),
    }
    names = sorted(set(kinds[is_outside]))
    result["by_kind"] = {
        str(name): _figures(
            *(part[inside | (kinds == name)] for part in (is_outside, scores, flagged, units))
        )
        for name in names
    }
    return result


def _figures(
    is_outside: np.ndarray, scores: np.ndarray, flagged: np.ndarray, units: np.ndarray
) -> dict[str, Any]:
    low, high = _auroc_interval(is_outside, scores, units)
    return {
        "rows": int(is_outside.sum()),
        "auroc": {"mean": auroc(is_outside, scores), "low": low, "high": high},
        "false_positive_rate_at_95_recall": false_positive_rate(is_outside, scores),
        "recall": float(flagged[is_outside].mean()),
    }


def auroc(is_outside: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The chance that a row out of scope scores above one in scope, ties half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(is_outside, scores, sample_weight=weights))


def _auroc_interval(
    is_outside: np.ndarray, scores: np.ndarray, units: np.ndarray
) -> tuple[float, float]:
    """95 % interval by a bootstrap over units."""
    samples = resampled_counts(np.unique(units, return_inverse=True)[1], draws=DRAWS)
    values = [
        auroc(is_outside, scores, counts)
        for counts in samples
        if counts[is_outside].any() and counts[~is_outside].any()
    ]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def false_positive_rate(is_outside: np.ndarray, scores: np.ndarray) -> float:
    """Share of the rows in scope that are flagged where 95 % of those out of scope are."""
    ordered = np.sort(scores[is_outside])[::-1]
    threshold = ordered[int(np.ceil(RECALL * len(ordered))) - 1]
    return float((scores[~is_outside] >= threshold).mean())
