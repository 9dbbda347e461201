"""Answers are written greedily, as transformers writes them, whatever else is in the batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_chat import tiny_writer

from seedbed.core.turns import Dialogue
from seedbed.training.chat.bases import load_writer
from seedbed.training.chat.generation import Writer, _batches
from seedbed.training.chat.template import ChatTemplate

QUESTIONS = ["Hi", "What is this?", "A longer question than the others, which are short.", "?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_writer(tmp_path_factory.mktemp("tiny") / "writer")


@pytest.fixture(scope="module")
def template(folder) -> ChatTemplate:
    return ChatTemplate(folder)


@pytest.fixture(scope="module")
def model(folder):
    """The tiny model with larger weights: else it repeats one token for ever."""
    model = load_writer(folder)
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn_like(weight) * 0.35)
    return model.eval()


@pytest.fixture
def prompts(template) -> list[np.ndarray]:
    return template.prompts([Dialogue((), text, "") for text in QUESTIONS]).ids


def stock(model, ids: np.ndarray, limit: int) -> list[int]:
    tokens = torch.from_numpy(ids[None].astype(np.int64))
    found = model.generate(
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=limit, do_sample=False,
        eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    return found[0, len(ids) :].tolist()


def test_a_batch_of_any_lengths_gets_what_transformers_writes_one_by_one(model, prompts):
    written = Writer(model, (), 512).write(prompts, 30, "test")
    assert [answer.ids for answer in written] == [stock(model, ids, 30) for ids in prompts]
    assert len({tuple(answer.ids) for answer in written}) > 1
    assert not any(answer.ended for answer in written)


def test_an_answer_ends_with_its_turn_and_the_others_go_on(model, prompts):
    whole = [stock(model, ids, 30) for ids in prompts]
    stop = whole[1][4]
    written = Writer(model, (stop,), 512).write(prompts, 30, "test")
    cut = [ids[: ids.index(stop)] if stop in ids else ids for ids in whole]
    assert [answer.ids for answer in written] == cut
    assert [answer.ended for answer in written] == [stop in ids for ids in whole]
    assert len({len(ids) for ids in cut}) > 1


def test_an_answer_is_streamed_in_whole_characters(model, template, prompts):
    writer = Writer(model, (), 512)
    pieces = [*writer.stream(prompts[2], 30, template.decode)]
    assert "".join(pieces) == template.decode(stock(model, prompts[2], 30))
    assert len(pieces) > 1


def test_bytes_of_one_character_are_shown_together(template):
    ids = template.words("é x", add_special_tokens=False)["input_ids"]

    class Fixed(Writer):
        def _tokens(self, prompts, max_new_tokens):
            yield from ((0, token) for token in ids)

    writer = Fixed(torch.nn.Identity(), (), 512)
    assert [*writer.stream(np.array([1]), 9, template.decode)] == ["é", " ", "x"]


def test_no_more_tokens_than_the_model_takes(model, prompts):
    longest = len(prompts[0]) + 5
    [answer] = Writer(model, (), longest).write(prompts[:1], 30, "test")
    assert len(answer.ids) == 5


def test_vectors_before_a_prompt_are_read(model, prompts):
    """Vectors of tokens are as good as the tokens."""
    before = model.get_input_embeddings().weight[prompts[0][:7].astype(int)].detach()
    rest = [prompts[0][7:], prompts[1][7:]]
    written = Writer(model, (), 512, before).write(rest, 12, "test")
    assert [answer.ids for answer in written] == [stock(model, ids, 12) for ids in prompts[:2]]


def test_prompts_of_like_length_share_a_batch_and_the_longest_come_first():
    batches = _batches([5, 900, 7, 6, 5000], new=100)
    assert [batch.tolist() for batch in batches] == [[4, 1, 2], [3, 0]]
    assert _batches([], 10) == []
