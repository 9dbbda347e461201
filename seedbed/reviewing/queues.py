"""What there is to review, as queues: pure functions of the workspace.

Machine suspects of train are shown with their reasons. Those of validation and test are mixed,
blind, with as many random rows of the same side, so that what the models think does not decide what
they are measured by. The audit is a random sample of all rows, blind too; it alone tells how many
labels are wrong. Random means by hash of the id: a row is in or out whatever else is there.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from seedbed.core.decisions import AMBIGUOUS, DROP, InForce
from seedbed.core.errors import ReviewError
from seedbed.reviewing.workspace import CONFLICT, UNLABELLED, Workspace
from seedbed.splitting.near_duplicates import normalised

AUDIT_SIZE = 200
DISAGREEMENTS = "disagreements"  # the one queue in which people decide again on what they decided


class Item(NamedTuple):
    """One row to decide on. `given` is its label before any decision. A blind item tells nothing
    of what a machine or other people think: suggested, reason and nearest are empty."""

    id: str
    digest: str
    given: str
    suggested: str
    score: float | None
    reason: str
    blind: bool
    split: str
    nearest: tuple[str, ...]


class Queue(NamedTuple):
    """Items in the order in which they are shown; `about` says in plain words what they are."""

    name: str
    title: str
    about: str
    items: list[Item]


def queues_of(workspace: Workspace, audit_size: int = AUDIT_SIZE) -> dict[str, Queue]:
    """All queues by name, in the order in which they deserve a person's time."""
    decided = workspace.in_force()
    queues = [
        _suspects(workspace, decided),
        _conflicts(workspace, decided),
        _next(workspace, decided),
        _disagreements(workspace, decided),
        _blind_mix(workspace, decided, "validation"),
        _blind_mix(workspace, decided, "test"),
        _audit(workspace, audit_size),
    ]
    return {queue.name: queue for queue in queues}


def queue_named(workspace: Workspace, name: str) -> Queue:
    """One queue. Raises ReviewError where none has this name."""
    queues = queues_of(workspace)
    if name not in queues:
        raise ReviewError(
            f"queue `{name}`", "no such queue", f"one of {', '.join(queues)}", "correct the name"
        )
    return queues[name]


def _suspects(workspace: Workspace, decided: InForce) -> Queue:
    found = workspace.suspects
    chosen = found[(found["split"] == "train") & ~found["id"].isin(decided.settled)]
    items = [
        item_of(workspace, one.id)._replace(
            suggested=one.suggested,
            score=one.score,
            reason=one.reason,
            nearest=tuple(one.nearest.split()),
        )
        for one in chosen.sort_values(["score", "id"]).itertuples()
        if one.id in workspace
    ]
    about = "Train rows whose label the models doubt, the most doubtful first."
    return Queue("suspects", "Suspects in train", about, items)


def _next(workspace: Workspace, decided: InForce) -> Queue:
    items = [
        item_of(workspace, one.id)._replace(suggested=one.suggested)
        for one in workspace.priorities.itertuples()
        if one.id in workspace and one.id not in decided.settled
    ]
    about = (
        "Rows that teach most when a person has looked at them: the models are unsure, many rows "
        "are like them, and their class is weak (reports/next.csv)."
    )
    return Queue("next", "What to label next", about, items)


def _conflicts(workspace: Workspace, decided: InForce) -> Queue:
    ids = {one for drop in workspace.conflicts for one in (drop.id, drop.cause)}
    texts: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for row in sorted(ids):
        if row in workspace:
            texts[_text(workspace, row)].append(item_of(workspace, row))
    items = [
        item._replace(reason=CONFLICT)
        for copies in texts.values()
        if not _agree(copies, decided)
        for item in copies
        if item.id not in decided.settled
    ]
    about = (
        "Rows with the same text and different labels, copy after copy. All of them are left out "
        "until their labels agree."
    )
    return Queue("conflicts", "Label conflicts", about, items)


def _text(workspace: Workspace, row: str) -> tuple[str, str]:
    """What deduplicate goes by when it says that two rows have the same text."""
    found = workspace.row(row)
    return normalised(found["text"]), normalised(found["text_pair"])


def _agree(copies: list[Item], decided: InForce) -> bool:
    """Whether what people decided leaves one label, so that there is no conflict any more."""
    labels = {
        decided.settled[one.id].decided if one.id in decided.settled else one.given
        for one in copies
    }
    return len(labels - {DROP, AMBIGUOUS}) <= 1


def _disagreements(workspace: Workspace, decided: InForce) -> Queue:
    items = []
    for row in decided.disagreed:
        said = "; ".join(f"{one.who}: {one.decided}" for one in decided.votes[row])
        if row in workspace:
            items.append(item_of(workspace, row)._replace(reason=said))
    about = (
        "Rows on which people disagree and which no rule has settled. They are out of train until "
        "they agree."
    )
    return Queue(DISAGREEMENTS, "Disagreements", about, items)


def _blind_mix(workspace: Workspace, decided: InForce, side: str) -> Queue:
    """Suspects of a side, as many random rows, and what people have decided there, by hash."""
    rows = workspace.rows
    there = set(rows["id"][(rows["split"] == side) & (rows["fate"] != CONFLICT)])
    suspects = there.intersection(workspace.suspects["id"])
    random = by_hash(f"random {side}", there - suspects)[: len(suspects)]
    # The order needs a hash of its own: by that of the choice the random rows would stand first.
    ids = by_hash(f"order {side}", suspects.union(random, there.intersection(decided.votes)))
    items = [item_of(workspace, row)._replace(blind=True) for row in ids]
    about = (
        f"Doubted rows of {side}, mixed with as many random ones. Which is which is not shown, so "
        "that the models do not judge what they are measured by."
    )
    return Queue(side, f"Suspects in {side}, blind", about, items)


def _audit(workspace: Workspace, size: int) -> Queue:
    # Rows in conflict are in no dataset; rows that people dropped were, and count as judged.
    rows = workspace.rows[~workspace.rows["fate"].isin([CONFLICT, UNLABELLED])]
    items = [
        item_of(workspace, row)._replace(blind=True)
        for row in by_hash("audit", set(rows["id"]))[:size]
    ]
    about = (
        "A random sample of all rows, in the order of chance. It alone tells how many labels are "
        "wrong; decide the rows in their order."
    )
    return Queue("audit", "Audit", about, items)


def by_hash(purpose: str, ids: Collection[str]) -> list[str]:
    """Ids in an order that is random, and the same on every machine and with other ids around."""
    return sorted(ids, key=lambda row: hashlib.sha256(f"{purpose}:{row}".encode()).digest())


def item_of(workspace: Workspace, row: str) -> Item:
    """A row as an item without suggestion. Raises RowsError where it is not to be reviewed."""
    found = workspace.row(row)
    return Item(row, found["digest"], found["given"], "", None, "", False, found["split"], ())
