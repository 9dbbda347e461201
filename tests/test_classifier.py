"""Classifiers as folders: what stock libraries read back, and a damaged folder that is told."""

import pytest
import torch
from conftest import approach_params, small_training_data

from seedbed.approaches import feature, full, lora
from seedbed.core.errors import ModelError
from seedbed.training import classifier
from seedbed.training.classifier import Classifier
from seedbed.training.loop import layer_groups


def params_of(module, **changes):
    """An approach's params as params.yaml has them, some of them changed."""
    return approach_params(module.__name__.rpartition(".")[2], **changes)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_training_data(tmp_path_factory.mktemp("small"))


@pytest.fixture
def folder(data, tmp_path):
    feature.fine_tune(data, params_of(feature, folds=2), 0, tmp_path)
    return tmp_path


def test_a_whole_folder_predicts(folder):
    assert Classifier(folder).probabilities(["rain"]).sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_file_with_other_bytes_is_told(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}: sha256 .*; the model is damaged"):
        Classifier(folder)


def test_half_a_file_and_a_missing_one_are_told(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="sha256"):
        Classifier(folder)
    weights.unlink()
    with pytest.raises(ModelError, match="no such file"):
        Classifier(folder)


def test_a_perceptron_is_read_by_sentence_transformers(data, tmp_path):
    from sentence_transformers import SentenceTransformer

    feature.fine_tune(data, params_of(feature, head="mlp", hidden=5, folds=2), 0, tmp_path)
    texts = ["rain fell on the old town", "fry the onion"]
    stock = SentenceTransformer(str(tmp_path), device="cpu").encode(texts)
    ours = Classifier(tmp_path).probabilities(texts)
    assert torch.from_numpy(stock).softmax(1).numpy() == pytest.approx(ours, abs=1e-5)


def test_lora_gives_the_same_logits_before_and_after_it_is_merged(data, tmp_path, monkeypatch):
    before = {}

    def kept(module, groups, data, params, seed, label):
        curve = fit(module, groups, data, params, seed, label)
        before["logits"] = outputs(module, data.validation, torch.float32, "before")
        return curve

    from seedbed.encoding.encoder import outputs
    from seedbed.training.classifier import fit

    monkeypatch.setattr(classifier, "fit", kept)
    lora.fine_tune(data, params_of(lora, epochs=3), 0, tmp_path)
    after = Classifier(tmp_path).logits(data.validation, torch.float32, "after")
    assert after == pytest.approx(before["logits"], abs=1e-5)


def test_lora_moves_the_encoder_and_leaves_no_adapter_behind(data, tmp_path):
    from safetensors.torch import load_file

    lora.fine_tune(data, params_of(lora, epochs=1, matrices=["query"]), 0, tmp_path)
    came, went = (load_file(one / "model.safetensors") for one in (data.encoder, tmp_path))
    moved = {
        name.removeprefix("bert.")
        for name, tensor in went.items()
        if name.removeprefix("bert.") in came
        and not torch.equal(tensor, came[name.removeprefix("bert.")])
    }
    layers = [f"encoder.layer.{layer}.attention.self.query.weight" for layer in (0, 1)]
    assert moved == set(layers)
    assert not [name for name in went if "lora" in name]


def test_full_decays_the_rate_layer_by_layer_and_norms_not_at_all(data):
    from seedbed.training.classifier import new_sequence_classifier

    model = new_sequence_classifier(data, 0)
    params = params_of(full, learning_rate=1.0, weight_decay=0.1)
    names = [name for name, _ in model.named_parameters()]
    groups = dict(zip(names, layer_groups(model, 2, params, 0.5), strict=True))
    rates = {
        "classifier.weight": 1.0,
        "bert.encoder.layer.1.output.dense.weight": 0.5,
        "bert.encoder.layer.0.output.dense.weight": 0.25,
        "bert.embeddings.word_embeddings.weight": 0.125,
    }
    assert {name: groups[name]["lr"] for name in rates} == rates
    assert groups["classifier.weight"]["weight_decay"] == 0.1
    assert groups["classifier.bias"]["weight_decay"] == 0.0
    assert groups["bert.encoder.layer.0.output.LayerNorm.weight"]["weight_decay"] == 0.0


def test_full_can_start_from_the_linear_head_of_the_feature_approach(data, tmp_path):
    head = full.linear_head(data, params_of(full, head_strength=1000.0))
    vectors = torch.from_numpy(data.vectors("train"))
    right = (head(vectors).argmax(1).numpy() == data.train.row_labels).mean()
    assert right > 0.8
    still = params_of(full, head="linear", head_strength=1000.0, learning_rate=1e-12, epochs=1)
    full.fine_tune(data, still, 0, tmp_path)
    started = Classifier(tmp_path).logits(data.train, torch.float32, "train")
    assert started == pytest.approx(head(vectors).detach().numpy(), abs=1e-4)


def test_label_smoothing_keeps_a_model_from_being_sure(data, tmp_path):
    sure = {}
    for smoothing in (0.0, 0.4):
        folder = tmp_path / str(smoothing)
        folder.mkdir()
        changes = {"epochs": 40, "patience_epochs": 0, "learning_rate": 3e-3}
        changes["label_smoothing"] = smoothing
        full.fine_tune(data, params_of(full, **changes), 0, folder)
        logits = torch.from_numpy(Classifier(folder).logits(data.train, torch.float32, "train"))
        sure[smoothing] = logits.softmax(1).max(1).values.mean().item()
    assert sure[0.0] > 0.97
    assert sure[0.4] == pytest.approx(0.8, abs=0.05)
