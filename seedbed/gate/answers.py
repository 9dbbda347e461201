"""The gate of task `answer`: the answers of two models to the same questions in, a judgement out.

The rule is that of seedbed/gate/verdict.py: limits on metrics, each of which fails only where the
rows show it, with Holm's correction over all of them. What is right of a row, token F1 or exact
match by `right`, takes the part of accuracy. For a mean of rows the differences of the
models get random signs, group by group; for a ratio, as refusal recall, the answers to a group are
swapped between the models.

Each model is asked through its own template and settings. Both are judged alike: by the true
answers, the refusal and what counts as right of a row of the model that may replace the other.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.errors import GateError
from seedbed.core.params import read_params
from seedbed.core.turns import dialogue
from seedbed.gate.compare import ONE_POINT, Comparison, conclude, smallest_seen
from seedbed.gate.same_rows import Asked
from seedbed.gate.verdict import (
    OF_ANSWERS,
    Checked,
    Judgement,
    Limit,
    Sensitivity,
    limits_on_all,
    with_limits,
)
from seedbed.scoring import significance
from seedbed.scoring.answers.estimates import chance_of_reaching, differences, estimates, figure
from seedbed.scoring.answers.evaluation import PAIRED_TESTS
from seedbed.scoring.answers.metrics import (
    ANSWER_METRICS,
    AnswerMetric,
    Figures,
    Judged,
    figures_of,
)
from seedbed.scoring.answers.predictions import Written
from seedbed.scoring.metrics import clusters_of
from seedbed.scoring.metrics_files import Right
from seedbed.serving.model_folder import AnswerServing
from seedbed.tasks.answer_task import is_same
from seedbed.training.models import read_card


class _OfAnswers(Sensitivity):
    """What all limits share, and what counts as right of a row: as in `evaluate`, if left out."""

    right: Right = "token_f1"


if TYPE_CHECKING:

    class AnswerGateParams(_OfAnswers):
        """params.yaml section `gate` of task `answer`; shares are of 1, null is off."""

else:
    AnswerGateParams = with_limits("AnswerGateParams", _OfAnswers, OF_ANSWERS)


class BothModels(NamedTuple):
    """What each row adds to the metrics of two models, (rows,) each, the cluster of each row, and
    the share of rows to which both give the same answer."""

    base: Figures
    head: Figures
    clusters: np.ndarray
    same_answer_share: float

    @classmethod
    def of(
        cls,
        targets: Sequence[str],
        base: Written,
        head: Written,
        clusters: np.ndarray,
        refusal: str,
        min_chars: int,
    ) -> "BothModels":
        """Judge the answers of both."""
        one, other = (
            figures_of(Judged(targets, part, refusal, min_chars)) for part in (base, head)
        )
        same = [is_same(*pair) for pair in zip(base.texts, head.texts, strict=True)]
        return cls(one, other, np.unique(clusters, return_inverse=True)[1], float(np.mean(same)))

    def lost(self, measure: str) -> np.ndarray:
        """By how much more the base is right by a mean of rows: (rows,)."""
        return self.base[measure].amounts - self.head[measure].amounts


def written_of(model: Asked, rows: pd.DataFrame) -> Written:
    """Return what a model answers to each row, and what it makes of the true answers."""
    from seedbed.encoding.encoder import precision
    from seedbed.training.chat.approaches import load
    from seedbed.training.chat.tuning import as_written

    serving, card = _answering(model), read_card(model.folder)
    answerer = load(card.approach).load(model.folder, card, precision(serving.precision))
    cells = zip(rows["text"], rows["context"], rows["answer"], strict=True)
    dialogues = [dialogue(*row) for row in cells]
    answers = answerer.answers(dialogues, serving.max_new_tokens)
    return as_written(answers, answerer.losses(dialogues))


def _answering(model: Asked) -> AnswerServing:
    if isinstance(model.serving, AnswerServing):
        return model.serving
    raise GateError(str(model.folder), "a model of classes", "one that answers", "name another")


def compare_models(found: Comparison, rows: pd.DataFrame, base: Asked, head: Asked) -> None:
    """Ask both models about the rows, of one twice the same only once, and compare their answers.

    Raises GateError as `compare_answers` does, and ParamsError for a section of classes.
    """
    serving, params = _answering(head), read_params("gate", AnswerGateParams)
    if "right" not in params.model_fields_set:
        params = params.model_copy(update={"right": serving.right})
    now = written_of(head, rows)
    before = now if base.digest == head.digest else written_of(base, rows)
    clusters = clusters_of(list(rows["id"]), list(rows["group"]))
    both = BothModels.of(
        list(rows["answer"]), before, now, clusters, serving.refusal, serving.min_language_chars
    )
    compare_answers(found, both, params)
    for who, written in (("This model", now), ("The base", before)):
        if number := sum(map(bool, written.reasons)):
            note = f"{who} could not be asked {number:,} of the rows, which count as wrong."
            found.notes = [*found.notes, note]


def judged_answers(both: BothModels, params: AnswerGateParams) -> Judgement:
    """Look at every limit and give the figures. The same answers give the same bits.

    Raises GateError where a limit is on a metric that no row counts for.
    """
    even = params.model_copy(update={"power": 0.5})  # the level itself, no room for bad luck
    head, base = (part[params.right].amounts for part in (both.head, both.base))
    return Judgement(
        base=estimates({"base": both.base}, both.clusters),
        head=estimates({"head": both.head}, both.clusters),
        difference=differences([both.head], [both.base], both.clusters),
        mcnemar=significance.mcnemar(head, base),
        paired_test=PAIRED_TESTS[params.right],
        same_answer_share=both.same_answer_share,
        per_class={},
        limits=_look(both, params),
        sees=_sees(both, _limit_on_right(params), params) or 1.0,
        fails_from=_sees(both, _limit_on_right(params), even) or 1.0,
        seen_in=ANSWER_METRICS[params.right].title,
    )


def compare_answers(found: Comparison, both: BothModels, params: AnswerGateParams) -> None:
    """Set verdict, reasons, figures and notes of a comparison whose rows were answered by both.

    Raises GateError where passing would say nothing.
    """
    found.rows = len(both.clusters)
    judgement = judged_answers(both, params)
    conclude(found, judgement, params)
    limit = _limit_on_right(params)
    wanted = limit.value + ONE_POINT
    needed = significance.rows_to_see(
        wanted, both.lost(params.right), both.clusters, params.false_fail * limit.share,
        params.power, limit.value,
    )  # fmt: skip
    found.notes = [*found.notes, smallest_seen(judgement, found.rows, params, wanted, needed)]


def _limits(params: AnswerGateParams) -> list[Limit]:
    limits = limits_on_all(params, OF_ANSWERS)
    return [replace(one, share=1 / len(limits)) for one in limits]


def _limit_on_right(params: AnswerGateParams) -> Limit:
    own = (one for one in _limits(params) if (one.kind, one.measure) == ("drop", params.right))
    return next(own, Limit("drop", params.right, 0.0, share=1.0))


def _look(both: BothModels, params: AnswerGateParams) -> list[Checked]:
    limits = _limits(params)
    found = [_found(both, limit) for limit in limits]
    p_holm = significance.holm([p for _, p in found], [limit.share for limit in limits])
    return [
        Checked(
            **vars(limit),
            found=amount,
            p_holm=p,
            fails=p <= params.false_fail,
            sees=_sees(both, limit, params),
        )
        for limit, (amount, _), p in zip(limits, found, p_holm, strict=True)
    ]


def _found(both: BothModels, limit: Limit) -> tuple[float, float]:
    """What was found of a limit, and its p-value before the correction."""
    metric, models = ANSWER_METRICS[limit.measure], (both.base, both.head)
    needed = models[1:] if limit.kind == "least" else models
    if not all(np.isfinite(figure(metric, figures)) for figures in needed):
        raise GateError(
            f"params.yaml: gate, {metric.title}", "a limit on what no test row counts for",
            "test rows that it is measured on", "set the limit to null, or add such rows",
        )  # fmt: skip
    if limit.kind == "least":
        return chance_of_reaching(metric, both.head, both.clusters, limit.value)
    if _is_mean(both, metric):
        sums = significance.sums_by_cluster(both.lost(metric.name), both.clusters)
        net, rows = float(sums.sum()), len(both.clusters)
        return net / rows, significance.flip_p(sums, net - limit.value * rows)
    drop, swapped = _swapped_drops(both, metric)
    reached = swapped >= drop - limit.value - significance.TINY
    return drop, float((1 + reached.sum()) / (1 + len(reached)))


def _is_mean(both: BothModels, metric: AnswerMetric) -> bool:
    return all((part[metric.name].weights == 1).all() for part in (both.base, both.head))


def _swapped_drops(both: BothModels, metric: AnswerMetric) -> tuple[float, np.ndarray]:
    """How much a metric drops from base to head, and in each of SWAPS random swaps of the answers
    to a cluster; a swap after which no row counts is one without a drop."""
    base, head = (
        np.stack([np.bincount(both.clusters, weights=part) for part in figures[metric.name]], 1)
        for figures in (both.base, both.head)
    )
    random, drops = np.random.default_rng(0), []
    moved, totals = head - base, (base.sum(0), head.sum(0))
    for start in range(0, significance.SWAPS, significance.CHUNK):
        size = min(significance.CHUNK, significance.SWAPS - start)
        taken = random.integers(0, 2, (size, len(moved))).astype(np.float64) @ moved
        one, other = (metric.value(*part.T) for part in (totals[0] + taken, totals[1] - taken))
        drops.append(np.nan_to_num(one - other))
    before, now = (figure(metric, figures) for figures in (both.base, both.head))
    return before - now, np.concatenate(drops)


def _sees(both: BothModels, limit: Limit, params: AnswerGateParams) -> float | None:
    """The smallest drop of a mean of rows that is seen."""
    if limit.kind == "least" or not _is_mean(both, ANSWER_METRICS[limit.measure]):
        return None
    level = params.false_fail * limit.share
    lost = both.lost(limit.measure)
    return significance.smallest_drop(lost, both.clusters, level, params.power, limit.value)
