"""Whether a model's confidence can be believed, and one number that mends it.

Temperature scaling (Guo et al., 2017): probabilities are those of the logits divided by a
temperature, which is fitted on validation and changes no prediction.
"""

from typing import Any

import numpy as np

from seedbed.scoring.intervals import bounds, mean_with_interval

BINS = 10
CURVE_BINS = 6
PERFECT_DRAWS = 1000
FOLDS = 5
LARGEST = 20.0  # temperatures are sought in 1/20 to 20
HALVINGS = 60
DIGITS = 4  # of a temperature: more would only tell processors apart
LEAST = 1e-12  # what a probability of 0 counts as


def rescaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at another temperature: (rows, classes) -> (rows, classes)."""
    logits = np.log(np.maximum(probabilities, 1e-300)) / temperature
    scaled = np.exp(logits - logits.max(1, keepdims=True))
    return scaled / scaled.sum(1, keepdims=True)


def fitted_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature with the least log-loss, between 1/20 and 20; 1 where there are no rows."""
    if not len(labels):
        return 1.0
    logits = np.log(np.maximum(probabilities, 1e-300))
    given = logits[np.arange(len(labels)), labels]
    low, high = -np.log(LARGEST), np.log(LARGEST)  # of log(1 / temperature)
    for _ in range(HALVINGS):  # log-loss is convex in 1 / temperature: its slope changes sign once
        middle = (low + high) / 2
        expected = (rescaled(probabilities, np.exp(-middle)) * logits).sum(1)
        low, high = (low, middle) if (expected - given).mean() > 0 else (middle, high)
    return round(float(np.exp(-(low + high) / 2)), DIGITS)


def cross_fitted(
    labels: np.ndarray, probabilities: np.ndarray, units: np.ndarray, folds: int = FOLDS
) -> np.ndarray:
    """Probabilities of each row at the temperature that the units of other folds ask for, so that
    validation's own figures are not of the rows that the temperature was fitted on."""
    fold = np.unique(units, return_inverse=True)[1] % folds
    result = probabilities.copy()
    for number in range(folds):
        inside = fold == number
        temperature = fitted_temperature(labels[~inside], probabilities[~inside])
        result[inside] = rescaled(probabilities[inside], temperature)
    return result


def calibration(
    labels: np.ndarray, probabilities: np.ndarray, samples: np.ndarray
) -> dict[str, Any]:
    """Log-loss and Brier score a row with 95 % intervals, expected calibration error, and where
    this would lie in 95 of 100 cases if the confidences were true. `samples`: bootstrap counts."""
    given = probabilities[np.arange(len(labels)), labels]
    squares = ((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(1)
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    return {
        "log_loss": mean_with_interval(-np.log(np.maximum(given, LEAST)), samples),
        "brier": mean_with_interval(squares, samples),
        "expected_calibration_error": float(_errors(sure, right[None])[0]),
        "expected_calibration_error_if_perfect": perfect_interval(sure),
    }


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean distance of confidence and accuracy over ten bins (Naeini et al., 2015)."""
    right = probabilities.argmax(1) == labels
    return float(_errors(probabilities.max(1), right[None])[0])


def perfect_interval(sure: np.ndarray, seed: int = 0) -> dict[str, float]:
    """The 95 % interval of the expected calibration error of a perfectly calibrated model that has
    these confidences (rows,): each row is right with its own confidence. With few rows it is far
    from 0. Rows count as independent."""
    random = np.random.default_rng(seed)
    errors = [
        _errors(sure, random.random((10, len(sure))) < sure) for _ in range(PERFECT_DRAWS // 10)
    ]
    return bounds(np.concatenate(errors))


def _errors(sure: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Expected calibration error for each line of `right` (lines, rows): (lines,)."""
    bins = np.eye(BINS)[_bin(sure)]
    return np.abs(right.astype(np.float64) @ bins - sure @ bins).sum(1) / len(sure)


def _bin(sure: np.ndarray) -> np.ndarray:
    return np.minimum((sure * BINS).astype(int), BINS - 1)


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Confidence against accuracy in ten equal bins of confidence; empty bins are left out."""
    place = _bin(probabilities.max(1))
    bins = [np.flatnonzero(place == number) for number in range(BINS)]
    return _points(labels, probabilities, [rows for rows in bins if len(rows)])


def reliability_curve(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Confidence against accuracy in six bins of as many rows each: for the eye, since equal
    widths leave bins of two or three rows."""
    order = np.argsort(probabilities.max(1), kind="stable")
    return _points(labels, probabilities, np.array_split(order, min(CURVE_BINS, len(labels))))


def _points(
    labels: np.ndarray, probabilities: np.ndarray, bins: list[np.ndarray]
) -> list[dict[str, float]]:
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    return [
        {
            "confidence": float(sure[rows].mean()),
            "accuracy": float(right[rows].mean()),
            "rows": len(rows),
        }
        for rows in bins
    ]
