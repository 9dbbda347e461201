"""Class probabilities from models that never saw the row.

In-sample probabilities are impossible by construction: `out_of_sample` is the only way to them, and
it fits one model for each fold on the other folds, and one for the test rows on all folds.
"""

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.feature_extraction.text import CountVectorizer
from threadpoolctl import threadpool_limits

from seedbed.label_errors.models import MODELS


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
) -> np.ndarray:
    """Mean out-of-sample probabilities of the named models: (rows, classes sorted by name).

    What stage cv has scored out of fold already comes in `cross_validated` by name.
    """
    labels, folds = rows["label"].to_numpy(dtype=object), rows["fold"].to_numpy()
    classes, ready = np.unique(labels), cross_validated or {}
    texts = rows["text"] + "\n" + rows["text_pair"]
    # Counting words looks at no label and weighs nothing by how often it stands elsewhere.
    inputs = {"vectors": vectors, "counts": CountVectorizer().fit_transform(texts)}
    parts = [ready[name] for name in names if name in ready]
    for name in [name for name in names if name not in ready]:
        make, kind = MODELS[name]
        with threadpool_limits(1):  # small matrices: a second thread costs more than it brings
            parts.append(out_of_sample(make(), inputs[kind], labels, folds, classes))
    return np.mean(parts, axis=0)


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
