"""Silence where a model is least sure."""

import numpy as np
import pytest

from seedbed.scoring.intervals import resampled_counts
from seedbed.scoring.risk_coverage import risk_coverage, risk_coverage_curve

# The two least sure of ten are wrong.
SURE = np.array([0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.6, 0.55])
FOUND = np.stack([SURE, 1 - SURE], axis=1)
LABELS = np.array([0] * 8 + [1, 1])


def test_the_curve_by_hand():
    curve = risk_coverage_curve(LABELS, FOUND)
    assert [point["coverage"] for point in curve] == pytest.approx(np.arange(1, 11) / 10)
    assert [point["risk"] for point in curve] == pytest.approx([0] * 8 + [1 / 9, 2 / 10])
    assert curve[7]["confidence"] == 0.92


def test_a_long_curve_has_twenty_points():
    random = np.random.default_rng(0)
    found = random.dirichlet([1, 1], 1000)
    curve = risk_coverage_curve(random.integers(0, 2, 1000), found)
    assert [point["coverage"] for point in curve] == pytest.approx(np.arange(1, 21) / 20)


def test_the_area_is_the_mean_risk_and_order_is_all_that_counts():
    samples = resampled_counts(np.arange(10))
    found = risk_coverage(LABELS, FOUND, samples)
    assert found["area"]["mean"] == pytest.approx((1 / 9 + 2 / 10) / 10)
    assert found["area"]["low"] <= found["area"]["mean"] <= found["area"]["high"]
    assert (found["risk_at_80%"], found["risk_at_90%"]) == (0, pytest.approx(1 / 9))
    backwards = np.array([1, 1] + [0] * 8)  # the surest two are wrong
    worst = risk_coverage(backwards, FOUND, samples)
    assert worst["area"]["mean"] == pytest.approx(np.mean([1, 1, *(2 / n for n in range(3, 11))]))


def test_a_sample_of_each_row_once_has_the_area_itself():
    found = risk_coverage(LABELS, FOUND, np.ones((3, 10), int))
    assert found["area"]["low"] == pytest.approx(found["area"]["mean"])
    assert found["area"]["high"] == pytest.approx(found["area"]["mean"])
