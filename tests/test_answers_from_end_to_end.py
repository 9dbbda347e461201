"""Conversations from a file to the report, by a real `dvc repro`, with a tiny language model."""

import json

import pytest
from chat_project import COLOURS, REFUSAL, answer_project, conversations

from seedbed.core.files import read_csv
from seedbed.core.metrics import EVALUATE
from seedbed.core.rows import SIDES, read_rows
from seedbed.core.stage import ROW_STAGES
from seedbed.training.chat.approaches import NAMES


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = answer_project(tmp_path_factory.mktemp("answers") / "project")
    done = made.run("dvc", "repro")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made


def test_each_answer_is_a_row_and_each_row_is_accounted_for(project):
    turns = [turn for found in conversations() for turn in found if turn["role"] == "assistant"]
    rows = read_rows(project.folder / "data/collect")
    assert sorted(rows["answer"]) == sorted(turn["content"] for turn in turns)
    kept = len(rows)
    for stage in ROW_STAGES:
        metrics = project.folder / f"reports/metrics/{stage}.json"
        counts = json.loads(metrics.read_text(encoding="utf-8"))["rows"]
        assert counts["read"] == kept, stage
        assert counts["read"] + counts["made"] == counts["kept"] + counts["dropped"], stage
        kept = counts["kept"]
    assert set(read_rows(project.folder / "data/split")["split"]) == set(SIDES)


def test_only_answers_are_learned_and_the_dataset_is_one_that_stock_trainers_take(project):
    from datasets import load_from_disk
    from transformers import AutoTokenizer

    words = AutoTokenizer.from_pretrained(project.folder / "models/base/writer")
    train = load_from_disk(project.folder / "data/tokenize")["train"]
    assert set(train.column_names) >= {"input_ids", "attention_mask", "labels"}
    known = {*COLOURS.values(), REFUSAL, "No, never."}
    for row in train:
        learned = [token for token in row["labels"] if token != -100]
        assert words.decode(learned) in {f"{answer}<|im_end|>" for answer in known}
        assert row["input_ids"][-len(learned) :] == learned


def test_every_approach_is_compared_with_the_others_and_with_the_model_as_it_was(project):
    for name in NAMES:
        for side in ("validation", "test"):
            file = project.folder / EVALUATE / name / f"{side}.json"
            found = json.loads(file.read_text(encoding="utf-8"))
            assert 0 <= found["token_f1"]["mean"] <= 1
            assert ("perplexity_token" in found) == (name != "feature")
            assert (found["base"] is not None) == (name == "prompt")
    curves = {name: read_csv(project.folder / f"reports/plots/learning/{name}.csv")
              for name in ("full", "lora")}  # fmt: skip
    assert all(float(line["validation"]) > 0 for lines in curves.values() for line in lines)


def test_the_report_shows_what_is_learned_and_what_each_model_answers(project):
    report = (project.folder / "reports/report.md").read_text(encoding="utf-8")
    for title in ("Next to the base model", "Approaches", "Answers side by side", "Splits",
                  "What is learned", "Tokens", "Rows"):  # fmt: skip
        assert f"## {title}" in report or f">{title}<" in report, title
    assert "| `base` |" in report
    assert "\u27e6Red.<|im_end|>\u27e7".replace("<", "&lt;").replace(">", "&gt;") in report.replace(
        "\\", ""
    )
