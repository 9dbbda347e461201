"""Which approach to take, by validation alone, and which one for a budget.

As good as the best is an approach whose difference to it, in a paired bootstrap of validation
macro-F1, may be chance. Of these the cheapest is taken: the fewest trained numbers, then the fewest
tokens trained on, then the smallest model, then the first by name. Seconds would differ from run to
run; these do not.
"""

from typing import Any

import numpy as np

from seedbed.scoring.intervals import resampled_counts
from seedbed.scoring.paired_tests import paired_difference, pairs_with
from seedbed.scoring.predictions import Predictions

Candidates = dict[str, dict[str, Any]]
SAME_SIZE = 1.05  # models whose sizes differ by less are of one size


def cost(candidate: dict[str, Any], name: str) -> tuple[float, float, float, str]:
    """What ties are settled by, the cheapest first."""
    costs = (candidate[key] for key in ("trainable_parameters", "training_tokens", "megabytes"))
    return (*costs, name)


def choice(
    metrics: dict[str, dict[str, Any]], predictions: dict[str, Predictions]
) -> dict[str, Any]:
    """The choice and what it rests on. `metrics`: what validation.json says of each approach that
    ran; `predictions`: theirs on validation."""
    best = max(metrics, key=lambda name: (metrics[name]["macro_f1"]["mean"], name))
    samples = resampled_counts(predictions[best].units())
    seeds = {name: found["seed_shown"] for name, found in metrics.items()}
    pairs = pairs_with(best, predictions, seeds, samples)
    same = {"difference": 0.0, "low": 0.0, "high": 0.0}
    candidates: Candidates = {}
    for name, found in metrics.items():
        pair = pairs.get(name)
        gap = pair["macro_f1"] if pair else same
        candidates[name] = {
            "macro_f1": {key: found["macro_f1"][key] for key in ("mean", "low", "high")},
            "difference_to_best": gap,
            "as_good_as_best": gap["high"] >= 0,
            "mcnemar_p_holm": pair["p_holm"] if pair else 1.0,
            **found["model"],
        }
    equals = [name for name, one in candidates.items() if one["as_good_as_best"]]
    chosen = min(equals, key=lambda name: cost(candidates[name], name))
    return {
        "approach": chosen,
        "seed": seeds[chosen],
        "why": sentence(chosen, best, equals, candidates),
        "measured_on": "validation",
        "candidates": candidates,
        "per_budget": budgets(candidates, predictions, samples),
    }


def sentence(chosen: str, best: str, equals: list[str], candidates: Candidates) -> str:
    """One plain sentence: what, why, and whether the difference is real."""
    score = candidates[chosen]["macro_f1"]
    has = f"`{chosen}` is chosen with a validation macro-F1 of {score['mean']:.3f}"
    if chosen != best:
        gap = candidates[chosen]["difference_to_best"]
        return (
            f"{has}: `{best}` has {candidates[best]['macro_f1']['mean']:.3f}, but the difference "
            f"({_with_interval(gap)}) may be chance, and `{chosen}` trains least."
        )
    others = [name for name in equals if name != chosen]
    if others:
        return f"{has}, the highest; {', '.join(others)} may be as good and cost more."
    if len(candidates) == 1:
        return f"{has}; no other approach was run."
    return f"{has}; every other approach is worse by more than chance."


def _with_interval(gap: dict[str, float]) -> str:
    return f"{gap['difference']:+.3f}, 95 % interval {gap['low']:+.3f} to {gap['high']:+.3f}"


def budgets(
    candidates: Candidates, predictions: dict[str, Predictions], samples: np.ndarray
) -> dict[str, Any]:
    """What to choose for how much training, how many megabytes, and how many predictions a second:
    each step costs more than the one before it and scores higher; `is_real` says whether by more
    than chance. No clock is read: training counts as tokens and then trainable parameters; a
    prediction as the size of the model that it goes through."""
    by_training = sorted(
        candidates,
        key=lambda name: (candidates[name]["training_tokens"], *cost(candidates[name], name)),
    )
    sizes = {name: one["megabytes"] for name, one in candidates.items()}
    by_size = sorted(candidates, key=lambda name: (sizes[name], *cost(candidates[name], name)))
    training = _steps(by_training, candidates, predictions, samples)
    size = _steps(by_size, candidates, predictions, samples)
    if max(sizes.values()) <= SAME_SIZE * min(sizes.values()):
        size = []
    return {
        "training": training,
        "megabytes": size,
        "in_words": [_training_words(training, candidates), _size_words(size, sizes)],
    }


def _steps(
    order: list[str],
    candidates: Candidates,
    predictions: dict[str, Predictions],
    samples: np.ndarray,
) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for name in order:
        one = candidates[name]
        score = one["macro_f1"]["mean"]
        if steps and score <= steps[-1]["macro_f1"]:
            continue
        step = {
            "approach": name,
            "macro_f1": score,
            **{key: one[key] for key in ("training_tokens", "trainable_parameters", "megabytes")},
        }
        if steps:
            ours, base = predictions[name], predictions[steps[-1]["approach"]]
            now, before = (list(part.scored().values()) for part in (ours, base))
            gain = paired_difference(now, before, samples)["macro_f1"]
            step |= {"gain": gain, "is_real": gain["low"] > 0}
        steps.append(step)
    return steps


def _training_words(steps: list[dict[str, Any]], candidates: Candidates) -> str:
    first, *others = steps
    words = [f"With the least training take `{first['approach']}` ({_trained(first)})"]
    for step in others:
        real = "a real gain" if step["is_real"] else "which may be chance"
        words.append(
            f"`{step['approach']}` adds {_with_interval(step['gain'])} ({real}) for "
            f"{_trained(step)}"
        )
    left = [name for name in candidates if name not in [step["approach"] for step in steps]]
    if left:
        listed = ", ".join(f"`{name}`" for name in left)
        words.append(f"{listed} cost{'s' if len(left) == 1 else ''} more than one that scores more")
    return "; ".join(words) + "."


def _trained(step: dict[str, Any]) -> str:
    tokens = f"{step['training_tokens']:,} tokens" if step["training_tokens"] else "no pass"
    parameters = f"{step['trainable_parameters']:,} trainable parameters"
    return f"{tokens} through the encoder in training, {parameters}"


def _size_words(steps: list[dict[str, Any]], sizes: dict[str, float]) -> str:
    if not steps:
        return (
            f"All models have about {max(sizes.values()):.0f} MB and go through the same encoder: "
            "neither megabytes nor predictions a second tell them apart."
        )
    listed = ", ".join(f"`{one['approach']}` from {one['megabytes']:.0f} MB on" for one in steps)
    return f"By size, which is also what a prediction goes through: {listed}."
