"""A real `dvc repro` on a few dozen readable rows with a tiny encoder."""

import json
from pathlib import Path

import pytest

from seedbed.approaches import NAMES
from seedbed.core.files import read_csv, read_json
from seedbed.core.metrics import read_ledger
from seedbed.core.rows import SIDES, read_rows
from seedbed.core.stage import ROW_STAGES
from seedbed.tasks import class_task

UP_TO_DATE = "Data and pipelines are up to date."


def key_to_id(project) -> dict[str, str]:
    from seedbed.core.files import PUBLIC_KEY, keyed_hash

    lines = read_csv(project.folder / "data/raw/rows.csv")
    return {line["key"]: keyed_hash(PUBLIC_KEY, "key", "example", line["key"]) for line in lines}


def test_every_stage_ran_and_says_so_in_one_line(example):
    stages = ["collect", "clean", "split", "finetune@lora", "evaluate@prompt", "select", "report"]
    lines = example.output.splitlines()
    for stage in stages:
        assert [line for line in lines if line.startswith(f"{stage}: ")], stage


def test_copy_and_near_copy_are_in_the_ledger_with_their_cause(example):
    ids = key_to_id(example)
    drops = {drop.id: drop for drop in read_ledger(example.folder / "data/ledger/deduplicate.csv")}
    copies, near = {ids["c1"], ids["c19"]}, {ids["w10"], ids["w20"]}
    assert {drop.reason for drop in drops.values()} == {"exact_duplicate", "near_duplicate"}
    assert {(drop.id, drop.cause) for drop in drops.values()} == {
        tuple(sorted(copies, reverse=True)),
        tuple(sorted(near, reverse=True)),
    }


def test_the_address_is_replaced(example):
    rows = read_rows(example.folder / "data/anonymize").set_index("id")
    text = rows.loc[key_to_id(example)["w19"], "text"]
    assert text == "Write to <EMAIL> when hail hits your village."


def test_rows_add_up_from_stage_to_stage(example):
    metrics = example.folder / "reports/metrics"
    kept = 57
    for stage in ROW_STAGES:
        rows = read_json(metrics / f"{stage}.json")["rows"]
        assert rows["read"] == kept, stage
        assert rows["read"] + rows["made"] == rows["kept"] + rows["dropped"], stage
        kept = rows["kept"]
    assert kept == 55


def test_no_text_is_on_two_sides(example):
    rows = read_rows(example.folder / "data/balance")
    assert set(rows["split"]) == set(SIDES)
    assert rows["text"].str.casefold().nunique() == len(rows)


def test_nothing_that_git_takes_holds_a_text(example):
    rows = read_rows(example.folder / "data/collect")
    for pattern in ("reports/**/*", "data/ledger/*", "data/manifest/*", "data/quarantine.csv"):
        for file in example.folder.glob(pattern):
            if file.is_file():
                content = file.read_text(encoding="utf-8")
                assert not [text for text in rows["text"] if text in content], file
                assert "storm.watch" not in content


def test_report_and_choice_tell_the_same_model(example):
    choice = read_json(example.folder / "reports/choice.json")
    report = (example.folder / "reports/report.md").read_text(encoding="utf-8")
    assert choice["measured_on"] == "validation"
    assert choice["why"] in report
    assert read_json(example.folder / "reports/dataset.json")["rows"] == 55


def test_a_side_is_told_by_figures_slices_and_behaviour(example):
    folder = example.folder / "reports/metrics/evaluate/lora"
    validation, test = (read_json(folder / f"{side}.json") for side in ("validation", "test"))
    for found in (validation, test):
        for name in ("accuracy", "macro_f1", "weighted_f1", "mcc"):
            assert found[name]["low"] <= found[name]["mean"] <= found[name]["high"], name
        assert {"length", "class", "nearness to train"} <= set(found["slices"])
        assert {"before", "after", "temperature"} == set(found["calibration"])
    assert validation["calibration"]["temperature"] == test["calibration"]["temperature"]
    rows = validation["behaviour"]["invariance"]
    assert rows["case"]["rows"] == validation["rows"]
    cases = validation["behaviour"]["minimum_functionality"]
    assert (cases["rows"], cases["of_other_classes"]) == (3, 1)
    assert "behaviour" not in test


def test_a_model_stands_alone(example):
    """models/best holds what predictions need, as the params of the run have it."""
    from seedbed.serving.model_folder import read_serving

    serving = read_serving(example.folder / "models/best")
    choice = read_json(example.folder / "reports/choice.json")
    metrics = example.folder / f"reports/metrics/evaluate/{choice['approach']}/validation.json"
    assert serving.temperature == read_json(metrics)["calibration"]["temperature"]
    assert "white_space" in serving.preparation.rules
    assert "email" in serving.preparation.anonymize.kinds
    assert (serving.outside, serving.thresholds, serving.paired) == ("", [], False)


def test_repro_again_does_nothing(example):
    lock = (example.folder / "dvc.lock").read_text()
    again = example.run("dvc", "repro")
    assert again.returncode == 0
    lines = again.stdout.splitlines()
    assert [line for line in lines if "didn't change" not in line] == [UP_TO_DATE]
    assert (example.folder / "dvc.lock").read_text() == lock


def test_plots_and_metrics_are_readable_by_dvc(example):
    for name in ("confusion", "reliability", "risk_coverage"):
        file = f"reports/plots/{name}/full.csv"
        done = example.run("dvc", "plots", "show", "--show-vega", file)
        assert done.returncode == 0, done.stderr
    shown = example.run("dvc", "metrics", "show", "--json")
    found = json.loads(shown.stdout)[""]["data"]
    assert "reports/metrics/evaluate/full/validation.json" in found


@pytest.mark.parametrize("approach", NAMES)
def test_a_stock_library_gives_the_predictions_that_were_scored(example, approach):
    import torch

    from seedbed.scoring.predictions import read_predictions

    folder = example.folder / "models" / approach / "seed-0"
    found = read_predictions(example.folder / "data/evaluate" / approach / "test", class_task)
    rows = read_rows(example.folder / "data/balance").set_index("id")
    texts = list(rows.loc[found.ids, "text"])
    if read_json(folder / "seedbed.json")["kind"] == "sequence_classifier":
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        model = AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        with torch.inference_mode():
            logits = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits
    else:
        from sentence_transformers import SentenceTransformer

        logits = torch.tensor(SentenceTransformer(str(folder), device="cpu").encode(texts))
    stock = logits.double().softmax(1).numpy()
    assert abs(stock - found.probabilities["0"]).max() < 1e-4


def test_the_readme_of_the_best_model_runs_as_it_stands(example):
    readme = (example.folder / "models/best/README.md").read_text(encoding="utf-8")
    code = readme.split("```python\n")[1].split("```")[0]
    assert len(code.strip().splitlines()) == 3
    done = example.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert any(name in done.stdout for name in ("weather", "cooking", "cycling"))


def test_stages_open_only_what_dvc_yaml_declares(example):
    from ruamel.yaml import YAML

    stages = YAML(typ="safe").load(example.folder / "dvc.yaml")["stages"]
    opened = {line for line in example.trace.read_text().splitlines() if line}
    assert len(opened) > 100
    for line in opened:
        command, mode, path = line.split("\t")
        name, *item = command.removeprefix("stages.").split()
        if _is_not_data(path):
            continue
        declared = _declared(stages[name], item[0] if item else "")
        allowed = declared["outs"] if mode == "w" else declared["deps"] + declared["outs"]
        assert any(_covers(entry, path) for entry in allowed), line


def _is_not_data(path: str) -> bool:
    """Code is checked through imports, and costs and encoders through their own rules."""
    return (
        path.endswith((".py", ".pyc", "__pycache__"))
        or path in ("params.yaml", "dvc.yaml")
        or path.split("/")[0] in (".seedbed", "seedbed", "stages", ".git")
        or path.startswith("models/base")
    )


def _declared(stage: dict, item: str) -> dict[str, list[str]]:
    def paths(key: str) -> list[str]:
        entries = [next(iter(one)) if isinstance(one, dict) else one for one in stage.get(key, [])]
        return [entry.replace("${item.approach}", item) for entry in entries]

    return {"deps": paths("deps"), "outs": paths("outs") + paths("metrics")}


def _covers(entry: str, path: str) -> bool:
    """Whether a path is the entry, lies in it, leads to it, or is its temporary name."""
    folder, _, name = path.rpartition("/")
    parts = [part[1:].removesuffix(".partial") if part.endswith(".partial") else part
             for part in Path(path).parts]  # fmt: skip
    final = "/".join(parts)
    return final == entry or final.startswith(entry + "/") or entry.startswith(path + "/")


def test_configuration_that_matches_nothing_is_in_the_report_and_in_its_line(example):
    report = (example.folder / "reports/report.md").read_text()
    section = report.split("## Configuration that matches nothing\n")[1].split("\n## ")[0]
    assert "1 entry matches nothing" in section
    assert "| `tests/model` | music |" in section
    [line] = [one for one in example.output.splitlines() if one.startswith("report: ")]
    assert "; matches nothing: tests/model: music" in line
