"""Intervals of answers: what they hold, what groups, seeds and rows that are all right do to them,
and how often they cover the truth."""

import math

import numpy as np
import pytest
from answers.conftest import REFUSAL, predictions, written

from seedbed.scoring.answers.estimates import chance_of_reaching, differences, estimates
from seedbed.scoring.answers.metrics import ANSWER_METRICS, Parts, figures_by_seed

EXACT = ANSWER_METRICS["exact_match"]


def of(correct: np.ndarray):
    """Figures of a model that is right on some rows."""
    texts = ["yes" if one else "no" for one in correct]
    rows = predictions(["yes"] * len(texts), {"0": texts})
    return figures_by_seed(rows, REFUSAL, 20)["0"]


def test_the_mean_is_over_seeds_and_each_is_named():
    rows = predictions(["yes"] * 4, {"0": ["yes"] * 4, "1": ["yes", "yes", "no", "no"]})
    found = estimates(figures_by_seed(rows, REFUSAL, 20), rows.clusters())["exact_match"]
    assert found.by_seed == {"0": 1.0, "1": 0.5}
    assert found.mean == 0.75
    assert found.sd_over_seeds == pytest.approx(math.sqrt(0.125))
    assert found.low < 0.75 < found.high


def test_rows_that_are_all_right_leave_doubt():
    found = estimates({"0": of(np.ones(30))}, np.arange(30))["exact_match"]
    assert found.mean == found.high == 1
    assert 0.8 < found.low < 0.95


def test_a_metric_without_rows_is_left_out():
    found = estimates({"0": of(np.ones(5))}, np.arange(5))
    assert "refusal_recall" not in found
    assert "token_f1" in found


def test_groups_widen_the_interval():
    correct = np.repeat(np.arange(20) % 2, 5).astype(bool)
    alone = estimates({"0": of(correct)}, np.arange(100))["exact_match"]
    grouped = estimates({"0": of(correct)}, np.repeat(np.arange(20), 5))["exact_match"]
    assert grouped.high - grouped.low > 1.8 * (alone.high - alone.low)


def test_a_perplexity_has_an_interval_around_it():
    random = np.random.default_rng(0)
    rows = predictions(["abcd"] * 50, {"0": written(["x"] * 50, loss=random.gamma(4, 1, 50))})
    found = estimates(figures_by_seed(rows, REFUSAL, 20), np.arange(50))["perplexity_token"]
    assert 1 < found.low < found.mean < found.high
    assert found.high / found.low < 1.5
    one = estimates(figures_by_seed(rows, REFUSAL, 20), np.zeros(50, int))["perplexity_token"]
    assert (one.low, one.high) == (found.mean, found.mean)  # a single group shows no spread


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_intervals_cover_the_truth(share):
    random, inside = np.random.default_rng(1), 0
    for _ in range(60):
        correct = random.random(60) < share
        parts = {name: Parts(1.0 * correct, np.ones(60)) for name in ANSWER_METRICS}
        found = estimates({"0": parts}, np.arange(60))["exact_match"]
        inside += found.low <= share <= found.high
    assert inside >= 53  # of 60; 57 are expected


def test_a_difference_is_paired():
    one, other = np.array([1, 1, 1, 0] * 25), np.array([1, 1, 0, 0] * 25)
    found = differences([of(one)], [of(other)], np.arange(100))["exact_match"]
    assert found.difference == 0.25
    assert 0.1 < found.low < 0.25 < found.high < 0.4
    back = differences([of(other)], [of(one)], np.arange(100))["exact_match"]
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_a_difference_without_one_still_has_a_width():
    same = of(np.array([1, 0] * 15))
    found = differences([same], [same], np.arange(30))["exact_match"]
    assert found.low < 0 == found.difference < found.high
    ratio = differences([same], [same], np.arange(30))["length_ratio"]
    assert (ratio.low, ratio.high) == (0, 0)
    assert "perplexity_token" in differences([same], [same], np.arange(30))
    assert "refusal_recall" not in differences([same], [same], np.arange(30))


def test_the_chance_of_a_figure_falls_as_more_is_asked():
    correct = np.array([1] * 20 + [0] * 20)
    chances = [chance_of_reaching(EXACT, of(correct), np.arange(40), least)
               for least in (0.3, 0.5, 0.6, 0.8)]  # fmt: skip
    assert all(found == 0.5 for found, _ in chances)
    falling = [chance for _, chance in chances]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] > 0.95
    assert falling[1] == pytest.approx(0.5, abs=0.02)
    assert falling[-1] < 0.001
