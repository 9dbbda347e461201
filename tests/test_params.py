"""What a person may write into params.yaml, and what the error says when it is wrong."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from conftest import ROOT, approach_params, yaml
from pydantic import Field

import seedbed
import stages
from seedbed.approaches import load
from seedbed.core.errors import ParamsError
from seedbed.core.params import Section, read_params, validated
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


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n" for old, new in pairwise("abcdefghi")
)


@pytest.mark.parametrize(
    "value",
    [
        "2026-13-01", "[" * 50_000, "{" * 5_000, "&a [*a]", "!!binary aGk=", "!!set {a, b}",
        "!!timestamp [1]", '!!int ""', "!!python/object:os.system ls", "{? [a] : b}",
        "0x" + "f" * 5_000, "9" * 5_000, ".nan", ".inf", "1e400", "true",
        "2026-11-03", "'" + "x" * 20_000 + "'",
        '"a\\0b"', '"\\ud800"', "[true]", "!!omap [a: 1]", "<<: 3", "*nobody",
        "2026-01-01 00:00:00 +99:99",
    ],
)  # fmt: skip
def test_no_value_of_yaml_is_a_traceback_or_a_long_message(params, value):
    params(f"oven:\n  degrees: {value}\n")
    with pytest.raises(ParamsError) as error:
        read_params("oven", Oven)
    assert len(str(error.value)) < 700


def test_anchors_that_unfold_to_millions_of_values_are_refused(params):
    params("oven:\n" + "".join(f"  {line}\n" for line in BOMB.splitlines()))
    with pytest.raises(ParamsError, match="values .expected at most"):
        read_params("oven", dict[str, Any])


@pytest.mark.parametrize("content", [b"oven: \xff\n", b"#" * 5_000_000])
def test_a_file_that_is_no_utf_8_or_too_large_is_refused(params, tmp_path, content):
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(ParamsError, match="git restore params.yaml"):
        read_params("oven", Oven)


def test_whatever_a_validator_raises_is_one_paragraph_that_names_the_value():
    class Broken(Oven):
        def model_post_init(self, _: object) -> None:
            raise KeyError("no such pan")

    with pytest.raises(ParamsError, match=r"params.yaml: oven: .*degrees.* \(KeyError\)"):
        validated("oven", {"degrees": 3}, Broken)


def _typed_params() -> list[type[Section]]:
    """Every model of values of params.yaml."""
    for package in (seedbed, stages):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "review_page" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, waiting = [], [Section]
    while waiting:
        waiting += (kinds := waiting.pop().__subclasses__())
        found += [kind for kind in kinds if kind.__module__.startswith(("seedbed.", "stages."))]
    return [kind for kind in found if kind.__name__ not in OF_FILES]


OF_FILES = {"Serving", "TextPreparation", "SavedModel"}  # what a model folder holds
BOUNDS = ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"})


def _unbounded(schema: Any, place: str) -> Iterator[str]:
    """Where a JSON schema has a number without both bounds."""
    if isinstance(schema, list):
        for one in schema:
            yield from _unbounded(one, place)
    elif isinstance(schema, dict):
        is_number = schema.get("type") in ("integer", "number")
        if is_number and not all(bound & set(schema) for bound in BOUNDS):
            yield place
        for key, inner in schema.items():
            yield from _unbounded(inner, f"{place}.{key}")


def test_every_number_of_params_has_both_bounds():
    kinds = _typed_params()
    assert len(kinds) > 25
    found = [
        place for kind in kinds for place in _unbounded(kind.model_json_schema(), kind.__name__)
    ]
    assert found == []


def test_a_number_without_a_bound_is_seen():
    assert list(_unbounded(Oven.model_json_schema(), "Oven")) == ["Oven.properties.degrees"]
