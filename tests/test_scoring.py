"""Figures that can be checked by hand, and by the reference library."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss

from seedbed.scoring import (
    calibration,
    confusion,
    headline,
    holm,
    macro_f1_of,
    mcnemar,
    paired_difference,
    per_class,
    reliability,
    reliability_curve,
    resampled_counts,
    slices,
    units_of,
)

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 300)
GOOD = np.where(RANDOM.random(300) < 0.9, LABELS, RANDOM.integers(0, 3, 300))
POOR = np.where(RANDOM.random(300) < 0.6, LABELS, RANDOM.integers(0, 3, 300))
UNITS = np.arange(300)


def test_scores_are_those_of_the_reference_library():
    found = headline(LABELS, {"0": GOOD}, UNITS)
    assert found["accuracy"]["mean"] == pytest.approx(accuracy_score(LABELS, GOOD))
    assert found["macro_f1"]["mean"] == pytest.approx(f1_score(LABELS, GOOD, average="macro"))
    assert macro_f1_of(LABELS, POOR) == pytest.approx(f1_score(LABELS, POOR, average="macro"))


def test_the_interval_is_about_that_of_the_normal_approximation():
    found = headline(LABELS, {"0": GOOD}, UNITS)["accuracy"]
    half = 1.96 * np.sqrt(found["mean"] * (1 - found["mean"]) / 300)
    assert found["low"] == pytest.approx(found["mean"] - half, abs=0.012)
    assert found["high"] == pytest.approx(found["mean"] + half, abs=0.012)


def test_rows_of_a_group_are_drawn_together_and_widen_the_interval():
    units = units_of([str(n) for n in range(300)], ["g" if n < 100 else "" for n in range(300)])
    assert len(set(units)) == 201
    counts = resampled_counts(units, draws=50)
    assert (counts[:, :100] == counts[:, :1]).all()
    labels, right = np.zeros(300, int), np.repeat([0, 1, 0], 100)
    blocks = np.repeat(np.arange(3), 100)
    alone = headline(labels, {"0": right}, UNITS)["accuracy"]
    together = headline(labels, {"0": right}, blocks)["accuracy"]
    assert together["high"] - together["low"] > 3 * (alone["high"] - alone["low"])


def test_every_seed_is_kept():
    found = headline(LABELS, {"0": GOOD, "1": POOR}, UNITS)["accuracy"]
    assert found["by_seed"] == {"0": (GOOD == LABELS).mean(), "1": (POOR == LABELS).mean()}
    assert found["mean"] == pytest.approx(np.mean(list(found["by_seed"].values())))
    assert found["sd_over_seeds"] > 0


def test_a_real_difference_is_seen_and_none_is_not():
    real = paired_difference(LABELS, [GOOD], [POOR], UNITS)["accuracy"]
    assert real["low"] > 0
    none = paired_difference(LABELS, [GOOD], [GOOD], UNITS)["macro_f1"]
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


def test_calibration_is_that_of_the_reference_library():
    probabilities = RANDOM.dirichlet([1, 1, 1], 300)
    found = calibration(LABELS, probabilities)
    assert found["log_loss"] == pytest.approx(log_loss(LABELS, probabilities))
    assert found["brier"] == pytest.approx(
        brier_score_loss(LABELS, probabilities, scale_by_half=False)
    )


def test_expected_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1]] * 10)
    labels = np.array([0] * 6 + [1] * 4)
    assert reliability(labels, probabilities) == [
        {"confidence": pytest.approx(0.9), "accuracy": 0.6, "rows": 10}
    ]
    error = calibration(labels, probabilities)["expected_calibration_error"]
    assert error == pytest.approx(0.3)


def test_per_class_confusion_and_slices_by_hand():
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    found = per_class(labels, predicted, ["cat", "dog", "cow"])
    assert found["cat"] == {"precision": 1, "recall": 0.5, "f1": pytest.approx(2 / 3), "rows": 2}
    assert found["cow"] == {"precision": 0, "recall": 0, "f1": 0, "rows": 0}
    assert confusion(labels, predicted, ["cat", "dog"]) == {
        "cat": {"cat": 1, "dog": 1},
        "dog": {"cat": 0, "dog": 2},
    }
    found = slices(labels, predicted, {"source": ["web", "app", "app", "app"], "batch": ["1"] * 4})
    assert found == {
        "source": {
            "app": {"accuracy": pytest.approx(2 / 3), "rows": 3},
            "web": {"accuracy": 1, "rows": 1},
        }
    }


def test_the_curve_has_bins_of_as_many_rows_in_order_of_confidence():
    probabilities = RANDOM.dirichlet([1, 1, 1], 300)
    curve = reliability_curve(LABELS, probabilities)
    assert [point["rows"] for point in curve] == [50] * 6
    confidences = [point["confidence"] for point in curve]
    assert confidences == sorted(confidences)
    right = (probabilities.argmax(1) == LABELS).mean()
    assert np.mean([point["accuracy"] for point in curve]) == pytest.approx(right)
