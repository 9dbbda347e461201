"""The models that judge labels: three that see a text in different ways, and fast on a processor.

Their constants were chosen on real and injected noise together (docs/decisions.md); no figure hangs
on their second digit.
"""

from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from seedbed.encoding.nearest_rows import CELLS, nearest_of, unit_length


class Neighbours(ClassifierMixin, BaseEstimator):
    """Votes of the `count` nearest vectors; one at cosine c counts exp((c - 1) / `width`), which
    hardly tells near from nearest: with noisy labels many votes are better than close ones."""

    def __init__(self, count: int = 20, width: float = 0.2) -> None:
        self.count, self.width = count, width

    def fit(self, vectors: np.ndarray, labels: np.ndarray) -> "Neighbours":
        """Keep the vectors, (rows, width), and labels to ask."""
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        self.vectors_, self.votes_ = unit_length(vectors), np.eye(len(self.classes_))[numbers]
        return self

    def predict_proba(self, vectors: np.ndarray) -> np.ndarray:
        """Share of the votes of each class: (rows, classes)."""
        vectors, count = unit_length(vectors), min(self.count, len(self.vectors_))
        found = np.empty((len(vectors), len(self.classes_)))
        step = max(1, CELLS // len(self.vectors_))
        for start in range(0, len(vectors), step):
            part = slice(start, start + step)
            places, cosines = nearest_of(vectors[part] @ self.vectors_.T, count)
            weights = np.exp((cosines.astype(float) - 1) / self.width)
            votes = (weights[:, :, None] * self.votes_[places]).sum(1)
            found[part] = votes / votes.sum(1, keepdims=True)
        return found


def linear() -> ClassifierMixin:
    """Logistic regression on the vectors."""
    return LogisticRegression(C=3.0, max_iter=2000)


def words() -> ClassifierMixin:
    """Logistic regression on TF-IDF of word counts, one class against the rest."""
    one = LogisticRegression(C=10.0, solver="liblinear", random_state=0)
    return make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(one))


# model name -> how it is made, and which inputs it takes
MODELS: dict[str, tuple[Callable[[], ClassifierMixin], str]] = {
    "neighbours": (Neighbours, "vectors"),
    "linear": (linear, "vectors"),
    "words": (words, "counts"),
}
