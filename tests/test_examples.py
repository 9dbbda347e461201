"""Batches of about the same cost, and rows that stand as several windows."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from seedbed.encoding.examples import Examples, pad, padding_share, token_budget_batches


@given(st.lists(st.integers(1, 128), min_size=1), st.integers(128, 1024), st.booleans())
def test_every_row_is_in_one_batch_and_no_batch_is_over_budget(lengths, budget, shuffled):
    draw = np.random.default_rng(0) if shuffled else None
    batches = token_budget_batches(lengths, budget, draw)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert max(lengths[row] for row in batch) * len(batch) <= budget


def test_a_text_longer_than_the_budget_is_a_batch_of_its_own():
    assert [len(batch) for batch in token_budget_batches([300, 5], 128)] == [1, 1]


def test_batches_by_token_budget_hold_less_padding_than_stock_ones():
    lengths = np.random.default_rng(0).integers(5, 60, 2000)
    budget = token_budget_batches(lengths, 2048, np.random.default_rng(0))
    shuffled = np.array_split(np.random.default_rng(0).permutation(2000), 60)
    assert padding_share(lengths, budget) < 0.08
    assert 0.3 < padding_share(lengths, shuffled) < 0.6
    assert padding_share([3, 1], [np.array([0, 1])], fixed=4) == 0.5


def test_padding_goes_to_the_longest_and_to_a_multiple_where_asked():
    assert pad([[1, 2], [3]]).tolist() == [[1, 2], [3, 0]]
    assert pad([[1, 2, 4], [3]], multiple=8).shape == (2, 8)


@pytest.fixture
def examples():
    """Row a stands as two windows, row b as one."""
    ids = [np.array([1, 2]), np.array([3]), np.array([4])]
    return Examples(
        ids, None, np.array([1, 1, 0]), np.array([0.5, 0.5, 1.0], np.float32), ["a", "a", "b"]
    )


def test_windows_are_pooled_to_rows(examples):
    values = np.array([[1.0, 3.0], [3.0, 5.0], [7.0, 7.0]])
    assert examples.pooled(values).tolist() == [[2.0, 4.0], [7.0, 7.0]]
    assert examples.row_ids == ["a", "b"]
    assert examples.row_labels.tolist() == [1, 0]
    assert examples.row_weights.tolist() == [1.0, 1.0]


def test_some_windows_can_be_taken(examples):
    some = examples.take(np.array([False, True, True]))
    assert [list(ids) for ids in some.ids] == [[3], [4]]
    assert list(some.rows) == ["a", "b"]
    assert some.labels.tolist() == [1, 0]
