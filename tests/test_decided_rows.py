"""Figures with and without what people decided, on rows a person can count."""

import numpy as np
import pytest

from seedbed.scoring.decided_rows import DecidedRow, read_decided, without_decisions
from seedbed.scoring.intervals import resampled_counts

CLASSES = ["ham", "spam"]
IDS = ["a", "b", "c", "d"]
LABELS = np.array([0, 0, 1, 1])  # as people left them
PREDICTED = {"0": np.array([0, 0, 1, 0])}


def figures(*decided: DecidedRow):
    return without_decisions(
        LABELS, PREDICTED, IDS, resampled_counts(np.arange(4), draws=50), CLASSES, list(decided)
    )


def test_without_decisions_both_figures_are_the_same():
    found = figures()
    assert found["accuracy"]["mean"] == 0.75
    assert found["accuracy_range"] == [0.75, 0.75]
    assert (found["relabelled"], found["dropped"], found["verified"]) == (0, 0, 0)


def test_a_relabelled_row_gets_its_label_back():
    found = figures(DecidedRow("a", "spam", "ham", "test", "kim"))
    assert found["relabelled"] == 1
    assert found["accuracy"]["mean"] == 0.5  # `a` was spam, and the model says ham


def test_a_label_that_no_row_has_any_more_is_always_wrong():
    found = figures(DecidedRow("a", "eggs", "ham", "test", "kim"))
    assert found["accuracy"]["mean"] == 0.5


def test_a_verified_row_changes_nothing_and_is_counted():
    found = figures(DecidedRow("b", "ham", "ham", "test", "kim"))
    assert (found["relabelled"], found["verified"]) == (0, 1)
    assert found["accuracy"]["mean"] == 0.75


@pytest.mark.parametrize("decided", ["<drop>", "<ambiguous>"])
def test_a_row_taken_out_makes_a_range(decided):
    found = figures(DecidedRow("gone", "ham", decided, "test", "kim"))
    assert found["dropped"] == 1
    assert found["accuracy_range"] == [3 / 5, 4 / 5]


def test_a_list_is_read_line_by_line(tmp_path):
    (tmp_path / "decided.csv").write_text("id,given,decided,side,people\na,NA,ham,test,kim+lee\n")
    assert read_decided(tmp_path / "decided.csv") == [
        DecidedRow("a", "NA", "ham", "test", "kim+lee")
    ]
