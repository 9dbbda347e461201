"""Whether a model's confidence can be trusted: calibration, risk and coverage, entropy.

Temperature scaling (Guo et al., 2017): probabilities are those of the logits divided by a
temperature, which is fitted on validation and changes no prediction. Risk and coverage (El-Yaniv
and Wiener, 2010): at a coverage of c the model answers the share c of the rows of which it is most
confident; the risk is the share of wrong answers among these.
"""

import numpy as np

from seedbed.core.metrics import Bounds, Interval
from seedbed.scoring.intervals import bounds, mean_with_interval
from seedbed.scoring.metrics_files import Calibration, RiskCoverage

BINS = 10
CURVE_BINS = 6
PERFECT_DRAWS = 1000
FOLDS = 5
LARGEST = 20.0  # temperatures are searched in 1/20 to 20
HALVINGS = 60
DIGITS = 4  # of a temperature: more would differ from processor to processor
LEAST = 1e-12  # replaces a probability of 0, which has no logarithm
COVERAGES = 20  # steps of the risk-coverage curve


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """Compute the entropy of each row's class probabilities (rows, classes), as a share of the
    largest possible: (rows,), 0 is certain."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    inside = np.clip(probabilities, 1e-12, 1)
    return -(inside * np.log(inside)).sum(1) / np.log(probabilities.shape[1])


def rescaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Rescale probabilities to another temperature: (rows, classes) -> (rows, classes)."""
    logits = np.log(np.maximum(probabilities, 1e-300)) / temperature
    scaled = np.exp(logits - logits.max(1, keepdims=True))
    return scaled / scaled.sum(1, keepdims=True)


def fitted_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Fit the temperature with the least log loss, between 1/20 and 20; 1 if there are no rows."""
    if not len(labels):
        return 1.0
    logits = np.log(np.maximum(probabilities, 1e-300))
    given = logits[np.arange(len(labels)), labels]
    low, high = -np.log(LARGEST), np.log(LARGEST)  # of log(1 / temperature)
    for _ in range(HALVINGS):  # log loss is convex in 1 / temperature: its slope changes sign once
        middle = (low + high) / 2
        expected = (rescaled(probabilities, np.exp(-middle)) * logits).sum(1)
        low, high = (low, middle) if (expected - given).mean() > 0 else (middle, high)
    return round(float(np.exp(-(low + high) / 2)), DIGITS)


def cross_fitted(
    labels: np.ndarray, probabilities: np.ndarray, clusters: np.ndarray, folds: int = FOLDS
) -> np.ndarray:
    """Rescale each row to the temperature fitted on the clusters of other folds, so that
    validation's own figures are not of the rows that the temperature was fitted on."""
    fold = np.unique(clusters, return_inverse=True)[1] % folds
    result = probabilities.copy()
    for number in range(folds):
        inside = fold == number
        temperature = fitted_temperature(labels[~inside], probabilities[~inside])
        result[inside] = rescaled(probabilities[inside], temperature)
    return result


def calibration(labels: np.ndarray, probabilities: np.ndarray, samples: np.ndarray) -> Calibration:
    """Compute log loss and Brier score per row with intervals, expected calibration error, and that
    of a perfectly calibrated model. `samples`: bootstrap counts."""
    given = probabilities[np.arange(len(labels)), labels]
    squares = ((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(1)
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    return Calibration(
        log_loss=mean_with_interval(-np.log(np.maximum(given, LEAST)), samples),
        brier=mean_with_interval(squares, samples),
        expected_calibration_error=float(_errors(confidence, correct[None])[0]),
        expected_calibration_error_if_perfect=perfect_interval(confidence),
    )


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Compute the mean distance of confidence and accuracy over ten bins (Naeini et al., 2015)."""
    correct = probabilities.argmax(1) == labels
    return float(_errors(probabilities.max(1), correct[None])[0])


def perfect_interval(confidence: np.ndarray, seed: int = 0) -> Bounds:
    """Compute the 95 % interval of the expected calibration error of a perfectly calibrated model
    with these confidences (rows,).

    In each draw a row is correct with the probability that is its confidence. With few rows the
    interval is far from 0. Rows count as independent.
    """
    random = np.random.default_rng(seed)
    errors = [
        _errors(confidence, random.random((10, len(confidence))) < confidence)
        for _ in range(PERFECT_DRAWS // 10)
    ]
    return Bounds(**bounds(np.concatenate(errors)))


def _errors(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Expected calibration error for each row of `correct`: (draws, rows) -> (draws,)."""
    bins = np.eye(BINS)[_bin(confidence)]
    distances = np.abs(correct.astype(np.float64) @ bins - confidence @ bins)
    return distances.sum(1) / len(confidence)


def _bin(confidence: np.ndarray) -> np.ndarray:
    return np.minimum((confidence * BINS).astype(int), BINS - 1)


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Compute confidence and accuracy in ten bins of equal width; empty bins are left out."""
    index = _bin(probabilities.max(1))
    bins = [np.flatnonzero(index == number) for number in range(BINS)]
    return _points(labels, probabilities, [rows for rows in bins if len(rows)])


def reliability_curve(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Compute confidence and accuracy in six bins of equally many rows, for a plot: bins of equal
    width may hold two or three rows."""
    order = np.argsort(probabilities.max(1), kind="stable")
    return _points(labels, probabilities, np.array_split(order, min(CURVE_BINS, len(labels))))


def _points(
    labels: np.ndarray, probabilities: np.ndarray, bins: list[np.ndarray]
) -> list[dict[str, float]]:
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    return [
        {
            "confidence": float(confidence[rows].mean()),
            "accuracy": float(correct[rows].mean()),
            "rows": len(rows),
        }
        for rows in bins
    ]


def risk_coverage_curve(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Compute risk and lowest confidence at coverages of 5 %, 10 % ... 100 %."""
    order, wrong = _by_confidence(labels, probabilities)
    confidence, risks = probabilities.max(1)[order], _risks(wrong)
    shares = np.arange(1, COVERAGES + 1) / COVERAGES
    last = np.unique(np.ceil(shares * len(order)).astype(int) - 1)
    return [
        {
            "coverage": float((index + 1) / len(order)),
            "risk": float(risks[index]),
            "confidence": float(confidence[index]),
        }
        for index in last
    ]


def risk_coverage(
    labels: np.ndarray, probabilities: np.ndarray, samples: np.ndarray
) -> RiskCoverage:
    """Compute the area under the risk-coverage curve (mean risk over all coverages) with its 95 %
    interval, and the risk at coverages of 80 % and 90 %.

    `samples`: bootstrap counts (draws, rows).
    """
    order, wrong = _by_confidence(labels, probabilities)
    risks = _risks(wrong)
    weights = samples[:, order].astype(np.float32)
    answered = np.cumsum(weights, axis=1)
    drawn = np.cumsum(weights * wrong, axis=1) / np.maximum(answered, 1)
    areas = (drawn * weights).sum(1) / answered[:, -1]
    at_80, at_90 = (float(risks[int(np.ceil(share * len(order))) - 1]) for share in (0.8, 0.9))
    area = Interval(mean=float(risks.mean()), **bounds(areas))
    return RiskCoverage(area=area, risk_at_80=at_80, risk_at_90=at_90)


def _by_confidence(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The indices of rows, the most confident first, and which of these are wrong."""
    order = np.argsort(-probabilities.max(1), kind="stable")
    return order, (probabilities.argmax(1) != labels)[order]


def _risks(wrong: np.ndarray) -> np.ndarray:
    """The share of wrong answers if all rows up to each one are answered, (rows,)."""
    return np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
