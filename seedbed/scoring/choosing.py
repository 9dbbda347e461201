"""Choose an approach by validation alone, and one for a budget.

An approach is as good as the best if its difference to it, in a paired bootstrap of validation
macro-F1, may be chance. Of these the cheapest is chosen: fewest trainable parameters, then fewest
training tokens, then the smallest model, then the first by name. Seconds would differ from run to
run; these do not.
"""

import numpy as np

from seedbed.core.metrics import Difference, Interval
from seedbed.scoring.intervals import paired_difference, resampled_counts
from seedbed.scoring.metrics_files import (
    Budgets,
    BudgetStep,
    Candidate,
    Choice,
    Validation,
)
from seedbed.scoring.predictions import Predictions, pairs_with

Candidates = dict[str, Candidate]
SAME_SIZE = 1.05  # models whose sizes differ by less are of one size
NO_DIFFERENCE = Difference(difference=0.0, low=0.0, high=0.0)


def cost(candidate: Candidate, name: str) -> tuple[float, float, float, str]:
    """Give what ties are broken by, the cheapest first."""
    return (candidate.trainable_parameters, candidate.training_tokens, candidate.megabytes, name)


def choice(validations: dict[str, Validation], predictions: dict[str, Predictions]) -> Choice:
    """Choose an approach; `predictions` are those on validation, of each approach that ran."""
    best = max(validations, key=lambda name: (validations[name]["macro_f1"].mean, name))
    samples = resampled_counts(predictions[best].clusters())
    seeds = {name: figures.seed_shown for name, figures in validations.items()}
    pairs = pairs_with(best, predictions, seeds, samples)
    candidates: Candidates = {}
    for name, figures in validations.items():
        pair, score = pairs.get(name), figures["macro_f1"]
        difference = pair.differences["macro_f1"] if pair else NO_DIFFERENCE
        candidates[name] = Candidate(
            macro_f1=Interval(mean=score.mean, low=score.low, high=score.high),
            difference_to_best=difference,
            as_good_as_best=difference.high >= 0,
            mcnemar_p_holm=pair.p_holm if pair else 1.0,
            **dict(figures.model),
        )
    equals = [name for name, candidate in candidates.items() if candidate.as_good_as_best]
    chosen = min(equals, key=lambda name: cost(candidates[name], name))
    return Choice(
        approach=chosen,
        seed=seeds[chosen],
        why=sentence(chosen, best, equals, candidates),
        measured_on="validation",
        candidates=candidates,
        per_budget=budgets(candidates, predictions, samples),
    )


def sentence(chosen: str, best: str, equals: list[str], candidates: Candidates) -> str:
    """Say in one plain sentence what is chosen and why, and whether the difference is real."""
    score = candidates[chosen].macro_f1.mean
    has = f"`{chosen}` is chosen with a validation macro-F1 of {score:.3f}"
    if chosen != best:
        gap = candidates[chosen].difference_to_best
        return (
            f"{has}: `{best}` has {candidates[best].macro_f1.mean:.3f}, but the difference "
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


def budgets(
    candidates: Candidates, predictions: dict[str, Predictions], samples: np.ndarray
) -> Budgets:
    """List what to choose for how much training, and for how many megabytes.

    Each step costs more than the one before it and scores higher; `is_real` says whether by more
    than chance. No clock is read: training counts as tokens and then trainable parameters, a
    prediction as the size of the model.
    """
    by_training = sorted(
        candidates,
        key=lambda name: (candidates[name].training_tokens, *cost(candidates[name], name)),
    )
    sizes = {name: candidate.megabytes for name, candidate in candidates.items()}
    by_size = sorted(candidates, key=lambda name: (sizes[name], *cost(candidates[name], name)))
    training = _steps(by_training, candidates, predictions, samples)
    size = _steps(by_size, candidates, predictions, samples)
    if max(sizes.values()) <= SAME_SIZE * min(sizes.values()):
        size = []
    return Budgets(
        training=training,
        megabytes=size,
        in_words=[_training_words(training, candidates), _size_words(size, sizes)],
    )


def _steps(
    order: list[str],
    candidates: Candidates,
    predictions: dict[str, Predictions],
    samples: np.ndarray,
) -> list[BudgetStep]:
    steps: list[BudgetStep] = []
    for name in order:
        candidate = candidates[name]
        if steps and candidate.macro_f1.mean <= steps[-1].macro_f1:
            continue
        step = BudgetStep(
            approach=name,
            macro_f1=candidate.macro_f1.mean,
            training_tokens=candidate.training_tokens,
            trainable_parameters=candidate.trainable_parameters,
            megabytes=candidate.megabytes,
        )
        if steps:
            models = (predictions[name], predictions[steps[-1].approach])
            now, before = (list(model.scored().values()) for model in models)
            gain = paired_difference(now, before, samples)["macro_f1"]
            step = step.model_copy(update={"gain": gain, "is_real": gain.low > 0})
        steps.append(step)
    return steps


def _training_words(steps: list[BudgetStep], candidates: Candidates) -> str:
    words = [f"With the least training take `{steps[0].approach}` ({_trained(steps[0])})"]
    for step in steps[1:]:
        real = "a real gain" if step.is_real else "which may be chance"
        gain = _with_interval(step.gain) if step.gain else ""
        words.append(f"`{step.approach}` adds {gain} ({real}) for {_trained(step)}")
    left = [name for name in candidates if name not in [step.approach for step in steps]]
    if left:
        listed = ", ".join(f"`{name}`" for name in left)
        words.append(f"{listed} cost{'s' if len(left) == 1 else ''} more than one that scores more")
    return "; ".join(words) + "."


def _trained(step: BudgetStep) -> str:
    tokens = f"{step.training_tokens:,} tokens" if step.training_tokens else "no pass"
    parameters = f"{step.trainable_parameters:,} trainable parameters"
    return f"{tokens} through the encoder in training, {parameters}"


def _size_words(steps: list[BudgetStep], sizes: dict[str, float]) -> str:
    if not steps:
        return (
            f"All models have about {max(sizes.values()):.0f} MB and go through the same encoder: "
            "neither megabytes nor predictions a second tell them apart."
        )
    listed = ", ".join(f"`{step.approach}` from {step.megabytes:.0f} MB on" for step in steps)
    return f"By size, which is also what a prediction goes through: {listed}."
