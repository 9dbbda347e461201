"""Figures in words: one form for counts, intervals, differences and shares."""

from seedbed.pages.document import Prose


def interval(figure: dict[str, float], key: str = "mean") -> Prose:
    """0.972 [0.955, 0.986]."""
    return Prose(f"{figure[key]:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]")


def difference(gap: dict[str, float] | None) -> Prose:
    """+0.004 [-0.010, +0.018], "" for none."""
    if gap is None:
        return Prose("")
    return Prose(f"{gap['difference']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]")


def points(share: float) -> str:
    """A share as percentage points: 0.016 is "1.6 points"."""
    number = f"{100 * share:.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"
