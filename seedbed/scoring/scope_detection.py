"""Out-of-scope texts, to which no class is the right answer: how well they are detected.

A model either has a class for them, or gives no answer below a confidence chosen on validation.
Figures as in Hendrycks and Gimpel, 2017 (AUROC), Larson et al., 2019 (recall) and Liang et al.,
2018 (false positive rate at 95 % recall).
"""

import numpy as np

from seedbed.core.metrics import Interval
from seedbed.core.rows import OUTSIDE
from seedbed.scoring.intervals import bounds, resampled_counts
from seedbed.scoring.metrics import macro_f1_of
from seedbed.scoring.metrics_files import Detection, Detections

DRAWS = 500
RECALL = 0.95


def outside_score(probabilities: np.ndarray, outside: int) -> np.ndarray:
    """Compute how much each row looks out of scope, (rows,): the probability of class index
    `outside`, or one minus the highest probability if the model has no such class (OUTSIDE)."""
    return 1 - probabilities.max(1) if outside == OUTSIDE else probabilities[:, outside]


def chosen_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Choose the confidence below which a prediction is out of scope: the one with the best
    macro-F1 over classes and out of scope, the lowest of equals. `labels`: OUTSIDE if out of scope.
    """
    confidence, predicted = probabilities.max(1), probabilities.argmax(1)
    classes = probabilities.shape[1]
    truth = np.where(labels == OUTSIDE, classes, labels)
    ordered = np.unique(confidence)
    between = np.r_[0.0, (ordered[1:] + ordered[:-1]) / 2]
    # A few hundred candidates do as well as all of them.
    candidates = between[:: max(1, len(between) // 200)]
    scores = [
        macro_f1_of(truth, np.where(confidence < low, classes, predicted)) for low in candidates
    ]
    return float(candidates[int(np.argmax(scores))])


def with_outside(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Add a class, out of scope, which is the most probable where no other class reaches
    `threshold`: (rows, classes) -> (rows, classes + 1)."""
    more = np.concatenate([probabilities, np.full((len(probabilities), 1), threshold)], axis=1)
    return more / more.sum(1, keepdims=True)


def detection(
    is_outside: np.ndarray,
    scores: np.ndarray,
    flagged: np.ndarray,
    kinds: np.ndarray,
    clusters: np.ndarray,
) -> Detections:
    """Measure detection over all rows out of scope, and over those of each kind with the same rows
    in scope. `flagged`: rows that the model predicts as out of scope. All (rows,)."""
    inside = ~is_outside
    names = sorted(set(kinds[is_outside]))
    columns = (is_outside, scores, flagged, clusters)
    return Detections(
        in_scope_rows=int(inside.sum()),
        in_scope_flagged_share=float(flagged[inside].mean()),
        all=_figures(*columns),
        by_kind={
            str(name): _figures(
                *(
                    part[inside | (kinds == name)]
                    for part in (is_outside, scores, flagged, clusters)
                )
            )
            for name in names
        },
    )


def _figures(
    is_outside: np.ndarray, scores: np.ndarray, flagged: np.ndarray, clusters: np.ndarray
) -> Detection:
    ends = _auroc_bounds(is_outside, scores, clusters)
    return Detection(
        rows=int(is_outside.sum()),
        auroc=Interval(mean=auroc(is_outside, scores), **ends),
        false_positive_rate_at_95_recall=false_positive_rate(is_outside, scores),
        recall=float(flagged[is_outside].mean()),
    )


def auroc(is_outside: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Compute the probability that a row out of scope scores above one in scope, ties half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(is_outside, scores, sample_weight=weights))


def _auroc_bounds(
    is_outside: np.ndarray, scores: np.ndarray, clusters: np.ndarray
) -> dict[str, float]:
    """95 % interval by a bootstrap over clusters."""
    samples = resampled_counts(np.unique(clusters, return_inverse=True)[1], draws=DRAWS)
    values = [
        auroc(is_outside, scores, counts)
        for counts in samples
        if counts[is_outside].any() and counts[~is_outside].any()
    ]
    return bounds(np.array(values))


def false_positive_rate(is_outside: np.ndarray, scores: np.ndarray) -> float:
    """Compute the share of rows in scope that are flagged if 95 % of those out of scope are."""
    ordered = np.sort(scores[is_outside])[::-1]
    threshold = ordered[int(np.ceil(RECALL * len(ordered))) - 1]
    return float((scores[~is_outside] >= threshold).mean())
