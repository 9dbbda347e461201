"""The exact join gives every near pair and no other; which copies stay."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from seedbed.core.text_units import units_of
from seedbed.splitting import near_copies
from seedbed.splitting.near_copies import first_kept, near_pairs
from seedbed.splitting.shingles import normalised

THRESHOLDS = st.sampled_from([0.1, 0.25, 0.3, 1 / 3, 0.5, 0.6, 2 / 3, 0.7, 0.8, 0.9, 1.0])
TEXTS = st.lists(st.text("aB c!", max_size=14), max_size=10)


def shingles(text: str, words: int) -> set[tuple[str, ...]]:
    found = units_of(text)
    count = max(len(found) - words + 1, min(len(found), 1))
    return {tuple(found[at : at + words]) for at in range(count)}


def jaccard(one: set, other: set) -> Fraction:
    return Fraction(len(one & other), len(one | other)) if one | other else Fraction(0)


def brute_force(texts: list[str], words: int, min_jaccard: float) -> dict[tuple[int, int], float]:
    sets, least = [shingles(text, words) for text in texts], Fraction(f"{min_jaccard:.6f}")
    similarity = {(i, j): jaccard(sets[i], sets[j]) for j in range(len(texts)) for i in range(j)}
    return {pair: float(value) for pair, value in similarity.items() if value >= least}


def as_dict(pairs: near_copies.Pairs) -> dict[tuple[int, int], float]:
    ids = zip(pairs.i.tolist(), pairs.j.tolist(), strict=True)
    return dict(zip(ids, pairs.jaccard.tolist(), strict=True))


def greedy(count: int, pairs: dict, fixed: int = 0) -> list[int]:
    """The rule in its plainest words."""
    cause = [-1] * count
    for j in range(fixed, count):
        near_and_kept = [i for i in range(j) if (i, j) in pairs and cause[i] < 0]
        cause[j] = min(near_and_kept, default=-1)
    return cause


TICKETS = [
    "My parcel has not arrived and the tracking page shows nothing since Monday",
    "My parcel has not arrived, and the tracking page shows nothing since Tuesday!",
    "I was charged twice for one order and want one payment back",
    "my PARCEL has not arrived and the tracking page shows nothing since monday :-(",
    "Thanks",
    "Thanks!",
    "Thank you",
    "",
    "?!",
    "?!",
]


def test_near_texts_are_found_with_their_similarity():
    assert as_dict(near_pairs(TICKETS, 3, 0.7)) == {
        (0, 1): 10 / 12,
        (0, 3): 1.0,
        (1, 3): 10 / 12,
        (4, 5): 1.0,
    }


def test_short_texts_never_collide_for_being_short():
    reviews = [
        f"{one} {other}" for one in ["good", "bad", "fine", "odd"] for other in ["film", "plot"]
    ]
    assert as_dict(near_pairs(reviews, 5, 0.1)) == {}


def test_a_pair_on_the_threshold_is_near():
    # 0.07 * 100 is 7.000000000000001 in floats: rounding up would ask for 8 shared shingles.
    texts = [" ".join(f"a{n}" for n in range(100)), " ".join(f"a{n}" for n in range(7))]
    assert as_dict(near_pairs(texts, 1, 0.07)) == {(0, 1): 0.07}
    assert as_dict(near_pairs(texts, 1, 0.070001)) == {}


@pytest.mark.parametrize("min_jaccard", [0, -0.1, 1.1, 0.0000001])
def test_a_threshold_that_means_nothing_is_refused(min_jaccard):
    with pytest.raises(ValueError, match="not in"):
        near_pairs(["a"], 1, min_jaccard)


@given(TEXTS, st.integers(1, 4), THRESHOLDS)
def test_the_join_is_brute_force(texts, words, min_jaccard):
    assert as_dict(near_pairs(texts, words, min_jaccard)) == brute_force(texts, words, min_jaccard)


@given(TEXTS, st.integers(1, 3), THRESHOLDS)
def test_the_join_in_small_blocks_is_the_same(texts, words, min_jaccard):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_copies, "BLOCK_COST", 2)
        found = near_pairs(texts, words, min_jaccard)
    assert as_dict(found) == brute_force(texts, words, min_jaccard)


@given(TEXTS)
def test_pairs_are_sorted_by_j_then_i(texts):
    found = near_pairs(texts, 1, 0.3)
    in_order = list(zip(found.j.tolist(), found.i.tolist(), strict=True))
    assert in_order == sorted(in_order)
    assert all(i < j for j, i in in_order)


def test_both_parts_of_a_pair_must_be_near():
    premise = "A man in a blue shirt is standing on a ladder cleaning a window of the house"
    texts = [premise] * 3 + [":-)", ":-)", ":-("]
    pairs = ["He cleans a window", "He sleeps on a sofa", "he cleans a window!"] + [
        "Same words"
    ] * 3
    assert as_dict(near_pairs(texts, 3, 0.7)).keys() == {(0, 1), (0, 2), (1, 2)}
    assert as_dict(near_pairs(texts, 3, 0.7, pairs)).keys() == {(0, 2), (3, 4)}


def test_second_texts_that_are_all_empty_are_none():
    empty = [""] * len(TICKETS)
    assert as_dict(near_pairs(TICKETS, 3, 0.7, empty)) == as_dict(near_pairs(TICKETS, 3, 0.7))


@given(st.lists(st.tuples(st.text("ab c", max_size=8), st.text("ab !", max_size=6)), max_size=8))
def test_the_join_of_two_parts_is_brute_force_on_each(rows):
    texts, pairs = [row[0] for row in rows], [row[1] for row in rows]
    found = as_dict(near_pairs(texts, 2, 0.5, pairs)).keys()
    if any(pairs):
        both = brute_force(texts, 2, 0.5).keys() & brute_force(pairs, 2, 0.5).keys()
        assert both <= found
        for i, j in found - both:  # only where one part has no words, and is the same
            wordless = [part for part in (texts, pairs) if not shingles(part[i] + part[j], 1)]
            assert all(normalised(part[i]) == normalised(part[j]) for part in wordless)
            assert len(wordless) == 1


CHAIN = ["a b c d e f", "b c d e f g", "c d e f g h"]  # a~b and b~c at 5/7, a and c at 4/8


def test_sameness_is_not_transitive():
    assert as_dict(near_pairs(CHAIN, 1, 0.7)).keys() == {(0, 1), (1, 2)}
    assert first_kept(CHAIN, 1, 0.7).tolist() == [-1, 0, -1]
    assert first_kept([CHAIN[1], CHAIN[0], CHAIN[2]], 1, 0.7).tolist() == [-1, 0, 0]


def test_fixed_texts_stay_whatever_they_are_near_to():
    assert first_kept(CHAIN, 1, 0.7, fixed=2).tolist() == [-1, -1, 1]
    assert first_kept(["same", "same", "same"], 1, 0.7, fixed=2).tolist() == [-1, -1, 0]


@given(TEXTS, THRESHOLDS, st.integers(0, 4), st.integers(1, 3))
def test_what_is_kept_is_what_the_rule_says_however_small_the_parts(texts, least, fixed, small):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_copies, "SMALL", small)
        cause = first_kept(texts, 1, least, fixed=fixed)
    pairs = brute_force(texts, 1, least)
    assert cause.tolist() == greedy(len(texts), pairs, fixed)
    for i, j in pairs:
        assert cause[i] >= 0 or cause[j] >= 0 or j < fixed
    assert all(cause[row] < 0 for row in cause[cause >= 0])


def test_ten_thousand_copies_of_a_template_cost_no_squared_pairs():
    name = [f"n{number}" for number in range(10_000)]
    texts = [f"Dear {one} your parcel will arrive today between nine and noon" for one in name]
    cause = first_kept(texts, 1, 0.7)
    assert cause[0] == -1
    assert np.all(cause[1:] == 0)
