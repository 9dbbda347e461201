"""Doubted labels, by models that never saw the row."""

import numpy as np
import pandas as pd
from sklearn.neighbors import KNeighborsClassifier

from seedbed.label_errors import ensemble, find_suspects, out_of_sample

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
