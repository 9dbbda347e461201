"""Queues of rows to review: pure functions of the workspace.

Suspected label errors in train are shown with their reasons. Those in validation and test are
mixed, blind, with as many random rows of the same side: models must not choose the labels that they
are measured by. The audit is a random sample of all rows, blind too, and the only unbiased estimate
of the label error rate. Random means by hash of the id: whether a row is in does not depend on the
other rows.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from seedbed.core.decisions import AMBIGUOUS, DROP, InForce
from seedbed.core.errors import ReviewError
from seedbed.reviewing.workspace import CONFLICT, UNLABELLED, Workspace
from seedbed.splitting.shingles import normalised

AUDIT_SIZE = 200
DISAGREEMENTS = "disagreements"  # the only queue with rows that this person has decided


class Item(NamedTuple):
    """One row to decide on.

    `given` is its label before any decision. A blind item shows nothing of what models or other
    people think: `suggested`, `reason` and `nearest` are empty.
    """

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
    """Items in the order in which they are shown; `about` describes them in plain words."""

    name: str
    title: str
    about: str
    items: list[Item]


def queues_of(workspace: Workspace, audit_size: int = AUDIT_SIZE) -> dict[str, Queue]:
    """Return all queues by name, the most useful first."""
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
    """Return one queue. Raises ReviewError if none has this name."""
    queues = queues_of(workspace)
    if name not in queues:
        raise ReviewError(
            f"queue `{name}`", "no such queue", f"one of {', '.join(queues)}", "correct the name"
        )
    return queues[name]


def _suspects(workspace: Workspace, decided: InForce) -> Queue:
    suspects = workspace.suspects
    chosen = suspects[(suspects["split"] == "train") & ~suspects["id"].isin(decided.settled)]
    items = [
        item_of(workspace, row.id)._replace(
            suggested=row.suggested,
            score=row.score,
            reason=row.reason,
            nearest=tuple(row.nearest.split()),
        )
        for row in chosen.sort_values(["score", "id"]).itertuples()
        if row.id in workspace
    ]
    about = "Suspected label errors in train, lowest label quality first."
    return Queue("suspects", "Suspects in train", about, items)


def _next(workspace: Workspace, decided: InForce) -> Queue:
    items = [
        item_of(workspace, row.id)._replace(suggested=row.suggested)
        for row in workspace.priorities.itertuples()
        if row.id in workspace and row.id not in decided.settled
    ]
    about = (
        "Rows whose labels are most useful to the model: the models are unsure, many rows are "
        "like them, and their class is weak (reports/next.csv)."
    )
    return Queue("next", "What to label next", about, items)


def _conflicts(workspace: Workspace, decided: InForce) -> Queue:
    ids = {row for drop in workspace.conflicts for row in (drop.id, drop.cause)}
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
        "Rows with the same text and different labels, copies one after the other. All of them "
        "are dropped until their labels agree."
    )
    return Queue("conflicts", "Label conflicts", about, items)


def _text(workspace: Workspace, row: str) -> tuple[str, str]:
    """Return the texts by which deduplicate decides that two rows have the same text."""
    texts = workspace.row(row)
    return normalised(texts["text"]), normalised(texts["text_pair"])


def _agree(copies: list[Item], decided: InForce) -> bool:
    """Whether the decisions leave one label, so that there is no conflict any more."""
    labels = {
        decided.settled[copy.id].decided if copy.id in decided.settled else copy.given
        for copy in copies
    }
    return len(labels - {DROP, AMBIGUOUS}) <= 1


def _disagreements(workspace: Workspace, decided: InForce) -> Queue:
    items = []
    for row in decided.disagreed:
        votes = "; ".join(f"{vote.who}: {vote.decided}" for vote in decided.votes[row])
        if row in workspace:
            items.append(item_of(workspace, row)._replace(reason=votes))
    about = (
        "Rows on which people disagree and which no rule settles. They are dropped from train "
        "until people agree."
    )
    return Queue(DISAGREEMENTS, "Disagreements", about, items)


def _blind_mix(workspace: Workspace, decided: InForce, side: str) -> Queue:
    """Mix suspects of a side, as many random rows, and the decided rows of the side, by hash."""
    rows = workspace.rows
    on_side = set(rows["id"][(rows["split"] == side) & (rows["fate"] != CONFLICT)])
    suspects = on_side.intersection(workspace.suspects["id"])
    random = by_hash(f"random {side}", on_side - suspects)[: len(suspects)]
    # The order needs a hash of its own: by that of the choice the random rows would come first.
    ids = by_hash(f"order {side}", suspects.union(random, on_side.intersection(decided.votes)))
    items = [item_of(workspace, row)._replace(blind=True) for row in ids]
    about = (
        f"Suspected label errors in {side}, mixed with as many random rows. Which is which is not "
        "shown, so that models do not choose the labels that they are measured by."
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
        "A random sample of all rows, in random order: the only unbiased estimate of the label "
        "error rate. Decide the rows in their order."
    )
    return Queue("audit", "Audit", about, items)


def by_hash(purpose: str, ids: Collection[str]) -> list[str]:
    """Return ids in a random order, which is the same on every machine and with other ids."""
    return sorted(ids, key=lambda row: hashlib.sha256(f"{purpose}:{row}".encode()).digest())


def item_of(workspace: Workspace, row: str) -> Item:
    """Return a row as an item without suggestion. Raises RowsError if it cannot be reviewed."""
    cells = workspace.row(row)
    return Item(row, cells["digest"], cells["given"], "", None, "", False, cells["split"], ())
