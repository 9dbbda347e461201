"""Whose label is doubted: class probabilities from models that never saw the row, ranked by
cleanlab (confident learning: Northcutt, Jiang and Chuang, 2021).

In-sample probabilities are impossible by construction: `out_of_sample` is the only way to them,
and it fits one model for each fold on the other folds, and one for the test rows on all folds.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits


class Suspects(NamedTuple):
    """For every row: why its label is doubted ("" where it is not), the label the models would
    give, and the label quality score in [0, 1], low is doubtful."""

    reason: np.ndarray
    suggested: np.ndarray
    score: np.ndarray


def neighbours() -> ClassifierMixin:
    """Votes of the nearest vectors by cosine, nearer ones counting more."""
    return KNeighborsClassifier(n_neighbors=10, weights="distance", metric="cosine")


def linear() -> ClassifierMixin:
    """Logistic regression on the vectors."""
    return LogisticRegression(C=10.0, max_iter=2000)


def words() -> ClassifierMixin:
    """Logistic regression on TF-IDF of word counts, one class against the rest."""
    one = LogisticRegression(C=10.0, solver="liblinear", random_state=0)
    return make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(one))


# model name -> how it is made, and which inputs it takes
MODELS: dict[str, tuple[Callable[[], ClassifierMixin], str]] = {
    "neighbours": (neighbours, "vectors"),
    "linear": (linear, "vectors"),
    "words": (words, "counts"),
}


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
    classes = np.unique(labels)
    texts = rows["text"] + "\n" + rows["text_pair"]
    # Counting words looks at no label and weighs nothing by how often it stands elsewhere.
    inputs = {"vectors": vectors, "counts": CountVectorizer().fit_transform(texts)}
    ready = cross_validated or {}
    parts = [ready[name] for name in names if name in ready]
    for name in [name for name in names if name not in ready]:
        make, kind = MODELS[name]
        model = make()
        if isinstance(model, KNeighborsClassifier):
            fewest = min((folds[folds >= 0] != fold).sum() for fold in np.unique(folds))
            model.set_params(n_neighbors=min(model.n_neighbors, int(fewest)))
        with threadpool_limits(1):  # small matrices: a second thread costs more than it brings
            parts.append(out_of_sample(model, inputs[kind], labels, folds, classes))
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


def find_suspects(
    labels: np.ndarray,
    probabilities: np.ndarray,
    min_probability: float,
    judged: np.ndarray | None = None,
) -> Suspects:
    """Judge every label: `labels` are class numbers, `probabilities` out of sample. Rows that are
    not `judged` (bool) are no suspects, whatever the probabilities say: reason "", score 1.

    `label_issue`: cleanlab counts the row among the errors that the confident joint predicts.
    `other_label_likelier`: the models give another label at least `min_probability`; cleanlab
    finds none of these where the models are right nearly always.
    """
    if judged is not None and not judged.all():
        found = find_suspects(labels[judged], probabilities[judged], min_probability)
        reason, suggested, score = (
            np.full(len(labels), "", object),
            labels.copy(),
            np.ones(len(labels)),
        )
        reason[judged], suggested[judged], score[judged] = found
        return Suspects(reason, suggested, score)
    suggested = probabilities.argmax(1)
    issue, scores = _cleanlab(labels, probabilities)
    other = suggested != labels
    likelier = other & (probabilities.max(1) >= min_probability)
    reason = np.where(issue & other, "label_issue", np.where(likelier, "other_label_likelier", ""))
    return Suspects(reason, suggested, scores)


def _cleanlab(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which labels cleanlab counts among the errors, and the label quality scores."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    # cleanlab takes the log of them; a probability of exactly 0 only says "not among those seen".
    smooth = (probabilities + 1e-6) / (probabilities + 1e-6).sum(1, keepdims=True)
    present, numbers = np.unique(labels, return_inverse=True)  # it wants rows of every class
    if len(present) < 2:
        return np.zeros(len(labels), dtype=bool), smooth[np.arange(len(labels)), labels]
    smooth = smooth[:, present] / smooth[:, present].sum(1, keepdims=True)
    issue = find_label_issues(numbers, smooth, filter_by="prune_by_noise_rate", n_jobs=1)
    return issue, get_label_quality_scores(numbers, smooth, method="self_confidence")
