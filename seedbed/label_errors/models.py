"""The models that judge labels: three that see a text in different ways, and fast on a processor.

Their constants were chosen on real and injected noise together (docs/explanation/decisions.md);
no figure depends on their second digit.
"""

from collections.abc import Callable

from sklearn.base import ClassifierMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline


def linear() -> ClassifierMixin:
    """Logistic regression on the vectors."""
    return LogisticRegression(C=3.0, max_iter=2000)


def words() -> ClassifierMixin:
    """Logistic regression on TF-IDF of word counts, one class against the rest.

    The dual problem has the same optimum and is solved nearer to it, on long texts in half the
    time.
    """
    one = LogisticRegression(C=10.0, solver="liblinear", dual=True, random_state=0)
    return make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(one))


NEIGHBOURS = "neighbours"  # see seedbed/label_errors/neighbours.py
# Models that are fitted: name -> how one is made, and which inputs it takes.
FITTED: dict[str, tuple[Callable[[], ClassifierMixin], str]] = {
    "linear": (linear, "vectors"),
    "words": (words, "counts"),
}
MODELS = (NEIGHBOURS, *FITTED)
