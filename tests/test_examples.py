"""The second example: each section of its params.yaml is read by its typed model, and has the keys
that the stages of today know."""

import re

import pytest
from conftest import ROOT, yaml
from trust.fuzz import section_models

from seedbed.collecting.collection import parse_source
from seedbed.core.params import SECTIONS, validated
from seedbed.gate.answers import AnswerGateParams
from seedbed.tasks import load
from seedbed.training.chat.approaches import CHAT_APPROACHES, load as load_approach
from seedbed.training.chat.bases import ChatParams
from seedbed.training.models import SharedParams, with_shared

FILE = ROOT / "examples/answers/params.yaml"
TEXT = FILE.read_text(encoding="utf-8")
CONTENT = yaml.load(FILE)
ROOT_CONTENT = yaml.load(ROOT / "params.yaml")
OWN = {"sources", "chat", "approaches", "gate"}  # sections that differ in their keys


def test_it_has_every_section():
    assert set(CONTENT) == set(ROOT_CONTENT) == set(SECTIONS)
    assert load(CONTENT["task"]["kind"]).NAME == "answer"


@pytest.mark.parametrize("section", sorted(set(SECTIONS) - {"sources", "approaches"}))
def test_a_section_is_read_by_its_model(section):
    models = section_models() | {"chat": ChatParams, "gate": AnswerGateParams}
    validated(section, CONTENT[section], models[section])
    if section not in OWN:
        assert set(CONTENT[section]) == set(ROOT_CONTENT[section])


def test_chat_names_every_key():
    assert set(CONTENT["chat"]) == set(ChatParams.model_fields)


def test_the_source_is_the_package():
    [entry] = CONTENT["sources"]
    source = parse_source(entry)
    assert (source.kind, source.columns.label) == ("package", "category")


@pytest.mark.parametrize("name", CHAT_APPROACHES)
def test_an_approach_names_what_it_has_besides_the_shared_params(name):
    shared = validated("training", CONTENT["training"], SharedParams)
    kind = load_approach(name).Params
    params = with_shared(f"approaches.{name}", CONTENT["approaches"][name], shared, kind)
    assert params.run
    assert set(kind.model_fields) - set(SharedParams.model_fields) == set(
        CONTENT["approaches"][name]
    )


def test_the_approaches_are_those_of_the_table():
    assert set(CONTENT["approaches"]) == set(CHAT_APPROACHES)


def test_every_key_of_its_own_has_a_comment():
    for section in ("chat", "gate", "sources"):
        part = re.search(rf"^{section}:.*?(?=^\w)|^{section}:.*", TEXT, re.M | re.S)[0]
        lines = [line for line in part.split("\n")[1:] if line.strip()]
        bare = [line for line in lines if "#" not in line and not line.endswith(":")]
        assert not bare


def test_make_answers_copies_what_the_pipeline_needs():
    script = (ROOT / "examples/answers/run.sh").read_text(encoding="utf-8")
    assert "examples/answers/run.sh" in (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("seedbed", "stages", "dvc.yaml", ".dvcignore", "data/tombstones.csv"):
        assert name in script
        assert (ROOT / name).exists()
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [entry] = CONTENT["sources"]
    assert f'"chatterbot-corpus=={entry["version"]}"' in extras
