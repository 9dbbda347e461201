"""The approaches to a model that answers: what each learns, saves, answers, and refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import tiny_encoder
from tiny_chat import TEMPLATE, tiny_writer

from seedbed.core.errors import ModelError, ParamsError, RowsError
from seedbed.core.files import read_json, sha256_of
from seedbed.core.turns import Dialogue, Turn
from seedbed.encoding.tokens import Truncation
from seedbed.training.chat import tuning
from seedbed.training.chat.approaches import NAMES, feature, full, load
from seedbed.training.chat.bases import ChatParams, load_writer
from seedbed.training.chat.datasets import ChatRows, tokenized
from seedbed.training.chat.losses import AnswerLogits
from seedbed.training.chat.tuning import (
    ChatData,
    chat_data,
    chat_template,
    mean_loss,
)
from seedbed.training.models import DIGESTS, check_files, read_card

SHARED = {
    "run": True, "epochs": 2, "min_steps": 0, "batch_tokens": 512, "warmup_share": 0.1,
    "weight_decay": 0.01, "patience_epochs": 0,
}  # fmt: skip
PARAMS = {
    "full": {"learning_rate": 0.01},
    "lora": {"learning_rate": 0.03, "rank": 4, "alpha": 8, "dropout": 0.1,
             "matrices": ["all-linear"]},
    "prompt": {"learning_rate": 0.1, "kind": "soft", "examples": 2, "vectors": 4},
}  # fmt: skip
THINGS = {"sky": "blue", "grass": "green", "snow": "white", "coal": "black", "blood": "red",
          "gold": "yellow", "sea": "deep blue", "rust": "brown"}  # fmt: skip


def params_of(name: str, **changes):
    if name == "feature":
        return feature.Params(run=True)
    return load(name).Params(**{**SHARED, **PARAMS[name], **changes})


def rows_of(opening: str, weight: float = 1.0) -> ChatRows:
    rows = [Dialogue((), f"{opening} {thing}?", colour) for thing, colour in THINGS.items()]
    names = [f"{index:016x}" for index in range(len(rows))]
    return ChatRows(names, rows, np.full(len(rows), weight))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("chat")
    tiny_writer(folder / "writer")
    tiny_encoder(folder / "encoder", [row.question for row in rows_of("What colour has").dialogues])
    return folder


def data_of(made: Path, checkpoints: Path | None = None, **changes) -> ChatData:
    digest = sha256_of(made / "writer/model.safetensors")
    given = {"base": str(made / "writer"), "sha256": digest, "max_length": 256, "threads": 1,
             "precision": "float32", **changes}  # fmt: skip
    train, held_out = rows_of("What colour has"), rows_of("Which colour is")
    params = ChatParams(**given)
    rows = {"train": train, "validation": held_out}
    content, _ = tokenized(params, rows, chat_template(params), Truncation(32))
    return chat_data(content, made / "encoder", checkpoints)


@pytest.fixture(scope="module")
def data(made) -> ChatData:
    return data_of(made)


def tuned(name: str, data: ChatData, folder: Path, seed: int = 0, **changes) -> list[dict]:
    return load(name).fine_tune(data, params_of(name, **changes), seed, folder)


def loaded(folder: Path, dtype: torch.dtype = torch.float32):
    check_files(folder)
    card = read_card(folder)
    return load(card.approach).load(folder, card, dtype)


@pytest.mark.parametrize("name", ["full", "lora", "prompt"])
def test_what_is_trained_is_less_surprised_and_is_loaded_the_same(name, data, tmp_path):
    curve = tuned(name, data, tmp_path / "model", epochs=6)
    model = loaded(tmp_path / "model")
    losses = model.losses(data.rows["validation"].dialogues)
    stated = losses.total.sum() / losses.tokens.sum()
    assert stated == pytest.approx(curve[-1]["validation_loss"], abs=1e-4)
    untuned = mean_loss(AnswerLogits(load_writer(data.base)), data.validation, torch.float32, "")
    gains = {"full": 0.3, "lora": 0.1, "prompt": 0.002}  # few vectors bend a random model little
    assert stated < untuned - gains[name]
    assert losses.tokens.tolist() == [len(colour) + 1 for colour in THINGS.values()]
    assert losses.characters.tolist() == [len(colour) for colour in THINGS.values()]
    card = read_card(tmp_path / "model")
    sizes = {"full": 26_880, "lora": 4_096, "prompt": 4 * 32}
    assert (card.task, card.trainable_parameters) == ("answer", sizes[name])


def test_full_learns_the_answers_by_heart_and_ends_them(data, tmp_path):
    tuned("full", data, tmp_path / "model", epochs=150, learning_rate=0.02)
    rows = data.rows["train"].dialogues
    answers = loaded(tmp_path / "model").answers(rows, 20)
    assert [answer.text for answer in answers] == [*THINGS.values()]
    assert all(answer.ended and not answer.reason for answer in answers)
    assert [answer.tokens for answer in answers] == [len(row.answer) for row in rows]
    assert "".join(loaded(tmp_path / "model").stream(rows[6], 20)) == "deep blue"
    in_bfloat16 = loaded(tmp_path / "model", torch.bfloat16).answers(rows, 20)
    assert sum(one == other for one, other in zip(answers, in_bfloat16, strict=True)) >= 6
    from transformers import pipeline

    write = pipeline("text-generation", model=str(tmp_path / "model"), max_new_tokens=20)
    said = write([{"role": "user", "content": rows[6].question}])[0]["generated_text"]
    assert said[-1] == {"role": "assistant", "content": "deep blue"}


@pytest.mark.parametrize("name", ["full", "lora", "prompt"])
def test_a_training_that_was_killed_ends_with_the_same_bits(name, made, tmp_path, monkeypatch):
    tuned(name, data_of(made, tmp_path / "first"), tmp_path / "whole", epochs=3)
    real, steps = tuning.row_losses, []

    def killed(*batch):
        steps.append(1)
        if len(steps) == 3 * 3 - 1:  # three steps an epoch: in the third
            raise KeyboardInterrupt
        return real(*batch)

    monkeypatch.setattr(tuning, "row_losses", killed)
    small = {"epochs": 3, "batch_tokens": 400}
    data = data_of(made, tmp_path / "checkpoints")
    with pytest.raises(KeyboardInterrupt):
        tuned(name, data, tmp_path / "killed", **small)
    assert len(list((tmp_path / "checkpoints").glob("*.safetensors"))) == 1
    monkeypatch.setattr(tuning, "row_losses", real)
    steps.clear()
    tuned(name, data, tmp_path / "killed", **small)
    tuned(name, data_of(made), tmp_path / "once", **small)
    assert read_json(tmp_path / "killed" / DIGESTS) == read_json(tmp_path / "once" / DIGESTS)
    assert read_json(tmp_path / "whole" / DIGESTS) != read_json(tmp_path / "once" / DIGESTS)


@pytest.mark.parametrize("changes", [{"packing": True}, {"gradient_checkpointing": True}])
def test_packing_and_checkpointing_change_no_loss(data, tmp_path, changes):
    """One batch an epoch, so that the order of rows is no difference."""
    shared = {"batch_tokens": 10_000, "epochs": 3}
    plain = tuned("full", data, tmp_path / "plain", **shared)
    other = tuned("full", data, tmp_path / "other", **shared, **changes)
    for one, two in zip(plain, other, strict=True):
        assert one["train_loss"] == pytest.approx(two["train_loss"], abs=1e-5)
        assert one["validation_loss"] == pytest.approx(two["validation_loss"], abs=1e-4)


def test_a_model_that_computes_no_layer_twice_is_an_error(data, tmp_path, monkeypatch):
    from transformers import LlamaForCausalLM

    monkeypatch.setattr(LlamaForCausalLM, "supports_gradient_checkpointing", False)
    with pytest.raises(ParamsError, match="full.gradient_checkpointing: true .*batch_tokens"):
        tuned("full", data, tmp_path / "model", gradient_checkpointing=True)


def test_the_best_epoch_is_that_of_the_lowest_loss(data, tmp_path, monkeypatch):
    seen, losses = [], iter([0.9, 0.1, 0.5, 0.2])

    def score(module, *_):
        seen.append(module.model.get_input_embeddings().weight.detach().clone())
        return next(losses)

    monkeypatch.setattr(tuning, "mean_loss", score)
    curve = tuned("full", data, tmp_path / "model", epochs=9, patience_epochs=2)
    assert [point["validation_loss"] for point in curve] == [0.9, 0.1, 0.5, 0.2]
    kept = load_writer(tmp_path / "model").get_input_embeddings().weight
    assert torch.equal(kept, seen[1])
    assert not torch.equal(kept, seen[3])


def test_a_seed_gives_the_same_bits_and_another_others(data, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        tuned("lora", data, tmp_path / name, seed)
    digests = [read_json(tmp_path / name / DIGESTS)["model.safetensors"] for name in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_updates_are_merged_into_the_matrices(data, tmp_path):
    tuned("lora", data, tmp_path / "model")
    merged, base = load_writer(tmp_path / "model"), load_writer(data.base)
    changed = {name for name, weight in base.named_parameters()
               if not torch.equal(weight, merged.get_parameter(name))}  # fmt: skip
    assert len(changed) == 2 * 7
    assert not any("norm" in name or "embed" in name for name in changed)


def test_matrices_that_the_model_does_not_have_are_an_error(data, tmp_path):
    with pytest.raises(ParamsError, match=r"lora.matrices: \['query'\] .*or \[all-linear\]"):
        tuned("lora", data, tmp_path / "model", matrices=["query"])


def test_feature_gives_the_answer_of_the_nearest_question(data, tmp_path):
    tuned("feature", data, tmp_path / "model")
    model = loaded(tmp_path / "model")
    same = model.answers(data.rows["train"].dialogues)
    assert [answer.text for answer in same] == [*THINGS.values()]
    assert model.losses(data.rows["train"].dialogues) is None
    assert [*model.stream(data.rows["train"].dialogues[1])] == ["green"]
    assert model.answers([]) == []


def test_examples_are_the_nearest_conversations_nearest_last(data, tmp_path):
    [point] = tuned("prompt", data, tmp_path / "model", kind="examples")
    row = Dialogue((Turn("system", "Be brief."), Turn("user", "Hi"), Turn("assistant", "Hello")),
                   "What colour has gold?", "")  # fmt: skip
    model = loaded(tmp_path / "model")
    [changed] = model._prepare([row])
    assert changed.context[0] == Turn("system", "Be brief.")
    assert changed.context[-2:] == row.context[-2:]
    shown = changed.context[1:-2]
    assert [turn.role for turn in shown] == ["user", "assistant"] * 2
    assert not any(turn.text == row.question for turn in shown), "no example is the row itself"
    near = model._prepare.keywords["nearest"].nearest([row], 3)[0]
    assert [near[2].question, near[1].question] == [shown[0].text, shown[2].text]
    losses = model.losses(data.rows["validation"].dialogues)
    assert losses.total.sum() / losses.tokens.sum() == pytest.approx(
        point["validation_loss"], rel=1e-6
    )
    plain = model.losses(data.rows["validation"].dialogues, with_question=False)
    assert plain.tokens.tolist() == losses.tokens.tolist()
    assert not np.array_equal(plain.total, losses.total)


def test_a_wording_puts_examples_into_the_question(data, tmp_path):
    wording = "Q: {question}\nA: {answer}"
    tuned("prompt", data, tmp_path / "model", kind="examples", examples=1, wording=wording)
    row = Dialogue((), "What colour has {answer} gold?", "")
    [changed] = loaded(tmp_path / "model")._prepare([row])
    example, _, question = changed.question.partition("\n\n")
    assert example.startswith("Q: What colour has ")
    assert question == "Q: What colour has {answer} gold?\nA:"
    with pytest.raises(ParamsError, match="prompt.wording: 'Q' "):
        tuned("prompt", data, tmp_path / "other", kind="examples", wording="Q")


def test_what_does_not_fit_gets_no_answer_and_no_loss(data, tmp_path):
    tuned("full", data, tmp_path / "model", epochs=1)
    model = loaded(tmp_path / "model")
    rows = [Dialogue((), "x" * 600, "y"), *data.rows["train"].dialogues[:1]]
    first, second = model.answers(rows, 5)
    assert (first.text, first.reason) == ("", "too_many_tokens")
    assert second.reason == ""
    losses = model.losses(rows)
    assert np.isnan(losses.total).tolist() == [True, False]
    assert losses.tokens.tolist() == [0, 5]
    assert [*model.stream(rows[0])] == []
    with pytest.raises(StopIteration) as end:
        next(model.stream(rows[0]))
    assert end.value.value == first


def test_another_template_than_the_one_it_was_tuned_by_is_an_error(data, tmp_path):
    tuned("full", data, tmp_path / "model", epochs=1)
    file = tmp_path / "model/chat_template.jinja"
    assert file.read_text(encoding="utf-8") == TEMPLATE
    file.write_text(TEMPLATE.replace("SmolLM", "Other"), encoding="utf-8")
    card = read_card(tmp_path / "model")
    with pytest.raises(ModelError, match="the chat template .*by which the model was tuned"):
        full.load(tmp_path / "model", card, torch.float32)
    with pytest.raises(ModelError, match="damaged"):
        check_files(tmp_path / "model")


def test_rows_that_lost_their_end_are_not_trained_on(data, tmp_path):
    from dataclasses import replace

    cut = replace(data.train, ids=[ids[:-1] for ids in data.train.ids])
    with pytest.raises(RowsError, match="lost its end"):
        tuned("full", replace(data, train=cut), tmp_path / "model")


def test_no_row_that_fits_is_an_error(made):
    with pytest.raises(
        ModelError, match="no train row can be learned: too_many_tokens .*chat.max_length"
    ):
        data_of(made, max_length=16)


def test_errors_of_the_loop_name_the_params_of_chat(data, tmp_path):
    with pytest.raises(ModelError, match="chat.precision: float32"):
        tuned("full", data, tmp_path / "model", learning_rate=10.0, epochs=60)


def test_each_approach_has_the_three_names():
    assert NAMES == ("feature", "full", "lora", "prompt")
    for name in NAMES:
        assert all(hasattr(load(name), part) for part in ("Params", "fine_tune", "load"))
    with pytest.raises(ParamsError, match="lora"):
        load("loar")
