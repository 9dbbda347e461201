"""Confidences that are too high, too low or just right; answers withheld; entropy."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss, log_loss

from seedbed.scoring.confidence import (
    calibration,
    cross_fitted,
    fitted_temperature,
    reliability_curve,
    risk_coverage,
    risk_coverage_curve,
)
from seedbed.tasks import class_task

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 300)
ROWS = np.arange(300)


def softmax(logits: np.ndarray) -> np.ndarray:
    found = np.exp(logits - logits.max(1, keepdims=True))
    return found / found.sum(1, keepdims=True)


def honest(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels that are drawn from the confidences themselves, and these."""
    random = np.random.default_rng(seed)
    found = softmax(random.normal(0, 2, (rows, 4)))
    labels = (random.random((rows, 1)) > found.cumsum(1)).sum(1)
    return labels, found


def test_calibration_is_that_of_the_reference_library():
    probabilities = RANDOM.dirichlet([1, 1, 1], 300)
    found = calibration(class_task, LABELS, probabilities, ROWS)
    assert found.log_loss.mean == pytest.approx(log_loss(LABELS, probabilities))
    assert found.brier.mean == pytest.approx(
        brier_score_loss(LABELS, probabilities, scale_by_half=False)
    )


def test_expected_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1]] * 10)
    labels = np.array([0] * 6 + [1] * 4)
    found = calibration(class_task, labels, probabilities, np.arange(10))
    assert found.expected_calibration_error == pytest.approx(0.3)


def test_the_curve_has_bins_of_as_many_rows_in_order_of_confidence():
    probabilities = RANDOM.dirichlet([1, 1, 1], 300)
    curve = reliability_curve(class_task, LABELS, probabilities)
    confidences, accuracies, rows = zip(*curve, strict=True)
    assert rows == (50,) * 6
    assert list(confidences) == sorted(confidences)
    right = (probabilities.argmax(1) == LABELS).mean()
    assert np.mean(accuracies) == pytest.approx(right)


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_what_was_done_to_the_logits(factor):
    labels, found = honest(20_000)
    assert fitted_temperature(
        class_task, labels, class_task.rescaled(found, 1 / factor)
    ) == pytest.approx(factor, rel=0.03)


def test_the_temperature_is_where_a_reference_minimiser_finds_it():
    labels, found = honest(500)
    found = class_task.rescaled(found, 0.3)
    best = minimize_scalar(
        lambda one: log_loss(labels, class_task.rescaled(found, np.exp(one)), labels=range(4)),
        bounds=(-3, 3), method="bounded", options={"xatol": 1e-9},
    )  # fmt: skip
    assert fitted_temperature(class_task, labels, found) == pytest.approx(np.exp(best.x), rel=1e-3)


def test_a_temperature_has_bounds():
    sure = np.array([[0.9, 0.1]] * 20)
    assert fitted_temperature(class_task, np.zeros(20, int), sure) == 0.05  # all right: ever surer
    assert fitted_temperature(class_task, np.ones(20, int), sure) == 20  # all wrong: ever less sure
    assert fitted_temperature(class_task, np.zeros(0, int), np.zeros((0, 2))) == 1


@given(st.floats(0.05, 20), st.integers(0, 100))
def test_no_temperature_changes_a_prediction(temperature, seed):
    found = softmax(np.random.default_rng(seed).normal(0, 3, (20, 5)))
    scaled = class_task.rescaled(found, temperature)
    assert scaled.sum(1) == pytest.approx(1)
    assert (scaled.argmax(1) == found.argmax(1)).all()


def test_a_probability_of_zero_is_no_error():
    scaled = class_task.rescaled(np.array([[1.0, 0.0]]), 20)
    assert np.isfinite(scaled).all()
    assert scaled[0, 0] > 0.99


def test_each_row_is_scaled_by_what_other_clusters_ask_for():
    labels, found = honest(400)
    clusters = np.arange(400) // 4
    after = cross_fitted(class_task, labels, found, clusters)
    inside = np.unique(clusters, return_inverse=True)[1] % 5 == 2
    wanted = fitted_temperature(class_task, labels[~inside], found[~inside])
    assert after[inside] == pytest.approx(class_task.rescaled(found[inside], wanted))
    other = labels.copy()
    other[inside] = (labels[inside] + 1) % 4  # its own labels say nothing about a row's scale
    assert cross_fitted(class_task, other, found, clusters)[inside] == pytest.approx(after[inside])


def test_a_perfect_model_lies_in_its_interval_about_95_times_in_100():
    inside, clusters = 0, np.arange(200)
    for seed in range(100):
        found = calibration(class_task, *honest(200, seed), clusters)
        perfect = found.expected_calibration_error_if_perfect
        inside += perfect.low <= found.expected_calibration_error <= perfect.high
    assert 88 <= inside <= 100


def test_an_overconfident_model_lies_outside_and_scaling_brings_it_in():
    labels, found = honest(2000)
    sure = class_task.rescaled(found, 0.3)
    clusters = np.arange(2000)
    before = calibration(class_task, labels, sure, clusters)
    scaled = class_task.rescaled(sure, fitted_temperature(class_task, labels, sure))
    after = calibration(class_task, labels, scaled, clusters)
    error = "expected_calibration_error"
    assert getattr(before, error) > getattr(before, f"{error}_if_perfect").high
    assert getattr(after, error) < getattr(after, f"{error}_if_perfect").high
    assert after.log_loss.high < before.log_loss.low
    assert after.brier.mean < before.brier.mean


# The two least sure of ten are wrong.
RISKY = np.array([0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.6, 0.55])
RISKY_FOUND = np.stack([RISKY, 1 - RISKY], axis=1)
RISKY_LABELS = np.array([0] * 8 + [1, 1])


def test_the_curve_by_hand():
    coverages, risks, confidences = zip(
        *risk_coverage_curve(class_task, RISKY_LABELS, RISKY_FOUND), strict=True
    )
    assert coverages == pytest.approx(np.arange(1, 11) / 10)
    assert risks == pytest.approx([0] * 8 + [1 / 9, 2 / 10])
    assert confidences[7] == 0.92


def test_a_long_curve_has_twenty_points():
    random = np.random.default_rng(0)
    found = random.dirichlet([1, 1], 1000)
    curve = risk_coverage_curve(class_task, random.integers(0, 2, 1000), found)
    assert [coverage for coverage, _, _ in curve] == pytest.approx(np.arange(1, 21) / 20)


def test_the_area_is_the_mean_risk_and_order_is_all_that_counts():
    clusters = np.arange(10)
    found = risk_coverage(class_task, RISKY_LABELS, RISKY_FOUND, clusters)
    assert found.area.mean == pytest.approx((1 / 9 + 2 / 10) / 10)
    assert found.area.low <= found.area.mean <= found.area.high
    assert (found.risk_at_80, found.risk_at_90) == (0, pytest.approx(1 / 9))
    backwards = np.array([1, 1] + [0] * 8)  # the surest two are wrong
    worst = risk_coverage(class_task, backwards, RISKY_FOUND, clusters)
    assert worst.area.mean == pytest.approx(np.mean([1, 1, *(2 / n for n in range(3, 11))]))


def test_uncertainty_goes_from_sure_to_even():
    found = class_task.uncertainty(np.array([[1.0, 0.0], [0.9, 0.1], [0.5, 0.5]]))
    assert found[0] == pytest.approx(0, abs=1e-9)
    assert found[1] == pytest.approx(0.469, abs=1e-3)  # entropy of .9 and .1 in bits
    assert found[2] == pytest.approx(1)


def test_one_class_alone_leaves_no_doubt():
    assert class_task.uncertainty(np.ones((3, 1))).tolist() == [0, 0, 0]
