"""What select writes beside the weights, and a folder that was damaged since."""

import pytest

from seedbed.core.errors import ModelError, SeedbedError
from seedbed.core.files import read_json, write_json
from seedbed.private.kinds import AnonymizeParams
from seedbed.serving.model_folder import (
    Serving,
    TextPreparation,
    read_serving,
    write_serving,
)
from seedbed.serving.predicting import prepared
from seedbed.training.models import read_card, write_digests


def preparation(mode: str = "placeholder", kinds: tuple[str, ...] = ("email",)) -> TextPreparation:
    asked = AnonymizeParams(key_fingerprint="0" * 12, mode=mode, kinds=kinds)
    return TextPreparation(rules=["entities", "white_space"], anonymize=asked)


SERVING = Serving(
    paired=False, temperature=1.3, outside="out_of_scope", thresholds=[0.4], precision="auto",
    preparation=preparation(),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    write_json(tmp_path / "seedbed.json", {"classes": ["a", "b"]})
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling/weights").write_bytes(b"numbers")
    (tmp_path / "README.md").write_text("read me")
    write_serving(tmp_path, SERVING)
    write_digests(tmp_path)
    return tmp_path


def test_what_is_written_is_read(folder):
    assert read_serving(folder) == SERVING
    assert sorted(read_json(folder / "digests.json")) == [
        "1_Pooling/weights", "seedbed.json", "serving.json",
    ]  # fmt: skip


def test_a_folder_of_a_former_version_has_one_threshold_or_none(folder):
    for threshold, limits in ((0.4, [0.4]), (None, [])):
        former = SERVING.model_dump(mode="json", exclude={"thresholds"}) | {"threshold": threshold}
        write_json(folder / "serving.json", former)
        write_digests(folder)
        assert read_serving(folder) == SERVING.model_copy(update={"thresholds": limits})


def test_a_readme_may_be_changed(folder):
    (folder / "README.md").write_text("a model of mine")
    assert read_serving(folder) == SERVING


@pytest.mark.parametrize("name", ["seedbed.json", "serving.json", "1_Pooling/weights"])
def test_a_changed_or_missing_file_is_named(folder, name):
    file = folder / name
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(ModelError, match=f"{name}: sha256 .* the model is damaged"):
        read_serving(folder)
    file.unlink()
    with pytest.raises(ModelError, match=f"{name}: no such file"):
        read_serving(folder)


def test_a_folder_that_select_did_not_write(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        read_serving(tmp_path / "best")
    with pytest.raises(ModelError, match=r"no digests.json"):
        read_serving(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{", "{}", '{"a": 1}'])
def test_digests_that_are_none(folder, content):
    (folder / "digests.json").write_text(content)
    (folder / "a").write_text("")
    with pytest.raises(ModelError, match="damaged"):
        read_serving(folder)


def test_another_version_of_serving_is_an_error(folder):
    write_json(folder / "serving.json", {"temperature": 1})
    write_digests(folder)
    with pytest.raises(ModelError, match="not what this version writes"):
        read_serving(folder)


FORMER = {
    "kind": "cloze_classifier", "classes": ["a", "b"], "truncation": {"max_length": 8},
    "trained_numbers": 7, "template": "{text} {mask}", "words": ["x", "y"], "mask_token": "[MASK]",
    "files": {"model.safetensors": "00"},
}  # fmt: skip


def test_the_card_of_a_former_version_is_read(tmp_path):
    write_json(tmp_path / "seedbed.json", FORMER)
    card = read_card(tmp_path)
    assert card.approach == "prompt"
    assert card.settings == {
        "template": "{text} {mask}",
        "words": ["x", "y"],
        "mask_token": "[MASK]",
    }


def test_a_card_that_is_none_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"seedbed.json: no such file"):
        read_card(tmp_path)
    write_json(tmp_path / "seedbed.json", FORMER | {"kind": "another"})
    with pytest.raises(ModelError, match="`approach` is not what this version writes"):
        read_card(tmp_path)


def test_a_text_is_prepared_as_before_training():
    texts = ["Mail  jo@shop.test &amp; wait ", ""]
    assert prepared(texts, preparation()) == ["Mail <EMAIL> & wait", ""]
    assert prepared(texts, preparation(kinds=())) == ["Mail jo@shop.test & wait", ""]


def test_only_stand_ins_that_hang_on_the_key_need_it():
    for mode in ("placeholder", "redact"):
        assert "@" not in prepared(["jo@shop.test"], preparation(mode))[0]
    for mode in ("pseudonym", "hash"):
        with pytest.raises(SeedbedError):
            prepared(["jo@shop.test"], preparation(mode))
