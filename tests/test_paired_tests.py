"""Whether two models differ: known differences, and none."""

import numpy as np
import pytest

from seedbed.scoring.intervals import resampled_counts
from seedbed.scoring.metrics import Scored
from seedbed.scoring.paired_tests import holm, mcnemar, paired_difference, pairs_with
from seedbed.scoring.predictions import Predictions

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 300)
GOOD = np.where(RANDOM.random(300) < 0.9, LABELS, RANDOM.integers(0, 3, 300))
POOR = np.where(RANDOM.random(300) < 0.6, LABELS, RANDOM.integers(0, 3, 300))
SAMPLES = resampled_counts(np.arange(300))


def test_a_real_difference_is_seen_and_none_is_not():
    real = paired_difference([Scored.of(LABELS, GOOD)], [Scored.of(LABELS, POOR)], SAMPLES)[
        "accuracy"
    ]
    assert real["low"] > 0
    none = paired_difference([Scored.of(LABELS, GOOD)], [Scored.of(LABELS, GOOD)], SAMPLES)[
        "macro_f1"
    ]
    assert none == {"difference": 0, "low": 0, "high": 0}


def test_mcnemar_counts_the_rows_that_one_model_alone_gets_right():
    labels = np.zeros(10, int)
    one = np.array([0] * 9 + [1])
    other = np.array([1] * 8 + [0, 0])
    found = mcnemar(labels, one, other)
    assert (found["only_one_right"], found["only_other_right"]) == (8, 1)
    assert found["p"] == pytest.approx(2 * (9 + 1) / 2**9)
    assert mcnemar(labels, one, one)["p"] == 1


def test_holm_keeps_the_order_and_never_goes_below():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )
    assert holm({}) == {}


def test_every_approach_stands_beside_the_reference():
    def predictions(*classes: np.ndarray) -> Predictions:
        found = {str(seed): np.eye(3)[one] for seed, one in enumerate(classes)}
        return Predictions([str(row) for row in range(300)], [""] * 300, LABELS, found)

    every = {
        "good": predictions(GOOD, GOOD),
        "poor": predictions(POOR),
        "same": predictions(GOOD, POOR),
    }
    found = pairs_with("good", every, {"good": "1", "poor": "0", "same": "0"}, SAMPLES)
    assert list(found) == ["poor", "same"]
    assert found["poor"]["macro_f1"]["high"] < 0
    assert found["poor"]["p_holm"] == pytest.approx(2 * found["poor"]["mcnemar"]["p"])
    assert found["same"]["accuracy"]["difference"] < 0  # the mean of its two seeds
    assert found["same"]["mcnemar"]["p"] == found["same"]["p_holm"] == 1  # the seed shown
