"""No row is judged by a model that saw it, whatever the model."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from seedbed.label_errors import out_of_fold
from seedbed.label_errors.out_of_fold import (
    MODELS,
    ensemble,
    near_rows,
    out_of_sample,
    unseen_classes,
    votes_of_neighbours,
)
from seedbed.tasks import class_task

RANDOM = np.random.default_rng(0)
CLASSES = np.array(["cat", "dog"], dtype=object)


class Memoriser(ClassifierMixin, BaseEstimator):
    """Knows by heart the label of every vector it was fitted on, and fails on any other."""

    def fit(self, vectors: np.ndarray, labels: np.ndarray) -> "Memoriser":
        """Learn by heart."""
        self.classes_ = np.unique(labels)
        self.known_ = dict(zip(map(tuple, vectors), labels, strict=True))
        return self

    def predict_proba(self, vectors: np.ndarray) -> np.ndarray:
        """1 for the label known by heart; 1/2 each for a vector never seen."""
        known = [self.known_.get(tuple(vector)) for vector in vectors]
        return np.array([[0.5, 0.5] if one is None else self.classes_ == one for one in known])


def test_a_model_that_learns_by_heart_knows_nothing_of_the_rows_it_judges():
    vectors, labels = RANDOM.random((60, 2)), RANDOM.choice(CLASSES, 60)
    folds = np.arange(60) % 4 - 1  # -1: test
    assert Memoriser().fit(vectors, labels).predict_proba(vectors).max(1).tolist() == [1] * 60
    found = out_of_sample(Memoriser(), vectors, labels, folds, CLASSES)
    assert (found == 0.5).all()


def test_a_row_is_scored_by_its_nearest_row_in_another_fold():
    vectors = RANDOM.random((60, 2))
    labels = RANDOM.choice(CLASSES, 60)
    folds = np.arange(60) % 4 - 1
    found = out_of_sample(KNeighborsClassifier(1), vectors, labels, folds, CLASSES)
    for row in range(60):
        seen = (folds >= 0) & (folds != folds[row])
        nearest = np.argmin(np.where(seen, ((vectors - vectors[row]) ** 2).sum(1), np.inf))
        assert CLASSES[found[row].argmax()] == labels[nearest]


def test_a_copy_in_the_same_fold_is_no_neighbour(monkeypatch):
    """Rows 0 and 1 are copies in fold 0: neither confirms the label of the other."""
    monkeypatch.setattr(out_of_fold, "VOTERS", 1)
    vectors = np.array([[1, 0], [1, 0], [1, 0.2], [0, 1], [0.2, 1], [0, 1]], np.float32)
    labels, folds = np.array([0, 0, 1, 0, 0, 1]), np.array([0, 0, 1, 1, 0, 1])
    found = votes_of_neighbours(near_rows(vectors, ["a"] * 6), np.eye(2)[labels], folds)
    assert found[:2].tolist() == [[0, 1], [0, 1]]


def test_test_rows_have_no_vote_but_are_voted_on(monkeypatch):
    monkeypatch.setattr(out_of_fold, "VOTERS", 1)
    vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], np.float32)
    near = near_rows(vectors, ["a"] * 4)
    found = votes_of_neighbours(near, np.eye(2)[[0, 1, 1, 0]], np.array([0, -1, 1, -1]))
    assert found.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]


def test_changing_a_label_changes_nothing_for_its_own_fold():
    frame, vectors = rows(60)
    before = ensemble(class_task, list(MODELS), frame, vectors)
    frame.loc[3, "label"] = "cat" if frame["label"][3] == "dog" else "dog"
    after = ensemble(class_task, list(MODELS), frame, vectors)
    same = (frame["fold"] == frame["fold"][3]).to_numpy()
    assert (after[same] == before[same]).all()
    assert (after[~same] != before[~same]).any()


def rows(count: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    numbers = np.arange(count) % 2
    texts = [["the cat purrs at night", "a dog barks all day"][number] for number in numbers]
    vectors = np.stack([numbers, 1 - numbers], 1) + RANDOM.normal(0, 0.1, (count, 2))
    frame = pd.DataFrame({"text": texts, "text_pair": "", "label": CLASSES[numbers]})
    frame["batch"] = "2026-01-a"
    return frame.assign(fold=np.arange(count) % 5), vectors.astype(np.float32)


def test_a_class_that_no_model_saw_gets_nothing():
    labels = np.array(["cat", "cat", "dog", "cat"], dtype=object)
    found = out_of_sample(
        KNeighborsClassifier(1), np.arange(4.0)[:, None], labels, np.array([0, 0, 1, 1]), CLASSES
    )
    assert found[2:, 1].tolist() == [0, 0]


def test_a_model_that_saw_one_class_alone_gives_that_one():
    labels = np.array(["cat", "dog", "cat", "cat"], dtype=object)
    found = out_of_sample(
        LogisticRegression(), np.arange(4.0)[:, None], labels, np.array([0, 0, 1, 1]), CLASSES
    )
    assert found[:2].tolist() == [[1, 0], [1, 0]]


def test_the_same_rows_give_the_same_probabilities():
    frame, vectors = rows(60)
    assert (
        ensemble(class_task, [*MODELS], frame, vectors)
        == ensemble(class_task, [*MODELS], frame, vectors)
    ).all()


def test_which_rows_can_be_judged():
    folds = np.array([0, 1, 0, 0, 0, -1])
    unseen = unseen_classes(np.eye(3, dtype=bool)[[0, 0, 1, 1, 2, 2]], folds)
    assert unseen.any(1).tolist() == [False, False, True, True, True, False]
    assert unseen.sum(0).tolist() == [0, 2, 1]


def test_nearer_neighbours_count_more_and_few_rows_will_do():
    vectors = np.array([[1, 0], [0, 1], [1, 0.1]], np.float32)
    near = near_rows(vectors, ["a"] * 3)
    found = votes_of_neighbours(near, np.eye(2)[[0, 1, 0]], np.array([0, 0, 1]))
    assert found.shape == (3, 2)
    assert found[2, 0] > 0.9
    assert found[2].sum() == 1
