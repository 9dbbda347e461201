"""What a person may write into params.yaml, and what the error says when it is wrong."""

import re

import pytest
from conftest import ROOT, approach_params, yaml
from pydantic import Field

from seedbed.approaches import load
from seedbed.core.errors import ParamsError
from seedbed.core.params import Section, read_params
from seedbed.training.trainer import ApproachTrainer


class Oven(Section):
    degrees: int = Field(gt=0)
    fan: bool = False


@pytest.fixture
def params(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seedbed.core.params.SECTIONS", ("oven", "kitchen", "rate"))
    return lambda text: (tmp_path / "params.yaml").write_text(text)


def test_a_section_is_typed(params):
    params("oven:\n  degrees: 200\n")
    assert read_params("oven", Oven) == Oven(degrees=200)


def test_a_dotted_name_goes_deeper(params):
    params("kitchen:\n  oven:\n    degrees: 180\n")
    assert read_params("kitchen.oven", Oven).degrees == 180
    assert read_params("kitchen.oven.degrees", int) == 180


def test_numbers_in_exponent_form_are_numbers(params):
    params("rate: 1e-4\n")
    assert read_params("rate", float) == 0.0001


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oven:\n  degres: 200\n  degrees: 3\n", "unknown key `degres`; there is `degrees`"),
        ("oven:\n  degrees: -1\n", "params.yaml: oven.degrees: -1 (expected Input should be"),
        ("oven:\n  fan: true\n", "params.yaml: oven.degrees: nothing"),
        ("ofen:\n  degrees: 200\n", "unknown section `ofen`; there is `oven`"),
        ("rate: 1\n", "`oven` is missing"),
        ("kitchen:\n  ofen: 1\n", "`oven` is missing"),
        ("oven:\n  degrees: [1\n", "params.yaml:"),
        ("", "no sections"),
    ],
)
def test_a_mistake_is_named_with_place_and_next_step(params, text, message):
    params(text)
    with pytest.raises(ParamsError) as error:
        read_params("oven", Oven)
    assert message in str(error.value)
    assert error.value.next_step


def test_an_older_file_gets_the_line_to_add_with_its_own_values(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    older = yaml.load(ROOT / "params.yaml")
    moved = older.pop("training") | {"epochs": 7}
    older["approaches"]["full"] |= moved
    yaml.dump(older, tmp_path / "params.yaml")
    with pytest.raises(ParamsError, match="`training` is missing") as error:
        ApproachTrainer("full")
    line = re.search("`(training: .*)`", error.value.next_step)[1]
    text = (tmp_path / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(f"{text}{line}\n")
    assert yaml.load(tmp_path / "params.yaml")["training"] == moved
    assert ApproachTrainer("full").params == approach_params("full", epochs=7)


def test_an_approach_names_what_differs_and_inherits_the_rest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = yaml.load(ROOT / "params.yaml")
    content["training"]["warmup_share"] = 0.3
    content["approaches"]["full"]["epochs"] = 9
    yaml.dump(content, tmp_path / "params.yaml")
    full, lora = (ApproachTrainer(name).params for name in ("full", "lora"))
    assert (full.epochs, full.warmup_share, full.learning_rate) == (9, 0.3, 2e-4)
    assert (lora.epochs, lora.warmup_share, lora.learning_rate) == (2, 0.3, 3e-3)
    assert ApproachTrainer("full", weight_decay=0.5).params.weight_decay == 0.5


@pytest.mark.parametrize(
    ("section", "key", "message"),
    [
        ("training", "epoch", "training.epoch: unknown key `epoch`; there is `epochs`"),
        ("training", "learning_rate", "unknown key `learning_rate`"),
        ("full", "epoch", "approaches.full.epoch: unknown key `epoch`; there is `epochs`"),
        ("feature", "epochs", "approaches.feature.epochs: unknown key `epochs`"),
    ],
)
def test_a_key_that_matches_nothing_is_an_error(tmp_path, monkeypatch, section, key, message):
    monkeypatch.chdir(tmp_path)
    content = yaml.load(ROOT / "params.yaml")
    content["approaches"].get(section, content["training"])[key] = 3
    yaml.dump(content, tmp_path / "params.yaml")
    with pytest.raises(ParamsError) as error:
        ApproachTrainer("full" if section == "training" else section)
    assert message in str(error.value)


def test_an_unknown_approach_names_all_and_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    every = "expected one of feature, full, lora, prompt; there is `prompt`"
    with pytest.raises(ParamsError, match=re.escape(every)):
        load("promt")
    content = yaml.load(ROOT / "params.yaml")
    content["approaches"]["promt"] = {"run": True}
    yaml.dump(content, tmp_path / "params.yaml")
    with pytest.raises(ParamsError, match=re.escape(every)):
        ApproachTrainer("full")


def test_no_params_file_says_where_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParamsError, match="run from the top folder"):
        read_params("oven", Oven)
