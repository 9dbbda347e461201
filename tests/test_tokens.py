"""Token ids, and batches of about the same cost."""

import numpy as np
import pytest
from conftest import tiny_encoder
from hypothesis import given
from hypothesis import strategies as st

from seedbed.errors import ModelError
from seedbed.tokens import encode, encodings, load_tokenizer, pad, token_budget_batches

TEXTS = ["rain fell on the old town", "fry the onion", "rain", "the town of rain and onion"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_encoder(folder, TEXTS)
    return folder


@given(st.lists(st.integers(1, 128), min_size=1), st.integers(128, 1024), st.booleans())
def test_every_row_is_in_one_batch_and_no_batch_is_over_budget(lengths, budget, shuffled):
    draw = np.random.default_rng(0) if shuffled else None
    batches = token_budget_batches(lengths, budget, draw)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert max(lengths[row] for row in batch) * len(batch) <= budget


def test_a_text_longer_than_the_budget_is_a_batch_of_its_own():
    assert [len(batch) for batch in token_budget_batches([300, 5], 128)] == [1, 1]


def test_batches_of_like_length_hold_little_padding():
    lengths = np.random.default_rng(0).integers(5, 60, 2000)
    batches = token_budget_batches(lengths, 2048, np.random.default_rng(0))
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert 1 - lengths.sum() / padded < 0.1


@pytest.mark.parametrize("end", ["head", "tail"])
def test_truncation_keeps_the_end_it_should_and_tells_what_it_cut(encoder, end):
    whole = encode(load_tokenizer(encoder, 64), [TEXTS[3]])[0]
    cut = encodings(load_tokenizer(encoder, 5, end), [TEXTS[3]])[0]
    inner = whole[1:-1]
    expected = inner[:3] if end == "head" else inner[-3:]
    assert cut.ids == [whole[0], *expected, whole[-1]]
    assert sum(len(rest.ids) - 2 for rest in cut.overflowing) == len(inner) - 3


def test_a_pair_is_encoded_as_one_text_and_no_pairs_as_single_texts(encoder):
    tokenizer = load_tokenizer(encoder, 64)
    one, two = encode(tokenizer, ["rain", "onion"])
    assert encode(tokenizer, ["rain"], ["onion"]) == [[*one, *two[1:]]]
    assert encode(tokenizer, ["rain"], [""]) == [one]


def test_padding_goes_to_the_longest():
    assert pad([[1, 2], [3]]).tolist() == [[1, 2], [3, 0]]


def test_a_folder_without_a_fast_tokenizer_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="no tokenizer.json"):
        load_tokenizer(tmp_path, 8)
