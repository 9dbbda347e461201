"""The choice of one approach by validation alone, and what to choose for a budget.

An approach is as good as the best if its difference to it, paired, in the validation score may be
chance. Of these the cheapest is chosen: fewest trainable parameters, then fewest training tokens,
then the smallest model, then the first by name. Seconds would differ from run to run; these do not.
The score is macro-F1 of labels, and of answers what counts as right of a row.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from seedbed.core.files import rounded
from seedbed.core.metrics import Difference, Interval
from seedbed.scoring.answers.estimates import differences
from seedbed.scoring.answers.evaluation import answer_pairs
from seedbed.scoring.answers.metrics import ANSWER_METRICS, Figures
from seedbed.scoring.intervals import paired_difference
from seedbed.scoring.metrics import METRICS
from seedbed.scoring.metrics_files import (
    MACRO_F1,
    AnswerEvaluation,
    Budgets,
    BudgetStep,
    Candidate,
    Choice,
    Measure,
    Validation,
)
from seedbed.scoring.predictions import Pair, Predictions, pairs_with

Candidates = dict[str, Candidate]
TITLES = {
    **{name: metric.title for name, metric in METRICS.items()},
    **{name: metric.title for name, metric in ANSWER_METRICS.items()},
}
COSTS = {"training_tokens", "trainable_parameters", "megabytes"}
SAME_SIZE = 1.05  # models whose sizes differ by less are of one size
NO_DIFFERENCE = Difference(difference=0.0, low=0.0, high=0.0)


class Compared(NamedTuple):
    """What the choice reads of each approach that ran, of any task: its figures on validation;
    `pairs`, every other approach against the one named; `gain`, one approach minus another. `body`:
    what tokens pass through in training."""

    measure: Measure
    figures: Mapping[str, Validation] | Mapping[str, AnswerEvaluation]
    pairs: Callable[[str], Mapping[str, Pair]]
    gain: Callable[[str, str], Difference]
    body: str


def of_labels(
    validations: Mapping[str, Validation], predictions: dict[str, Predictions]
) -> Compared:
    """Return what the choice reads of models of classes; `predictions` are those on validation."""
    seeds = {name: figures.seed_shown for name, figures in validations.items()}

    def gain(one: str, other: str) -> Difference:
        now, before = (predictions[name].scored() for name in (one, other))
        return paired_difference(now.values(), before.values())[MACRO_F1]

    return Compared(
        MACRO_F1,
        validations,
        lambda reference: pairs_with(reference, predictions, seeds),
        gain,
        "encoder",
    )


def of_answers(
    validations: Mapping[str, AnswerEvaluation],
    by_approach: Mapping[str, Mapping[str, Figures]],
    clusters: np.ndarray,
) -> Compared:
    """Return what the choice reads of models that answer. `by_approach`: what `judged` gives for
    the rows of validation, by seed; `clusters` (rows,) numbers those of each row."""
    right = next(iter(validations.values())).right
    seeds = {name: figures.seed_shown for name, figures in validations.items()}

    def gain(one: str, other: str) -> Difference:
        now, before = ([*by_approach[name].values()] for name in (one, other))
        return differences(now, before, clusters)[right]

    return Compared(
        right,
        validations,
        lambda reference: answer_pairs(reference, by_approach, seeds, clusters, right),
        gain,
        "language model",
    )


def cost(candidate: Candidate, name: str) -> tuple[float, float, float, str]:
    """Give what ties are broken by, the cheapest first."""
    return (candidate.trainable_parameters, candidate.training_tokens, candidate.megabytes, name)


def choice(compared: Compared) -> Choice:
    """Choose an approach, and list what to choose for a budget."""
    measure, found = compared.measure, compared.figures
    best = max(found, key=lambda name: (rounded(found[name][measure].mean), name))
    pairs = compared.pairs(best)
    candidates: Candidates = {}
    for name, figures in found.items():
        pair, score = pairs.get(name), figures[measure]
        difference = pair.differences[measure] if pair else NO_DIFFERENCE
        candidates[name] = Candidate(
            score=Interval(mean=score.mean, low=score.low, high=score.high),
            difference_to_best=difference,
            as_good_as_best=rounded(difference.high) >= 0,
            mcnemar_p_holm=pair.p_holm if pair else 1.0,
            **dict(figures.model),
        )
    equals = [name for name, candidate in candidates.items() if candidate.as_good_as_best]
    chosen = min(equals, key=lambda name: cost(candidates[name], name))
    return Choice(
        approach=chosen,
        seed=found[chosen].seed_shown,
        why=sentence(chosen, best, equals, candidates, TITLES[measure]),
        measured_on="validation",
        measure=measure,
        candidates=candidates,
        per_budget=budgets(candidates, compared),
    )


def sentence(chosen: str, best: str, equals: list[str], candidates: Candidates, title: str) -> str:
    """Say in one plain sentence what is chosen and why, and whether the difference is real."""
    score = candidates[chosen].score.mean
    has = f"`{chosen}` is chosen with a validation {title} of {score:.3f}"
    if chosen != best:
        gap = candidates[chosen].difference_to_best
        return (
            f"{has}: `{best}` has {candidates[best].score.mean:.3f}, but the difference "
            f"({_with_interval(gap)}) may be chance, and `{chosen}` trains least."
        )
    others = [name for name in equals if name != chosen]
    if others:
        return f"{has}, the highest; {', '.join(others)} may be as good and cost more."
    if len(candidates) == 1:
        return f"{has}; no other approach was run."
    return f"{has}; every other approach is worse by more than chance."


def _with_interval(gap: Difference) -> str:
    return f"{gap.difference:+.3f}, 95 % interval {gap.low:+.3f} to {gap.high:+.3f}"


def budgets(candidates: Candidates, compared: Compared) -> Budgets:
    """List what to choose for how much training, and for how many megabytes.

    Each step costs more than the one before it and scores higher; `is_real` says whether by more
    than chance. No clock is read: training counts as tokens and then trainable parameters, a
    prediction as the size of the model.
    """

    def steps_by(measure: str) -> list[BudgetStep]:
        steps: list[BudgetStep] = []
        costs = ((getattr(one, measure), *cost(one, name)) for name, one in candidates.items())
        for *_, name in sorted(costs):
            candidate = candidates[name]
            if steps and candidate.score.mean <= steps[-1].score:
                continue
            costs_of = candidate.model_dump(include=COSTS)
            step = BudgetStep(approach=name, score=candidate.score.mean, **costs_of)
            if steps:
                gain = compared.gain(name, steps[-1].approach)
                step = step.model_copy(update={"gain": gain, "is_real": gain.low > 0})
            steps.append(step)
        return steps

    training, size = steps_by("training_tokens"), steps_by("megabytes")
    sizes = [candidate.megabytes for candidate in candidates.values()]
    if max(sizes) <= SAME_SIZE * min(sizes):
        size = []
    in_words = [
        _training_words(training, candidates, compared.body),
        _size_words(size, max(sizes), compared),
    ]
    return Budgets(training=training, megabytes=size, in_words=in_words)


def _size_words(steps: list[BudgetStep], largest: float, compared: Compared) -> str:
    of_labels = compared.measure == MACRO_F1
    if not steps:
        same = f"All models have about {largest:.0f} MB"
        if of_labels:
            return (
                f"{same} and go through the same encoder: neither megabytes nor predictions a "
                "second tell them apart."
            )
        return f"{same}, so that size is no reason for one of them."
    listed = ", ".join(f"`{step.approach}` from {step.megabytes:.0f} MB on" for step in steps)
    # Examples in a prompt make answers slower at the same size.
    by = "By size, which is also what a prediction goes through" if of_labels else "By size"
    return f"{by}: {listed}."


def _training_words(steps: list[BudgetStep], candidates: Candidates, body: str) -> str:
    words = [f"With the least training take `{steps[0].approach}` ({_trained(steps[0], body)})"]
    for step in steps[1:]:
        real = "a real gain" if step.is_real else "which may be chance"
        gain = _with_interval(step.gain) if step.gain else ""
        words.append(f"`{step.approach}` adds {gain} ({real}) for {_trained(step, body)}")
    left = [name for name in candidates if name not in [step.approach for step in steps]]
    if left:
        listed = ", ".join(f"`{name}`" for name in left)
        words.append(f"{listed} cost{'s' if len(left) == 1 else ''} more than one that scores more")
    return "; ".join(words) + "."


def _trained(step: BudgetStep, body: str) -> str:
    tokens = f"{step.training_tokens:,} tokens" if step.training_tokens else "no pass"
    parameters = f"{step.trainable_parameters:,} trainable parameters"
    return f"{tokens} through the {body} in training, {parameters}"
