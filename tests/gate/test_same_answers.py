"""Both models are asked as evaluate asked them."""

from pathlib import Path

import numpy as np

from seedbed.core.files import read_json
from seedbed.gate.same_rows import answered, answers_of, checked_model, read_test_side
from seedbed.scoring.predictions import read_predictions
from seedbed.tasks import class_task


def test_a_model_says_of_the_test_rows_what_evaluate_has_scored(example, monkeypatch):
    monkeypatch.chdir(example.folder)
    model, rows = checked_model(Path("models/best")), read_test_side()
    chosen = read_json(Path("reports/choice.json"))
    scored = read_predictions(Path(f"data/evaluate/{chosen['approach']}/test"), class_task)
    classes = np.array(read_json(Path("models/best/seedbed.json"))["classes"])
    expected = classes[scored.scored()[chosen["seed"]].predicted]
    classes = sorted(model.classes)
    given = answered(model, rows.set_index("id").loc[scored.ids].reset_index(), classes)
    assert [classes[index] for index in given.argmax(1)] == list(expected)


def test_a_model_beside_itself_gives_the_same_answers_and_all_labels_are_classes(
    example, monkeypatch
):
    monkeypatch.chdir(example.folder)
    model, rows = checked_model(Path("models/best")), read_test_side()
    found = answers_of(rows, model, model)
    assert (found.base.predicted == found.head.predicted).all()
    assert [found.classes[number] for number in found.head.labels] == list(rows["label"])
    assert found.lost.sum() == 0
