"""The rule of the gate: answers of two models to the same rows in, a judgement out.

No file, no model. What a challenger may not fall below or lose is the params.yaml section `gate`,
which commands read. Every limit that is on is one test of a family. One fails only where the rows
show it: where a drop beyond the allowed one, or a figure below the least one, would come by chance
in at most `false_fail` of the cases, after Holm's correction over all limits. So two models that
are alike fail in at most that share of comparisons. Half of that chance goes to the limits on all
rows, half to the floors of single classes, or many classes would leave the limits on all rows
nothing to see with.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, create_model

from seedbed.core.metrics import Difference, Metrics
from seedbed.core.params import Section
from seedbed.pages.document import points
from seedbed.scoring import intervals, metrics, significance
from seedbed.scoring.answers.metrics import answer_metrics_in
from seedbed.scoring.metrics import Scored
from seedbed.scoring.metrics_files import ClassScores, Estimate
from seedbed.scoring.significance import McNemar

Kind = Literal["least", "drop"]
KEYS: dict[Kind, str] = {"least": "min", "drop": "max_drop"}  # what keys of params.yaml begin with
MEASURES = {metric.name: metric.title for metric in metrics.shown_in("gate")}  # on all rows
OF_ANSWERS = {metric.name: metric.title for metric in answer_metrics_in("gate")}
WORDS = MEASURES | OF_ANSWERS | {"recall": "recall", "f1": "F1"}


class Sensitivity(Section):
    """What all limits share: the chance of a false fail, the chance with which a drop is to be
    seen, and the drop that the rows must be able to show."""

    false_fail: float = Field(gt=0, le=0.5)
    power: float = Field(gt=0.5, lt=1)
    must_see_drop: float = Field(gt=0, le=1)


class _OfClasses(Sensitivity):
    """The limits on single classes, and what all limits share."""

    max_drop_class_recall: float | None = Field(ge=0, le=1)
    max_drop_class_f1: float | None = Field(ge=0, le=1)


def with_limits(name: str, base: type[Sensitivity], measures: Iterable[str]) -> type[Sensitivity]:
    """Return a section of params.yaml with two limits for each metric; one left out is off."""
    keys: dict[str, Any] = {}
    for measure in measures:
        keys[f"min_{measure}"] = (float, Field(default=0.0, ge=0, le=1))
        keys[f"max_drop_{measure}"] = (float | None, Field(default=None, ge=0, le=1))
    return create_model(name, __base__=base, **keys)


if TYPE_CHECKING:

    class GateParams(_OfClasses):
        """params.yaml section `gate`; shares are of 1, null is off."""

else:  # of the metrics of the table whose view is `gate`
    GateParams = with_limits("GateParams", _OfClasses, MEASURES)


@dataclass(frozen=True)
class Limit:
    """One limit: at least `value` of a measure, or at most `value` lost of it; `name` is the class
    it is a floor of, "" for all rows. `share`: of the chance of a false fail."""

    kind: Kind
    measure: str  # a metric of the table, or recall or F1 of a class
    value: float
    name: str = ""
    share: float = 0.0

    @property
    def subject(self) -> str:
        """What it is a limit of, in words."""
        return WORDS[self.measure] + (f" of `{self.name}`" if self.name else "")

    def in_words(self) -> str:
        """The limit in words."""
        if self.kind == "least":
            return f"{self.subject} at least {self.value:.3f}"
        return f"{self.subject} may lose {points(self.value) if self.value else 'nothing'}"


@dataclass(frozen=True, kw_only=True)
class Checked(Limit):
    """A limit that was looked at: what was found (the drop, or the figure itself), how likely that
    is by chance after Holm's correction, and the smallest drop that would be seen, None where it
    is not worked out."""

    found: float
    p_holm: float
    fails: bool
    sees: float | None

    @property
    def is_beyond(self) -> bool:
        """Whether the figure alone would break the limit, though that may be chance."""
        return self.found < self.value if self.kind == "least" else self.found > self.value

    def found_in_words(self) -> str:
        """The figure itself for a minimum, else what was lost or gained."""
        if self.kind == "least":
            return f"{WORDS[self.measure]} {self.found:.3f}"
        if not self.found:
            return "unchanged"
        return f"{'lost' if self.found > 0 else 'gained'} {points(abs(self.found))}"

    def sees_in_words(self) -> str:
        """The smallest drop that would be seen, "" where it is not worked out."""
        return "" if self.sees is None else points(self.sees)


def limits_on_all(params: Sensitivity, measures: Iterable[str]) -> list[Limit]:
    """Every limit on all rows that is on, for some metrics; without their shares."""
    names = list(measures)
    return [
        Limit(kind, measure, value)
        for kind, key in KEYS.items()
        for measure in names
        if (value := getattr(params, f"{key}_{measure}")) is not None
        and (value or kind == "drop")  # that nothing may be lost is a limit
    ]


def limits_of(params: GateParams, classes: list[str]) -> list[Limit]:
    """Every limit that is on, for the classes that stand in the rows."""
    every = limits_on_all(params, MEASURES)
    floors = [
        Limit("drop", measure, value, name)
        for measure in ("recall", "f1")
        if (value := getattr(params, f"max_drop_class_{measure}")) is not None
        for name in classes
    ]
    halves = 0.5 if every and floors else 1.0
    return [replace(one, share=halves / len(part)) for part in (every, floors) for one in part]


class Answers(NamedTuple):
    """The predictions of two models for the same rows."""

    classes: list[str]
    base: Scored
    head: Scored

    @property
    def present(self) -> list[int]:
        """The indices of the classes that stand in the labels, sorted."""
        true = self.head.task.one_hot(self.head.labels, len(self.classes))
        return np.flatnonzero(true.any(0)).tolist()

    @property
    def lost(self) -> np.ndarray:
        """By how much more the base is right: 1 where only it is, -1 where only the head is, and
        between these where answers are right in part: (rows,)."""
        return self.base.right - self.head.right


class ComparedClass(Metrics):
    """Figures of both models on a class; `rows` have it as their label."""

    rows: int
    base: ClassScores
    head: ClassScores


class Judgement(Metrics):
    """Both models' metrics with intervals, the paired differences, a paired test, classes, and
    every limit. `seen_in`: the metric that `sees` and `fails_from` are about."""

    base: dict[str, Estimate]
    head: dict[str, Estimate]
    difference: dict[str, Difference]
    mcnemar: McNemar
    paired_test: str  # what it is, in words
    same_answer_share: float
    per_class: dict[str, ComparedClass]
    limits: list[Checked]
    sees: float  # the smallest drop in it that the rows would show in `power` of the cases
    fails_from: float  # the smallest measured drop in it that would break its limit
    seen_in: str = "accuracy"

    @property
    def is_of_answers(self) -> bool:
        """Whether the models answer, and predict no class."""
        return self.seen_in in OF_ANSWERS.values()

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
    base, head = answers.base, answers.head
    one, other = (metrics.per_class(model, answers.classes) for model in (base, head))
    even = params.model_copy(update={"power": 0.5})  # the level itself, no room for bad luck
    return Judgement(
        base=intervals.headline({"base": base}),
        head=intervals.headline({"head": head}),
        difference=intervals.paired_difference([head], [base]),
        mcnemar=significance.mcnemar(head.right, base.right),
        paired_test=head.task.PAIRED_TEST,
        same_answer_share=float((base.task.right(base.predicted, head.predicted) == 1).mean()),
        per_class={
            name: ComparedClass(rows=one[name].rows, base=one[name], head=other[name])
            for name in answers.classes
            if one[name].rows
        },
        limits=look(answers, params),
        sees=sees_in_accuracy(answers, params),
        fails_from=sees_in_accuracy(answers, even),
    )


def look(answers: Answers, params: GateParams) -> list[Checked]:
    """Every limit that is on, looked at."""
    limits = limits_of(params, [answers.classes[number] for number in answers.present])
    drops = significance.swapped_f1_drops(answers.base, answers.head, len(answers.classes))
    found = [_found(answers, limit, drops) for limit in limits]
    p_holm = significance.holm([p for _, p in found], [limit.share for limit in limits])
    ratio = _error_ratio(answers, drops[1])
    return [
        Checked(
            **vars(limit),
            found=figure,
            p_holm=p,
            fails=p <= params.false_fail,
            sees=_sees(answers, limit, params, ratio),
        )
        for limit, (figure, _), p in zip(limits, found, p_holm, strict=True)
    ]


def sees_in_accuracy(answers: Answers, params: GateParams) -> float:
    """The smallest drop in accuracy that the gate sees: by its own limit, or as one would."""
    return _sees(answers, _accuracy_limit(answers, params), params, 1.0) or 1.0


def rows_for(drop: float, answers: Answers, params: GateParams) -> int:
    """How many rows would show such a drop in accuracy, more than is allowed."""
    limit = _accuracy_limit(answers, params)
    level = params.false_fail * limit.share
    return significance.rows_to_see(
        drop, answers.lost, answers.head.clusters, level, params.power, limit.value
    )


def _accuracy_limit(answers: Answers, params: GateParams) -> Limit:
    limits = limits_of(params, answers.classes)
    own = (one for one in limits if (one.kind, one.measure) == ("drop", "accuracy"))
    return next(own, Limit("drop", "accuracy", 0.0, share=1.0))


def _found(
    answers: Answers, limit: Limit, drops: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float]:
    """What was found of a limit, and its p-value before the correction: the share of random swaps
    that drop as much; of a least figure, how likely one as low is where that of the population is
    just enough. `drops`: see `swapped_f1_drops`."""
    measure = limit.measure
    if limit.kind == "least":
        seen = intervals.evidence([answers.head])[measure]
        return seen.figure, seen.chance_of_reaching(limit.value)
    if measure in ("accuracy", "recall"):
        lost, clusters = _lost(answers, limit)
        sums = significance.sums_by_cluster(lost, clusters)
        net, number = float(sums.sum()), len(lost)
        return net / number, significance.flip_p(sums, net - limit.value * number)
    if measure in ("macro_f1", "f1"):  # macro-F1 is over the classes that stand in the labels
        places = [answers.classes.index(limit.name)] if limit.name else answers.present
        found = float(drops[0][places].mean())
        reached = drops[1][:, places].mean(1) >= found - limit.value - significance.TINY
    else:
        found, chance = significance.swapped_metric_drops(
            metrics.METRICS[measure], answers.base, answers.head
        )
        reached = chance >= found - limit.value - significance.TINY
    return found, float((1 + reached.sum()) / (1 + len(reached)))


def _lost(answers: Answers, limit: Limit) -> tuple[np.ndarray, np.ndarray]:
    """What the head loses on each row that a limit is about, and the clusters of these: on all rows
    of the whole answer, on those of a class of that class alone."""
    base, head = answers.base, answers.head
    if not limit.name:
        return answers.lost, head.clusters
    true, one, other = (
        head.task.one_hot(part, len(answers.classes))[:, answers.classes.index(limit.name)]
        for part in (head.labels, base.predicted, head.predicted)
    )
    return (one[true] * 1.0 - other[true]), head.clusters[true]


def _sees(answers: Answers, limit: Limit, params: GateParams, ratio: float) -> float | None:
    """The smallest drop seen; of macro-F1 by that of accuracy and the `ratio` of their errors."""
    if limit.kind == "least" or limit.measure not in ("accuracy", "recall", "macro_f1"):
        return None
    level = params.false_fail * limit.share
    lost, clusters = _lost(answers, limit)
    sees = significance.smallest_drop(lost, clusters, level, params.power, limit.value)
    if limit.measure == "macro_f1":
        sees = limit.value + (sees - limit.value) * ratio
    return min(1.0, sees)


def _error_ratio(answers: Answers, swapped: np.ndarray) -> float:
    """How much wider macro-F1 scatters over swaps than accuracy does; 1 where none scatters."""
    sums = significance.sums_by_cluster(answers.lost, answers.head.clusters)
    accuracy = float(np.sqrt((sums**2).sum())) / len(answers.head.labels)
    return float(swapped[:, answers.present].mean(1).std()) / accuracy if accuracy else 1.0
