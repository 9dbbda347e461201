"""Predictions of one approach on one split as a file, approaches compared by them, and the choice
of one by validation alone.

An approach is as good as the best if its difference to it, paired, in validation macro-F1, may be
chance. Of these the cheapest is chosen: fewest trainable parameters, then fewest
training tokens, then the smallest model, then the first by name. Seconds would differ from run to
run; these do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.core.errors import reading
from seedbed.core.files import fresh_folder, rounded
from seedbed.core.metrics import Difference, Interval
from seedbed.scoring.intervals import paired_difference
from seedbed.scoring.metrics import Scored, clusters_of
from seedbed.scoring.metrics_files import Budgets, BudgetStep, Candidate, Choice, Validation
from seedbed.scoring.significance import McNemar, holm, mcnemar
from seedbed.tasks import ClassTask

Candidates = dict[str, Candidate]
NAME = "predictions.parquet"
COSTS = {"training_tokens", "trainable_parameters", "megabytes"}
SAME_SIZE = 1.05  # models whose sizes differ by less are of one size
NO_DIFFERENCE = Difference(difference=0.0, low=0.0, high=0.0)


@dataclass(frozen=True)
class Predictions:
    """`labels`: targets of the task; `probabilities`: (rows, classes) by seed."""

    task: ClassTask
    ids: list[str]
    groups: list[str]
    labels: np.ndarray
    probabilities: dict[str, np.ndarray]

    def ruled(self, thresholds: dict[str, list[float]]) -> "Predictions":
        """Apply the task's rule with the thresholds of each seed, so that `decode` gives what it
        predicts; a seed without any has none."""
        by_seed = {
            seed: self.task.ruled(given, thresholds.get(seed, []))
            for seed, given in self.probabilities.items()
        }
        width = next(iter(self.probabilities.values())).shape[1]
        one = next(iter(thresholds.values()), [])
        labels = self.task.ruled_targets(self.labels, width, one)
        return Predictions(self.task, self.ids, self.groups, labels, by_seed)

    def inside(self, seed: str) -> tuple[np.ndarray, np.ndarray]:
        """Targets and one seed's probabilities of the rows in scope."""
        known = ~self.task.outside(self.labels)
        return self.labels[known], self.probabilities[seed][known]

    def scored(self) -> dict[str, Scored]:
        """Labels, predictions, probabilities and clusters by seed."""
        task, clusters = self.task, self.clusters()
        return {
            seed: Scored.of(task, self.labels, task.decode(probabilities), probabilities, clusters)
            for seed, probabilities in self.probabilities.items()
        }

    def clusters(self) -> np.ndarray:
        """Number the cluster of each row, (rows,): its group, or the row itself."""
        return clusters_of(self.ids, self.groups)


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Write a folder of one Parquet file, which holds no text."""
    columns: dict[str, Sequence[object] | np.ndarray] = {
        "id": predictions.ids,
        "group": predictions.groups,
        "label": list(predictions.labels),  # of sets a list a row
    }
    for seed, by_class in predictions.probabilities.items():
        columns |= {f"{seed}/{index}": by_class[:, index] for index in range(by_class.shape[1])}
    table = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
    with fresh_folder(folder) as fresh:
        pq.write_table(table.replace_schema_metadata(None), fresh / NAME, compression="zstd")


def read_predictions(folder: Path, task: ClassTask) -> Predictions:
    """Read what `write_predictions` wrote. Raises DamagedError."""
    with reading(folder / NAME):
        table = pq.read_table(folder / NAME).to_pandas()
        seeds: dict[str, list[str]] = {}
        for column in table.columns[3:]:
            seeds.setdefault(column.split("/")[0], []).append(column)
        return Predictions(
            task,
            list(table["id"]),
            list(table["group"]),
            np.stack(table["label"].to_numpy()),
            {seed: table[columns].to_numpy() for seed, columns in seeds.items()},
        )


class Pair(NamedTuple):
    """An approach against a reference: differences by metric of the table, and the task's paired
    test between the seeds that are shown, whose p-value `p_holm` is corrected for all pairs; `test`
    names it."""

    differences: dict[str, Difference]
    mcnemar: McNemar
    p_holm: float
    test: str


def pairs_with(
    reference: str, predictions: dict[str, Predictions], seeds: dict[str, str]
) -> dict[str, Pair]:
    """Compare every approach with the reference. All predictions are for the same rows."""
    base = predictions[reference].scored()
    ours = {name: other.scored() for name, other in predictions.items() if name != reference}
    shown = base[seeds[reference]].right
    tests = [mcnemar(one[seeds[name]].right, shown) for name, one in ours.items()]
    corrected = holm([test.p for test in tests])
    return {
        name: Pair(
            paired_difference(one.values(), base.values()),
            test,
            p_holm,
            predictions[name].task.PAIRED_TEST,
        )
        for (name, one), test, p_holm in zip(ours.items(), tests, corrected, strict=True)
    }


def cost(candidate: Candidate, name: str) -> tuple[float, float, float, str]:
    """Give what ties are broken by, the cheapest first."""
    return (candidate.trainable_parameters, candidate.training_tokens, candidate.megabytes, name)


def choice(validations: dict[str, Validation], predictions: dict[str, Predictions]) -> Choice:
    """Choose an approach; `predictions` are those on validation, of each approach that ran."""
    best = max(validations, key=lambda name: (rounded(validations[name]["macro_f1"].mean), name))
    seeds = {name: figures.seed_shown for name, figures in validations.items()}
    pairs = pairs_with(best, predictions, seeds)
    candidates: Candidates = {}
    for name, figures in validations.items():
        pair, score = pairs.get(name), figures["macro_f1"]
        difference = pair.differences["macro_f1"] if pair else NO_DIFFERENCE
        candidates[name] = Candidate(
            macro_f1=Interval(mean=score.mean, low=score.low, high=score.high),
            difference_to_best=difference,
            as_good_as_best=rounded(difference.high) >= 0,
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
        per_budget=budgets(candidates, predictions),
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


def budgets(candidates: Candidates, predictions: dict[str, Predictions]) -> Budgets:
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
            if steps and candidate.macro_f1.mean <= steps[-1].macro_f1:
                continue
            costs_of = candidate.model_dump(include=COSTS)
            step = BudgetStep(approach=name, macro_f1=candidate.macro_f1.mean, **costs_of)
            if steps:
                now, before = (predictions[one].scored() for one in (name, steps[-1].approach))
                gain = paired_difference(now.values(), before.values())["macro_f1"]
                step = step.model_copy(update={"gain": gain, "is_real": gain.low > 0})
            steps.append(step)
        return steps

    training, size = steps_by("training_tokens"), steps_by("megabytes")
    sizes = [candidate.megabytes for candidate in candidates.values()]
    if max(sizes) <= SAME_SIZE * min(sizes):
        size = []
        size_words = (
            f"All models have about {max(sizes):.0f} MB and go through the same encoder: "
            "neither megabytes nor predictions a second tell them apart."
        )
    else:
        listed = ", ".join(f"`{step.approach}` from {step.megabytes:.0f} MB on" for step in size)
        size_words = f"By size, which is also what a prediction goes through: {listed}."
    in_words = [_training_words(training, candidates), size_words]
    return Budgets(training=training, megabytes=size, in_words=in_words)


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
