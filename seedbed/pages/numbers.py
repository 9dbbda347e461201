"""Figures in words: one form for counts, intervals, differences and shares."""

from collections.abc import Mapping

from seedbed.core.metrics import Difference, Metrics
from seedbed.pages.document import Prose


def interval(figure: Metrics | Mapping[str, float], key: str = "mean") -> Prose:
    """0.972 [0.955, 0.986], of an Interval or of whatever else has bounds around `key`."""
    values = figure.model_dump() if isinstance(figure, Metrics) else figure
    return Prose(f"{values[key]:.3f} [{values['low']:.3f}, {values['high']:.3f}]")


def difference(gap: Difference | Mapping[str, float] | None) -> Prose:
    """+0.004 [-0.010, +0.018], "" for none."""
    if gap is None:
        return Prose("")
    values = gap.model_dump() if isinstance(gap, Metrics) else gap
    return Prose(f"{values['difference']:+.3f} [{values['low']:+.3f}, {values['high']:+.3f}]")


def points(share: float) -> str:
    """A share as percentage points: 0.016 is "1.6 points"."""
    number = f"{100 * share:.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"
