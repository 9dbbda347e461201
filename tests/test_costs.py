"""Clock readings by approach."""

import json

import pytest

from seedbed.commands.repository import costs
from seedbed.core.stage import note_predictions
from seedbed.scoring.metrics_files import ModelCosts

MODELS = {
    name: ModelCosts(
        megabytes=91.6, trainable_parameters=1, epochs=1, training_tokens=training_tokens
    )
    for name, training_tokens in {"full": 300_000, "feature": 0}.items()
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_not_measured_is_not_told(here):
    assert costs(MODELS) == {"full": {"model_mb": 91.6}, "feature": {"model_mb": 91.6}}


def test_the_last_reading_of_each_counts(here):
    for rows in (100, 400):
        note_predictions("full", rows, 10 * rows, 2.0)
    lines = [
        {"stage": "finetune@full", "seconds": 60.0, "peak_mb": 1200},
        {"stage": "finetune@feature", "seconds": 6.0, "peak_mb": 800},
    ]
    (here / ".seedbed/costs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert costs(MODELS) == {
        "full": {
            "model_mb": 91.6, "training_seconds": 60.0, "peak_mb": 1200,
            "training_tokens_a_second": 5000, "predictions_a_second": 200,
        },
        "feature": {"model_mb": 91.6, "training_seconds": 6.0, "peak_mb": 800},
    }  # fmt: skip
