"""Whether a model's confidence can be trusted: calibration, risk and coverage, entropy, and texts
out of scope, to which no class is the right answer.

Temperature scaling (Guo et al., 2017): probabilities are those of the logits divided by a
temperature, which is fitted on validation and changes no prediction. Risk and coverage (El-Yaniv
and Wiener, 2010): at a coverage of c the model answers the share c of the rows of which it is most
confident; the risk is the share of wrong answers among these.

Out of scope, a model either has a class for such texts, or gives no answer below a confidence
chosen on validation (`thresholds` of a task), or, of sets, predicts no label. Figures as in
Hendrycks and Gimpel, 2017 (AUROC), Larson et al., 2019 (recall) and Liang et al., 2018 (false
positive rate at 95 % recall).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seedbed.core.metrics import Bounds, Interval
from seedbed.core.rows import OUTSIDE
from seedbed.scoring.intervals import Evidence, concordance, mean_with_interval
from seedbed.scoring.metrics import bounds, clustered
from seedbed.scoring.metrics_files import Calibration, Detection, OutOfScope, RiskCoverage
from seedbed.tasks import ClassTask

BINS = 10
FOLDS = 5
LARGEST = 20.0  # temperatures are searched in 1/20 to 20
DIGITS = 4  # of a temperature: more would differ from processor to processor
LEAST = 1e-12  # replaces a probability of 0, which has no logarithm
COVERAGES = 20  # steps of the risk-coverage curve


def fitted_temperature(task: ClassTask, labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Fit the temperature with the least log loss, between 1/20 and 20; 1 if there are no rows."""
    if not len(labels):
        return 1.0
    low, high = -np.log(LARGEST), np.log(LARGEST)  # of log(1 / temperature)
    for _ in range(60):  # log loss is convex in 1 / temperature: its slope changes sign once
        middle = (low + high) / 2
        rises = task.slope(labels, probabilities, float(np.exp(-middle))) > 0
        low, high = (low, middle) if rises else (middle, high)
    return round(float(np.exp(-(low + high) / 2)), DIGITS)


def cross_fitted(
    task: ClassTask, labels: np.ndarray, probabilities: np.ndarray, clusters: np.ndarray
) -> np.ndarray:
    """Rescale each row to the temperature fitted on the clusters of other folds, so that
    validation's own figures are not of the rows that the temperature was fitted on."""
    fold = np.unique(clusters, return_inverse=True)[1] % FOLDS
    result = probabilities.copy()
    for number in range(FOLDS):
        inside = fold == number
        temperature = fitted_temperature(task, labels[~inside], probabilities[~inside])
        result[inside] = task.rescaled(probabilities[inside], temperature)
    return result


def calibration(
    task: ClassTask, labels: np.ndarray, probabilities: np.ndarray, clusters: np.ndarray
) -> Calibration:
    """Compute log loss and Brier score per row with intervals, expected calibration error (the mean
    distance of confidence and accuracy over ten bins; Naeini et al., 2015), and the 95 % interval
    of that error for a perfectly calibrated model with the same confidences.

    In each draw of a perfect model a row is correct with the probability that is its confidence.
    With few rows the interval is far from 0. There rows count as independent; `clusters` (rows,).
    Of sets, every label of a row is a decision of its own, and the error is that of all of them.
    """
    losses, squares = task.log_loss(labels, probabilities), task.brier(labels, probabilities)
    confidence, correct = task.decisions(labels, probabilities)
    random = np.random.default_rng(0)
    perfect = [
        _errors(confidence, random.random((10, len(confidence))) < confidence) for _ in range(100)
    ]
    return Calibration(
        log_loss=mean_with_interval(losses, clusters, -np.log(LEAST)),
        brier=mean_with_interval(squares, clusters, 2.0),
        expected_calibration_error=float(_errors(confidence, correct[None])[0]),
        expected_calibration_error_if_perfect=Bounds(**bounds(np.concatenate(perfect))),
    )


def _errors(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Expected calibration error for each row of `correct`: (draws, rows) -> (draws,)."""
    bins = np.eye(BINS)[np.minimum((confidence * BINS).astype(int), BINS - 1)]
    distances = np.abs(correct.astype(np.float64) @ bins - confidence @ bins)
    return distances.sum(1) / len(confidence)


def reliability_curve(
    task: ClassTask, labels: np.ndarray, probabilities: np.ndarray
) -> list[tuple[float, float, int]]:
    """Compute points of mean confidence, accuracy and decisions (rows, where each has one class) in
    six bins of equally many, for a plot: bins of equal width may hold two or three rows."""
    confidence, correct = task.decisions(labels, probabilities)
    order = np.argsort(confidence, kind="stable")
    return [
        (float(confidence[part].mean()), float(correct[part].mean()), len(part))
        for part in np.array_split(order, min(6, len(order)))
    ]


def risk_coverage_curve(
    task: ClassTask, labels: np.ndarray, probabilities: np.ndarray
) -> list[tuple[float, float, float]]:
    """Compute coverage, risk and lowest confidence at coverages of 5 %, 10 % ... 100 %."""
    order, _, risks = _by_confidence(task, labels, probabilities)
    shares = np.arange(1, COVERAGES + 1) / COVERAGES
    last = np.unique(np.ceil(shares * len(order)).astype(int) - 1)
    confidence = task.confidence(probabilities)[order[last]]
    return list(zip((last + 1) / len(order), risks[last], confidence, strict=True))


def risk_coverage(
    task: ClassTask, labels: np.ndarray, probabilities: np.ndarray, clusters: np.ndarray
) -> RiskCoverage:
    """Compute the area under the risk-coverage curve (mean risk over all coverages) with its 95 %
    interval, and the risk at coverages of 80 % and 90 %; `clusters` (rows,).

    The interval is that of a share with the variance of the area's linear approximation.
    """
    order, wrong, risks = _by_confidence(task, labels, probabilities)
    figure, rows, places = float(risks.mean()), len(order), np.arange(1, len(order) + 1)
    # What the weight of a row adds: its own risk, and what it changes in those of all after it.
    below, above = (np.cumsum((part / places)[::-1])[::-1] for part in (np.ones(rows), risks))
    added = (risks - figure + wrong * below - above) / rows
    units = clusters[order]
    variance = float((added**2).sum()) * clustered(added, np.unique(units, return_inverse=True)[1])
    found = Evidence.of(figure, variance, (0.0, 1.0), len(np.unique(units)))
    at_80, at_90 = (float(risks[int(np.ceil(share * len(order))) - 1]) for share in (0.8, 0.9))
    area = Interval(mean=figure, **found.bounds())
    return RiskCoverage(area=area, risk_at_80=at_80, risk_at_90=at_90)


def _by_confidence(
    task: ClassTask, labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The indices of rows, the most confident first, which of these are wrong, and the share of
    wrong answers if all rows up to each one are answered: (rows,) each."""
    order = np.argsort(-task.confidence(probabilities), kind="stable")
    wrong = 1 - task.right(labels, task.decode(probabilities))[order]
    return order, wrong, np.cumsum(wrong) / np.arange(1, len(wrong) + 1)


def detection(
    task: ClassTask,
    label: str,
    is_outside: np.ndarray,
    probabilities: np.ndarray,
    outside: int,
    thresholds: Sequence[float],
    kinds: np.ndarray,
    clusters: np.ndarray,
) -> OutOfScope:
    """Measure detection over all rows out of scope, and over those of each kind with the same rows
    in scope.

    Rows are detected by the probability of class index `outside`, or, if the model has no such
    class (OUTSIDE), by how far their most probable class is from being predicted: flagged are those
    for which `thresholds` leave no class. Of sets that is the distance of every label to its own
    threshold, and not the probability of the empty set, which is not what empties a prediction.
    `is_outside`, `kinds`, `clusters`: (rows,); `probabilities`: (rows, classes).
    """
    if outside == OUTSIDE:
        how: dict[str, Any] = {"how": "empty_set"}
        if not task.SETS:
            how = {"how": "threshold", "threshold": next(iter(thresholds), 0.0)}
        scores = 1 - task.answered(probabilities, thresholds).max(1)
        said = task.decode(task.ruled(probabilities, thresholds))
        flagged = task.one_hot(said, probabilities.shape[1]).sum(1) == 0
    else:
        how = {"how": "class"}
        scores, flagged = probabilities[:, outside], task.decode(probabilities) == outside
    inside = ~is_outside
    columns = (is_outside, scores, flagged, clusters)
    return OutOfScope(
        label=label,
        **how,
        in_scope_rows=int(inside.sum()),
        in_scope_flagged_share=float(flagged[inside].mean()),
        all=_detection(*columns),
        by_kind={
            str(name): _detection(*(column[inside | (kinds == name)] for column in columns))
            for name in sorted(set(kinds[is_outside]))
        },
    )


def _detection(
    is_outside: np.ndarray, scores: np.ndarray, flagged: np.ndarray, clusters: np.ndarray
) -> Detection:
    return Detection(
        rows=int(is_outside.sum()),
        auroc=concordance(is_outside, auroc(is_outside, scores), clusters),
        false_positive_rate_at_95_recall=false_positive_rate(is_outside, scores),
        recall=float(flagged[is_outside].mean()),
    )


def auroc(is_outside: np.ndarray, scores: np.ndarray) -> float:
    """Compute the probability that a row out of scope scores above one in scope, ties half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(is_outside, scores))


def false_positive_rate(is_outside: np.ndarray, scores: np.ndarray) -> float:
    """Compute the share of rows in scope that are flagged if 95 % of those out of scope are."""
    ordered = np.sort(scores[is_outside])[::-1]
    threshold = ordered[int(np.ceil(0.95 * len(ordered))) - 1]
    return float((scores[~is_outside] >= threshold).mean())
