"""Figures that can be checked by hand, and by the reference library."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from seedbed.scoring.metrics import Scored, confusion, macro_f1_of, per_class, scores
from seedbed.scoring.metrics_files import ClassScores
from seedbed.tasks import class_task

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 300)
GOOD = np.where(RANDOM.random(300) < 0.9, LABELS, RANDOM.integers(0, 3, 300))
POOR = np.where(RANDOM.random(300) < 0.6, LABELS, RANDOM.integers(0, 3, 300))
ONCE = np.ones((1, 300))
CLASSES = arrays(np.int64, 30, elements=st.integers(0, 3))


@pytest.mark.parametrize("predicted", [LABELS, GOOD, POOR, np.zeros(300, int), LABELS + 1])
def test_scores_are_those_of_the_reference_library(predicted):
    known = sorted(set(LABELS))
    f1 = {
        how: f1_score(LABELS, predicted, average=how, labels=known, zero_division=0)
        for how in ("macro", "weighted")
    }
    assert {
        name: one[0] for name, one in scores(Scored.of(class_task, LABELS, predicted)).items()
    } == pytest.approx(
        {
            "accuracy": accuracy_score(LABELS, predicted),
            "macro_f1": f1["macro"],
            "weighted_f1": f1["weighted"],
            "mcc": matthews_corrcoef(LABELS, predicted),
        }
    )
    assert macro_f1_of(class_task, LABELS, predicted) == pytest.approx(f1["macro"])


@given(CLASSES, CLASSES, arrays(np.int64, 30, elements=st.integers(0, 3)))
def test_a_sample_scores_as_its_rows_written_out(labels, predicted, counts):
    names = np.unique(labels)
    sampled = [np.repeat(part, counts) for part in (labels, predicted)]
    if set(names) <= set(sampled[0]):  # or a class of the whole is missing in the sample
        found = scores(Scored.of(class_task, labels, predicted)._replace(counts=counts[None]))
        alone = scores(Scored.of(class_task, *sampled))
        for name, value in found.items():
            assert value == pytest.approx(alone[name]), name


def test_a_class_that_a_sample_lacks_is_left_out_of_its_mean():
    labels, predicted = np.array([0, 0, 1]), np.array([0, 0, 1])
    found = scores(Scored.of(class_task, labels, predicted)._replace(counts=np.array([[1, 1, 0]])))
    assert found["accuracy"][0] == 1
    assert found["macro_f1"][0] == 1
    assert found["mcc"][0] == 0  # all labels of the sample are alike


def test_per_class_and_confusion_by_hand():
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    scored = Scored.of(class_task, labels, predicted)
    found = per_class(scored, ["cat", "dog", "cow"])
    assert found["cat"].model_dump(exclude_unset=True) == {
        "precision": 1, "recall": 0.5, "f1": pytest.approx(2 / 3), "rows": 2,
    }  # fmt: skip
    assert found["cow"] == ClassScores(precision=0, recall=0, f1=0, rows=0)
    assert confusion(scored, ["cat", "dog"]) == {
        "cat": {"cat": 1, "dog": 1},
        "dog": {"cat": 0, "dog": 2},
    }
