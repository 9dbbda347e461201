"""Doubted labels, by models that never saw the row."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from seedbed.label_errors import can_be_judged, ensemble, find_suspects, out_of_sample

RANDOM = np.random.default_rng(0)
CLASSES = np.array(["cat", "dog"], dtype=object)


def test_no_row_is_scored_by_a_model_that_saw_it():
    """A one-neighbour model knows by heart what it has seen: in-sample it would never be wrong."""
    vectors = RANDOM.random((60, 2))
    labels = RANDOM.choice(CLASSES, 60)
    folds = np.arange(60) % 4 - 1  # -1: test
    model = KNeighborsClassifier(1)
    found = out_of_sample(model, vectors, labels, folds, CLASSES)
    for row in range(60):
        seen = (folds >= 0) & (folds != folds[row])
        nearest = np.argmin(np.where(seen, ((vectors - vectors[row]) ** 2).sum(1), np.inf))
        assert CLASSES[found[row].argmax()] == labels[nearest]


def test_a_class_that_no_model_saw_gets_nothing():
    labels = np.array(["cat", "cat", "dog", "cat"], dtype=object)
    found = out_of_sample(
        KNeighborsClassifier(1), np.arange(4.0)[:, None], labels, np.array([0, 0, 1, 1]), CLASSES
    )
    assert found[2:, 1].tolist() == [0, 0]


def rows(count: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    numbers = np.arange(count) % 2
    texts = [["the cat purrs at night", "a dog barks all day"][number] for number in numbers]
    vectors = np.stack([numbers, 1 - numbers], 1) + RANDOM.normal(0, 0.1, (count, 2))
    frame = pd.DataFrame({"text": texts, "text_pair": "", "label": CLASSES[numbers]})
    return frame.assign(fold=np.arange(count) % 5), vectors.astype(np.float32)


def test_planted_errors_are_found_and_nothing_else():
    frame, vectors = rows()
    wrong = [3, 50, 120]
    flipped = {"cat": "dog", "dog": "cat"}
    frame.loc[wrong, "label"] = frame.loc[wrong, "label"].map(flipped)
    given = np.searchsorted(CLASSES, frame["label"].to_numpy(dtype=object))
    found = find_suspects(
        given, ensemble(["neighbours", "linear", "words"], frame, vectors), min_probability=0.5
    )
    assert np.flatnonzero(found.reason != "").tolist() == wrong
    assert sorted(np.argsort(found.score)[:3]) == wrong
    assert (found.suggested[wrong] == 1 - given[wrong]).all()


def test_the_same_rows_give_the_same_probabilities():
    frame, vectors = rows(60)
    names = ["neighbours", "linear", "words"]
    assert (ensemble(names, frame, vectors) == ensemble(names, frame, vectors)).all()


def test_rows_of_a_class_in_one_fold_alone_are_no_suspects():
    """Two lynxes in fold 0: its model knows no lynx, so it would doubt both."""
    frame, vectors = rows()
    frame.loc[[0, 5], "label"] = "lynx"  # rows 0 and 5 are in fold 0
    names = np.array(["cat", "dog", "lynx"], dtype=object)
    given = np.searchsorted(names, frame["label"].to_numpy(dtype=object))
    judged = can_be_judged(given, frame["fold"].to_numpy())
    assert np.flatnonzero(~judged).tolist() == [0, 5]
    probabilities = ensemble(["neighbours", "linear", "words"], frame, vectors)
    assert set(np.flatnonzero(find_suspects(given, probabilities, 0.5).reason != "")) == {0, 5}
    found = find_suspects(given, probabilities, 0.5, judged)
    assert not (found.reason != "").any()
    assert found.score[[0, 5]].tolist() == [1, 1]
    assert found.suggested[[0, 5]].tolist() == [2, 2]


def test_which_rows_can_be_judged():
    labels = np.array(["cat", "cat", "dog", "dog", "fox", "fox"])
    folds = np.array([0, 1, 0, 0, 0, -1])
    assert can_be_judged(labels, folds).tolist() == [True, True, False, False, False, True]


def test_a_model_that_saw_one_class_alone_gives_that_one():
    labels = np.array(["cat", "dog", "cat", "cat"], dtype=object)
    found = out_of_sample(
        LogisticRegression(), np.arange(4.0)[:, None], labels, np.array([0, 0, 1, 1]), CLASSES
    )
    assert found[:2].tolist() == [[1, 0], [1, 0]]
