"""Sets of labels from a file to the report: every stage of dvc.yaml in its order, on rows that a
person can read, by one approach with a tiny encoder."""

import csv
import json
from importlib import import_module
from pathlib import Path

import pytest
from conftest import make_project

from seedbed.approaches import NAMES
from seedbed.core.files import write_json
from seedbed.core.metrics import EVALUATE
from seedbed.core.rows import read_rows
from seedbed.core.stage import STAGES

THINGS = {"weather": ["rain", "hail", "fog", "snow"], "cooking": ["onion", "rice", "soup", "bread"]}
PLACES = ("Leeds", "Oslo", "Turin", "Perth", "Quito", "Accra")
APPROACH = "feature"


def lines() -> list[dict[str, str]]:
    """A row for each pair of things and each place, with a column of 0 and 1 for each label; rows
    about neither have none. One text occurs with two sets."""
    found = []
    for number, place in enumerate(PLACES):
        for one in (*THINGS["weather"], "stones"):
            for other in (*THINGS["cooking"], "paint"):
                text = f"We had {one} and {other} in {place}, the {number}th town of our long tour."
                found.append((text, one != "stones", other != "paint", number % 2 == 0))
    found += [("Nobody agrees on fog or soup here.", True, False, False)]
    found += [("Nobody agrees on fog or soup here.", False, True, False)]
    names = ("topic_weather", "topic_cooking", "topic_north")
    return [
        {"text": text, **{name: str(int(bit)) for name, bit in zip(names, bits, strict=True)}}
        for text, *bits in found
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("sets") / "project")
    table = lines()
    with open(made.folder / "data/raw/rows.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)

    def change(content) -> None:
        content["task"]["kind"] = "labels"
        content["sources"][0]["columns"] = {"text": "text", "label": "topic_*"}
        content["deduplicate"]["near"] = False
        content["split"]["twin_min_jaccard"] = 1.0
        content["evaluate"]["behaviour_rows"] = 10
        content["approaches"][APPROACH] |= {"folds": 2, "inverse_regularisation": [100.0]}

    made.params(change)
    (made.folder / "tests/model/cases.csv").write_text(
        "text,label\nrain and soup,cooking|weather\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.folder)
        for approach in NAMES:
            for side in ("validation", "test"):
                write_json(EVALUATE / approach / f"{side}.json", {"run": False})
        for stage in STAGES:
            arguments = [APPROACH] if stage.name in ("finetune", "evaluate") else []
            import_module(f"stages.{stage.name}").main(*arguments)
    return made.folder


def test_labels_are_sets_from_the_first_stage_to_the_last(project):
    table = lines()
    collected = read_rows(project / "data/collect")
    assert len(collected) == len(table)
    counts = collected["label"].value_counts()
    assert counts["|"] == sum("1" not in line.values() for line in table)
    assert counts["cooking|north|weather"] == 3 * 16
    balanced = read_rows(project / "data/balance")
    assert set(balanced["label"]) <= set(collected["label"])


def test_the_text_with_two_sets_is_a_conflict_and_no_set_is_joined(project):
    ledger = (project / "data/ledger/deduplicate.csv").read_text()
    assert ledger.count("label_conflict") == 2
    metrics = json.loads((project / "reports/metrics/deduplicate.json").read_text())
    assert metrics["labels_that_differ"] == {"cooking": 2, "weather": 2}  # dropped rows


def test_the_model_has_learned_sets_and_the_report_shows_them(project):
    validation = json.loads((project / f"{EVALUATE}/{APPROACH}/validation.json").read_text())
    assert validation["micro_f1"]["mean"] > 0.8
    assert set(validation["per_class"]) == {"cooking", "north", "weather"}
    report = (project / "reports/report.md").read_text()
    assert "micro-F1" in report
    assert "| cooking |" in report
    assert "| no label | 2 | 0 | 1 |" in report
    assert "\\|" not in report
    card = (project / "reports/cards/model_card.md").read_text()
    assert "Its task is `labels`" in card
    data = (project / "reports/cards/dataset_card.md").read_text()
    assert "each with any of 3 labels (cooking, north, weather)" in data
    assert Path(project / "models/best/serving.json").exists()
