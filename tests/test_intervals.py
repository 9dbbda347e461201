"""Intervals that can be checked by hand, by theory, or by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binom

from benchmarks.intervals import Cell, World, coverage, verdict
from seedbed.scoring.confidence import calibration, risk_coverage
from seedbed.scoring.intervals import (
    chance_below,
    concordance,
    headline,
    mean_with_interval,
    paired_difference,
    score_bounds,
    share_bounds,
    shares,
)
from seedbed.scoring.metrics import (
    METRICS,
    Metric,
    Scored,
    bounds,
    clusters_of,
    resampled_counts,
    scores,
)
from seedbed.scoring.predictions import Predictions, pairs_with
from seedbed.tasks import Spread, class_task

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 300)
GOOD = np.where(RANDOM.random(300) < 0.9, LABELS, RANDOM.integers(0, 3, 300))
POOR = np.where(RANDOM.random(300) < 0.6, LABELS, RANDOM.integers(0, 3, 300))
CLUSTERS = np.arange(300)


def test_the_interval_is_about_that_of_the_normal_approximation():
    found = headline({"0": Scored.of(class_task, LABELS, GOOD)})["accuracy"]
    half = 1.96 * np.sqrt(found.mean * (1 - found.mean) / 300)
    assert found.low == pytest.approx(found.mean - half, abs=0.012)
    assert found.high == pytest.approx(found.mean + half, abs=0.012)


def test_rows_of_a_group_are_drawn_together_and_widen_the_interval():
    clusters = clusters_of(
        [str(n) for n in range(300)], ["g" if n < 100 else "" for n in range(300)]
    )
    assert len(set(clusters)) == 201
    labels, right = np.zeros(300, int), np.repeat([0, 1, 0], 100)
    blocks = np.repeat(np.arange(3), 100)
    alone = headline({"0": Scored.of(class_task, labels, right)})["accuracy"]
    together = headline({"0": Scored.of(class_task, labels, right, clusters=blocks)})["accuracy"]
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_every_seed_is_kept():
    found = headline(
        {"0": Scored.of(class_task, LABELS, GOOD), "1": Scored.of(class_task, LABELS, POOR)}
    )["accuracy"]
    assert found.by_seed == {"0": (GOOD == LABELS).mean(), "1": (POOR == LABELS).mean()}
    assert found.mean == pytest.approx(np.mean(list(found.by_seed.values())))
    assert found.sd_over_seeds > 0


def test_a_mean_has_the_interval_of_its_standard_error():
    values = RANDOM.normal(5, 2, 300)
    found = mean_with_interval(Spread(values, values, np.zeros(300)), CLUSTERS, np.inf)
    half = 1.96 * values.std() / np.sqrt(300)
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.mean == pytest.approx(half, rel=0.15)


def test_shares_of_sets_of_rows_have_their_own_intervals():
    right = np.arange(300) % 10 != 0  # 270 of 300
    members = np.stack([np.arange(300) < 200, np.arange(300) >= 200])
    large, small = shares(right, members, CLUSTERS)
    assert (large.accuracy, large.rows, small.rows) == (0.9, 200, 100)
    assert small.high - small.low > large.high - large.low
    assert large.low == pytest.approx(0.9 - 1.96 * np.sqrt(0.09 / 200), abs=0.01)


def test_where_all_are_right_the_bound_is_exact_and_counts_clusters():
    right, members = np.ones(300, bool), np.ones((1, 300), bool)
    [alone] = shares(right, members, CLUSTERS)
    assert alone.high == 1
    assert alone.low == pytest.approx(0.05 ** (1 / 300))  # Clopper and Pearson, mid-P
    groups = np.repeat(np.arange(30), 10)
    [grouped] = shares(right, members, groups)
    assert grouped.low == pytest.approx(0.05 ** (1 / 30), abs=0.01)  # Student's t of 30 groups
    [wrong] = shares(~right, members, CLUSTERS)
    assert (wrong.low, wrong.high) == (0, pytest.approx(1 - 0.05 ** (1 / 300)))


def test_a_real_difference_is_seen_and_none_is_not():
    real = paired_difference(
        [Scored.of(class_task, LABELS, GOOD)], [Scored.of(class_task, LABELS, POOR)]
    )["accuracy"]
    assert real.low > 0
    none = paired_difference(
        [Scored.of(class_task, LABELS, GOOD)], [Scored.of(class_task, LABELS, GOOD)]
    )["macro_f1"]
    assert none.difference == 0
    # Of rows that only one of two models gets right none is seen: Tango's 1.96² / (n + 1.96²)
    assert none.high == -none.low == pytest.approx(3.84 / 303.84, rel=0.02)


def test_a_difference_has_the_interval_of_tango():
    """21 children before and after a stem cell transplant, 1 and 7 of whom changed: [-0.517,
    -0.026] in Fagerland, Lydersen and Laake (2014), table V."""
    sums = np.repeat([1, -1, 0], [1, 7, 13]) / 21
    assert score_bounds(-6 / 21, sums, 1 / 21, 1, 1, 0) == pytest.approx(
        (-0.5172, -0.0260), abs=5e-5
    )
    labels = np.zeros(21, int)
    models = [np.repeat(part, [1, 7, 13]) for part in ([0, 1, 0], [1, 0, 0])]
    [one, other] = [[Scored.of(class_task, labels, said)] for said in models]
    found = paired_difference(one, other)["accuracy"]
    assert (found.low, found.high) == pytest.approx((-0.5172, -0.0260), abs=5e-5)


def test_classes_that_are_alike_have_the_correlation_of_their_accuracy():
    """Each class is said once, so that it is (accuracy - 1/20) / (1 - 1/20), and so are the ends:
    a span from -1, which 20 classes do not reach, held the truth in 91 % of splits."""
    labels = np.arange(20)
    said = np.r_[np.arange(10), np.roll(np.arange(10, 20), 1)]
    found = headline({"0": Scored.of(class_task, labels, said)})
    expected = [
        (end - 1 / 20) / (1 - 1 / 20) for end in (found["accuracy"].low, found["accuracy"].high)
    ]
    assert [found["mcc"].low, found["mcc"].high] == pytest.approx(expected, abs=0.015)


def test_every_approach_stands_beside_the_reference():
    def predictions(*classes: np.ndarray) -> Predictions:
        found = {str(seed): np.eye(3)[one] for seed, one in enumerate(classes)}
        return Predictions(class_task, [str(row) for row in range(300)], [""] * 300, LABELS, found)

    every = {
        "good": predictions(GOOD, GOOD),
        "poor": predictions(POOR),
        "same": predictions(GOOD, POOR),
    }
    found = pairs_with("good", every, {"good": "1", "poor": "0", "same": "0"})
    assert list(found) == ["poor", "same"]
    assert found["poor"].differences["macro_f1"].high < 0
    assert found["poor"].p_holm == pytest.approx(2 * found["poor"].mcnemar.p)
    assert found["same"].differences["accuracy"].difference < 0  # the mean of its two seeds
    assert found["same"].mcnemar.p == found["same"].p_holm == 1  # the seed shown


def test_the_bounds_of_a_share_are_those_of_the_mid_p_value():
    low, high = share_bounds(np.array([0.9, 1.0, 0.0]), np.array([20, 20, 20]))
    for end, sign in ((low[0], -1), (high[0], 1)):
        beyond = binom.cdf(18, 20, end) if sign > 0 else binom.sf(17, 20, end)
        assert beyond - binom.pmf(18, 20, end) / 2 == pytest.approx(0.025)
    assert (low[2], high[1]) == (0, 1)
    assert low[1] == pytest.approx(0.05 ** (1 / 20))
    assert high[2] == pytest.approx(1 - low[1])
    assert chance_below(np.array(0.9), np.array(20), np.array(1.0)) == pytest.approx(0)


@st.composite
def answers(draw):
    """A few rows of a few classes, two models' answers, and groups."""
    rows, classes = draw(st.integers(2, 24)), draw(st.integers(1, 12))
    numbers = st.lists(st.integers(0, classes), min_size=rows, max_size=rows)
    labels, one, other, groups = (np.array(draw(numbers)) for _ in range(4))
    share = st.floats(0, 1)
    mostly = np.array(draw(st.lists(share, min_size=rows, max_size=rows))) < draw(share)
    one = np.where(mostly, labels, one)
    clusters = np.arange(rows) if draw(st.booleans()) else np.unique(groups, return_inverse=True)[1]
    return labels, one, other, clusters


@settings(max_examples=25, deadline=None)
@given(answers())
def test_a_figure_never_lies_outside_its_own_interval(found):
    labels, one, other, clusters = found
    scored = {
        str(n): Scored.of(class_task, labels, said, clusters=clusters)
        for n, said in enumerate((one, other))
    }
    for by_seed in ({"0": scored["0"]}, scored):
        for name, figure in headline(by_seed).items():
            least, most = METRICS[name].span
            assert least <= figure.low <= figure.mean <= figure.high <= most, name
            assert figure.low < figure.high, name
    for figure in paired_difference([scored["0"]], [scored["1"]]).values():
        assert figure.low <= figure.difference <= figure.high
    members = labels == np.unique(labels)[:, None]
    for part in shares(labels == one, members, clusters):
        assert 0 <= part.low <= part.accuracy <= part.high <= 1
        assert part.low < part.high
    classes = int(max(labels.max(), one.max())) + 2
    sure = np.where(np.eye(classes, dtype=bool)[one], 0.9, 0.1 / (classes - 1))
    calibrated, risk = (
        calibration(class_task, labels, sure, clusters),
        risk_coverage(class_task, labels, sure, clusters),
    )
    for interval in (calibrated.log_loss, calibrated.brier, risk.area):
        assert 0 <= interval.low <= interval.mean <= interval.high


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 1))
def test_an_area_under_a_curve_lies_in_its_interval(few, many, figure):
    outside = np.arange(few + many) < few
    found = concordance(outside, figure, np.arange(few + many))
    assert 0 <= found.low <= figure <= found.high <= 1
    assert found.low < found.high


def test_an_area_of_one_pair_says_next_to_nothing():
    found = concordance(np.array([True, False]), 0.0, np.arange(2))
    assert (found.low, found.high) == (0, pytest.approx(0.95))  # mid-P of none of one


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_many_classes_of_a_few_rows_that_are_all_right_are_no_certainty(rows):
    labels = np.repeat(np.arange(20), rows)
    found = headline({"0": Scored.of(class_task, labels, labels)})["macro_f1"]
    assert (found.mean, found.high) == (1, 1)
    assert found.low == pytest.approx(0.05 ** (1 / len(labels)), abs=0.02)


def test_a_class_that_is_lost_is_no_class_that_is_wrong():
    """46 classes of a few rows, all but three right: 0.958 stood beside [0.826, 0.956]."""
    labels = np.repeat(np.arange(46), [1, 2, 3] * 15 + [2])
    said = np.where(np.isin(np.arange(len(labels)), [7, 40, 70]), (labels + 1) % 46, labels)
    found = headline({"0": Scored.of(class_task, labels, said)})["macro_f1"]
    assert 0.85 < found.low < found.mean < found.high < 1


def test_a_metric_without_bounds_has_a_symmetric_interval(monkeypatch):
    def likelihood(scored: Scored) -> np.ndarray:
        values = np.log(scored.probabilities[np.arange(len(scored.labels)), scored.labels])
        return scored.counts @ values / scored.counts.sum(1)

    metric = Metric("likelihood", "", "probabilities", likelihood, (), span=(-np.inf, 0.0))
    monkeypatch.setitem(METRICS, "likelihood", metric)
    sure = np.where(np.eye(3, dtype=bool)[GOOD], 0.8, 0.1)
    found = headline({"0": Scored.of(class_task, LABELS, GOOD, sure)})["likelihood"]
    values = np.log(sure[np.arange(300), LABELS])
    half = 1.97 * values.std(ddof=1) / np.sqrt(300)
    assert found.mean - found.low == pytest.approx(half, rel=0.01)
    assert found.high - found.mean == pytest.approx(half, rel=0.01)


@pytest.mark.parametrize(
    "cell",
    [
        Cell(20, 1, 0.8), Cell(40, 3, 0.5), Cell(10, 5, 0.9, kind="paired"),
        Cell(12, 5, 0.8, kind="own sizes"),
    ],
    ids=str,
)  # fmt: skip
def test_ninety_five_of_a_hundred_intervals_hold_the_truth(cell):
    """Of 60 simulated splits; of as many at a coverage of 95 %, fewer than 51 come in 0.4 %."""
    for name, (inside, _) in coverage(cell, 60).items():
        assert inside >= 51 / 60, name


@pytest.mark.parametrize(
    ("inside", "splits", "expected"),
    [
        (0.95, 240, "in the goal"), (0.912, 240, "within the noise"), (0.85, 240, "below"),
        (1.0, 240, "above"), (1.0, 24, "within the noise"), (0.85, 24, "within the noise"),
    ],
)  # fmt: skip
def test_a_cell_fails_its_goal_by_more_than_the_noise_of_its_splits(inside, splits, expected):
    assert verdict(inside, splits) == expected


def test_a_plain_bootstrap_does_not_hold_the_truth_often_enough():
    """Percentiles of samples of all rows: classes of one or two rows are lost, so that it says too
    little of them, and nothing takes the bias of F1 off: 78 and 82 %."""
    for cell in (Cell(40, 3, 0.5), Cell(20, 1, 0.5)):
        random, inside = np.random.default_rng(1), 0
        for _ in range(200):
            world = World.of(cell, random)
            true = np.repeat(np.arange(cell.classes), world.sizes)
            scored = Scored.of(class_task, true, world.said(true, world.right, random))
            samples = scored._replace(counts=resampled_counts(scored.clusters, draws=200))
            ends = bounds(scores(samples)["macro_f1"])
            truth = METRICS["macro_f1"].compute(world.truth(world.right))[0]
            inside += ends["low"] <= truth <= ends["high"]
        assert inside < 0.88 * 200, cell
