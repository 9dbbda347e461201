"""Intervals that can be checked by hand, or by theory."""

import numpy as np
import pytest

from seedbed.core.metrics import Difference
from seedbed.scoring.metrics import (
    Scored,
    clusters_of,
    headline,
    mean_with_interval,
    paired_difference,
    resampled_counts,
    shares,
)
from seedbed.scoring.predictions import Predictions, pairs_with

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 300)
GOOD = np.where(RANDOM.random(300) < 0.9, LABELS, RANDOM.integers(0, 3, 300))
POOR = np.where(RANDOM.random(300) < 0.6, LABELS, RANDOM.integers(0, 3, 300))
CLUSTERS = np.arange(300)
SAMPLES = resampled_counts(CLUSTERS)


def test_the_interval_is_about_that_of_the_normal_approximation():
    found = headline({"0": Scored.of(LABELS, GOOD)}, SAMPLES)["accuracy"]
    half = 1.96 * np.sqrt(found.mean * (1 - found.mean) / 300)
    assert found.low == pytest.approx(found.mean - half, abs=0.012)
    assert found.high == pytest.approx(found.mean + half, abs=0.012)


def test_rows_of_a_group_are_drawn_together_and_widen_the_interval():
    clusters = clusters_of(
        [str(n) for n in range(300)], ["g" if n < 100 else "" for n in range(300)]
    )
    assert len(set(clusters)) == 201
    counts = resampled_counts(clusters, draws=50)
    assert (counts[:, :100] == counts[:, :1]).all()
    labels, right = np.zeros(300, int), np.repeat([0, 1, 0], 100)
    blocks = np.repeat(np.arange(3), 100)
    alone = headline({"0": Scored.of(labels, right)}, SAMPLES)["accuracy"]
    together = headline({"0": Scored.of(labels, right)}, resampled_counts(blocks))["accuracy"]
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_every_seed_is_kept():
    found = headline({"0": Scored.of(LABELS, GOOD), "1": Scored.of(LABELS, POOR)}, SAMPLES)[
        "accuracy"
    ]
    assert found.by_seed == {"0": (GOOD == LABELS).mean(), "1": (POOR == LABELS).mean()}
    assert found.mean == pytest.approx(np.mean(list(found.by_seed.values())))
    assert found.sd_over_seeds > 0


def test_a_mean_has_the_interval_of_its_standard_error():
    values = RANDOM.normal(5, 2, 300)
    found = mean_with_interval(values, SAMPLES)
    half = 1.96 * values.std() / np.sqrt(300)
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.mean == pytest.approx(half, rel=0.15)


def test_shares_of_sets_of_rows_have_their_own_intervals():
    right = np.arange(300) % 10 != 0  # 270 of 300
    members = np.stack([np.arange(300) < 200, np.arange(300) >= 200])
    large, small = shares(right, members, SAMPLES, CLUSTERS)
    assert (large.accuracy, large.rows, small.rows) == (0.9, 200, 100)
    assert small.high - small.low > large.high - large.low
    assert large.low == pytest.approx(0.9 - 1.96 * np.sqrt(0.09 / 200), abs=0.01)


def test_where_all_are_right_the_bound_is_exact_and_counts_clusters():
    right, members = np.ones(300, bool), np.ones((1, 300), bool)
    [alone] = shares(right, members, SAMPLES, CLUSTERS)
    assert alone.high == 1
    assert alone.low == pytest.approx(0.025 ** (1 / 300))  # Clopper and Pearson
    groups = np.repeat(np.arange(30), 10)
    [grouped] = shares(right, members, resampled_counts(groups), groups)
    assert grouped.low == pytest.approx(0.025 ** (1 / 30))
    [wrong] = shares(~right, members, SAMPLES, CLUSTERS)
    assert (wrong.low, wrong.high) == (0, pytest.approx(1 - 0.025 ** (1 / 300)))


def test_a_set_that_no_sample_holds_is_as_wide_as_can_be():
    samples = np.array([[2, 0], [2, 0]])
    [one] = shares(np.array([True, False]), np.array([[False, True]]), samples, np.arange(2))
    assert (one.low, one.high) == (0, 0.975)


def test_a_real_difference_is_seen_and_none_is_not():
    real = paired_difference([Scored.of(LABELS, GOOD)], [Scored.of(LABELS, POOR)], SAMPLES)[
        "accuracy"
    ]
    assert real.low > 0
    none = paired_difference([Scored.of(LABELS, GOOD)], [Scored.of(LABELS, GOOD)], SAMPLES)[
        "macro_f1"
    ]
    assert none == Difference(difference=0, low=0, high=0)


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
    assert found["poor"].differences["macro_f1"].high < 0
    assert found["poor"].p_holm == pytest.approx(2 * found["poor"].mcnemar.p)
    assert found["same"].differences["accuracy"].difference < 0  # the mean of its two seeds
    assert found["same"].mcnemar.p == found["same"].p_holm == 1  # the seed shown
