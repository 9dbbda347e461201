"""How far review is: queues, people, disagreements, void decisions, and the audit's estimate.

The audit estimates how many labels are wrong from a random sample that people have judged.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from seedbed.core.decisions import AMBIGUOUS, WITHDRAWN, Decision, InForce, last_lines, place_of
from seedbed.core.files import read_csv
from seedbed.core.reasons import NAMES, Reason
from seedbed.core.rows import COLUMNS, QUARANTINE, SIDES, existing_file
from seedbed.reviewing.queues import Queue, Workspace, decided_in_words, queues_of

SHOWN = 20
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
    reached = takewhile(lambda item: item.id in decided.votes, queue.items)
    judged, sample = (
        [item for item in items if side in ("", item.split)] for items in (reached, queue.items)
    )
    settled = [decided.settled.get(item.id) for item in judged]
    labels = [one.decided if one else AMBIGUOUS for one in settled]
    wrong = sum(
        label not in (item.given, AMBIGUOUS) for item, label in zip(judged, labels, strict=True)
    )
    low, high = wilson(wrong, len(judged))
    return Audit(
        len(judged),
        wrong,
        labels.count(AMBIGUOUS),
        wrong / len(judged) if judged else None,
        low,
        high,
        len(sample),
        sum(item.id in decided.votes for item in sample) - len(judged),
    )


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson, 1927); 0 to 1 without data."""
    if not of:
        return 0.0, 1.0
    from scipy.stats import binomtest  # takes a second

    interval = binomtest(hits, of).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


class Quarantined(NamedTuple):
    """A row that could not be read: where it is, why, and what to do.

    It has no id, so nobody decides on it: its source is fixed, and `dvc repro` reads it again.
    """

    source: str
    file: str
    line: int
    reason: str
    next_step: str


def read_quarantined() -> list[Quarantined]:
    """Read the rows in quarantine, in the order of the file. Raises RowsError before a run."""
    found = []
    for row in read_csv(existing_file(str(QUARANTINE)), COLUMNS[QUARANTINE], {"line": "[0-9]+"}):
        reason = row["reason"]
        repair = Reason(reason).repair if reason in NAMES else ""
        step = repair or "correct the row in its source, or delete it"
        found.append(Quarantined(row["source"], row["file"], int(row["line"]), reason, step))
    return found


def status(workspace: Workspace) -> list[str]:
    """Return the lines of `seedbed review --status`."""
    decided = workspace.in_force()
    queues = queues_of(workspace)
    width = max(map(len, queues)) + 2
    lines = ["Queues"]
    for queue in queues.values():
        done = sum(item.id in decided.settled for item in queue.items)
        lines.append(f"  {queue.name:<{width}}{len(queue.items) - done:,} to decide, {done:,} done")
    return [
        *lines,
        "",
        *_people(workspace),
        *_told_of_decisions(workspace, decided),
        "",
        *audit_in_words(queues["audit"], decided, workspace.task.TARGET),
        *_section(
            "{} rows in quarantine, to be fixed in their source",
            read_quarantined(),
            lambda row: f"{row.file}:{row.line} {row.reason}: {row.next_step}",
        ),
    ]


def _section(title: str, told: Sequence[Any], line: Callable[[Any], str]) -> list[str]:
    """An empty line, a title with their number, and a line for each of the first; [] for none."""
    if not told:
        return []
    more = [f"  and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    return ["", title.format(len(told)), *(f"  {line(one)}" for one in told[:SHOWN]), *more]


def _people(workspace: Workspace) -> list[str]:
    if all(decision.decided == WITHDRAWN for decision in workspace.decisions):
        return ["Nobody has decided anything yet."]
    now = Counter(who for _, who in last_lines(workspace.decisions))
    lines = [f"  {who}: {now[who]:,} rows" for who in sorted(now)]
    arbiter = workspace.rule.arbiter
    if arbiter and arbiter not in now:
        lines.append(f"  {arbiter}, the arbiter (apply_decisions.arbiter), has decided nothing yet")
    return ["People", *lines]


def _told_of_decisions(workspace: Workspace, decided: InForce) -> list[str]:
    """The rows on which people disagree, and decisions that are void."""
    task = workspace.task

    def votes(row: str) -> str:
        said = (f"{vote.who} {decided_in_words(task, vote)}" for vote in decided.votes[row])
        return f"{row}: {', '.join(said)}"

    def void(decision: Decision) -> str:
        change = f"{task.shown(decision.given)} -> {decided_in_words(task, decision)}"
        place = place_of(decision, workspace.folder)
        return f"{place}: row {decision.id}, {change}, {decision.who}, {decision.when}"

    gone = "no row has their id; they hold again if the row comes back"
    changed = "the text has changed since; decide again if the row is suspected again"
    disagreed = "People disagree on {} rows; `--queue disagreements`"
    return [
        *_section(disagreed, decided.disagreed, votes),
        *_section(f"{{}} void decisions: {gone}", decided.unknown_id, void),
        *_section(f"{{}} void decisions: {changed}", decided.changed_text, void),
    ]


def audit_in_words(queue: Queue, decided: InForce, noun: str = "label") -> list[str]:
    """Return the audit's estimate of the share that is wrong of labels, or of what `noun` says,
    over all rows and by side."""
    audit = error_rate(queue, decided)
    if audit.share is None:
        waiting = f" ({audit.waiting} later ones are)" if audit.waiting else ""
        return [
            f"Audit: the first of {audit.size} rows is not judged{waiting}, so the share of wrong "
            f"{noun}s cannot be estimated; `--queue audit`"
        ]
    lines = [f"Audit: {_estimate(audit, noun)}"]
    if audit.waiting:
        lines.append(f"  {audit.waiting} later rows are decided; they count once those before are")
    sides = {side: error_rate(queue, decided, side) for side in SIDES}
    shown = {name: side for name, side in sides.items() if side.judged >= MIN_JUDGED}
    lines += [f"  {name}: {_estimate(side, noun)}" for name, side in shown.items()]
    if len(shown) < len(SIDES):
        lines.append(f"  a side is shown from {MIN_JUDGED} judged rows on")
    return lines


def _estimate(audit: Audit, noun: str) -> str:
    return (
        f"{audit.wrong} of {audit.judged} {noun}s wrong, {audit.share or 0:.1%} "
        f"[{audit.low:.1%}, {audit.high:.1%}]; {audit.ambiguous} ambiguous; "
        f"{audit.judged} of {audit.size} rows judged"
    )
