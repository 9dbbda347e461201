"""Sets of labels through the stages of models: tokenized, trained, evaluated, chosen, predicted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, tiny_encoder
from ruamel.yaml import YAML

from seedbed.approaches import NAMES
from seedbed.core.errors import RowsError
from seedbed.core.files import read_csv, read_json, sha256_of, write_csv, write_json
from seedbed.core.metrics import EVALUATE
from seedbed.core.rows import write_rows
from seedbed.encoding.examples import read_datasets
from seedbed.gate.same_rows import answers_of, checked_model
from seedbed.scoring.evaluation import DecidedRow
from seedbed.scoring.metrics_files import Choice, read_test, read_validation
from seedbed.scoring.predictions import read_predictions
from seedbed.serving.model_folder import read_serving
from seedbed.serving.predicting import PredictColumns, predict
from seedbed.tasks import labels_task
from stages import adapt, cv, embed, evaluate, finetune, learning_curve, select, tokenize
from stages.tokenize import check_classes

THINGS = {"weather": ["rain", "hail", "fog", "snow"], "cooking": ["onion", "rice", "soup", "bread"]}
CLASSES = ["cooking", "evening", "weather"]
yaml = YAML(typ="safe")


def rows() -> pd.DataFrame:
    """Rows about weather, cooking, both, or neither, some in the evening."""
    weather, cooking = ([*things, ""] for things in THINGS.values())
    lines = [
        (f"we saw {one} and {other} {when}", [*["weather"] * bool(one), *["cooking"] * bool(other),
                                              *["evening"] * (when == "tonight")])
        for one in weather
        for other in cooking
        for when in ("today", "tonight", "again", "in town", "at noon", "once")
    ]  # fmt: skip
    table = pd.DataFrame(
        {"text": text, "label": labels_task.label_of(names)} for text, names in lines
    )
    place = np.arange(len(table))
    sides = np.array(["train", "train", "validation", "test"])[place * 7 % 11 % 4]
    return table.assign(
        id=[f"{number:016x}" for number in place], digest="d", source="s", batch="2026-01-s",
        provenance="{}", meta="{}", split=sides, weight=np.float32(1),
        fold=np.where(sides == "test", -1, place % 3).astype(np.int8),
    )  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        table = rows()
        tiny_encoder(Path("tiny"), list(table["text"]))
        for stage in ("split", "balance"):
            write_rows(Path("data") / stage, table)
        params = yaml.load(ROOT / "params.yaml")
        params["task"]["kind"] = "labels"
        params["encoder"] |= {
            "name": "tiny", "sha256": sha256_of(Path("tiny/model.safetensors")), "max_length": 32,
            "precision": "float32", "threads": 1,
        }  # fmt: skip
        params["split"]["twin_min_jaccard"] = 1.0
        params["evaluate"]["behaviour_rows"] = 10
        params["cv"]["approaches"] = ["feature"]
        params["learning_curve"] |= {"run": True, "samples": 100, "seeds": [0]}
        params["approaches"]["feature"] |= {"folds": 2, "inverse_regularisation": [100.0, 1000.0]}
        yaml.dump(params, Path("params.yaml"))
        Path("tests/model").mkdir(parents=True)
        lines = [("rain and soup", "cooking|weather"), ("rain", "weather"), ("a", "stars")]
        write_csv(Path("tests/model/cases.csv"), ["text", "label"], lines)
        write_csv(Path("data/ledger/decided.csv"), DecidedRow._fields, [])
        for stage in (embed, cv, tokenize, adapt, learning_curve):
            stage.main()
        for name in NAMES:
            for side in ("validation", "test"):
                write_json(EVALUATE / name / f"{side}.json", {"run": False})
        finetune.main("feature")
        evaluate.main("feature")
        select.main()
        yield folder, table


def test_tokenized_rows_have_a_figure_for_each_label(project):
    folder, table = project
    found = read_datasets(folder / "data/tokenize")
    assert found.classes == CLASSES
    targets = found.parts["test"].row_labels
    wanted = labels_task.targets(table["label"][table["split"] == "test"], CLASSES)
    assert (targets == wanted).all()
    lengths = read_json(folder / "reports/metrics/tokenize.json")["lengths"]
    assert list(lengths["by_class"]) == CLASSES


def test_a_label_that_train_lacks_is_named():
    table = pd.DataFrame({"label": ["weather", "cooking|stars", "|", "stars"]})
    check_classes(labels_task, table, [*CLASSES, "stars"], "out_of_scope")
    with pytest.raises(RowsError, match="2 rows of class stars, which has no train row"):
        check_classes(labels_task, table, CLASSES, "out_of_scope")


def test_models_of_sets_are_scored_and_chosen(project):
    folder, table = project
    validation = read_validation("feature", folder / EVALUATE)
    test = read_test("feature", folder / EVALUATE)
    assert list(validation.thresholds) == ["0"]
    assert len(validation.thresholds["0"]) == 3
    assert test["micro_f1"].mean > 0.6
    assert test["accuracy"].low <= test["accuracy"].mean <= test["accuracy"].high
    assert set(test.per_class) == set(CLASSES)
    assert set(validation.behaviour.invariance) == {"case", "punctuation", "typos", "names"}
    cases = validation.behaviour.minimum_functionality
    assert (cases.rows, cases.of_other_classes, cases.other_classes) == (2, 1, ["stars"])
    found = read_predictions(folder / "data/evaluate/feature/test", labels_task)
    assert labels_task.right(
        found.labels, labels_task.decode(found.probabilities["0"])
    ).mean() == pytest.approx(test["accuracy"].mean)
    choice = Choice.model_validate(read_json(folder / "reports/choice.json"))
    assert choice.approach == "feature"
    pairs = read_csv(folder / "reports/plots/confusion/feature.csv")
    assert {pair["actual"] for pair in pairs} <= set(CLASSES)
    curve = read_json(folder / "reports/metrics/learning_curve.json")
    assert len(curve["points"]) == 3


def test_the_chosen_model_serves_its_thresholds(project, monkeypatch):
    folder, table = project
    monkeypatch.chdir(folder)
    serving = read_serving(Path("models/best"))
    limits = read_validation("feature", folder / EVALUATE).thresholds["0"]
    assert serving.thresholds == pytest.approx(limits)
    assert serving.outside == ""
    readme = Path("models/best/README.md").read_text(encoding="utf-8")
    assert "each label whose probability reaches that label's threshold" in readme
    test = table[table["split"] == "test"]
    test[["text"]].to_csv("in.csv", index=False)
    predict(Path("in.csv"), Path("out.csv"), Path("models/best"), PredictColumns(every=True))
    given = [row["label"] for row in read_csv(Path("out.csv"))]
    side = read_predictions(Path("data/evaluate/feature/test"), labels_task)
    assert given == labels_task.labels(labels_task.decode(side.probabilities["0"]), CLASSES)
    assert [name for name in read_csv(Path("out.csv"))[0] if name.startswith("probability ")] == [
        f"probability {name}" for name in CLASSES
    ]


def test_the_gate_asks_both_models_by_their_thresholds(project, monkeypatch):
    folder, table = project
    monkeypatch.chdir(folder)
    test = table[table["split"] == "test"].assign(text_pair="", group="")
    model = checked_model(Path("models/best"))
    found = answers_of(test, model, model)
    assert found.classes == CLASSES
    assert found.present == [0, 1, 2]
    measured = read_test("feature", folder / EVALUATE)["accuracy"].mean
    assert found.head.right.mean() == pytest.approx(measured)
