"""Choose the approach by validation alone; among equals the one that trains least.

models/APPROACH/, data/evaluate/APPROACH/validation/, reports/metrics/evaluate/APPROACH/
validation.json of each approach -> models/best/, reports/choice.json
"""

import shutil
from pathlib import Path
from typing import Any

from seedbed.approaches import NAMES
from seedbed.errors import ModelError
from seedbed.files import fresh_folder, read_json, write_json, write_text
from seedbed.model_readme import model_readme
from seedbed.predictions import Predictions, read_predictions
from seedbed.scoring import paired_difference
from seedbed.stage import run

MODELS = Path("models")
METRICS = Path("reports/metrics/evaluate")
PREDICTIONS = Path("data/evaluate")
BEST = Path("models/best")
CHOICE = Path("reports/choice.json")


def compare(
    metrics: dict[str, dict[str, Any]], predictions: dict[str, Predictions]
) -> dict[str, Any]:
    """The choice and what it rests on. An approach is as good as the best where the 95 % interval
    of the paired difference in validation macro-F1 holds zero or more."""
    best = max(metrics, key=lambda name: (metrics[name]["macro_f1"]["mean"], name))
    candidates = {}
    for name, found in metrics.items():
        one, other = predictions[name], predictions[best]
        difference = paired_difference(
            one.labels,
            list(one.predicted().values()),
            list(other.predicted().values()),
            one.units(),
        )["macro_f1"]
        candidates[name] = {
            "macro_f1": {key: found["macro_f1"][key] for key in ("mean", "low", "high")},
            "difference_to_best": difference,
            "as_good_as_best": difference["high"] >= 0,
            **found["model"],
        }
    equals = [name for name, one in candidates.items() if one["as_good_as_best"]]
    chosen = min(equals, key=lambda name: (candidates[name]["trained_numbers"], name))
    return {
        "approach": chosen,
        "seed": metrics[chosen]["seed_shown"],
        "why": sentence(chosen, best, equals, candidates),
        "measured_on": "validation",
        "candidates": candidates,
    }


def sentence(
    chosen: str, best: str, equals: list[str], candidates: dict[str, dict[str, Any]]
) -> str:
    """One plain sentence: what, why, and whether the difference is real."""
    score = candidates[chosen]["macro_f1"]
    has = f"`{chosen}` is chosen with a validation macro-F1 of {score['mean']:.3f}"
    if chosen != best:
        gap = candidates[chosen]["difference_to_best"]
        return (
            f"{has}: `{best}` has {candidates[best]['macro_f1']['mean']:.3f}, but the difference "
            f"({gap['difference']:+.3f}, 95 % interval {gap['low']:+.3f} to {gap['high']:+.3f}) "
            f"may be chance, and `{chosen}` trains least."
        )
    others = [name for name in equals if name != chosen]
    if others:
        return f"{has}, the highest; {', '.join(others)} may be as good and cost more."
    return f"{has}; every other approach is worse by more than chance."


def main() -> str:
    metrics = {name: read_json(METRICS / name / "validation.json") for name in NAMES}
    metrics = {name: found for name, found in metrics.items() if found["run"]}
    if not metrics:
        raise ModelError(
            "params.yaml: approaches",
            "every approach has run: false",
            "at least one with run: true",
            "set one to true",
        )
    predictions = {name: read_predictions(PREDICTIONS / name / "validation") for name in metrics}
    choice = compare(metrics, predictions)
    source = MODELS / choice["approach"] / f"seed-{choice['seed']}"
    with fresh_folder(BEST) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        write_text(folder / "README.md", model_readme(read_json(source / "seedbed.json"), choice))
    write_json(CHOICE, choice)
    return choice["why"]


if __name__ == "__main__":
    run("select", main)
