"""How far review is, as plain lines: queues, people, disagreements, void decisions, the audit."""

from collections import Counter

from seedbed.core.decisions import WITHDRAWN, Decision, InForce, last_lines, place_of
from seedbed.reviewing.audit import MIN_JUDGED, Audit, by_side, error_rate
from seedbed.reviewing.quarantined import Quarantined, quarantined
from seedbed.reviewing.queues import Queue, queues_of
from seedbed.reviewing.workspace import Workspace

SHOWN = 20


def status(workspace: Workspace) -> list[str]:
    """The lines of `seedbed review --status`."""
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
        *_quarantine(quarantined()),
    ]


def _queues(queues: dict[str, Queue], decided: InForce) -> list[str]:
    width = max(map(len, queues)) + 2
    lines = ["Queues"]
    for queue in queues.values():
        done = sum(item.id in decided.settled for item in queue.items)
        lines.append(f"  {queue.name:<{width}}{len(queue.items) - done:,} to decide, {done:,} done")
    return lines


def _people(workspace: Workspace) -> list[str]:
    lines = Counter(one.who for one in workspace.decisions if one.decided != WITHDRAWN)
    now = Counter(who for _, who in last_lines(workspace.decisions))
    if not lines:
        return ["Nobody has decided anything yet."]
    told = [f"  {who}: {now[who]:,} rows" for who in sorted(now)]
    arbiter = workspace.rule.arbiter
    if arbiter and arbiter not in now:
        told.append(f"  {arbiter}, the arbiter, has decided nothing: apply_decisions.arbiter")
    return ["People", *told]


def _disagreements(decided: InForce) -> list[str]:
    if not decided.disagreed:
        return []
    lines = ["", f"People disagree on {len(decided.disagreed)} rows; `--queue disagreements`"]
    for row in decided.disagreed[:SHOWN]:
        said = ", ".join(f"{one.who} {one.decided}" for one in decided.votes[row])
        lines.append(f"  {row}: {said}")
    return [*lines, *_more(len(decided.disagreed))]


def _void(workspace: Workspace, decided: InForce) -> list[str]:
    lines = []
    for ones, why, step in (
        (decided.unknown_id, "no row has their id", "they hold again if the row comes back"),
        (decided.changed_text, "the text has changed since", "decide again if it is doubted"),
    ):
        if ones:
            lines += ["", f"{len(ones)} void decisions: {why}; {step}"]
            lines += [f"  {_line(workspace, one)}" for one in ones[:SHOWN]]
            lines += _more(len(ones))
    return lines


def _line(workspace: Workspace, one: Decision) -> str:
    place = place_of(one, workspace.folder)
    return f"{place}: row {one.id}, {one.given} -> {one.decided}, {one.who}, {one.when}"


def _more(number: int) -> list[str]:
    return [f"  and {number - SHOWN} more"] if number > SHOWN else []


def audit_in_words(queue: Queue, decided: InForce) -> list[str]:
    """What the audit says of the share of wrong labels, over all and by side."""
    found = error_rate(queue, decided)
    if not found.judged:
        waiting = f" ({found.waiting} further down are)" if found.waiting else ""
        return [
            f"Audit: the first of {found.size} rows is not judged{waiting}, so nothing can be said "
            "of how many labels are wrong; `--queue audit`"
        ]
    lines = [f"Audit: {_estimate(found)}"]
    if found.waiting:
        lines.append(
            f"  {found.waiting} further down are decided, and count when those before them are"
        )
    sides = by_side(queue, decided)
    lines += [f"  {side}: {_estimate(one)}" for side, one in sides.items()]
    if len(sides) < 3:
        lines.append(f"  a side is told of from {MIN_JUDGED} judged rows on")
    return lines


def _estimate(found: Audit) -> str:
    return (
        f"{found.wrong} of {found.judged} labels wrong, {found.share:.1%} "
        f"[{found.low:.1%}, {found.high:.1%}]; {found.ambiguous} ambiguous; "
        f"{found.judged} of {found.size} rows judged"
    )


def _quarantine(rows: list[Quarantined]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"{len(rows)} rows in quarantine, to be mended in their source"]
    lines += [f"  {one.file}:{one.line} {one.reason}: {one.next_step}" for one in rows[:SHOWN]]
    return [*lines, *_more(len(rows))]
