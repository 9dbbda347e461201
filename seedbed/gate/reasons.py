"""Why a comparison ended as it did, in sentences."""

import math
from typing import Any

from seedbed.gate.limits import WORDS, GateParams
from seedbed.gate.verdict import Answers, Checked, Judgement, rows_for
from seedbed.pages.numbers import points

SHOWN = 5
ONE_POINT = 0.01


def broken(one: Checked, figures: dict[str, Any]) -> str:
    """A limit that failed: what was found, what was allowed, and how sure that is."""
    sure = f"p = {one.p_holm:.2g}" if one.p_holm >= 0.0001 else "p < 0.0001"
    if one.limit.kind == "least":
        return (
            f"{_measure(one)} is {one.found:.3f}, below the least that is allowed, "
            f"{one.limit.value:.3f} ({sure})."
        )
    before, after = _both(one, figures)
    return (
        f"{_measure(one)} fell by {points(one.found)}, from {before:.3f} to {after:.3f}; "
        f"{_allowed(one)} allowed ({sure})."
    )


def beyond_but_unsure(judgement: Judgement) -> list[str]:
    """Limits that the figures alone would break, though that may be chance; worst first."""
    close = [
        one
        for one in judgement.checked
        if not one.fails
        and (one.found < one.limit.value if one.limit.kind == "least" else _is_beyond(one))
    ]
    close.sort(key=lambda one: one.p_holm)
    drops = [
        f"{_measure(one)} is {one.found:.3f} (at least {one.limit.value:.3f})"
        if one.limit.kind == "least"
        else f"{_measure(one)} fell by {points(one.found)} ({_allowed(one)} allowed)"
        for one in close
    ]
    if not drops:
        return []
    more = f", and {len(drops) - SHOWN} more" if len(drops) > SHOWN else ""
    return [f"Within what chance would bring: {'; '.join(drops[:SHOWN])}{more}."]


def what_it_sees(judgement: Judgement, answers: Answers, params: GateParams) -> list[str]:
    """What this test side can show, and how many rows would show a drop of one point."""
    allowed = getattr(params, "max_drop_accuracy", None) or 0.0
    notes = [
        f"On {len(answers.labels):,} rows a measured drop in accuracy fails from about "
        f"{points(judgement.fails_from)} on; a true one of {points(judgement.sees)} is seen in "
        f"{params.power:.0%} of the cases, a smaller one may pass unseen."
    ]
    if judgement.sees > allowed + ONE_POINT:
        rows = _about(rows_for(allowed + ONE_POINT, answers, params))
        notes[0] += (
            f" To see one of {points(allowed + ONE_POINT)} it would take about {rows:,} rows."
        )
    blind = [
        f"`{one.limit.name}` ({points(one.sees)})"
        for one in judgement.checked
        if one.limit.measure == "recall" and one.sees is not None and one.sees > 0.5
    ]
    if blind:
        more = f", and {len(blind) - SHOWN} more" if len(blind) > SHOWN else ""
        notes.append(
            "Classes with too few rows to show the loss of half of their recall: "
            f"{', '.join(blind[:SHOWN])}{more}."
        )
    return notes


def _about(number: int) -> int:
    """Rounded up to two digits: 2,730 is 2,800."""
    scale = 10 ** max(0, len(str(number)) - 2)
    return math.ceil(number / scale) * scale


def _measure(one: Checked) -> str:
    name = f" of `{one.limit.name}`" if one.limit.name else ""
    words = f"{WORDS[one.limit.measure]}{name}"
    return words[0].upper() + words[1:]


def _allowed(one: Checked) -> str:
    return f"{points(one.limit.value)} are" if one.limit.value else "nothing is"


def _is_beyond(one: Checked) -> bool:
    return one.found > one.limit.value


def _both(one: Checked, figures: dict[str, Any]) -> tuple[float, float]:
    measure = one.limit.measure
    if one.limit.name:
        found = figures["per_class"][one.limit.name]
        return found["base"][measure], found["head"][measure]
    return figures["base"][measure]["mean"], figures["head"][measure]["mean"]
