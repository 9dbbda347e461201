"""How far review is: queues, people, disagreements, void decisions, and the audit's estimate.

The audit estimates how many labels are wrong from a random sample that people have judged.
"""

import math
from collections import Counter
from typing import NamedTuple

from seedbed.core.decisions import AMBIGUOUS, WITHDRAWN, Decision, InForce, last_lines, place_of
from seedbed.core.rows import SIDES
from seedbed.reviewing.queues import Item, Queue, queues_of
from seedbed.reviewing.workspace import Quarantined, Workspace, read_quarantined

SHOWN = 20
Z = 1.959964  # of a 95 % interval
MIN_JUDGED = 30  # the interval of a side with fewer is too wide to be of use


class Audit(NamedTuple):
    """Decisions of people on the first `judged` rows of the sample of `size`.

    `wrong`: another label was decided, or that the row is to be dropped. `ambiguous`: no single
    label fits, or people disagree; these count as judged, not as wrong. `share`: wrong of judged,
    None without judged rows. `low`, `high`: its 95 % interval (Wilson, 1927). `waiting`: decided
    rows that do not count yet, because a row before them is not decided.
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
    """Estimate the share of wrong labels from the audit queue, over all rows or on one side.

    Rows count in the order of the sample up to the first that nobody has decided. Those after it
    were decided for another reason, such as being suspects, and would make the share too large.
    """
    done = [item.id in decided.votes for item in queue.items]
    reached = done.index(False) if False in done else len(done)
    judged = [item for item in queue.items[:reached] if side in ("", item.split)]
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
        sum(side in ("", item.split) for item in queue.items),
        sum(
            is_done and side in ("", item.split)
            for is_done, item in zip(done[reached:], queue.items[reached:], strict=True)
        ),
    )


def by_side(queue: Queue, decided: InForce) -> dict[str, Audit]:
    """Estimate it for each side with at least MIN_JUDGED judged rows."""
    audits = {side: error_rate(queue, decided, side) for side in SIDES}
    return {side: audit for side, audit in audits.items() if audit.judged >= MIN_JUDGED}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson, 1927); 0 to 1 without data."""
    if not of:
        return 0.0, 1.0
    share, weight = hits / of, Z * Z / of
    middle = (share + weight / 2) / (1 + weight)
    half = Z / (1 + weight) * math.sqrt(share * (1 - share) / of + weight / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def _is_ambiguous(item: Item, decided: InForce) -> bool:
    settled = decided.settled.get(item.id)
    return settled is None or settled.decided == AMBIGUOUS


def _is_wrong(item: Item, decided: InForce) -> bool:
    settled = decided.settled.get(item.id)
    return settled is not None and settled.decided not in (item.given, AMBIGUOUS)


def status(workspace: Workspace) -> list[str]:
    """Return the lines of `seedbed review --status`."""
    decided = workspace.in_force()
    queues = queues_of(workspace)
    return [
        *_queues(queues, decided),
        "",
        *_people(workspace),
        *_disagreements(decided),
        *_void(workspace, decided),
        "",
        *audit_in_words(queues["audit"], decided),
        *_quarantine(read_quarantined()),
    ]


def _queues(queues: dict[str, Queue], decided: InForce) -> list[str]:
    width = max(map(len, queues)) + 2
    lines = ["Queues"]
    for queue in queues.values():
        done = sum(item.id in decided.settled for item in queue.items)
        lines.append(f"  {queue.name:<{width}}{len(queue.items) - done:,} to decide, {done:,} done")
    return lines


def _people(workspace: Workspace) -> list[str]:
    if all(decision.decided == WITHDRAWN for decision in workspace.decisions):
        return ["Nobody has decided anything yet."]
    now = Counter(who for _, who in last_lines(workspace.decisions))
    lines = [f"  {who}: {now[who]:,} rows" for who in sorted(now)]
    arbiter = workspace.rule.arbiter
    if arbiter and arbiter not in now:
        lines.append(f"  {arbiter}, the arbiter (apply_decisions.arbiter), has decided nothing yet")
    return ["People", *lines]


def _disagreements(decided: InForce) -> list[str]:
    if not decided.disagreed:
        return []
    lines = ["", f"People disagree on {len(decided.disagreed)} rows; `--queue disagreements`"]
    for row in decided.disagreed[:SHOWN]:
        votes = ", ".join(f"{vote.who} {vote.decided}" for vote in decided.votes[row])
        lines.append(f"  {row}: {votes}")
    return [*lines, *_more(len(decided.disagreed))]


def _void(workspace: Workspace, decided: InForce) -> list[str]:
    lines = []
    for void, why, step in (
        (decided.unknown_id, "no row has their id", "they hold again if the row comes back"),
        (
            decided.changed_text,
            "the text has changed since",
            "decide again if the row is suspected again",
        ),
    ):
        if void:
            lines += ["", f"{len(void)} void decisions: {why}; {step}"]
            lines += [f"  {_line(workspace, decision)}" for decision in void[:SHOWN]]
            lines += _more(len(void))
    return lines


def _line(workspace: Workspace, decision: Decision) -> str:
    place = place_of(decision, workspace.folder)
    change = f"{decision.given} -> {decision.decided}"
    return f"{place}: row {decision.id}, {change}, {decision.who}, {decision.when}"


def _more(number: int) -> list[str]:
    return [f"  and {number - SHOWN} more"] if number > SHOWN else []


def audit_in_words(queue: Queue, decided: InForce) -> list[str]:
    """Return the audit's estimate of the share of wrong labels, over all rows and by side."""
    audit = error_rate(queue, decided)
    if audit.share is None:
        waiting = f" ({audit.waiting} later ones are)" if audit.waiting else ""
        return [
            f"Audit: the first of {audit.size} rows is not judged{waiting}, so the share of wrong "
            "labels cannot be estimated; `--queue audit`"
        ]
    lines = [f"Audit: {_estimate(audit, audit.share)}"]
    if audit.waiting:
        lines.append(f"  {audit.waiting} later rows are decided; they count once those before are")
    sides = by_side(queue, decided)
    lines += [f"  {name}: {_estimate(side, side.share or 0.0)}" for name, side in sides.items()]
    if len(sides) < len(SIDES):
        lines.append(f"  a side is shown from {MIN_JUDGED} judged rows on")
    return lines


def _estimate(audit: Audit, share: float) -> str:
    return (
        f"{audit.wrong} of {audit.judged} labels wrong, {share:.1%} "
        f"[{audit.low:.1%}, {audit.high:.1%}]; {audit.ambiguous} ambiguous; "
        f"{audit.judged} of {audit.size} rows judged"
    )


def _quarantine(rows: list[Quarantined]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"{len(rows)} rows in quarantine, to be fixed in their source"]
    lines += [f"  {row.file}:{row.line} {row.reason}: {row.next_step}" for row in rows[:SHOWN]]
    return [*lines, *_more(len(rows))]
