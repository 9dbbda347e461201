"""Approaches on sets of labels: each learns them, a label that no row has is no trouble, and stock
libraries read the models back in three lines."""

import contextlib
import io
import json

import numpy as np
import pytest
import torch
from conftest import approach_params, small_sets, small_training_data, tiny_masked_lm
from sklearn.linear_model import LogisticRegression

from seedbed.approaches import feature, full, load, lora, prompt
from seedbed.core.errors import ParamsError
from seedbed.encoding.examples import Tokenized, read_datasets, write_datasets
from seedbed.tasks import labels_task
from seedbed.tasks.set_regression import SetRegression, regression_around
from seedbed.training.classifier import Classifier
from seedbed.training.models import read_card

MANY = {"epochs": 30, "patience_epochs": 0, "learning_rate": 5e-3, "min_steps": 0}
WAYS = {
    "logistic": (feature, {"folds": 2}),
    "mlp": (feature, {"head": "mlp", "hidden": 32, "inverse_regularisation": [1e6]}),
    "full": (full, MANY),
    "linear": (full, {**MANY, "epochs": 2, "head": "linear"}),
    "lora": (lora, {**MANY, "learning_rate": 3e-2}),
    "prompt": (prompt, {**MANY, "epochs": 10, "pairs_below": 0}),
    "prompt of few": (prompt, {**MANY, "epochs": 5, "pairs_below": 1000}),
}


def params_of(module, **changes):
    return approach_params(module.__name__.rpartition(".")[2], **changes)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_sets(small_training_data(tmp_path_factory.mktemp("sets")))


@pytest.mark.parametrize("way", WAYS)
def test_each_way_learns_sets_and_stock_libraries_give_the_same(data, tmp_path, way):
    module, changes = WAYS[way]
    changes = changes | ({"descriptions": {}} if module is prompt else {})
    module.fine_tune(data, params_of(module, **changes), 0, tmp_path)
    model, texts = Classifier(tmp_path), ["we talked of the rain", "we talked of the onion"]
    assert model.task.NAME == "labels"
    given = model.task.probabilities(model.logits(data.train, torch.float32, "train"))
    said = model.task.decode(
        model.task.answered(given, model.task.thresholds(data.train.labels, given))
    )
    alike = np.tile(data.train.labels[:1], (len(said), 1))  # of one answer to all
    learnt, guessed = (labels_task.right(data.train.labels, one).mean() for one in (said, alike))
    assert learnt > guessed
    card, ours = read_card(tmp_path), model.probabilities(texts)
    code = card.usage.replace("{folder}", str(tmp_path)).replace("{text}", texts[0])
    assert len(code.splitlines()) == 3
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    [found] = [line for line in printed.getvalue().splitlines() if line.startswith("[")]
    clear = np.abs(ours[0] - 0.5) > 1e-3
    wanted = labels_task.labels(labels_task.decode(ours[:1] * clear), model.classes)[0]
    assert sorted(json.loads(found.replace("'", '"'))) == sorted(labels_task.members(wanted))


@pytest.mark.parametrize("module", [full, lora])
def test_transformers_knows_the_kind_of_problem_and_trains_on(data, tmp_path, module):
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer as Tokenizer,
        DataCollatorWithPadding,
    )

    module.fine_tune(data, params_of(module, epochs=1, min_steps=0), 0, tmp_path / "model")
    stock = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    assert stock.config.problem_type == "multi_label_classification"
    assert list(stock.config.id2label.values()) == data.classes
    parts = {"train": data.train, "validation": data.validation, "test": data.validation}
    write_datasets(tmp_path / "sets", Tokenized(data.classes, parts, data.truncation))
    from datasets import load_from_disk

    rows = load_from_disk(tmp_path / "sets")["train"]
    assert rows[0]["labels"] == data.train.labels[0].tolist()
    batch = DataCollatorWithPadding(Tokenizer.from_pretrained(tmp_path / "model"))(
        [rows[index] for index in range(4)]
    )
    assert stock(**batch).loss > 0


def test_tokenized_sets_are_read_back(data, tmp_path):
    parts = {"train": data.train, "validation": data.validation}
    write_datasets(tmp_path / "sets", Tokenized(data.classes, parts, data.truncation))
    found = read_datasets(tmp_path / "sets")
    assert found.classes == data.classes
    assert found.parts["validation"].labels.dtype == np.int8
    assert (found.parts["validation"].labels == data.validation.labels).all()


def test_a_cloze_is_for_one_class_a_text(data, tmp_path):
    masked = small_sets(small_training_data(tmp_path, tiny_masked_lm))
    assert prompt.kind_of(masked.task, masked.encoder, params_of(prompt)) == "label_prompts"
    with pytest.raises(ParamsError, match=r"cloze, and task labels.*set kind: label_prompts"):
        prompt.fine_tune(masked, params_of(prompt, kind="cloze"), 0, tmp_path)


def test_prompts_start_where_as_many_rows_reach_one_half_as_have_the_label(data):
    scores = np.random.default_rng(0).normal(40, 3, (200, 2))
    targets = np.zeros((200, 2), np.int8)
    targets[:50, 0] = 1
    given = labels_task.probabilities(scores + labels_task.prompt_bias(lambda: scores, targets))
    assert labels_task.decode(given).sum(0).tolist() == [50, 0]


def few(rows: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two labels that vectors tell of, one that all rows have, and one that none has."""
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(rows, 5))
    targets = (vectors[:, :2] + draw.normal(0, 0.5, (rows, 2)) > 0.3).astype(np.int8)
    ends = np.tile(np.array([[1, 0]], np.int8), (rows, 1))
    return vectors, np.hstack([targets, ends]), draw.random(rows) + 0.5


def test_one_regression_a_label_is_that_of_scikit_learn():
    vectors, targets, weights = few()
    ours = SetRegression(3.0).fit(vectors, targets, weights)
    for label in range(2):
        stock = LogisticRegression(C=3.0, tol=1e-8).fit(vectors, targets[:, label], weights)
        assert ours.coef_[label] == pytest.approx(stock.coef_[0], abs=1e-3)
        assert ours.intercept_[label] == pytest.approx(stock.intercept_[0], abs=1e-3)
    given = ours.predict_proba(vectors)
    assert given[:, 2] == pytest.approx(60.5 / 61)
    assert given[:, 3] == pytest.approx(0.5 / 61)


def test_much_regularisation_keeps_weights_at_their_centre():
    vectors, targets, weights = few()
    centre = np.arange(20.0).reshape(4, 5) / 20
    near, _ = regression_around(centre, vectors, targets, weights, 1e-7)
    assert near == pytest.approx(centre, abs=1e-3)
    free, _ = regression_around(centre, vectors, targets, weights, 1e3)
    assert np.abs(free - centre)[:2].max() > 0.5


def test_pairs_are_as_alike_as_their_sets():
    sets = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1]], dtype=torch.int8)
    found = labels_task.alike(sets, sets)
    assert found[0].tolist() == pytest.approx([1, 0.5, 0, 0])
    assert found[2].tolist() == [0, 0, 1, 0]
    assert load("prompt") is prompt
