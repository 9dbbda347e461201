"""How surprising a difference is if two models were alike."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import binom
from sklearn.metrics import f1_score

from seedbed.scoring.metrics import Scored, macro_f1_of
from seedbed.scoring.significance import (
    flip_p,
    holm,
    mcnemar,
    rows_to_see,
    smallest_drop,
    sums_by_cluster,
    swapped_f1_drops,
)
from seedbed.tasks import class_task


def test_mcnemar_counts_the_rows_that_one_model_alone_gets_right():
    labels = np.zeros(10, int)
    one = np.array([0] * 9 + [1])
    other = np.array([1] * 8 + [0, 0])
    found = mcnemar(one == labels, other == labels)
    assert (found.only_one_right, found.only_other_right) == (8, 1)
    assert found.p == pytest.approx(2 * (9 + 1) / 2**9)
    assert mcnemar(one == labels, one == labels).p == 1


def test_holm_keeps_the_order_and_never_goes_below():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_with_rows_as_clusters_it_is_mcnemars_exact_test_one_sided():
    labels = np.zeros(40, int)
    base, head = np.zeros(40, int), np.zeros(40, int)
    head[:9], base[9:11] = 1, 1  # only the base is right on nine rows, only the head on two
    lost = (base == labels).astype(int) - (head == labels)
    p = flip_p(sums_by_cluster(lost, np.arange(40)), lost.sum())
    assert p == pytest.approx(binom.sf(8, 11, 0.5))
    assert 2 * p == pytest.approx(mcnemar(head == labels, base == labels).p)


def test_no_difference_is_no_surprise():
    assert flip_p(np.zeros(5, int), 0) == 1
    assert flip_p(np.array([1, -1]), 0) == pytest.approx(0.75)


def test_rows_of_a_group_are_one_surprise_and_not_many():
    lost = np.ones(12, int)
    rows = flip_p(sums_by_cluster(lost, np.arange(12)), 12)
    groups = flip_p(sums_by_cluster(lost, np.repeat([0, 1, 2], 4)), 12)
    assert rows == pytest.approx(0.5**12)
    assert groups == pytest.approx(0.5**3)


def test_what_is_allowed_is_no_surprise():
    sums = np.ones(10, int)
    assert flip_p(sums, 10 - 4) == pytest.approx(binom.sf(7, 10, 0.5))


@settings(max_examples=30)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9), st.integers(-6, 6))
def test_the_exact_chance_is_that_of_all_signs(values, excess):
    sums = np.array(values)
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(sums))).reshape(len(sums), -1)
    totals = np.abs(sums) @ signs
    assert flip_p(sums, excess) == pytest.approx((totals >= excess).mean())


def swapped_by_hand(labels, base, head, units, coins):
    one, other = base.copy(), head.copy()
    rows = np.isin(units, coins)
    one[rows], other[rows] = head[rows], base[rows]
    return one, other


def test_drops_after_swaps_are_those_of_swapped_answers():
    random = np.random.default_rng(1)
    labels, base, head = random.integers(0, 3, (3, 20))
    units = random.integers(0, 4, 20)
    models = (Scored.of(class_task, labels, model, clusters=units) for model in (base, head))
    observed, found = swapped_f1_drops(*models, 3, swaps=300)
    possible = []
    for mask in range(2**4):
        coins = [unit for unit in range(4) if mask >> unit & 1]
        both = swapped_by_hand(labels, base, head, units, coins)
        possible.append(np.subtract(*(f1_score(labels, model, average=None) for model in both)))
    assert observed == pytest.approx(possible[0], abs=1e-6)  # none is swapped
    distances = np.abs(found[:, None] - np.array(possible)[None]).max(2)
    assert distances.min(1).max() < 1e-6  # every swap drawn is one of the 16 there are
    assert len(set(distances.argmin(1))) == 16  # and all of them are drawn


def test_the_drop_in_f1_is_that_of_the_metrics():
    random = np.random.default_rng(2)
    labels, base, head = random.integers(0, 4, (3, 60))
    drop, _ = swapped_f1_drops(
        Scored.of(class_task, labels, base), Scored.of(class_task, labels, head), 4, swaps=1
    )
    assert drop.mean() == pytest.approx(
        macro_f1_of(class_task, labels, base) - macro_f1_of(class_task, labels, head), abs=1e-6
    )


def test_the_same_swaps_are_drawn_again():
    random = np.random.default_rng(3)
    labels, base, head = random.integers(0, 3, (3, 50))
    models = [Scored.of(class_task, labels, model) for model in (base, head)]
    (_, one), (_, other) = (swapped_f1_drops(*models, 3, 100) for _ in range(2))
    assert (one == other).all()


def test_the_smallest_drop_falls_with_rows_and_rises_with_noise_groups_and_what_is_allowed():
    def sees(rows, differing=4, group=1, allowed=0.0):
        lost = np.zeros(rows, int)
        lost[:differing], lost[differing : 2 * differing] = 1, -1
        return smallest_drop(lost, np.arange(rows) // group, 0.05, 0.8, allowed)

    assert 0.01 < sees(425, 1) < 0.02
    assert sees(4000) < sees(425) < sees(425, 20)
    assert sees(425) < sees(425, group=4)
    assert sees(425) + 0.005 < sees(425, allowed=0.005) + 0.001
    assert sees(6, 0) <= 1


def test_as_many_rows_as_are_asked_for_show_the_drop():
    lost = np.zeros(500, int)
    lost[:5], lost[5:10] = 1, -1
    rows = rows_to_see(0.01, lost, np.arange(500), 0.0125, 0.8, 0.0)
    more = np.zeros(rows, int)
    more[: rows // 100], more[-(rows // 100) :] = 1, -1
    assert smallest_drop(more, np.arange(rows), 0.0125, 0.8) == pytest.approx(0.01, rel=0.02)


def test_the_smallest_drop_is_seen_as_often_as_said():
    random, rows, noise = np.random.default_rng(4), 400, 0.01
    seen = []
    for _ in range(150):
        kind = random.random(rows)
        typical = np.zeros(rows, int)
        typical[: int(noise * rows)], typical[-int(noise * rows) :] = 1, -1
        drop = smallest_drop(typical, np.arange(rows), 0.05, 0.8)
        lost = np.where(kind < noise, -1, np.where(kind < 2 * noise + drop, 1, 0))
        seen.append(flip_p(lost, lost.sum()) <= 0.05)
    assert 0.7 < np.mean(seen) < 0.9
