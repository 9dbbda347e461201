"""Whether two models differ, by what they say of the same rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seedbed.scoring.intervals import bounds
from seedbed.scoring.metrics import METRICS, scores
from seedbed.scoring.predictions import Predictions


def paired_difference(
    labels: np.ndarray, one: list[np.ndarray], other: list[np.ndarray], samples: np.ndarray
) -> dict[str, dict[str, float]]:
    """one - other on the same rows, for each metric: mean over seeds and 95 % interval of a paired
    bootstrap. `one`, `other`: predicted class numbers (rows,) of each seed; `samples`: see
    `resampled_counts`."""
    once = np.ones((1, len(labels)))
    values, draws = (
        [_means(labels, parts, counts) for parts in (one, other)] for counts in (once, samples)
    )
    result = {}
    for name in METRICS:
        difference = float((values[0][name] - values[1][name])[0])
        result[name] = {"difference": difference, **bounds(draws[0][name] - draws[1][name])}
    return result


def _means(
    labels: np.ndarray, parts: list[np.ndarray], counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Each metric's mean over the seeds, in each sample."""
    found = [scores(labels, part, counts) for part in parts]
    return {name: np.mean([one[name] for one in found], axis=0) for name in METRICS}


def mcnemar(labels: np.ndarray, one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """McNemar's exact test (1947): rows that only one of two models gets right, and the p-value."""
    from scipy.stats import binomtest  # half a second that most stages need not spend

    right, wrong = one == labels, other == labels
    only_one, only_other = int((right & ~wrong).sum()), int((~right & wrong).sum())
    both = only_one + only_other
    p = binomtest(only_one, both).pvalue if both else 1.0
    return {"only_one_right": only_one, "only_other_right": only_other, "p": float(p)}


def holm(
    p_values: Mapping[str, float], weights: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Holm's step-down correction (1979): the family-wise p-value of each test.

    `weights`: what share of the error each test may spend, alike without them; a test with more
    weight is corrected less (the weighted form in the same paper).
    """
    weights = weights or dict.fromkeys(p_values, 1.0)
    order = sorted(p_values, key=lambda name: (p_values[name] / weights[name], name))
    left, largest, corrected = sum(weights[name] for name in order), 0.0, {}
    for name in order:
        largest = max(largest, min(1.0, p_values[name] * left / weights[name]))
        corrected[name] = largest
        left -= weights[name]
    return corrected


def pairs_with(
    reference: str, predictions: dict[str, Predictions], seeds: dict[str, str], samples: np.ndarray
) -> dict[str, dict[str, Any]]:
    """For every approach but the reference: paired differences to it, McNemar's test between the
    seeds given, and its p after Holm's correction. All predictions are of the same rows."""
    base = predictions[reference]
    pairs: dict[str, dict[str, Any]] = {}
    for name, found in predictions.items():
        if name != reference:
            one, other = found.predicted(), base.predicted()
            pairs[name] = paired_difference(
                base.labels, list(one.values()), list(other.values()), samples
            )
            pairs[name]["mcnemar"] = mcnemar(base.labels, one[seeds[name]], other[seeds[reference]])
    corrected = holm({name: pair["mcnemar"]["p"] for name, pair in pairs.items()})
    return {name: pair | {"p_holm": corrected[name]} for name, pair in pairs.items()}
