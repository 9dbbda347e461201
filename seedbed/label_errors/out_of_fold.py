"""Class probabilities from models that never saw the row: three that see a text in different ways,
and are fast on a CPU.

In-sample probabilities are impossible by construction: `out_of_sample` fits one model for each fold
on the other folds, and one for the test rows on all folds; of neighbours, those in other folds
vote. The models' constants were chosen on real and injected noise together
(docs/explanation/decisions.md); no figure depends on their second digit.
"""

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from seedbed.label_errors.near_rows import NOBODY, Near, near_rows, nearest_that

MODELS = ("neighbours", "linear", "words")
VOTERS, WIDTH = 20, 0.2  # of the neighbours


def linear() -> ClassifierMixin:
    """Return a logistic regression on vectors."""
    return LogisticRegression(C=3.0, max_iter=2000)


def words() -> ClassifierMixin:
    """Return a logistic regression on TF-IDF of word counts, one class against the rest."""
    # The dual problem has the same optimum and is solved nearer to it, on long texts in half the
    # time.
    binary = LogisticRegression(C=10.0, solver="liblinear", dual=True, random_state=0)
    return make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(binary))


@threadpool_limits.wrap(limits=1)  # small matrices: a second thread costs more than it gains
def out_of_sample(
    model: ClassifierMixin,
    inputs: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    classes: np.ndarray,
) -> np.ndarray:
    """Return probabilities (rows, classes) from models that did not see the row.

    `folds` is -1 for test rows. A class that a model never saw gets probability 0 from it.
    """
    probabilities = np.zeros((len(labels), len(classes)))
    for fold in np.unique(folds):
        scored = folds == fold
        seen = ~scored & (folds >= 0)
        known = np.unique(labels[seen])
        if len(known) == 1:  # most models refuse to be fitted to one class
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
    """Return the mean out-of-sample probabilities of the named models: (rows, classes by name).

    `cross_validated` has the out-of-fold probabilities that stage cv has computed, by name; `near`
    the nearest rows, which are computed if it is None.
    """
    labels, folds = rows["label"].to_numpy(dtype=object), rows["fold"].to_numpy()
    classes, ready = np.unique(labels), cross_validated or {}
    parts = []
    for name in names:
        if name in ready:
            parts.append(ready[name])
        elif name == "neighbours":
            indices = np.searchsorted(classes, labels)
            near = near or near_rows(vectors, list(rows["batch"]))
            parts.append(votes_of_neighbours(near, indices, folds, len(classes)))
        elif name == "linear":
            parts.append(out_of_sample(linear(), vectors, labels, folds, classes))
        else:
            # Counts look at no label and at no other row's frequencies, so they may see all rows.
            counts = CountVectorizer().fit_transform(rows["text"] + "\n" + rows["text_pair"])
            parts.append(out_of_sample(words(), counts, labels, folds, classes))
    return np.mean(parts, axis=0)


def votes_of_neighbours(
    near: Near, labels: np.ndarray, folds: np.ndarray, classes: int
) -> np.ndarray:
    """Return the share of each class among the votes of the nearest rows in other folds, test rows
    excluded: (rows, classes). `labels` are class indices, `folds` -1 for test rows.

    A row at cosine c has exp((c - 1) / WIDTH) votes, which hardly differ from near to nearest: with
    noisy labels, many votes are better than close ones.
    """

    def may_vote(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        return (folds[others] >= 0) & (folds[others] != folds[rows])

    voters, cosines = nearest_that(near, np.arange(len(labels)), may_vote, VOTERS)
    weights = np.where(voters == NOBODY, 0.0, np.exp((cosines.astype(float) - 1) / WIDTH))
    votes = np.zeros((len(labels), classes))
    np.add.at(votes, (np.arange(len(labels))[:, None], labels[voters]), weights)
    return votes / votes.sum(1, keepdims=True)


def can_be_judged(labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return a mask of the rows whose class the model that judges them has seen.

    If all train and validation rows of a class are in one fold, that fold's model gives the class
    probability 0, which says nothing about their labels. `folds` is -1 for test rows.
    """
    inside = folds >= 0
    folds_with = pd.Series(folds[inside]).groupby(labels[inside]).nunique()
    return folds_with.reindex(labels, fill_value=0).to_numpy() > inside
