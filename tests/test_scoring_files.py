"""The models of validation.json, test.json and choice.json have the keys and bytes of the files."""

import json
from pathlib import Path

import pytest
from conftest import ROOT

from seedbed.core.errors import PipelineError
from seedbed.core.metrics import read_metrics, write_metrics
from seedbed.scoring.metrics_files import Choice, Evaluation, Validation, read_test, read_validation

SLICE = {"accuracy": 0.5, "low": 0.1, "high": 0.9, "rows": 4}
ESTIMATE = {"mean": 0.5, "low": 0.1, "high": 0.9, "sd_over_seeds": 0, "by_seed": {"0": 0.5}}
INTERVAL = {"mean": 0.5, "low": 0.1, "high": 0.9}
ERROR = "expected_calibration_error"
CALIBRATION = {
    "log_loss": INTERVAL, "brier": INTERVAL, ERROR: 0.1,
    f"{ERROR}_if_perfect": {"low": 0.0, "high": 0.2},
}  # fmt: skip
COSTS = {"megabytes": 91.6, "trainable_parameters": 3, "epochs": 0, "training_tokens": 0}
TEST = {
    "run": True,
    "model": COSTS,
    "rows": 4,
    "accuracy": ESTIMATE,
    "log_loss": ESTIMATE,
    "seed_shown": "0",
    "calibration": {"temperature": 1.1, "before": CALIBRATION, "after": CALIBRATION},
    "risk_coverage": {"area": INTERVAL, "risk_at_80%": 0.0, "risk_at_90%": 0.1},
    "per_class": {"cat": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "rows": 4}},
    "confusion": {"cat": {"cat": 2}},
    "slices": {"source": {"a": SLICE}},
    "without_decisions": {
        "relabelled": 0, "dropped": 0, "verified": 1, "accuracy_range": [0.5, 0.5],
        "accuracy": ESTIMATE, "log_loss": ESTIMATE,
    },
}  # fmt: skip
CASES = {
    "of_other_classes": 0, "rows": 1, "passed": 0,
    "by_capability": {"plain": {"rows": 1, "passed": 0}}, "failed": ["a.csv:1"],
}  # fmt: skip
VALIDATION = TEST | {
    "paired": False,
    "thresholds": {},
    "behaviour": {
        "invariance": {"case": {"stays": 1.0, "low": 0.9, "high": 1.0, "rows": 4},
                       "names": {"rows": 0}},
        "minimum_functionality": CASES,
    },
}  # fmt: skip
CANDIDATE = {
    "score": INTERVAL, "difference_to_best": {"difference": 0.0, "low": 0.0, "high": 0.0},
    "as_good_as_best": True, "mcnemar_p_holm": 1.0, **COSTS,
}  # fmt: skip
STEP = {"approach": "full", "score": 0.5, "training_tokens": 0, "trainable_parameters": 3,
        "megabytes": 91.6}  # fmt: skip
CHOICE = {
    "approach": "full",
    "seed": "0",
    "why": "no other approach was run",
    "measured_on": "validation",
    "measure": "macro_f1",
    "candidates": {"full": CANDIDATE},
    "per_budget": {"training": [STEP], "megabytes": [], "in_words": ["..."]},
}


def write(path: Path, content: dict) -> str:
    text = json.dumps(content, indent=2) + "\n"
    path.write_text(text)
    return text


@pytest.mark.parametrize(
    ("content", "model"), [(TEST, Evaluation), (VALIDATION, Validation), (CHOICE, Choice)]
)
def test_a_file_is_written_back_byte_for_byte(tmp_path, content, model):
    text = write(tmp_path / "a.json", content)
    write_metrics(tmp_path / "b.json", read_metrics(tmp_path / "a.json", model))
    assert (tmp_path / "b.json").read_text() == text


def test_metrics_of_the_table_are_read_by_their_names(tmp_path):
    write(tmp_path / "test.json", TEST)
    found = read_metrics(tmp_path / "test.json", Evaluation)
    assert list(found.estimates) == ["accuracy", "log_loss"]
    assert found["log_loss"].mean == 0.5
    assert found.without_decisions["accuracy"].high == 0.9


def test_a_key_that_is_no_metric_is_refused(tmp_path):
    write(tmp_path / "test.json", TEST | {"rowz": 3})
    with pytest.raises(PipelineError, match=r"`estimates.rowz`.*dvc repro"):
        read_metrics(tmp_path / "test.json", Evaluation)


def test_an_approach_that_is_off_has_no_figures(tmp_path):
    (tmp_path / "full").mkdir()
    write(tmp_path / "full/validation.json", {"run": False})
    write(tmp_path / "full/test.json", TEST)
    assert read_validation("full", tmp_path) is None
    assert read_test("full", tmp_path).rows == 4


def test_the_files_in_git_are_read():
    """Those of this version: it fails where a key was renamed and the pipeline not run again."""
    files = sorted((ROOT / "reports/metrics/evaluate").glob("*/test.json"))
    assert files
    for file in files:
        assert read_test(file.parent.name, file.parents[1]).rows
