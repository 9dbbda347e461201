"""What the chosen model must be able to do, by the metrics in git; no model is needed."""

import pytest
from conftest import ROOT

from seedbed.core.files import read_json
from seedbed.scoring.behaviour import read_cases

MIN_STAYS = {"case": 0.95, "punctuation": 0.95, "typos": 0.93, "names": 0.95}


@pytest.fixture(scope="module")
def found() -> dict:
    choice = read_json(ROOT / "reports/choice.json")["approach"]
    return read_json(ROOT / f"reports/metrics/evaluate/{choice}/validation.json")["behaviour"]


def test_every_plain_case_was_asked(found):
    assert found["minimum_functionality"]["rows"] == len(read_cases(ROOT / "tests/model"))
    assert found["minimum_functionality"]["of_other_classes"] == 0


def test_at_most_one_plain_case_in_ten_fails(found):
    cases = found["minimum_functionality"]
    assert cases["passed"] >= 0.9 * cases["rows"], cases["failed"]


@pytest.mark.parametrize("edit", MIN_STAYS)
def test_predictions_stay_when_a_text_is_edited(found, edit):
    assert found["invariance"][edit]["stays"] >= MIN_STAYS[edit]
