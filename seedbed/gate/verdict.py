"""The rule of the gate: answers of two models to the same rows in, a judgement out.

No file, no model. A limit fails only where the rows show it: where a drop beyond the allowed one,
or a figure below the least one, would come by chance in at most `false_fail` of the cases, after
Holm's correction over all limits. So two models that are alike fail in at most that share of
comparisons.
"""

from typing import NamedTuple

import numpy as np

from seedbed.core.metrics import Difference, Metrics
from seedbed.gate.limits import Checked, GateParams, Limit, limits_of
from seedbed.scoring.intervals import headline, paired_difference, resampled_counts
from seedbed.scoring.metrics import METRICS, Scored, per_class, scores
from seedbed.scoring.metrics_files import ClassScores, Estimate
from seedbed.scoring.significance import (
    TINY,
    McNemar,
    f1_by_class,
    flip_p,
    holm,
    mcnemar,
    rows_to_see,
    smallest_drop,
    sums_by_cluster,
    swapped_f1_drops,
    swapped_metric_drops,
)


class Answers(NamedTuple):
    """The predictions of two models for the same rows."""

    classes: list[str]
    base: Scored
    head: Scored

    @classmethod
    def of(
        cls,
        classes: list[str],
        labels: np.ndarray,
        base: np.ndarray,
        head: np.ndarray,
        clusters: np.ndarray,
    ) -> "Answers":
        """Predicted class indices alone, (rows,): metrics of probabilities are left out."""
        scored = (Scored.of(labels, predicted, clusters=clusters) for predicted in (base, head))
        return cls(classes, *scored)

    @property
    def labels(self) -> np.ndarray:
        """Class indices (rows,)."""
        return self.head.labels

    @property
    def clusters(self) -> np.ndarray:
        """The cluster of each row, (rows,)."""
        return self.head.clusters

    @property
    def present(self) -> list[int]:
        """The indices of the classes that stand in the labels, sorted."""
        return sorted(set(self.labels.tolist()))

    @property
    def lost(self) -> np.ndarray:
        """1 where only the base is correct, -1 where only the head is, else 0: (rows,)."""
        before, now = (model.predicted == self.labels for model in (self.base, self.head))
        return before.astype(np.int64) - now.astype(np.int64)


class ComparedClass(Metrics):
    """Figures of both models on a class; `rows` have it as their label."""

    rows: int
    base: ClassScores
    head: ClassScores


class Judgement(Metrics):
    """Both models' metrics with intervals, the paired differences, McNemar's test, classes, and
    every limit."""

    base: dict[str, Estimate]
    head: dict[str, Estimate]
    difference: dict[str, Difference]
    mcnemar: McNemar
    same_answer_share: float
    per_class: dict[str, ComparedClass]
    limits: list[Checked]
    sees: float  # the smallest drop in accuracy that the rows would show in `power` of the cases
    fails_from: float  # the smallest measured drop in accuracy that would break its limit

    @property
    def failed(self) -> list[Checked]:
        """The limits that are broken, by what the rows show."""
        return [one for one in self.limits if one.fails]

    def of_both(self, limit: Limit) -> tuple[float, float]:
        """The figures of base and head that a limit is about."""
        measure = limit.measure
        if not limit.name:
            return self.base[measure].mean, self.head[measure].mean
        found = self.per_class[limit.name]
        return getattr(found.base, measure), getattr(found.head, measure)


def judged(answers: Answers, params: GateParams) -> Judgement:
    """Look at every limit and give the figures. The same answers give the same bits."""
    samples = resampled_counts(answers.clusters)
    labels, base, head = answers.labels, answers.base.predicted, answers.head.predicted
    one, other = (per_class(labels, said, answers.classes) for said in (base, head))
    even = params.model_copy(update={"power": 0.5})  # the level itself, no room for bad luck
    return Judgement(
        base=headline({"base": answers.base}, samples),
        head=headline({"head": answers.head}, samples),
        difference=paired_difference([answers.head], [answers.base], samples),
        mcnemar=mcnemar(labels, head, base),
        same_answer_share=float((base == head).mean()),
        per_class={
            name: ComparedClass(rows=one[name].rows, base=one[name], head=other[name])
            for name in answers.classes
            if one[name].rows
        },
        limits=look(answers, params, samples),
        sees=sees_in_accuracy(answers, params),
        fails_from=sees_in_accuracy(answers, even),
    )


def look(answers: Answers, params: GateParams, samples: np.ndarray) -> list[Checked]:
    """Every limit that is on, looked at. `samples` (draws, rows): see `resampled_counts`."""
    limits = limits_of(params, [answers.classes[number] for number in answers.present])
    swapped = swapped_f1_drops(answers.base, answers.head, len(answers.classes))
    named = {str(place): limit for place, limit in enumerate(limits)}
    found = {name: _found(answers, one, samples, swapped) for name, one in named.items()}
    shares = {name: limit.share for name, limit in named.items()}
    p_holm = holm({name: p for name, (_, p) in found.items()}, shares)
    ratio = _error_ratio(answers, swapped)
    return [
        Checked(
            **vars(limit),
            found=found[name][0],
            p_holm=p_holm[name],
            fails=p_holm[name] <= params.false_fail,
            sees=_sees(answers, limit, params, ratio),
        )
        for name, limit in named.items()
    ]


def sees_in_accuracy(answers: Answers, params: GateParams) -> float:
    """The smallest drop in accuracy that the gate sees: by its own limit, or as one would."""
    return _sees(answers, _accuracy_limit(answers, params), params, 1.0) or 1.0


def rows_for(drop: float, answers: Answers, params: GateParams) -> int:
    """How many rows would show such a drop in accuracy, more than is allowed."""
    limit = _accuracy_limit(answers, params)
    level = params.false_fail * limit.share
    return rows_to_see(drop, answers.lost, answers.clusters, level, params.power, limit.value)


def _accuracy_limit(answers: Answers, params: GateParams) -> Limit:
    limits = limits_of(params, answers.classes)
    own = (one for one in limits if (one.kind, one.measure) == ("drop", "accuracy"))
    return next(own, Limit("drop", "accuracy", 0.0, share=1.0))


def _found(
    answers: Answers, limit: Limit, samples: np.ndarray, swapped: np.ndarray
) -> tuple[float, float]:
    """What was found of a limit, and its p-value before the correction: the share of random swaps
    that drop as much; of a least figure, that of bootstrap samples in which it is not below."""
    measure = limit.measure
    if measure in ("accuracy", "recall") and limit.kind == "drop":
        return _share_drop(answers, limit)
    if limit.kind == "least":
        found = float(scores(answers.head)[measure][0])
        reached = scores(answers.head._replace(counts=samples))[measure] >= limit.value
    else:
        found, chance = (
            _f1_drop(answers, limit, swapped)
            if measure in ("macro_f1", "f1")
            else swapped_metric_drops(METRICS[measure], answers.base, answers.head)
        )
        reached = chance >= found - limit.value - TINY
    return found, float((1 + reached.sum()) / (1 + len(reached)))


def _members(answers: Answers, limit: Limit) -> np.ndarray:
    """The rows that a limit is about: all, or those of its class; (rows,) bool."""
    if not limit.name:
        return np.ones(len(answers.labels), bool)
    return answers.labels == answers.classes.index(limit.name)


def _share_drop(answers: Answers, limit: Limit) -> tuple[float, float]:
    rows = _members(answers, limit)
    sums = sums_by_cluster(answers.lost[rows], answers.clusters[rows])
    net, number = int(sums.sum()), int(rows.sum())
    return net / number, flip_p(sums, net - limit.value * number)


def _f1_drop(answers: Answers, limit: Limit, swapped: np.ndarray) -> tuple[float, np.ndarray]:
    """The drop in F1 of a class, or in macro-F1 over the classes that stand in the labels; then
    that of each random swap, (swaps,)."""
    number = len(answers.classes)
    base, head = (
        f1_by_class(answers.labels, model.predicted, number)
        for model in (answers.base, answers.head)
    )
    places = [answers.classes.index(limit.name)] if limit.name else answers.present
    return float((base - head)[places].mean()), swapped[:, places].mean(1)


def _sees(answers: Answers, limit: Limit, params: GateParams, ratio: float) -> float | None:
    """The smallest drop seen; of macro-F1 by that of accuracy and the `ratio` of their errors."""
    if limit.kind == "least" or limit.measure not in ("accuracy", "recall", "macro_f1"):
        return None
    rows = _members(answers, limit)
    level = params.false_fail * limit.share
    sees = smallest_drop(
        answers.lost[rows], answers.clusters[rows], level, params.power, limit.value
    )
    if limit.measure == "macro_f1":
        sees = limit.value + (sees - limit.value) * ratio
    return min(1.0, sees)


def _error_ratio(answers: Answers, swapped: np.ndarray) -> float:
    """How much wider macro-F1 scatters over swaps than accuracy does; 1 where none scatters."""
    sums = sums_by_cluster(answers.lost, answers.clusters)
    accuracy = float(np.sqrt((sums**2).sum())) / len(answers.labels)
    return float(swapped[:, answers.present].mean(1).std()) / accuracy if accuracy else 1.0
