"""What is assumed of the rows that a model could be asked about, from those of one split.

Classes are alike unless their rows show otherwise (beta-binomial shrinkage by moments, Kleinman,
1973), since one row says nothing of the spread in its class (collapsed strata, Cochran, 1977,
5A.12). Wrong predictions are smoothed in the same way over the classes that they fall on.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from seedbed.scoring.metrics import Metric, Scored, clustered
from seedbed.tasks import Tallies

SIMULATED = 200_000  # rows drawn for the bias, in at least 20 and at most 200 draws
STEP = 1e-5  # of a numerical slope, in rows


class Population(NamedTuple):
    """What is assumed of all rows that one model could be asked about, by class (classes,).

    Rows of the split, the share that is right, and the share of all wrong predictions that falls
    on the class (of a row's own class: none, the others in proportion).
    """

    actual: np.ndarray
    right: np.ndarray
    falls: np.ndarray

    @classmethod
    def of(cls, true: np.ndarray, said: np.ndarray, number: int) -> "Population":
        """Smooth the counts of class indices (rows,) each, `number` of classes at least two."""
        actual, correct, wrong = (
            np.bincount(part, minlength=number).astype(np.float64)
            for part in (true, true[true == said], said[true != said])
        )
        share, alike = 0.5, 0.0  # `alike`: the correlation of rows of a class
        for _ in range(3):
            weights = 1 / (1 + (np.maximum(actual, 1) - 1) * alike)
            share = float(((weights * correct).sum() + 0.5) / ((weights * actual).sum() + 1))
            excess = ((correct - actual * share) ** 2 - actual * share * (1 - share)).sum()
            alike = _correlation(excess, (actual * (actual - 1)).sum() * share * (1 - share))
        prior = _prior(alike)
        total, even = wrong.sum(), 1 / number
        excess = ((wrong - total * even) ** 2).sum() - total * (1 - even)
        added = _prior(_correlation(excess, total * (total - 1) * (1 - even)))
        return cls(
            actual,
            (correct + prior * share) / (actual + prior),
            (wrong + added * even) / (total + added),
        )

    def tallies(self) -> Tallies:
        """The expected counts: (1, classes) each."""
        missed = self.actual * (1 - self.right) / (1 - self.falls)
        correct = self.actual * self.right
        predicted = correct + self.falls * (missed.sum() - missed)
        return Tallies(correct[None], self.actual[None], predicted[None], self.actual > 0)

    def simulated(self, true: np.ndarray) -> Tallies:
        """Draw predictions for the rows of the split: (draws, classes) each. Two models of the same
        rows have the same luck, so that the noise cancels in their difference."""
        rows, number = len(true), len(self.actual)
        draws = min(200, max(20, SIMULATED // rows))
        luck = np.random.default_rng(0).random((draws, rows), dtype=np.float32)
        place, row = np.nonzero(luck >= self.right[true].astype(np.float32))
        own = true[row]
        # Where a wrong prediction falls: what is left of the row's luck, its own class left out.
        rest = (luck[place, row] - self.right[own]) / (1 - self.right[own])
        ends = np.cumsum(self.falls)
        rest = rest * (1 - self.falls[own])
        rest += np.where(rest >= ends[own] - self.falls[own], self.falls[own], 0)
        other = np.minimum(np.searchsorted(ends, rest, "right"), number - 1)
        missed, stray = (
            np.bincount(place * number + one, minlength=draws * number).reshape(draws, number)
            for one in (own, other)
        )
        correct = self.actual - missed
        actual = np.broadcast_to(self.actual, correct.shape)
        return Tallies(correct, actual, correct + stray, self.actual > 0)


def _correlation(excess: float, scale: float) -> float:
    return float(np.clip(excess / scale, 0, 1)) if scale > 0 else 0.0


def _prior(correlation: float) -> float:
    """Rows that a prior counts as; at least one, so that no share is 0 or 1."""
    return max(1.0, (1 - correlation) / max(correlation, 1e-9))


class Slopes(NamedTuple):
    """How a metric of labels changes with the correct and the predicted rows of each class."""

    correct: np.ndarray
    predicted: np.ndarray

    @classmethod
    def of(cls, metric: Metric, at: Tallies) -> "Slopes":
        """The slopes at expected counts, by forward differences."""
        number = at.actual.shape[1]
        actual = np.broadcast_to(at.actual, (number, number))
        moved, still, figure = STEP * np.eye(number), np.zeros(number), metric.compute(at)
        parts = []
        for correct, predicted in ((moved, still), (still, moved)):
            tallies = Tallies(at.correct + correct, actual, at.predicted + predicted, at.is_actual)
            parts.append((metric.compute(tallies) - figure) / STEP)
        return cls(*parts)

    def values(self, true: np.ndarray, said: np.ndarray) -> np.ndarray:
        """What each row adds to the metric: (rows,)."""
        return np.where(true == said, self.correct[true], 0) + self.predicted[said]

    def sums(self, tallies: Tallies) -> np.ndarray:
        """The linear approximation, less a constant: (samples,)."""
        return tallies.correct @ self.correct + tallies.predicted @ self.predicted

    def moments(self, population: Population) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of a row of each class: mean and variance of what it adds, and what being right adds
        compared with being wrong: (classes,) each."""
        right, falls = population.right, population.falls
        first, second = (
            ((falls * part).sum() - falls * part) / (1 - falls)
            for part in (self.predicted, self.predicted**2)
        )
        hit = self.correct + self.predicted
        mean = right * hit + (1 - right) * first
        return mean, right * hit**2 + (1 - right) * second - mean**2, hit - first


class Models:
    """Predictions of one or more models for the same rows: how far the mean of their figures lies
    from that of the population, and how it spreads."""

    def __init__(self, scored: Collection[Scored], labels: Sequence[np.ndarray] = ()) -> None:
        """Smooth and simulate each; `labels` are further class indices that may stand in them."""
        first = next(iter(scored))
        parts = [first.labels, *(one.predicted for one in scored)]
        names = np.unique(np.concatenate([*parts, *labels]))
        self.true, *self.said = (np.searchsorted(names, part) for part in parts)
        self.clusters = np.unique(first.clusters, return_inverse=True)[1]
        number = max(2, len(names))
        self.populations = [Population.of(self.true, one, number) for one in self.said]
        self.expected = [one.tallies() for one in self.populations]
        self.drawn = [one.simulated(self.true) for one in self.populations]

    def at_samples(self, of: Callable[[Tallies], np.ndarray]) -> np.ndarray:
        """The mean over the models at the expected counts, and in each draw: (1 + draws,)."""
        pairs = zip(self.expected, self.drawn, strict=True)
        return np.mean([np.r_[of(at), of(drawn)] for at, drawn in pairs], axis=0)

    def moments(self, metric: Metric) -> tuple[float, float, float]:
        """The figure of the populations; by how much that of a split lies above it on average; and
        the variance of the mean over the models: of the linear approximation, and of what that
        leaves over in the simulation."""
        parts, residuals = [], []
        every = (self.populations, self.expected, self.drawn, self.said)
        for population, at, drawn, said in zip(*every, strict=True):
            slopes = Slopes.of(metric, at)
            means, variance, _ = slopes.moments(population)
            figures, linear = (np.r_[of(at), of(drawn)] for of in (metric.compute, slopes.sums))
            bias, bent = left_over(figures, linear)
            parts.append((figures[0], bias, (population.actual * variance).sum() + bent))
            residuals.append(slopes.values(self.true, said) - means[self.true])
        middle = np.mean(residuals, axis=0)
        each = float(np.mean([(one**2).sum() for one in residuals]))
        shared = float((middle**2).sum()) / each if each else 1.0
        assumed, bias, whole = (float(part) for part in np.mean(parts, axis=0))
        return assumed, bias, whole * shared * clustered(middle, self.clusters)


def left_over(figures: np.ndarray, linear: np.ndarray) -> tuple[float, float]:
    """By how much the figures of samples (1 + draws,), the first one the expected counts, lie above
    that of the first on average, and the variance that a line through their linear approximation
    leaves. The luck of the draws, which the linear approximation shows, is no bias."""
    rest = figures - linear
    figures, linear = figures[1:] - figures[1:].mean(), linear[1:] - linear[1:].mean()
    square = float(linear @ linear)
    bent = figures - linear * (figures @ linear / square if square else 0)
    return float(rest[1:].mean() - rest[0]), float(np.mean(bent**2))
