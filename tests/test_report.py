"""The report's sections, from figures a person can check."""

import pytest

from seedbed.core.errors import LedgerError
from seedbed.reporting.page import (
    privacy,
    rows_by_stage,
    table,
    thin_spots,
    verdict,
)

FIGURE = {"mean": 0.9, "low": 0.85, "high": 0.95}
TEST = {
    "rows": 100,
    "accuracy": FIGURE,
    "macro_f1": FIGURE,
}


def test_figures_stand_right_and_words_left():
    shown = table(["class", "rows", "why"], [["cat", "12", "3 too_short"], ["dog", "1,200", ""]])
    assert shown.splitlines()[1] == "| --- | ---: | --- |"
    shown = table(["class", "why"], [["cat", "no words at all"]])
    assert shown.splitlines()[1] == "| --- | --- |"


def test_the_verdict_comes_first_with_its_interval():
    choice = {"approach": "full", "why": "`full` is chosen."}
    shown = verdict(choice, {"full": TEST}, {"version": "abc123"})
    assert shown.splitlines()[:3] == ["# Report on dataset abc123", "", "**`full` is chosen.**"]
    assert "0.900 [0.850, 0.950]" in shown
    assert "100 test rows" in shown


def test_rows_are_shown_by_reason_and_must_add_up():
    clean = {"rows": {"read": 5, "made": 0, "kept": 3, "dropped": 2,
                      "dropped_by_reason": {"too_short": 2}}}  # fmt: skip
    split = {"rows": {"read": 3, "made": 0, "kept": 3, "dropped": 0, "dropped_by_reason": {}}}
    assert "| clean | 5 | 0 | 3 | 2 | 2 too_short |" in rows_by_stage(
        {"clean": clean, "split": split}
    )
    split["rows"]["read"] = 4
    with pytest.raises(LedgerError, match="clean kept 3 rows, split read 4"):
        rows_by_stage({"clean": clean, "split": split})


def test_personal_data_in_words():
    found = {"rows_touched": 2, "replaced_by_kind": {"phone": 3}, "mode": "placeholder",
             "residual_scan": {"looks_like_long_number": 16, "looks_like_ip": 0},
             "public_key": True}  # fmt: skip
    assert "3 phone" in privacy(found)
    assert "looks like: 16 long number. The key is the public example key." in privacy(found)
    assert "looks like one: nothing." in privacy(found | {"residual_scan": {}, "public_key": False})


def test_what_to_collect_next():
    near = {"mean_distance_to_nearest": 0.3}
    spread = {"by_class": {"cat": near, "dog": {"mean_distance_to_nearest": 0.4}, "cow": near}}
    rows = {"cat": {"train": 100}, "dog": {"train": 90}, "cow": {"train": 10}}
    assert "rows of cow (about 35 more)" in thin_spots(spread, {"by_class": rows})
    rows["cow"]["train"] = 80
    assert "dog has the thinnest" in thin_spots(spread, {"by_class": rows})
