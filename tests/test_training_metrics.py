"""Metrics of trainings are typed: what a stage writes is what others read, in the same order."""

import pytest
from conftest import ROOT

from seedbed.core.metrics import read_if_run, write_metrics
from seedbed.making.balancing import AblateMetrics, AblationGain, AdaptMetrics, Gain, verdict
from seedbed.training.resampling import CvMetrics, LearningCurveMetrics


def test_a_stage_that_was_off_has_no_metrics(tmp_path):
    (tmp_path / "off.json").write_text('{"run": false, "measured": {}}')
    assert read_if_run(tmp_path / "off.json", AdaptMetrics) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("cv", CvMetrics), ("adapt", AdaptMetrics), ("ablate", AblateMetrics),
     ("learning_curve", LearningCurveMetrics)],
)  # fmt: skip
def test_the_committed_files_are_read_and_written_alike(tmp_path, name, kind):
    file = ROOT / f"reports/metrics/{name}.json"
    if metrics := read_if_run(file, kind):
        write_metrics(tmp_path / "again.json", metrics)
        assert (tmp_path / "again.json").read_text() == file.read_text()


def test_the_keys_of_a_gain_keep_their_order():
    gain = verdict({0: 0.5, 1: 0.6}, {0: 0.6, 1: 0.8})
    keys = ["without", "with", "gain", "low", "high", "verdict", "gain_by_seed"]
    assert list(gain.model_dump(by_alias=True)) == keys
    counted = AblationGain(rows_without=1, rows_with=2, **dict(gain))
    assert list(counted.model_dump(by_alias=True)) == ["rows_without", "rows_with", *keys]
    assert list(LearningCurveMetrics.model_fields) == [
        "run", "measured_on", "approach", "seeds", "points", "exponent", "twice_the_rows", "check",
    ]  # fmt: skip
    assert Gain.model_validate(gain.model_dump(by_alias=True)) == gain
