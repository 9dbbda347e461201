"""Whether two models differ, by what they say of the same rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seedbed.scoring.intervals import bounds
from seedbed.scoring.metrics import Scored, scores
from seedbed.scoring.predictions import Predictions


def paired_difference(
    one: Sequence[Scored], other: Sequence[Scored], samples: np.ndarray
) -> dict[str, dict[str, float]]:
    """Compute one - other on the same rows, for each metric.

    That is the difference of the means over seeds, with the 95 % interval of a paired bootstrap.
    `one` and `other` hold the predictions of each seed; `samples`: see `resampled_counts`.
    """
    values = [_means(seeds) for seeds in (one, other)]
    draws = [
        _means([scored._replace(counts=samples) for scored in seeds]) for seeds in (one, other)
    ]
    result = {}
    for name in values[0]:
        difference = float((values[0][name] - values[1][name])[0])
        result[name] = {"difference": difference, **bounds(draws[0][name] - draws[1][name])}
    return result


def _means(seeds: Sequence[Scored]) -> dict[str, np.ndarray]:
    """Each metric's mean over the seeds, in each sample."""
    by_seed = [scores(scored) for scored in seeds]
    return {name: np.mean([values[name] for values in by_seed], axis=0) for name in by_seed[0]}


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
            ours, theirs = found.scored(), base.scored()
            pairs[name] = paired_difference(list(ours.values()), list(theirs.values()), samples)
            predicted = ours[seeds[name]].predicted, theirs[seeds[reference]].predicted
            pairs[name]["mcnemar"] = mcnemar(base.labels, *predicted)
    corrected = holm({name: pair["mcnemar"]["p"] for name, pair in pairs.items()})
    return {name: pair | {"p_holm": corrected[name]} for name, pair in pairs.items()}
