"""How good predictions are, how sure that is, and whether two models differ.

Every figure comes with a 95 % interval from a bootstrap over units: rows, or whole groups where
rows have one, since rows of a group are not independent.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

OUTSIDE = -1  # the class number of a row that no class is right for
DRAWS = 2000
BINS = 10
CURVE_BINS = 6

Metric = Callable[[np.ndarray], np.ndarray]


def units_of(ids: Sequence[str], groups: Sequence[str]) -> np.ndarray:
    """The number of each row's unit, (rows,): its group, or itself."""
    names = [group or row for row, group in zip(ids, groups, strict=True)]
    return np.unique(names, return_inverse=True)[1]


def resampled_counts(units: np.ndarray, seed: int = 0, draws: int = DRAWS) -> np.ndarray:
    """How often each row stands in each bootstrap sample of units: (draws, rows)."""
    random = np.random.default_rng(seed)
    number = int(units.max()) + 1
    drawn = random.multinomial(number, np.full(number, 1 / number), size=draws)
    return drawn[:, units]


def accuracy(labels: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Accuracy in each sample: counts (draws, rows) -> (draws,)."""
    return counts @ (labels == predicted) / counts.sum(1)


def macro_f1(labels: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Macro-F1 over the classes that stand in the labels, in each sample; 0 where a class has
    neither a label nor a prediction in it."""
    scores = []
    for name in np.unique(labels):
        right = counts @ ((labels == name) & (predicted == name))
        either = counts @ (labels == name).astype(int) + counts @ (predicted == name).astype(int)
        scores.append(2 * right / np.maximum(either, 1))
    return np.mean(scores, axis=0)


def macro_f1_of(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Macro-F1 of one set of predictions."""
    return float(macro_f1(labels, predicted, np.ones((1, len(labels))))[0])


METRICS = {"accuracy": accuracy, "macro_f1": macro_f1}


def headline(
    labels: np.ndarray, by_seed: dict[str, np.ndarray], units: np.ndarray
) -> dict[str, Any]:
    """Each metric: mean over the seeds, its 95 % interval over units, sd and every value.

    `by_seed`: predicted class numbers (rows,) a seed.
    """
    once = np.ones((1, len(labels)))
    samples = resampled_counts(units)
    result = {}
    for name, metric in METRICS.items():
        values = {seed: metric(labels, found, once)[0] for seed, found in by_seed.items()}
        draws = np.mean([metric(labels, found, samples) for found in by_seed.values()], axis=0)
        low, high = np.quantile(draws, [0.025, 0.975])
        result[name] = {
            "mean": float(np.mean(list(values.values()))),
            "low": float(low),
            "high": float(high),
            "sd_over_seeds": float(np.std(list(values.values()), ddof=1)) if len(values) > 1 else 0,
            "by_seed": {seed: float(value) for seed, value in values.items()},
        }
    return result


def paired_difference(
    labels: np.ndarray, one: list[np.ndarray], other: list[np.ndarray], units: np.ndarray
) -> dict[str, dict[str, float]]:
    """one - other on the same rows, for each metric: mean over seeds and 95 % interval of a paired
    bootstrap. `one`, `other`: predicted class numbers (rows,) of each seed."""
    once = np.ones((1, len(labels)))
    samples = resampled_counts(units)
    result = {}
    for name, metric in METRICS.items():

        def mean(parts: list[np.ndarray], counts: np.ndarray, metric=metric) -> np.ndarray:
            return np.mean([metric(labels, part, counts) for part in parts], axis=0)

        difference = mean(one, samples) - mean(other, samples)
        low, high = np.quantile(difference, [0.025, 0.975])
        value = mean(one, once)[0] - mean(other, once)[0]
        result[name] = {"difference": float(value), "low": float(low), "high": float(high)}
    return result


def mcnemar(labels: np.ndarray, one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """McNemar's exact test (1947): rows that only one of two models gets right, and the p-value."""
    from scipy.stats import binomtest  # half a second that most stages need not spend

    right, wrong = one == labels, other == labels
    only_one, only_other = int((right & ~wrong).sum()), int((~right & wrong).sum())
    both = only_one + only_other
    p = binomtest(only_one, both).pvalue if both else 1.0
    return {"only_one_right": only_one, "only_other_right": only_other, "p": float(p)}


def per_class(labels: np.ndarray, predicted: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """Precision, recall, F1 and rows of each class; 0 where nothing was predicted."""
    result = {}
    for number, name in enumerate(classes):
        right = int(((labels == number) & (predicted == number)).sum())
        given, found = int((labels == number).sum()), int((predicted == number).sum())
        result[name] = {
            "precision": right / found if found else 0.0,
            "recall": right / given if given else 0.0,
            "f1": 2 * right / (given + found) if given + found else 0.0,
            "rows": given,
        }
    return result


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """Rows by given class (outer) and predicted class (inner)."""
    return {
        name: {
            other: int(((labels == i) & (predicted == j)).sum()) for j, other in enumerate(classes)
        }
        for i, name in enumerate(classes)
    }


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Confidence against accuracy in ten equal bins of confidence; empty bins are left out."""
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        {
            "confidence": float(sure[place == number].mean()),
            "accuracy": float(right[place == number].mean()),
            "rows": int((place == number).sum()),
        }
        for number in range(BINS)
        if (place == number).any()
    ]


def reliability_curve(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Confidence against accuracy in six bins of as many rows each: for the eye, since equal
    widths leave bins of two or three rows."""
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    bins = np.array_split(np.argsort(sure, kind="stable"), min(CURVE_BINS, len(labels)))
    return [
        {
            "confidence": float(sure[rows].mean()),
            "accuracy": float(right[rows].mean()),
            "rows": len(rows),
        }
        for rows in bins
    ]


def calibration(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Log-loss and Brier score a row, and expected calibration error (Naeini et al., 2015)."""
    given = probabilities[np.arange(len(labels)), labels]
    truth = np.eye(probabilities.shape[1])[labels]
    bins = reliability(labels, probabilities)
    gaps = [part["rows"] * abs(part["confidence"] - part["accuracy"]) for part in bins]
    return {
        "log_loss": float(-np.log(np.maximum(given, 1e-12)).mean()),
        "brier": float(((probabilities - truth) ** 2).sum(1).mean()),
        "expected_calibration_error": float(sum(gaps) / len(labels)),
    }


def slices(
    labels: np.ndarray, predicted: np.ndarray, columns: dict[str, Sequence[str]]
) -> dict[str, Any]:
    """Accuracy and rows in each value of each column; columns of one value are left out."""
    right = labels == predicted
    result: dict[str, Any] = {}
    for column, values in columns.items():
        names = np.asarray(values, dtype=object)
        if len(set(names)) > 1:
            result[column] = {
                str(name): {
                    "accuracy": float(right[names == name].mean()),
                    "rows": int((names == name).sum()),
                }
                for name in sorted(set(names))
            }
    return result


def holm(p_values: dict[str, float]) -> dict[str, float]:
    """Holm's step-down correction (1979): the family-wise p-value of each test."""
    corrected, largest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: (p_values[name], name))):
        largest = max(largest, min(1.0, p_values[name] * (len(p_values) - rank)))
        corrected[name] = largest
    return corrected
