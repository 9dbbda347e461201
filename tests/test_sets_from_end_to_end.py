"""Sets of labels from a file to the report: every stage of dvc.yaml in its order, on rows that a
person can read, by one approach with a tiny encoder."""

import csv
import json
import math
import re
from importlib import import_module
from pathlib import Path

import pytest
from conftest import make_project, yaml
from typer.testing import CliRunner

from seedbed.approaches import NAMES
from seedbed.cli import app
from seedbed.core.files import read_csv, write_json
from seedbed.core.metrics import EVALUATE
from seedbed.core.rows import SIDES, read_rows
from seedbed.core.stage import STAGES

THINGS = {"weather": ["rain", "hail", "fog", "snow"], "cooking": ["onion", "rice", "soup", "bread"]}
PLACES = ("Leeds", "Oslo", "Turin", "Perth", "Quito", "Accra")
APPROACH = "feature"


def write_table(file: Path, table: list[dict[str, str]]) -> None:
    with open(file, "w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, table[0])
        writer.writeheader()
        writer.writerows(table)


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


def negatives() -> list[dict[str, str]]:
    """Texts to which no label belongs."""
    return [
        {"text": f"Please {verb} the old {thing} before Monday."}
        for verb in ("repair", "paint", "sell", "lend", "move", "wash")
        for thing in ("bicycle", "violin", "ladder", "kettle")
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("sets") / "project")
    write_table(made.folder / "data/raw/rows.csv", lines())
    write_table(made.folder / "data/raw/odd.csv", negatives())
    pipeline = yaml.load(made.folder / "dvc.yaml")
    pipeline["stages"]["collect"]["deps"].append("data/raw/odd.csv")
    yaml.dump(pipeline, made.folder / "dvc.yaml")

    def change(content) -> None:
        content["task"]["kind"] = "labels"
        content["sources"][0]["columns"] = {"text": "text", "label": "topic_*"}
        content["sources"].append(
            {"name": "odd", "kind": "file", "path": "data/raw/odd.csv", "licence": "CC0",
             "batch": "2026-01-odd", "negative": "general", "label": "|"}
        )  # fmt: skip
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
    assert len(collected) == len(table) + len(negatives())
    counts = collected["label"].value_counts()
    assert counts["|"] == sum("1" not in line.values() for line in table) + len(negatives())
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
    without = read_rows(project / "data/split").query("label == '|'")["split"].value_counts()
    train, validation, test = (without[side] for side in SIDES)
    assert f"| no label | {train} | {validation} | {test} |" in report
    assert "\\|" not in report
    card = (project / "reports/cards/model_card.md").read_text()
    assert "Its task is `labels`" in card
    data = (project / "reports/cards/dataset_card.md").read_text()
    assert "each with any of 3 labels (cooking, north, weather)" in data
    assert Path(project / "models/best/serving.json").exists()


def test_negatives_are_out_of_scope_and_other_rows_without_labels_are_not(project):
    rows = read_rows(project / "data/balance").query("split == 'test'")
    test = json.loads((project / f"{EVALUATE}/{APPROACH}/test.json").read_text())
    scope = test["out_of_scope"]
    odd, empty = rows["source"] == "odd", rows["label"] == "|"
    assert scope["how"] == "empty_set"
    assert scope["all"]["rows"] == scope["by_kind"]["general"]["rows"] == odd.sum() > 2
    assert scope["in_scope_rows"] == (~empty).sum()
    assert (empty & ~odd).any()
    assert scope["all"]["recall"] > 0.5
    report = (project / "reports/report.md").read_text()
    assert f"| `{APPROACH}` | no label predicted | general | {odd.sum()} |" in report


TEXTS = {
    "We had rain and soup in Oslo, the 1th town of our long tour.": "cooking|weather",
    "We had stones and paint in Oslo, the 1th town of our long tour.": "|",
}


def test_the_chosen_model_labels_new_tables_and_stock_libraries_read_it(
    project, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(project)
    write_table(tmp_path / "in.csv", [{"text": text} for text in TEXTS])
    asked = ["predict", str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "--probabilities"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    rows = read_csv(tmp_path / "out.csv")
    names = ["cooking", "north", "weather"]
    assert [*rows[0]] == ["text", "label", "probability", *(f"probability {one}" for one in names),
                          "reason"]  # fmt: skip
    assert {row["text"]: row["label"] for row in rows} == TEXTS
    for row in rows:
        given = {name: float(row[f"probability {name}"]) for name in names}
        whole = [one if name in row["label"].split("|") else 1 - one for name, one in given.items()]
        assert float(row["probability"]) == pytest.approx(math.prod(whole), abs=1e-5)
        held = {name for name, one in given.items() if one > 0.5}
        assert held == set(row["label"].split("|")) - {""}
    [code] = re.findall("```python\n(.*?)\n```", Path("models/best/README.md").read_text(), re.S)
    assert len(code.splitlines()) == 3
    exec(re.sub(r'encode\(".*?"\)', f"encode({next(iter(TEXTS))!r})", code), {})
    assert capsys.readouterr().out.splitlines()[-1] == "['cooking', 'weather']"
