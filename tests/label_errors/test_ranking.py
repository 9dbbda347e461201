"""Which labels are doubted, why, and in which order."""

import numpy as np
import pandas as pd
import pytest

from seedbed.label_errors.out_of_fold import ensemble, unseen_classes
from seedbed.label_errors.ranking import (
    Judgement,
    judge_labels,
    label_quality,
    with_near_copies,
)
from seedbed.tasks import class_task

NAMES = ["neighbours", "linear", "words"]
ALL = np.ones(200, dtype=bool)
JOINT = np.diag([100, 100, 2])  # no label is counted wrong


def animals(wrong: list[int] = [], lynx: list[int] = []) -> tuple:  # noqa: B006
    """200 rows, every other a dog; `wrong` are called the other, `lynx` are called so. Class
    numbers, out-of-fold probabilities, folds."""
    numbers = np.arange(200) % 2
    texts = [["the cat purrs at night", "a dog barks all day"][number] for number in numbers]
    noise = np.random.default_rng(0).normal(0, 0.1, (200, 2))
    vectors = (np.stack([numbers, 1 - numbers], 1) + noise).astype(np.float32)
    numbers[wrong] = 1 - numbers[wrong]
    numbers[lynx] = 2
    labels = np.array(["cat", "dog", "lynx"], dtype=object)[numbers]
    frame = pd.DataFrame(
        {"text": texts, "text_pair": "", "label": labels, "batch": "a", "fold": np.arange(200) % 5}
    )
    return numbers, ensemble(class_task, NAMES, frame, vectors), frame["fold"].to_numpy()


@pytest.mark.parametrize("ranking", ["posterior", "self_confidence"])
def test_planted_errors_are_found_and_nothing_else(ranking):
    wrong = [3, 50, 120]
    labels, probabilities, folds = animals(wrong)
    quality = label_quality(labels, probabilities, folds, ALL, ranking)
    found = judge_labels(class_task, labels, probabilities, quality, 0.5, ALL, JOINT)
    assert np.flatnonzero(found.reason != "").tolist() == wrong
    assert sorted(np.argsort(found.score)[:3]) == wrong
    assert (found.suggested[wrong] == 1 - labels[wrong]).all()
    assert (found.suggested == labels)[found.reason == ""].all()


def test_the_posterior_weighs_by_the_noise_and_self_confidence_does_not():
    """Four of eight rows called 1 are confidently 0; in two folds, so that six rows of the other
    fold belong to 0 and two to 1. With ten rows of smoothing: P(given 1 | true 0) is
    (2 + 5) / (6 + 10), P(given 1 | true 1) is (2 + 5) / (2 + 10)."""
    labels = np.array([0] * 8 + [1] * 8)
    sure, other = [0.9, 0.1], [0.2, 0.8]
    probabilities = np.array([sure] * 8 + [sure] * 4 + [other] * 4)
    folds, counted = np.arange(16) % 2, np.ones(16, dtype=bool)
    alone = label_quality(labels, probabilities, folds, counted, "self_confidence")
    assert alone.tolist() == probabilities.tolist()
    weighed = label_quality(labels, probabilities, folds, counted, "posterior")
    by_zero, by_one = 7 / 16, 7 / 12
    assert np.allclose(weighed[8:12, 1], 0.1 * by_one / (0.9 * by_zero + 0.1 * by_one), atol=1e-4)
    assert np.allclose(weighed[12:, 1], 0.8 * by_one / (0.2 * by_zero + 0.8 * by_one), atol=1e-4)
    assert np.allclose(weighed.sum(1), 1, atol=1e-3)


def test_rows_of_a_class_in_one_fold_alone_are_no_suspects():
    """Two lynxes in fold 0: its model knows no lynx, so it would doubt both."""
    labels, probabilities, folds = animals(lynx=[0, 5])
    judged = ~unseen_classes(np.eye(3, dtype=bool)[labels], folds).any(1)
    assert np.flatnonzero(~judged).tolist() == [0, 5]
    quality = label_quality(labels, probabilities, folds, judged, "posterior")
    doubted = judge_labels(class_task, labels, probabilities, quality, 0.5, ALL, JOINT).reason != ""
    assert np.flatnonzero(doubted).tolist() == [0, 5]
    found = judge_labels(class_task, labels, probabilities, quality, 0.5, judged, JOINT)
    assert not (found.reason != "").any()
    assert found.score[[0, 5]].tolist() == [1, 1]
    assert found.suggested[[0, 5]].tolist() == [2, 2]


def test_a_label_that_the_models_alone_doubt_is_still_shown():
    labels = np.array([0, 1])
    alone, corrected = np.array([[0.2, 0.8], [0.1, 0.9]]), np.array([[0.9, 0.1], [0.1, 0.9]])
    found = judge_labels(
        class_task, labels, alone, corrected, 0.5, np.ones(2, dtype=bool), np.eye(2)
    )
    assert found.reason.tolist() == ["other_label_likelier", ""]
    assert (found.suggested[0], found.score[0]) == (1, 0.9)


def test_as_many_are_doubted_as_the_joint_counts_and_the_most_doubtful():
    """Two of the five called 0 are estimated to be 1, though the models are for 0 in each."""
    labels = np.array([0, 0, 0, 0, 0, 1])
    quality = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.7, 0.3], [0.95, 0.05], [0.1, 0.9]])
    joint = np.array([[3, 2], [0, 1]])
    found = judge_labels(class_task, labels, quality, quality, 0.5, np.ones(6, dtype=bool), joint)
    assert np.flatnonzero(found.reason == "label_issue").tolist() == [1, 3]
    assert found.suggested.tolist() == [0, 1, 0, 1, 0, 1]


def pair(scores: list[float], verified: list[bool], judged: list[bool]) -> Judgement:
    """Rows 0 and 1 are near copies, called 0 and 1."""
    none = np.full(2, -1)
    found = Judgement(np.array(["", ""], object), np.array([0, 1]), np.array(scores), none)
    copies = (np.array([0, 1]), np.array([1, 0]))
    labels = np.array([0, 1])
    return with_near_copies(found, labels, copies, np.array(judged), np.array(verified))


@pytest.mark.parametrize(
    ("scores", "verified", "judged", "doubted"),
    [
        ([0.4, 0.9], [False, False], [True, True], [0]),  # the less likely label
        ([0.5, 0.5], [False, False], [True, True], [1]),  # one alone, too, where both are equal
        ([0.4, 0.9], [True, False], [True, True], [1]),  # a person verified the other
        ([0.4, 0.9], [True, True], [True, True], []),  # people verified both
        ([0.4, 0.9], [False, False], [False, True], []),
    ],
)
def test_of_two_near_copies_one_is_doubted(scores, verified, judged, doubted):
    found = pair(scores, verified, judged)
    assert np.flatnonzero(found.reason == "near_copy_other_label").tolist() == doubted
    for row in doubted:
        assert (found.suggested[row], found.copy[row]) == (1 - row, 1 - row)
    assert found.score.tolist() == scores
