"""Batches of conversations, one row in a line or packed, have the loss that transformers' own model
has on the same ids."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from tiny_chat import tiny_writer

from seedbed.core.errors import ModelError, RowsError
from seedbed.core.turns import Dialogue, Turn
from seedbed.encoding.examples import Examples
from seedbed.training.chat.bases import load_writer
from seedbed.training.chat.batches import Packing, chat_examples, check_ends, row_to_a_line
from seedbed.training.chat.losses import AnswerLogits, answer_losses, row_losses
from seedbed.training.chat.template import ChatTemplate

CPU = torch.device("cpu")
ROWS = [
    Dialogue((), "What is the capital of France?", "Paris."),
    Dialogue((Turn("system", "Be brief."),), "Name a prime number.", "7"),
    Dialogue((Turn("user", "Hi"), Turn("assistant", "Hello!")), "Spell cat.", "c-a-t, of course"),
    Dialogue((Turn("system", "No."),), "Why?", "Because it is so, and has been for a long time."),
    Dialogue((Turn("system", "A."),), "B?", "C."),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_writer(tmp_path_factory.mktemp("tiny") / "writer")


@pytest.fixture(scope="module")
def examples(folder) -> Examples:
    encoded = ChatTemplate(folder).encode(ROWS)
    return chat_examples(encoded, [f"{row:016x}" for row in range(5)], np.ones(5))


def stock_loss(folder: Path, examples: Examples, batch: np.ndarray):
    """The loss of transformers' own model on right-padded rows with labels of -100, and its
    gradient of the embeddings."""
    model = load_writer(folder)
    width = max(len(examples.ids[row]) for row in batch)
    ids, labels, mask = (torch.full((len(batch), width), value) for value in (0, -100, 0))
    for line, row in enumerate(batch):
        tokens, start = torch.from_numpy(examples.ids[row].astype(np.int64)), examples.labels[row]
        ids[line, : len(tokens)], mask[line, : len(tokens)] = tokens, 1
        labels[line, start : len(tokens)] = tokens[start:]
    output = model(input_ids=ids, attention_mask=mask, labels=labels)
    output.loss.backward()
    return output, model.get_input_embeddings().weight.grad, ids, labels


@pytest.mark.parametrize("packs", [False, True])
@pytest.mark.parametrize("batch", [[0, 1, 2, 3, 4], [4, 1, 3], [2]])
def test_loss_and_gradient_are_those_of_transformers(folder, examples, packs, batch):
    batch = np.array(batch)
    lines = Packing(300)  # two or three rows in a line
    inputs = (lines.collate if packs else row_to_a_line)(examples, batch, CPU)
    assert len(inputs["input_ids"]) == (len(batch) if not packs else -(-len(batch) // 3))
    model = load_writer(folder)
    losses = row_losses(AnswerLogits(model), inputs, torch.from_numpy(examples.labels[batch]))
    weights = torch.from_numpy(examples.weights[batch])
    loss = (losses * weights).sum() / weights.sum()  # as the training loop does
    loss.backward()
    stock, gradient, _, _ = stock_loss(folder, examples, batch)
    assert loss.item() == pytest.approx(stock.loss.item(), abs=1e-5)
    torch.testing.assert_close(
        model.get_input_embeddings().weight.grad, gradient, atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize("packs", [False, True])
def test_logits_are_those_of_transformers_where_a_token_is_learned_and_no_others(
    folder, examples, packs
):
    batch = np.array([0, 3, 4])
    inputs = (Packing(300).collate if packs else row_to_a_line)(examples, batch, CPU)
    targets, _ = inputs.pop("targets"), inputs.pop("owners")
    logits = AnswerLogits(load_writer(folder))(**inputs)
    stock, _, _, labels = stock_loss(folder, examples, batch)
    learned = labels[:, 1:] != -100
    assert len(logits) == len(targets) == int(learned.sum()) == 7 + 48 + 3
    torch.testing.assert_close(logits, stock.logits[:, :-1][learned], atol=1e-5, rtol=1e-5)


def test_a_packed_row_reads_no_other(folder, examples):
    """A change of one row changes the loss of no other in its line."""
    changed = [ids.copy() for ids in examples.ids]
    changed[1][5:20] = 77
    other = Examples(changed, None, examples.labels, examples.weights, examples.rows)
    module, batch, lines = AnswerLogits(load_writer(folder)), np.arange(5), Packing(512)
    starts = torch.from_numpy(examples.labels)
    with torch.no_grad():
        before, after = (
            row_losses(module, lines.collate(rows, batch, CPU), starts)
            for rows in (examples, other)
        )
    same = [0, 2, 3, 4]
    assert torch.equal(before[same], after[same])
    assert before[1] != after[1]


def test_sums_of_rows_are_those_of_batches(folder, examples):
    module = AnswerLogits(load_writer(folder))
    totals = answer_losses(module, examples, torch.float32, "test")
    inputs = row_to_a_line(examples, np.arange(5), CPU)
    means = row_losses(module, inputs, torch.from_numpy(examples.labels))
    assert totals == pytest.approx((means.detach().numpy() * examples.weights), rel=1e-5)
    assert examples.weights.tolist() == [7, 2, 17, 48, 3]


@settings(max_examples=40)
@given(st.lists(st.integers(2, 40), min_size=1, max_size=60), st.integers(1, 200),
       st.integers(0, 9))  # fmt: skip
def test_packed_batches_hold_each_row_once_in_lines_that_are_found_again(lengths, budget, seed):
    width = max(lengths)
    examples = Examples(
        [np.full(size, row % 7) for row, size in enumerate(lengths)], None,
        np.ones(len(lengths), dtype=int), np.ones(len(lengths)), [""] * len(lengths),
    )  # fmt: skip
    batches = Packing(width).batches(lengths, budget, np.random.default_rng(seed))
    assert sorted(row for batch in batches for row in batch.tolist()) == [*range(len(lengths))]
    tokens = 0
    for batch in batches:
        inputs = Packing(width).collate(examples, batch, CPU)
        lines, longest = inputs["input_ids"].shape
        assert longest <= width
        assert lines == 1 or lines * width <= budget
        tokens += lines
    # First fit leaves at most one line half empty.
    assert tokens <= 2 * -(-sum(lengths) // width)


def test_packing_of_the_same_seed_is_the_same_and_of_another_is_not():
    lengths = [*range(2, 60)]
    first, again, other = (
        [batch.tolist() for batch in
         Packing(60).batches(lengths, 120, np.random.default_rng(seed))] for seed in (0, 0, 1)
    )  # fmt: skip
    assert first == again != other


@pytest.mark.parametrize(
    ("ids", "start", "found"),
    [([1, 5, 6, 7], 2, "lost its end"), ([1, 5, 2], 2, "answer begins at 2"),
     ([1, 5, 2], 0, "answer begins at 0")],
)  # fmt: skip
def test_a_row_without_an_end_or_an_answer_is_an_error(ids, start, found):
    whole = np.array([1, 5, 6, 2])
    rows = Examples([whole, np.array(ids)], None, np.array([2, start]), np.ones(2), ["a", "b"])
    with pytest.raises(RowsError, match=f"row b: .*{found}"):
        check_ends(rows, end=2)
    check_ends(rows.take(np.array([0])), end=2)


def test_a_token_that_the_model_does_not_know_is_an_error(folder):
    rows = Examples([np.array([1, 5, 6000, 2])], None, np.array([1]), np.ones(1), ["a"])
    with pytest.raises(ModelError, match="token 6000"):
        answer_losses(AnswerLogits(load_writer(folder)), rows, torch.float32, "test")


def test_rows_that_do_not_fit_are_left_out_with_their_weights(folder):
    encoded = ChatTemplate(folder).encode([ROWS[0], Dialogue((), "Empty?", ""), ROWS[1]])
    rows = chat_examples(encoded, ["a", "b", "c"], np.array([1.0, 9.0, 0.5]))
    assert (rows.rows, rows.weights.tolist()) == (["a", "c"], [7.0, 1.0])
