"""Token ids, and what becomes of a text that is too long."""

import json
import shutil

import numpy as np
import pytest
from conftest import tiny_encoder
from hypothesis import given, strategies as st

from seedbed.core.errors import ModelError
from seedbed.encoding.tokens import TextTokenizer, Truncation, auto_max_length, longest_input
from seedbed.running.memo import MEMO, Store

TEXTS = ["rain fell on the old town", "fry the onion", "rain", "the town of rain and onion"]
WORDS = st.lists(st.sampled_from(" ".join(TEXTS).split()), min_size=1, max_size=40).map(" ".join)
LONG = " ".join(str(number % 10) for number in range(30))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_encoder(folder, [*TEXTS, LONG])
    return folder


@pytest.fixture(scope="module")
def stock(encoder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(encoder)


def ids_of(encoder, text, truncation, pair=None):
    """The windows of one text, as lists."""
    found = TextTokenizer(encoder, truncation)([text], None if pair is None else [pair])
    return [window.tolist() for window in found.ids]


@given(WORDS, st.integers(8, 64), st.sampled_from(["head", "tail"]))
def test_head_and_tail_are_what_a_stock_tokenizer_gives(encoder, stock, text, length, keep):
    stock.truncation_side = "right" if keep == "head" else "left"
    expected = stock(text, truncation=True, max_length=length)["input_ids"]
    assert ids_of(encoder, text, Truncation(length, keep)) == [expected]


@given(WORDS, WORDS, st.integers(8, 64))
def test_pairs_are_what_a_stock_tokenizer_gives(encoder, stock, text, pair, length):
    stock.truncation_side = "right"
    expected = stock(text, pair, truncation=True, max_length=length)
    found = TextTokenizer(encoder, Truncation(length))([text], [pair])
    assert found.ids[0].tolist() == expected["input_ids"]
    assert found.segments[0].tolist() == expected["token_type_ids"]
    assert set(expected["token_type_ids"]) == {0, 1}


def test_pairs_that_are_all_empty_are_none(encoder):
    whole = Truncation(64)
    assert ids_of(encoder, "rain", whole, pair="") == ids_of(encoder, "rain", whole)
    assert TextTokenizer(encoder, whole)(["rain"], [""]).segments is None


def test_head_and_tail_together_keep_a_quarter_and_three(encoder):
    inner = ids_of(encoder, LONG, Truncation(64))[0][1:-1]
    [found] = ids_of(encoder, LONG, Truncation(14, "head_tail"))
    assert found[1:-1] == [*inner[:3], *inner[-9:]]
    assert len(found) == 14


@given(WORDS, st.integers(8, 40), st.integers(0, 3))
def test_windows_hold_every_token_in_order(encoder, text, length, overlap):
    inner = ids_of(encoder, text, Truncation(64))[0][1:-1]
    cut = Truncation(length, "windows", overlap, max_windows=100)
    windows = [window[1:-1] for window in ids_of(encoder, text, cut)]
    joined = windows[0] + [token for window in windows[1:] for token in window[overlap:]]
    assert joined == inner
    assert all(len(window) <= length - 2 for window in windows)


def test_after_max_windows_the_rest_is_lost_and_told(encoder):
    cut = Truncation(12, "windows", overlap=2, max_windows=2)
    found = TextTokenizer(encoder, cut)([LONG, "rain"])
    assert found.windows.tolist() == [2, 1]
    assert found.lengths.tolist() == [32, 3]
    assert found.lost.tolist() == [30 - 18, 0]


def test_windows_of_a_pair_slide_over_its_second_text(encoder):
    cut = Truncation(16, "windows", overlap=2, max_windows=9)
    first, second, *_ = ids_of(encoder, "fry the onion", cut, pair=LONG)
    assert first[:5] == second[:5]  # special, fry, the, onion, special
    assert first[-3:-1] == second[5:7]  # the overlap


@pytest.mark.parametrize("keep", ["head", "tail", "head_tail"])
def test_what_is_cut_is_counted(encoder, keep):
    found = TextTokenizer(encoder, Truncation(10, keep))([LONG, "rain", "? ?"])
    assert found.lengths.tolist() == [32, 3, 4]
    assert found.lost.tolist() == [22, 0, 0]
    assert found.unknown.tolist() == [0, 0, 2]
    assert [len(ids) for ids in found.ids] == [10, 3, 4]
    assert found.ids[0].dtype == np.uint16


def test_more_texts_than_fit_one_call_of_the_tokenizer_come_in_order(encoder, monkeypatch):
    together = TextTokenizer(encoder, Truncation(64))(TEXTS)
    monkeypatch.setattr("seedbed.encoding.tokens.TEXTS_AT_ONCE", 3)
    apart = TextTokenizer(encoder, Truncation(64))(TEXTS)
    assert [list(ids) for ids in apart.ids] == [list(ids) for ids in together.ids]


@given(st.lists(st.integers(1, 60), min_size=1), st.integers(4, 64))
def test_auto_keeps_the_share_and_no_smaller_length_does(lengths, longest):
    lengths = np.array(lengths)
    found = auto_max_length(lengths, longest)
    share = np.minimum(lengths, found).sum() / lengths.sum()
    assert share >= 0.99 or found == longest
    assert np.minimum(lengths, found - 1).sum() / lengths.sum() < 0.99


def test_a_folder_without_a_fast_tokenizer_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="no tokenizer.json"):
        TextTokenizer(tmp_path, Truncation(8))


def test_more_tokens_than_the_encoder_takes_are_an_error(encoder, tmp_path):
    assert longest_input(encoder) == 64
    with pytest.raises(ModelError, match="at most 64, the longest input of this encoder"):
        TextTokenizer(encoder, Truncation(65))
    shorter = shutil.copytree(encoder, tmp_path / "shorter")
    settings = json.loads((shorter / "tokenizer_config.json").read_text())
    (shorter / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": 32}))
    assert longest_input(shorter) == 32


def test_remembered_ids_are_the_same_and_others_are_kept_nowhere(encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_MEMO", raising=False)
    pairs = [text[::-1] for text in TEXTS]
    plain = TextTokenizer(encoder, Truncation(16))(TEXTS, pairs)
    assert not MEMO.exists()  # what a model in use is asked
    for cut in (16, 16, 12):  # worked out, looked up, looked up for another cut
        found = TextTokenizer(encoder, Truncation(cut), use_memo=True)(TEXTS, pairs)
        assert [ids.tolist() for ids in found.ids] == [
            ids.tolist() for ids in TextTokenizer(encoder, Truncation(cut))(TEXTS, pairs).ids
        ]
        assert found.ids[0].dtype == plain.ids[0].dtype
    with Store() as store:
        assert [(kept.operation, kept.results) for kept in store.stats()] == [
            ("tokens.token_ids", len({*TEXTS, *pairs}))
        ]
