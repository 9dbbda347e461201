"""Sets of word shingles: what is in them, and that texts without words have none."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from seedbed.core.text_units import units_of
from seedbed.splitting.shingles import (
    normalised,
    repeated_shingle_sets,
    shingles_of,
)


def shared_shingles(texts: list[str], words: int) -> list[list[int]]:
    sets = [set(shingles.tolist()) for shingles in shingles_of(texts, words)]
    return [[len(one & other) for other in sets] for one in sets]


def sets_by_hand(texts: list[str], words: int) -> list[set[tuple[str, ...]]]:
    sets = []
    for text in texts:
        found = units_of(text)
        if 0 < len(found) < words:
            sets.append({tuple(found)})
        else:
            sets.append({tuple(found[at : at + words]) for at in range(len(found) - words + 1)})
    return sets


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The  Café\n", "the cafe\u0301"),
        ("ＯＫ", "ok"),
        ("Straße", "STRASSE"),
        ("ﬁne", "FINE"),
    ],
)
def test_exact_copies_may_differ_in_case_white_space_and_the_form_of_letters(one, other):
    assert normalised(one) == normalised(other)


def test_exact_copies_may_not_differ_in_a_mark():
    assert normalised("Good.") != normalised("Good!")
    assert normalised("resume") != normalised("résumé")


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


def test_shingles_are_words_in_a_row_and_a_repeated_one_counts_once():
    texts = ["a b c d", "b c d", "a b c a b c"]
    assert [len(shingles) for shingles in shingles_of(texts, 3)] == [2, 1, 3]
    assert shared_shingles(texts, 3) == [[2, 1, 1], [1, 1, 0], [1, 0, 3]]


def test_short_texts_have_one_shingle_of_all_their_units_and_those_of_punctuation_none():
    texts = [
        "ok",
        "OK!",
        "ok then",
        "",
        "👍",
        "ok then now",
        "ok ok",
        "👎",
        ":-)",
        "差评",
        "差评！",
    ]
    shared = np.array(shared_shingles(texts, 3))
    assert shared.diagonal().tolist() == [1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1]
    assert np.argwhere(np.triu(shared, 1)).tolist() == [[0, 1], [9, 10]]


def test_no_texts_and_texts_without_words():
    sizes, sets = repeated_shingle_sets([], 3)
    assert (sizes.shape, sets.shape) == ((0,), (0, 0))
    sizes, sets = repeated_shingle_sets(["", "?!"], 3)
    assert (sizes.tolist(), sets.nnz) == ([0, 0], 0)


def test_a_shingle_has_words():
    with pytest.raises(ValueError, match="0 words"):
        repeated_shingle_sets(["a"], 0)


@given(st.lists(st.text("ab c", max_size=16), max_size=8), st.integers(1, 9))
def test_sets_share_what_they_share_by_hand(texts, words):
    by_hand = sets_by_hand(texts, words)
    expected = [[len(one & other) for other in by_hand] for one in by_hand]
    assert shared_shingles(texts, words) == expected


def test_long_shingles_of_many_words_do_not_overflow():
    texts = [" ".join(f"w{number}" for number in range(at, at + 3_000)) for at in (0, 1)]
    # 3,001 ** 40 is far above 64 bits
    assert shared_shingles(texts, 40) == [[2961, 2960], [2960, 2961]]


@given(st.lists(st.text("ab c", max_size=16), max_size=8), st.integers(1, 4))
def test_without_shingles_that_stand_once_sizes_and_what_is_shared_are_the_same(texts, words):
    by_hand = sets_by_hand(texts, words)
    sizes, sets = repeated_shingle_sets(texts, words)
    assert sizes.tolist() == [len(shingles) for shingles in by_hand]
    shared = (sets @ sets.T).toarray()
    for i, one in enumerate(by_hand):
        for j, other in enumerate(by_hand[:i]):
            assert shared[i, j] == len(one & other)
