"""Class probabilities from models that never saw the row.

In-sample probabilities are impossible by construction: `out_of_sample` fits one model for each fold
on the other folds, and one for the test rows on all folds; of neighbours those in other folds vote.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.base import ClassifierMixin, clone
from sklearn.feature_extraction.text import CountVectorizer
from threadpoolctl import threadpool_limits

from seedbed.label_errors.models import FITTED, NEIGHBOURS
from seedbed.label_errors.near_rows import Near, near_rows
from seedbed.label_errors.neighbours import votes_of_neighbours


def out_of_sample(
    model: ClassifierMixin,
    inputs: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    classes: np.ndarray,
) -> np.ndarray:
    """Probabilities (rows, classes) from models that did not see the row.

    `folds` is -1 for test rows. A class that a model never saw gets probability 0 from it.
    """
    probabilities = np.zeros((len(labels), len(classes)))
    for fold in np.unique(folds):
        scored = folds == fold
        seen = ~scored & (folds >= 0)
        known = np.unique(labels[seen])
        if len(known) == 1:  # nothing to tell apart; most models refuse to be fitted
            probabilities[scored, np.searchsorted(classes, known[0])] = 1
            continue
        fitted = clone(model).fit(inputs[seen], labels[seen])
        columns = np.searchsorted(classes, fitted.classes_)
        probabilities[np.ix_(scored, columns)] = fitted.predict_proba(inputs[scored])
    return probabilities


def ensemble(
    names: list[str],
    rows: pd.DataFrame,
    vectors: np.ndarray,
    cross_validated: dict[str, np.ndarray] | None = None,
    near: Near | None = None,
) -> np.ndarray:
    """Mean out-of-sample probabilities of the named models: (rows, classes sorted by name).

    What stage cv has scored out of fold already comes in `cross_validated` by name, which rows are
    near each other in `near`; it is worked out where it is None.
    """
    labels, folds = rows["label"].to_numpy(dtype=object), rows["fold"].to_numpy()
    classes, ready = np.unique(labels), cross_validated or {}
    parts = []
    for name in names:
        if name in ready:
            parts.append(ready[name])
        elif name == NEIGHBOURS:
            numbers = np.searchsorted(classes, labels)
            near = near or near_rows(vectors, list(rows["batch"]))
            parts.append(votes_of_neighbours(near, numbers, folds, len(classes)))
        else:
            make, kind = FITTED[name]
            inputs = vectors if kind == "vectors" else _word_counts(rows)
            with threadpool_limits(1):  # small matrices: a second thread costs more than it brings
                parts.append(out_of_sample(make(), inputs, labels, folds, classes))
    return np.mean(parts, axis=0)


def _word_counts(rows: pd.DataFrame) -> csr_matrix:
    """Counting words looks at no label, and weighs nothing by how often it stands elsewhere."""
    return CountVectorizer().fit_transform(rows["text"] + "\n" + rows["text_pair"])


def can_be_judged(labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Which rows (bool) have a class that the model which judges them has seen. Where all train and
    validation rows of a class stand in one fold, it gets probability 0 from that fold's model,
    which says nothing about their labels. `folds` is -1 for test rows."""
    folds_of: dict[str, set[int]] = {}
    for label, fold in zip(labels, folds, strict=True):
        folds_of.setdefault(label, set()).add(int(fold))
    return np.array(
        [bool(folds_of[label] - {-1, int(fold)}) for label, fold in zip(labels, folds, strict=True)]
    )
