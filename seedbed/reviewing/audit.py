"""How many labels are wrong, by a random sample that people have judged."""

import math
from typing import NamedTuple

from seedbed.core.decisions import AMBIGUOUS, InForce
from seedbed.core.rows import SIDES
from seedbed.reviewing.queues import Item, Queue

Z = 1.959964  # of a 95 % interval
MIN_JUDGED = 30  # a side with fewer has an interval that says nothing


class Audit(NamedTuple):
    """What people found in the first `judged` rows of the sample of `size`.

    wrong: another label was decided, or that the row is to be dropped. ambiguous: no one label
    fits, or people disagree; these are judged, and not counted as wrong. share: wrong of judged,
    None where no row is; low, high: its 95 % interval (Wilson, 1927). waiting: decided rows that do
    not count yet, since a row before them is not decided.
    """

    judged: int
    wrong: int
    ambiguous: int
    share: float | None
    low: float
    high: float
    size: int
    waiting: int


def error_rate(queue: Queue, decided: InForce, side: str = "") -> Audit:
    """The share of wrong labels, estimated from the audit queue; of one side if named.

    Rows count in the order of the sample up to the first that nobody has decided. Those after it
    were decided for another reason, such as being suspects, and would make the share too large.
    """
    done = [_is_decided(item, decided) for item in queue.items]
    reached = done.index(False) if False in done else len(done)
    judged = [one for one in queue.items[:reached] if side in ("", one.split)]
    ambiguous = sum(_is_ambiguous(item, decided) for item in judged)
    wrong = sum(_is_wrong(item, decided) for item in judged)
    low, high = wilson(wrong, len(judged))
    return Audit(
        len(judged),
        wrong,
        ambiguous,
        wrong / len(judged) if judged else None,
        low,
        high,
        sum(side in ("", one.split) for one in queue.items),
        sum(
            one and side in ("", item.split)
            for one, item in zip(done[reached:], queue.items[reached:], strict=True)
        ),
    )


def by_side(queue: Queue, decided: InForce) -> dict[str, Audit]:
    """The same for each side with at least MIN_JUDGED judged rows."""
    found = {side: error_rate(queue, decided, side) for side in SIDES}
    return {side: one for side, one in found.items() if one.judged >= MIN_JUDGED}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson, 1927); 0 to 1 of nothing."""
    if not of:
        return 0.0, 1.0
    share, weight = hits / of, Z * Z / of
    middle = (share + weight / 2) / (1 + weight)
    half = Z / (1 + weight) * math.sqrt(share * (1 - share) / of + weight / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def _is_decided(item: Item, decided: InForce) -> bool:
    return item.id in decided.votes


def _is_ambiguous(item: Item, decided: InForce) -> bool:
    settled = decided.settled.get(item.id)
    return settled is None or settled.decided == AMBIGUOUS


def _is_wrong(item: Item, decided: InForce) -> bool:
    settled = decided.settled.get(item.id)
    return settled is not None and settled.decided not in (item.given, AMBIGUOUS)
