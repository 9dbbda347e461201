"""Metrics of predictions: the one table of them, and the functions that compute them.

Each metric is computed over many samples of the rows at once. A sample is a row of `counts`
(samples, rows): how often each row is in it; one row of ones is the rows as they are. Of metrics of
labels a sample may also be expected counts, which are no whole numbers. Intervals are in
seedbed.scoring.intervals. A cluster is a row, or a whole group if rows have one, because rows of a
group are not independent.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from seedbed import tasks
from seedbed.scoring import sets
from seedbed.scoring.metrics_files import ClassScores
from seedbed.tasks import ClassTask, Tallies

DRAWS = 2000
TAILS = (0.025, 0.975)

# Where a metric is shown or used; the order of METRICS is the order there.
View = Literal[
    "approaches",  # the report's table of approaches, on test
    "chosen",  # the report's section on the chosen approach
    "differences",  # paired differences between approaches
    "gate",  # limits `min_NAME` and `max_drop_NAME` in params.yaml
    "comparison",  # the figures of `seedbed compare`, and of the pull request
    "card",  # the model card
    "metadata",  # the metadata of the model card, under the name the Hugging Face Hub gives it
    "tag",  # the tag that `seedbed promote` writes
]


Source = Literal["labels", "answers", "probabilities"]  # what a metric is computed from


class Scored(NamedTuple):
    """Predictions with the truth, and what a bootstrap needs to draw from them.

    `labels` and `predicted` are targets of the task; `probabilities` (rows, classes), or None where
    a caller needs metrics of labels alone; `clusters` (rows,) numbers the cluster of each row (see
    `clusters_of`); `counts` is (samples, rows).
    """

    task: ClassTask
    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray | None
    clusters: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(
        cls,
        task: ClassTask,
        labels: np.ndarray,
        predicted: np.ndarray,
        probabilities: np.ndarray | None = None,
        clusters: np.ndarray | None = None,
    ) -> "Scored":
        """Take the rows as they are, as one sample; each is a cluster by default."""
        clusters = np.arange(len(labels)) if clusters is None else clusters
        return cls(task, labels, predicted, probabilities, clusters, np.ones((1, len(labels))))

    @property
    def right(self) -> np.ndarray:
        """How right each prediction is, in [0, 1]: (rows,)."""
        return self.task.right(self.labels, self.predicted)

    @property
    def tallies(self) -> Tallies:
        """What metrics of labels need."""
        return self.task.tallies(self.labels, self.predicted, self.counts)


class Metric(NamedTuple):
    """A metric: higher is better. `compute` gives one value a sample, (samples,).

    A metric of labels is computed from Tallies, one of answers (whole predictions) or of
    probabilities from Scored. Everything else is the same for all: intervals, paired differences,
    report, gate, cards. `tasks`: those that have it.
    """

    name: str
    title: str
    of: Source
    compute: Callable[[Any], np.ndarray]
    shown_in: tuple[View, ...]
    hub_name: str = ""  # of the Hugging Face `evaluate` library
    span: tuple[float, float] = (0.0, 1.0)  # the least and the greatest value it can have
    tasks: tuple[str, ...] = tasks.CLASS_TASKS

    def computed(self, scored: Scored) -> np.ndarray:
        """The value in each sample: (samples,)."""
        return self.compute(scored.tallies if self.of == "labels" else scored)


def _accuracy(tallies: Tallies) -> np.ndarray:
    """The share of correct rows; of sets the mean Jaccard similarity."""
    if tallies.right is not None:
        return tallies.right
    return tallies.correct.sum(1) / tallies.actual.sum(1)


def _weighted_f1(tallies: Tallies) -> np.ndarray:
    weights = tallies.actual[:, tallies.is_actual]
    return (tallies.f1() * weights).sum(1) / np.maximum(weights.sum(1), 1)


def _micro_f1(tallies: Tallies) -> np.ndarray:
    """Over all decisions together; 0 where there is neither label nor prediction."""
    either = tallies.actual.sum(1) + tallies.predicted.sum(1)
    return 2 * tallies.correct.sum(1) / np.maximum(either, 1)


def _mcc(tallies: Tallies) -> np.ndarray:
    """Gorodkin's multi-class form (2004); 0 if all labels or all predictions are equal."""
    rows, correct = tallies.actual.sum(1), tallies.correct.sum(1)
    covariance = correct * rows - (tallies.actual * tallies.predicted).sum(1)
    spreads = [rows**2 - (part**2).sum(1) for part in (tallies.actual, tallies.predicted)]
    scale = np.sqrt(spreads[0] * spreads[1])
    return np.where(scale > 0, covariance / np.where(scale > 0, scale, 1), 0.0)


def _of_sets(
    name: str,
    title: str,
    of: Source,
    compute: Callable[[Any], np.ndarray],
    shown_in: tuple[View, ...] = ("chosen", "card"),
) -> Metric:
    return Metric(name, title, of, compute, shown_in, tasks=("labels",))


ALL_BUT_CHOSEN = tuple(view for view in get_args(View) if view != "chosen")
ALSO_COMPARED: tuple[View, ...] = ("approaches", "chosen", "comparison", "card")
METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", "labels", _accuracy, ALL_BUT_CHOSEN, "accuracy"),
        Metric("macro_f1", "macro-F1", "labels", Tallies.macro_f1, ALL_BUT_CHOSEN, "f1"),
        Metric("weighted_f1", "weighted F1", "labels", _weighted_f1, ("chosen", "card")),
        Metric(
            "mcc",
            "Matthews correlation",
            "labels",
            _mcc,
            (*ALSO_COMPARED, "metadata"),
            "matthews_correlation",
            (-1.0, 1.0),
            ("class",),
        ),
        _of_sets("micro_f1", "micro-F1", "labels", _micro_f1, ALSO_COMPARED),
        _of_sets("samples_f1", "samples F1", "answers", sets.samples_f1),
        _of_sets("exact_match", "exact match", "answers", sets.exact_match, ALSO_COMPARED),
        _of_sets("hamming", "1 - Hamming loss", "answers", sets.hamming),
        _of_sets(
            "mean_average_precision",
            "mean average precision",
            "probabilities",
            sets.mean_average_precision,
            ALSO_COMPARED,
        ),
        _of_sets("lrap", "label ranking average precision", "probabilities", sets.lrap),
        _of_sets("coverage", "label coverage", "probabilities", sets.coverage),
    )
}


def shown_in(view: View) -> list[Metric]:
    """Return the metrics of a view, in order."""
    return [metric for metric in METRICS.values() if view in metric.shown_in]


def scores(scored: Scored) -> dict[str, np.ndarray]:
    """Compute every metric of the task in each sample: (samples,) each.

    Metrics of probabilities are left out if there are no probabilities.
    """
    tallies = scored.tallies
    return {
        name: metric.compute(tallies if metric.of == "labels" else scored)
        for name, metric in METRICS.items()
        if scored.task.NAME in metric.tasks
        and (metric.of != "probabilities" or scored.probabilities is not None)
    }


def macro_f1(scored: Scored) -> np.ndarray:
    """Compute macro-F1 over the classes among the labels, in each sample: (samples,)."""
    return scored.tallies.macro_f1()


def macro_f1_of(task: ClassTask, labels: np.ndarray, predicted: np.ndarray) -> float:
    """Compute macro-F1 of one set of predictions."""
    return float(macro_f1(Scored.of(task, labels, predicted))[0])


def per_class(scored: Scored, classes: Sequence[str]) -> dict[str, ClassScores]:
    """Compute precision, recall, F1 and rows of each class, 0 where nothing was predicted; of sets
    with probabilities the average precision of each, too, None where no row has it."""
    task = scored.task
    true, said = (task.one_hot(part, len(classes)) for part in (scored.labels, scored.predicted))
    correct, predicted, rows = (part.sum(0) for part in (true & said, said, true))
    ratios = ((correct, predicted), (correct, rows), (2 * correct, predicted + rows))
    columns = [(part / np.maximum(whole, 1)).tolist() for part, whole in ratios]
    more: list[dict[str, float | None]] = [{} for _ in classes]
    if task.SETS and scored.probabilities is not None:
        found = sets.average_precisions(scored)[:, 0].tolist()
        more = [{"average_precision": None if np.isnan(one) else one} for one in found]
    return {
        name: ClassScores(precision=precision, recall=recall, f1=f1, rows=count, **extra)
        for name, precision, recall, f1, count, extra in zip(
            classes, *columns, rows.tolist(), more, strict=True
        )
    }


def confusion(scored: Scored, classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count rows that have one class as label (outer) and one as prediction (inner).

    Of sets, pairs of labels without rows are left out: a row is in a few pairs, so that the pairs
    that occur grow with the rows, and all pairs with the square of the labels.
    """
    from scipy.sparse import csr_array  # a tenth of a second that most stages need not spend

    true, said = (
        csr_array(scored.task.one_hot(part, len(classes)), dtype=np.int64)
        for part in (scored.labels, scored.predicted)
    )
    matrix = (true.T @ said).tocoo()
    empty = {} if scored.task.SETS else dict.fromkeys(classes, 0)
    found: dict[str, dict[str, int]] = {name: {**empty} for name in classes}
    for row, column, count in sorted(zip(*matrix.coords, matrix.data.tolist(), strict=True)):
        found[classes[row]][classes[column]] = count
    return found


def clusters_of(ids: Sequence[str], groups: Sequence[str]) -> np.ndarray:
    """Number the cluster of each row, (rows,): its group, or the row itself."""
    names = [group or row for row, group in zip(ids, groups, strict=True)]
    return np.unique(names, return_inverse=True)[1]


def resampled_counts(clusters: np.ndarray, seed: int = 0, draws: int = DRAWS) -> np.ndarray:
    """Draw bootstrap samples of clusters; give how often each row is in each: (draws, rows)."""
    random = np.random.default_rng(seed)
    number = int(clusters.max()) + 1
    drawn = random.multinomial(number, np.full(number, 1 / number), size=draws)
    return drawn[:, clusters]


def bounds(values: np.ndarray) -> dict[str, float]:
    """Compute the 95 % interval of bootstrap values, (draws,)."""
    low, high = np.quantile(values, TAILS)
    return {"low": float(low), "high": float(high)}


def clustered(values: np.ndarray, clusters: np.ndarray) -> float:
    """By what factor clusters widen the variance of a sum of (rows,) values around 0, at least 1,
    with Student's t for the number of clusters."""
    sums = np.bincount(clusters, weights=values)
    if len(sums) == len(values):
        return 1.0
    alone = float((values**2).sum())
    return max(1.0, float((sums**2).sum()) / alone if alone else 1.0) * few_units(len(sums))


def few_units(units: int) -> float:
    """The square of Student's t over the normal quantile; infinite for one unit."""
    from scipy.special import ndtri, stdtrit  # a tenth of a second that most stages need not spend

    return float((stdtrit(units - 1, TAILS[1]) / ndtri(TAILS[1])) ** 2) if units > 1 else np.inf
