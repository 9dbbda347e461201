"""Class probabilities from models that never saw the row: three that see a text in different ways,
and are fast on a CPU. And rows near each other in meaning, by cosine of their vectors: near copies
with another label, rows that agree with a suggestion, outliers, and order of arrival.

In-sample probabilities are impossible by construction: `out_of_sample` fits one model for each fold
on the other folds, and one for the test rows on all folds; of neighbours, those in other folds
vote. The models' constants were chosen on real and injected noise together
(docs/explanation/decisions.md); no figure depends on their second digit.

Every row is compared with every other once, in blocks, so that 100,000 rows fit into memory.
Questions are then answered from the lists of nearest rows; a row whose list does not suffice is
compared with all again, so that every answer is exact.
"""

from collections.abc import Callable, Sequence
from json import loads
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from seedbed.core.text_units import EMOJI, GLUED, units_of
from seedbed.encoding.nearest_rows import CELLS, Lists, nearest_lists, nearest_of, unit_length
from seedbed.tasks import ClassTask

MODELS = ("neighbours", "linear", "words")
VOTERS, WIDTH = 20, 0.2  # of the neighbours
LISTED = 64  # nearest rows of each row: enough for 20 in other folds of train, nearly always
NOBODY = -1
NEAREST = 10  # neighbours for outliers and order of arrival: the default of cleanlab's Datalab
FEWEST = 30  # rows: with fewer, outliers and a permutation test have no meaning
# From rows (n, 1) and others (n, m) or (1, m) to whether the pair counts, (n, m) bool.
Counts = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Near(NamedTuple):
    """Vectors of length 1, (rows, width), and for each row the indices and cosines of the LISTED
    nearest other rows, nearest first: (rows, k) each, where k is smaller if there are fewer."""

    vectors: np.ndarray
    rows: np.ndarray
    cosines: np.ndarray


def near_rows(vectors: np.ndarray, batches: Sequence[str]) -> Near:
    """Return the nearest of all rows for each row; `batches` has the batch of each row."""
    vectors = unit_length(vectors)
    return Near(vectors, *nearest_lists(vectors, batches, LISTED))


def nearest_that(near: Near, rows: np.ndarray, counts: Counts, count: int) -> Lists:
    """Return the `count` nearest other rows that count for each of `rows`, nearest first, and their
    cosines: (rows, count) each, filled with NOBODY if there are fewer."""
    listed = near.rows[rows]
    nearest, cosines = _first(listed, near.cosines[rows], counts(rows[:, None], listed), count)
    if listed.shape[1] < len(near.vectors) - 1:
        lacking = np.flatnonzero(nearest[:, -1] == NOBODY)
        step = max(1, CELLS // len(near.vectors))
        for start in range(0, len(lacking), step):
            part = lacking[start : start + step]
            some, every = rows[part], np.arange(len(near.vectors))
            products = near.vectors[some] @ near.vectors.T
            products[~counts(some[:, None], every[None, :])] = -np.inf
            products[np.arange(len(some)), some] = -np.inf
            indices, values = nearest_of(products, min(count, len(every)))
            nearest[part], cosines[part] = _first(indices, values, values > -np.inf, count)
    return nearest, cosines


def _first(indices: np.ndarray, cosines: np.ndarray, counting: np.ndarray, count: int) -> Lists:
    """Return the first `count` of each list that count, and NOBODY if there are fewer."""
    nearest = np.full((len(indices), count), NOBODY)
    values = np.zeros((len(indices), count), np.float32)
    rank = counting.cumsum(1) - 1
    row, column = np.nonzero(counting & (rank < count))
    nearest[row, rank[row, column]] = indices[row, column]
    values[row, rank[row, column]] = cosines[row, column]
    return nearest, values


def near_copies(near: Near, labels: np.ndarray, min_cosine: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with a row of another label (a number each) at `min_cosine` or more, and for
    each the nearest such row: (near copies,) each."""
    rows = np.flatnonzero((near.cosines >= min_cosine).any(1))
    copies, cosines = nearest_that(near, rows, lambda row, other: labels[row] != labels[other], 1)
    has_copy = (copies[:, 0] != NOBODY) & (cosines[:, 0] >= min_cosine)
    return rows[has_copy], copies[has_copy, 0]


def agreeing(near: Near, rows: np.ndarray, agrees: Counts, count: int) -> list[np.ndarray]:
    """Return for each of `rows` the `count` nearest other rows whose label agrees with what is
    suggested for it, nearest first, or all if there are fewer."""
    nearest, _ = nearest_that(near, rows, agrees, count)
    return [indices[indices != NOBODY] for indices in nearest]


def order_of_arrival(rows: pd.DataFrame) -> np.ndarray:
    """Return the indices of the rows in the order of batch, source, file and line."""
    origins = [loads(provenance) for provenance in rows["provenance"]]
    keys = rows[["batch", "source", "id"]].reset_index(drop=True)
    keys = keys.assign(
        file=[str(origin.get("file", "")) for origin in origins],
        line=[int(origin.get("line") or 0) for origin in origins],
    )
    return keys.sort_values(["batch", "source", "file", "line", "id"]).index.to_numpy()


def check_whole_set(near: Near, arrival: np.ndarray) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Find outliers and test the order of arrival, whatever the labels, by cleanlab's Datalab: a
    mask of outliers, a score in [0, 1] for each row, low if far from all others, and the p-value of
    "the order of arrival is random" (None: too few rows).

    An outlier's mean distance to its nearest rows is far above the third quartile of all. The order
    is tested by a Kolmogorov-Smirnov statistic of how far apart nearest rows arrived, against
    permutations (Cummings, Snorrason and Mueller, 2023).
    """
    number, count = len(near.rows), NEAREST
    if number < FEWEST:
        return np.zeros(number, dtype=bool), np.ones(number), None
    from cleanlab import Datalab
    from scipy.sparse import csr_matrix

    position = np.argsort(arrival)
    ordered = position[near.rows[arrival, :count]]
    distances = 1 - near.cosines[arrival, :count].astype(float)
    ends = np.arange(0, number * count + 1, count)
    graph = csr_matrix(
        (np.maximum(distances, 0).ravel(), ordered.ravel(), ends), shape=(number, number)
    )
    lab = Datalab({"row": list(range(number))}, verbosity=0)
    lab.find_issues(knn_graph=graph, issue_types={"outlier": {"k": count}, "non_iid": {"k": count}})
    outliers = lab.get_issues("outlier")
    outlier, score = (
        outliers[name].to_numpy()[position] for name in ("is_outlier_issue", "outlier_score")
    )
    return outlier, score, float(lab.get_info("non_iid")["p-value"])


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

    `labels`: a class a row, (rows,), or 0 and 1 for each, (rows, classes). `folds` is -1 for test
    rows. A class that a model never saw gets probability 0 from it.
    """
    probabilities = np.zeros((len(labels), len(classes)))
    for fold in np.unique(folds):
        scored = folds == fold
        seen = ~scored & (folds >= 0)
        if labels.ndim == 2:
            probabilities[scored] = _of_sets(model, inputs[seen], labels[seen], inputs[scored])
            continue
        known = np.unique(labels[seen])
        if len(known) == 1:  # most models refuse to be fitted to one class
            probabilities[scored, np.searchsorted(classes, known[0])] = 1
            continue
        fitted = clone(model).fit(inputs[seen], labels[seen])
        columns = np.searchsorted(classes, fitted.classes_)
        probabilities[np.ix_(scored, columns)] = fitted.predict_proba(inputs[scored])
    return probabilities


def _of_sets(
    model: ClassifierMixin, inputs: np.ndarray, sets: np.ndarray, scored: np.ndarray
) -> np.ndarray:
    """Return probabilities (rows, classes) of the `scored` inputs; a class that all or none of the
    `sets` have needs no model."""
    shares = sets.mean(0)
    probabilities = np.tile(shares, (scored.shape[0], 1))
    learned = np.flatnonzero((shares > 0) & (shares < 1))
    if len(learned):
        # One class alone is no matrix for scikit-learn, which then gives both probabilities.
        targets = sets[:, learned] if len(learned) > 1 else sets[:, learned[0]]
        fitted = clone(model).fit(inputs, targets)
        probabilities[:, learned] = fitted.predict_proba(scored)[:, -len(learned) :]
    return probabilities


def ensemble(
    task: ClassTask,
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
    classes, folds, ready = task.classes(rows["label"]), rows["fold"].to_numpy(), cross_validated
    targets, every = task.targets(rows["label"], classes), np.arange(len(classes))
    parts = []
    for name in names:
        if ready and name in ready:
            parts.append(ready[name])
        elif name == "neighbours":
            near = near or near_rows(vectors, list(rows["batch"]))
            one_hot = task.one_hot(targets, len(classes))
            parts.append(votes_of_neighbours(near, one_hot, folds))
        elif name == "linear":
            model = linear() if targets.ndim == 1 else OneVsRestClassifier(linear())
            parts.append(out_of_sample(model, vectors, targets, folds, every))
        else:
            # Counts look at no label and at no other row's frequencies, so they may see all rows.
            texts = rows["text"] + "\n" + rows["text_pair"]
            counts = CountVectorizer(analyzer=words_to_count).fit_transform(texts)
            parts.append(out_of_sample(words(), counts, targets, folds, every))
    return np.mean(parts, axis=0)


def words_to_count(text: str) -> list[str]:
    """Return the words of two letters or more, as scikit-learn finds them in English, and in other
    scripts the emoji and the letters that are units of their own."""
    return [
        unit
        for unit in units_of(text)
        if len(unit) > 1 or not unit.isascii() and (GLUED.match(unit) or EMOJI.match(unit))
    ]


def votes_of_neighbours(near: Near, one_hot: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return the share of the nearest rows' votes that each class has, those in other folds and not
    in test: (rows, classes). `one_hot`: which classes a row has, (rows, classes); `folds` is
    -1 for test rows.

    A row at cosine c has exp((c - 1) / WIDTH) votes, which hardly differ from near to nearest: with
    noisy labels, many votes are better than close ones.
    """

    def may_vote(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        return (folds[others] >= 0) & (folds[others] != folds[rows])

    voters, cosines = nearest_that(near, np.arange(len(folds)), may_vote, VOTERS)
    weights = np.where(voters == NOBODY, 0.0, np.exp((cosines.astype(float) - 1) / WIDTH))
    votes = np.zeros(one_hot.shape)
    for voter, weight in zip(voters.T, weights.T, strict=True):  # a vote each: little memory
        votes += one_hot[voter] * weight[:, None]
    return votes / weights.sum(1, keepdims=True)


def unseen_classes(one_hot: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return a mask, (rows, classes), of the classes of a row that the model that judges it has not
    seen; such a row cannot be judged.

    If all train and validation rows of a class are in one fold, that fold's model gives the class
    probability 0, which says nothing about their labels. `one_hot` as for
    `votes_of_neighbours`; `folds` is -1 for test rows.
    """
    inside = folds >= 0
    parts = [one_hot[folds == fold].any(0) for fold in np.unique(folds[inside])]
    folds_with = np.sum(parts, axis=0)  # of each class
    unknown = folds_with <= inside[:, None]
    return unknown & one_hot
