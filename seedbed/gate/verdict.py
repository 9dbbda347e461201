"""The rule of the gate: answers of two models to the same rows in, a judgement out.

No file, no model. A limit fails only where the rows show it: where a drop beyond the allowed one,
or a figure below the least one, would come by chance in at most `false_fail` of the cases, after
Holm's correction over all limits. So two models that are alike fail in at most that share of
comparisons.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from seedbed.core.metrics import Metrics
from seedbed.gate.limits import GateParams, Limit, limits_of
from seedbed.scoring.metrics import (
    METRICS,
    Scored,
    headline,
    paired_difference,
    per_class,
    resampled_counts,
    scores,
)
from seedbed.scoring.significance import (
    TINY,
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
    def lost(self) -> np.ndarray:
        """1 where only the base is correct, -1 where only the head is, else 0: (rows,)."""
        before, now = (model.predicted == self.labels for model in (self.base, self.head))
        return before.astype(np.int64) - now.astype(np.int64)


class Checked(NamedTuple):
    """A limit that was looked at: what was found (the drop, or the figure itself), how likely that
    is by chance after Holm's correction, and the smallest drop that would be seen, None where it
    is not worked out."""

    limit: Limit
    found: float
    p_holm: float
    fails: bool
    sees: float | None


class Judgement(NamedTuple):
    """Every limit, and the figures that go with them."""

    checked: list[Checked]
    sees: float  # the smallest drop in accuracy that the rows would show in `power` of the cases
    fails_from: float  # the smallest measured drop in accuracy that would break its limit
    figures: dict[str, Any]

    @property
    def failed(self) -> list[Checked]:
        """The limits that are broken, by what the rows show."""
        return [one for one in self.checked if one.fails]


def judged(answers: Answers, params: GateParams) -> Judgement:
    """Look at every limit and give the figures. The same answers give the same bits."""
    samples = resampled_counts(answers.clusters)
    checked = look(answers, params, samples)
    even = params.model_copy(update={"power": 0.5})  # the level itself, no room for bad luck
    sees, fails_from = (sees_in_accuracy(answers, one) for one in (params, even))
    return Judgement(checked, sees, fails_from, _figures(answers, samples))


def look(answers: Answers, params: GateParams, samples: np.ndarray) -> list[Checked]:
    """Every limit that is on, looked at. `samples` (draws, rows): see `resampled_counts`."""
    present = sorted(set(answers.labels.tolist()))
    limits = limits_of(params, [answers.classes[number] for number in present])
    swapped = swapped_f1_drops(answers.base, answers.head, len(answers.classes))
    found = [_found(answers, limit, samples, swapped) for limit in limits]
    shares = {str(place): limit.share for place, limit in enumerate(limits)}
    p_holm = holm({str(place): p for place, (_, p) in enumerate(found)}, shares)
    ratio = _error_ratio(answers, swapped)
    return [
        Checked(
            limit,
            value,
            p_holm[str(place)],
            p_holm[str(place)] <= params.false_fail,
            _sees(answers, limit, params, ratio),
        )
        for place, (limit, (value, _)) in enumerate(zip(limits, found, strict=True))
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
    """What was found of a limit, and its p-value before the correction."""
    if limit.kind == "least":
        return _least(answers, limit, samples)
    if limit.measure in ("accuracy", "recall"):
        return _share_drop(answers, limit)
    if limit.measure in ("macro_f1", "f1"):
        return _f1_drop(answers, limit, swapped)
    return _metric_drop(answers, limit)


def _least(answers: Answers, limit: Limit, samples: np.ndarray) -> tuple[float, float]:
    """The figure, and the share of bootstrap samples in which it is not below the least one."""
    value = float(scores(answers.head)[limit.measure][0])
    drawn = scores(answers.head._replace(counts=samples))[limit.measure]
    return value, float((1 + (drawn >= limit.value).sum()) / (1 + len(drawn)))


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


def _f1_drop(answers: Answers, limit: Limit, swapped: np.ndarray) -> tuple[float, float]:
    """The drop in F1 of a class, or in macro-F1 over the classes that stand in the labels."""
    number = len(answers.classes)
    base, head = (
        f1_by_class(answers.labels, model.predicted, number)
        for model in (answers.base, answers.head)
    )
    if limit.name:
        places = [answers.classes.index(limit.name)]
    else:
        places = sorted(set(answers.labels.tolist()))
    drop, chance = float((base - head)[places].mean()), swapped[:, places].mean(1)
    reached = (chance >= drop - limit.value - TINY).sum()
    return drop, float((1 + reached) / (1 + len(chance)))


def _metric_drop(answers: Answers, limit: Limit) -> tuple[float, float]:
    """The drop of any other metric of the table, and its p-value by random swaps."""
    drop, chance = swapped_metric_drops(METRICS[limit.measure], answers.base, answers.head)
    reached = (chance >= drop - limit.value - TINY).sum()
    return drop, float((1 + reached) / (1 + len(chance)))


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
    present = sorted(set(answers.labels.tolist()))
    sums = sums_by_cluster(answers.lost, answers.clusters)
    accuracy = float(np.sqrt((sums**2).sum())) / len(answers.labels)
    return float(swapped[:, present].mean(1).std()) / accuracy if accuracy else 1.0


def _figures(answers: Answers, samples: np.ndarray) -> dict[str, Any]:
    """Both models' metrics with intervals, the paired differences, McNemar's test, and classes."""
    labels, base, head = answers.labels, answers.base.predicted, answers.head.predicted
    one, other = per_class(labels, base, answers.classes), per_class(labels, head, answers.classes)
    return {
        "base": dumped(headline({"base": answers.base}, samples)),
        "head": dumped(headline({"head": answers.head}, samples)),
        "difference": dumped(paired_difference([answers.head], [answers.base], samples)),
        "mcnemar": mcnemar(labels, head, base).model_dump(),
        "same_answer_share": float((base == head).mean()),
        "per_class": {
            name: {
                "rows": one[name].rows,
                "base": one[name].model_dump(),
                "head": other[name].model_dump(),
            }
            for name in answers.classes
            if one[name].rows
        },
    }


def dumped(figures: Mapping[str, Metrics]) -> dict[str, dict[str, Any]]:
    """The figures of each metric as JSON has them."""
    return {name: figure.model_dump() for name, figure in figures.items()}
