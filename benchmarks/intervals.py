"""How often a 95 % interval holds the truth, over many simulated splits.

-> benchmarks/results/intervals.json. The truth is known: each class has a share of right answers,
and wrong ones fall on the other classes in known shares. A split draws rows of each class; the
classes and their numbers of rows stay. Kinds of worlds: all classes alike; each with its own
accuracy (a beta distribution with the weight of five rows) and wrong answers on a few classes; each
with its own number of rows as well; two models that differ on a tenth of the rows; probabilities
(calibrated, of normal evidence). `python -m benchmarks.intervals [SPLITS]`.
"""

import sys
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.files import write_json
from seedbed.pages.rendering import table as markdown_table
from seedbed.scoring import confidence
from seedbed.scoring.intervals import concordance, headline, paired_difference, shares
from seedbed.scoring.metrics import METRICS, Scored, Tallies

RESULT = Path("benchmarks/results/intervals.json")
ACCURACIES = (0.5, 0.8, 0.95, 0.99)
CLASSES = (2, 5, 50, 500)
ROWS = (1, 2, 5, 20, 200)
FEWER = {"own accuracy": 50, "own sizes": 50, "paired": 50, "probabilities": 5}
MOST_ROWS = 20  # of a class, in these kinds
WEIGHT = 5.0  # rows' worth of the classes' own accuracies
REDONE = 0.1  # share of the rows that the second model answers anew, a fifth less often right
SPLITS = 120
LARGE = 2_000  # rows of a split; above it fewer splits are drawn
LARGEST = 20_000
TINY = 1e-9
POPULATION = 200_000  # rows that stand for all


class Cell(NamedTuple):
    """One line of the simulation: classes, rows of each, accuracy and the kind of world."""

    classes: int
    rows: int
    accuracy: float
    kind: str = "alike"


class World(NamedTuple):
    """Rows, share of right answers and share of all wrong answers, by class."""

    sizes: np.ndarray
    right: np.ndarray
    falls: np.ndarray

    @classmethod
    def of(cls, cell: Cell, random: np.random.Generator) -> "World":
        """Draw one of the cell's kind."""
        number, accuracy = cell.classes, cell.accuracy
        right, falls = np.full(number, accuracy), np.full(number, 1 / number)
        sizes = np.full(number, cell.rows)
        if cell.kind.startswith("own"):
            right = random.beta(accuracy * WEIGHT, (1 - accuracy) * WEIGHT, number)
            falls = 0.98 * random.dirichlet(np.full(number, 0.3)) + 0.02 / number
        if cell.kind == "own sizes":
            sizes = np.exp(random.normal(np.log(cell.rows), 1.2, number)).round()
            sizes = np.clip(sizes, 1, 200).astype(int)
        return cls(sizes, right, falls)

    def said(self, true: np.ndarray, right: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Answers to rows of classes `true`, of which the shares `right` are right."""
        ends, own = np.cumsum(self.falls), self.falls[true]
        luck = random.random(len(true)) * (1 - own)
        luck += np.where(luck >= ends[true] - own, own, 0)
        other = np.minimum(np.searchsorted(ends, luck, "right"), len(ends) - 1)
        return np.where(random.random(len(true)) < right[true], true, other)

    def truth(self, right: np.ndarray) -> Tallies:
        """The expected counts."""
        missed = self.sizes * (1 - right) / (1 - self.falls)
        correct = self.sizes * right
        predicted = correct + self.falls * (missed.sum() - missed)
        return Tallies(correct[None], self.sizes[None] * 1.0, predicted[None], self.sizes > 0)


Found = dict[str, tuple[float, float, float]]  # low and high of an interval, and the truth


def labels_of(cell: Cell, random: np.random.Generator) -> Found:
    """One split's intervals of the metrics of labels, or of their differences."""
    world = World.of(cell, random)
    true = np.repeat(np.arange(cell.classes), world.sizes)
    said = world.said(true, world.right, random)
    truths = {name: one.compute(world.truth(world.right))[0] for name, one in METRICS.items()}
    scored = Scored.of(true, said)
    if cell.kind == "paired":
        worse = world.right * 0.8
        again = random.random(len(true)) < REDONE
        other = Scored.of(true, np.where(again, world.said(true, worse, random), said))
        behind = world.truth(world.right * (1 - REDONE) + worse * REDONE)
        gaps = paired_difference([scored], [other])
        return {
            name: (gap.low, gap.high, truths[name] - METRICS[name].compute(behind)[0])
            for name, gap in gaps.items()
        }
    figures: Found = {
        name: (one.low, one.high, truths[name]) for name, one in headline({"0": scored}).items()
    }
    every = true == np.arange(cell.classes)[:, None]
    recalls = shares(true == said, every[:1], scored.clusters)
    return figures | {"recall of a class": (recalls[0].low, recalls[0].high, world.right[0])}


def evidence_for(accuracy: float, classes: int) -> float:
    """How far the true class stands out, in standard deviations, for an accuracy."""
    noise = np.random.default_rng(0).normal(size=(20_000, classes))
    rest = noise[:, 1:].max(1) - noise[:, 0]
    return float(np.quantile(rest, accuracy))


def answered(
    true: np.ndarray, classes: int, signal: float, random: np.random.Generator
) -> np.ndarray:
    """Calibrated probabilities of rows of classes `true`: (rows, classes)."""
    seen = random.normal(size=(len(true), classes))
    seen[np.arange(len(true)), true] += signal
    odds = np.exp(signal * (seen - seen.max(1, keepdims=True)))
    return odds / odds.sum(1, keepdims=True)


def probabilities_of(
    cell: Cell, random: np.random.Generator, signal: float, truths: dict[str, float]
) -> Found:
    """One split's intervals of the figures of probabilities."""
    true = np.repeat(np.arange(cell.classes), cell.rows)
    given, units = answered(true, cell.classes, signal, random), np.arange(len(true))
    found = confidence.calibration(true, given, units)
    outside = units < max(1, len(units) // 5)
    scores = random.normal(size=len(units)) + signal * outside
    area = concordance(outside, confidence.auroc(outside, scores), units)
    error, perfect = found.expected_calibration_error, found.expected_calibration_error_if_perfect
    risk = confidence.risk_coverage(true, given, units).area
    return {
        "log loss": (found.log_loss.low, found.log_loss.high, truths["log loss"]),
        "Brier score": (found.brier.low, found.brier.high, truths["Brier score"]),
        "calibration error": (perfect.low, perfect.high, error),
        "risk and coverage": (risk.low, risk.high, truths["risk and coverage"]),
        "AUROC": (area.low, area.high, truths["AUROC"]),
    }


def truths_of(cell: Cell, signal: float) -> dict[str, float]:
    """The figures of very many rows."""
    from scipy.special import ndtr

    number = POPULATION // cell.classes
    true, random = np.repeat(np.arange(cell.classes), number), np.random.default_rng(2)
    given, units = answered(true, cell.classes, signal, random), np.arange(len(true))
    chosen = given[units, true]
    squares = 1 + (given**2).sum(1) - 2 * chosen
    order = np.argsort(-given.max(1), kind="stable")
    wrong = (given.argmax(1) != true)[order]
    return {
        "log loss": float(-np.log(chosen).mean()),
        "Brier score": float(squares.mean()),
        "risk and coverage": float((np.cumsum(wrong) / (units + 1)).mean()),
        "AUROC": float(ndtr(signal / 2**0.5)),
    }


def coverage(cell: Cell, splits: int) -> dict[str, tuple[float, float]]:
    """The share of intervals that hold the truth, and their mean width, by metric."""
    random = np.random.default_rng(1)
    one_split = labels_of
    if cell.kind == "probabilities":
        signal = evidence_for(cell.accuracy, cell.classes)
        truths = truths_of(cell, signal)
        one_split = partial(probabilities_of, signal=signal, truths=truths)
    found = [one_split(cell, random) for _ in range(splits)]
    result = {}
    for name in found[0]:
        low, high, truth = np.array([one[name] for one in found]).T
        inside = (low - TINY <= truth) & (truth <= high + TINY)
        result[name] = (float(inside.mean()), float((high - low).mean()))
    return result


def splits_of(cell: Cell, splits: int) -> int:
    """As many splits as asked for, of large ones fewer."""
    rows = cell.classes * cell.rows
    return splits if rows <= LARGE else splits // (2 if rows <= LARGEST else 5)


def measured(cell: Cell, splits: int) -> dict[str, Any]:
    """One cell as the file has it."""
    number = splits_of(cell, splits)
    inside = {name: one[0] for name, one in coverage(cell, number).items()}
    line = {**cell._asdict(), "splits": number, "inside": inside}
    print(line, flush=True)
    return line


PAGE = """# Intervals

`python -m benchmarks.intervals [SPLITS] [PROCESSES]`: of simulated splits, the share of 95 %
intervals that hold the truth, which is known there. Reach: 92 to 98 %. Each line is the mean over
{accuracies} (accuracy), and in brackets the lowest of them; of {splits} splits a cell, a coverage
of 95 % is measured as {least:.0%} or less once in forty. What is random, and what an interval is
of, is in the docstring of seedbed/scoring/intervals.py. {done} of {every} cells are measured.{note}

{parts}

Where this is weaker than it looks:

- With fewer than about 30 rows in all, the rows that are right take so few values that an interval
  of 92 % or more holds too much of the time: more than 98 % in {above} of {number} cells of the
  first table for macro-F1.
- With one row a class nothing shows how the classes differ. Classes are then taken to be alike.
- Calibration error: the range that a perfectly calibrated model would be in, which it is in.
"""


def page(found: dict[str, Any]) -> str:
    """benchmarks/intervals.md."""
    table = pd.DataFrame(found["cells"])
    parts = []
    for kind, cells_of in table.groupby("kind", sort=False):
        names = list(cells_of["inside"].iloc[0])
        lines = []
        for (number, rows), part in cells_of.groupby(["classes", "rows"]):
            shares = {name: [one[name] for one in part["inside"]] for name in names}
            means = [f"{np.mean(one):.1%} ({min(one):.0%})" for one in shares.values()]
            lines.append([number, rows, *means])
        header = ["classes", "rows of each", *names]
        parts.append(f"## {str(kind).capitalize()}\n\n{markdown_table(header, lines)}")
    alike = [one["inside"]["macro_f1"] for one in found["cells"] if one["kind"] == "alike"]
    spread = 1.96 * (0.95 * 0.05 / found["splits"]) ** 0.5
    return PAGE.format(
        accuracies=", ".join(map(str, ACCURACIES)),
        splits=found["splits"],
        least=0.95 - spread,
        done=len(found["cells"]),
        every=len(cells()),
        note=f" {found['note']}" if "note" in found else "",
        parts="\n\n".join(parts),
        above=sum(one > 0.98 for one in alike),
        number=len(alike),
    )


def cells() -> list[Cell]:
    """Every cell."""
    grid = [(number, rows) for number in CLASSES for rows in ROWS]
    plain = [Cell(*size, accuracy) for size in grid for accuracy in ACCURACIES]
    more = [
        Cell(*size, accuracy, kind)
        for kind, most in FEWER.items()
        for size in grid
        if size[0] <= most and size[1] <= MOST_ROWS
        for accuracy in ACCURACIES
    ]
    return plain + more


def main(splits: int = SPLITS, processes: int = 1) -> None:
    every = cells()
    with Pool(processes) as pool:
        lines = pool.map(partial(measured, splits=splits), every, chunksize=1)
    write_json(RESULT, {"splits": splits, "cells": lines})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
