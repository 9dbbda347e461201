"""Figures of drift: known values, and tests that err as often as they say."""

import random

import numpy as np
import pytest
from hypothesis import given, strategies as st

from seedbed.scoring.drift import (
    jensen_shannon,
    length_counts,
    psi,
    psi_by_chance,
    psi_in_words,
    two_sample_test,
    word_counts,
)

COUNTS = st.lists(st.integers(0, 500), min_size=4, max_size=4).filter(any)
SPORT = ["the striker scored twice in the cup final", "a goal in extra time won the match"]
TRADE = ["the bank raised its rates by a quarter point", "shares fell as the firm cut its forecast"]


def mixed(number: int, sport: float, seed: int) -> list[str]:
    """Reports with a number each, so that no two are the same; a share of them on sport."""
    draw = random.Random(seed)
    picks = [SPORT if draw.random() < sport else TRADE for _ in range(number)]
    return [f"{draw.choice(pick)} {draw.randrange(10**6)}" for pick in picks]


def test_psi_is_the_sum_over_shares_in_the_books():
    """50/50 to 60/40 is .1 ln 1.2 - .1 ln .8; half a row more in each bin hardly changes it."""
    expected = 0.1 * np.log(1.2) - 0.1 * np.log(0.8)
    assert psi({"a": 50_000, "b": 50_000}, {"a": 60_000, "b": 40_000}) == pytest.approx(
        expected, rel=1e-3
    )
    assert [psi_in_words(one) for one in (0.05, 0.1, 0.3)] == ["stable", "moderate", "large"]


def test_a_class_that_only_one_side_has_gives_a_finite_and_large_psi():
    assert 0.25 < psi({"spam": 50, "ham": 50}, {"ham": 60, "phishing": 40}) < 20


def test_jensen_shannon_is_in_bits():
    assert jensen_shannon([3, 1], [30, 10]) == 0
    assert jensen_shannon({"a": 2}, {"b": 5}) == pytest.approx(1)
    middle = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))  # H(m) - (H(p) + H(q)) / 2
    assert jensen_shannon([1, 0], [1, 1]) == pytest.approx(middle - 0.5)


@given(COUNTS, COUNTS)
def test_neither_is_negative_and_the_same_shares_give_zero(one, other):
    assert jensen_shannon(one, other) == pytest.approx(jensen_shannon(other, one))
    assert 0 <= jensen_shannon(one, other) <= 1
    assert psi(one, other) >= 0
    assert psi(one, one) == 0


def test_no_rows_and_other_bins_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        psi({"a": 0}, {"a": 3})
    with pytest.raises(ValueError, match="not the same bins"):
        jensen_shannon([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="no rows"):
        two_sample_test(SPORT, [])


def test_chance_alone_stays_below_its_bound_in_95_of_100_draws():
    draw = np.random.default_rng(0)
    shares = [0.2] * 5
    found = [psi(draw.multinomial(500, shares), draw.multinomial(50, shares)) for _ in range(500)]
    assert 0.92 < np.mean(np.array(found) < psi_by_chance(5, 500, 50)) < 0.98
    assert psi_by_chance(1, 10, 10) == 0


def test_lengths_fall_into_tenths_of_what_was_there():
    expected, found = length_counts(list(range(1, 101)), [1, 5, 200, 300, 400])
    assert expected == [10] * 10
    assert found == [2, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert length_counts([7, 7, 7], [7, 9]) == ([3, 0], [1, 1])


def test_words_are_counted_in_small_letters():
    assert word_counts(["The cat, the CAT", "Ünder the"]) == {"the": 3, "cat": 2, "ünder": 1}


def test_the_classifier_tells_other_subjects_and_not_the_same_ones():
    same = two_sample_test(mixed(80, 0.5, 1), mixed(40, 0.5, 2))
    other = two_sample_test(mixed(80, 0.5, 1), mixed(40, 1.0, 3))
    assert same.p > 0.05
    assert other.p < 0.01
    assert other.auc > 0.65
    assert (other.base_rows, other.head_rows) == (80, 40)


def test_longer_texts_of_the_same_words_are_told():
    short = [f"{' '.join(['word'] * 5)} {n}" for n in range(60)]
    long = [f"{' '.join(['word'] * 50)} {n}" for n in range(60, 90)]
    assert two_sample_test(short, long, permutations=99).p == 0.01


def test_it_cries_wolf_as_rarely_as_its_p_value_says():
    found = [
        two_sample_test(mixed(40, 0.5, seed), mixed(15, 0.5, seed + 999), permutations=19).p
        for seed in range(60)
    ]
    assert np.mean(np.array(found) <= 0.05) < 0.14  # so in 99 % of all draws of 60 at a rate of 5 %


def test_the_order_of_rows_changes_nothing():
    base, head = mixed(50, 0.5, 1), mixed(30, 0.8, 2)
    first = two_sample_test(base, head, permutations=49)
    assert two_sample_test(base[::-1], head[::-1], permutations=49) == first


def test_of_many_rows_a_fixed_sample_is_taken():
    found = two_sample_test(mixed(90, 0.5, 1), mixed(30, 0.5, 2), permutations=9, max_rows=50)
    assert (found.base_rows, found.head_rows) == (50, 30)


def test_one_row_a_side_says_nothing():
    assert two_sample_test(["one row"], ["another"], permutations=19).p > 0.05
