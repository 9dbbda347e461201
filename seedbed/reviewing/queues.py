"""What a reviewer sees: rows as the pipeline left them, and the queues of those to decide on.

Suspected label errors in train are shown with their reasons. Those in validation and test are
mixed, blind, with as many random rows of the same side: models must not choose the labels that they
are measured by. The audit is a random sample of all rows, blind too, and the only unbiased estimate
of the label error rate. Random means by hash of the id: whether a row is in does not depend on the
other rows.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.decisions import (
    AMBIGUOUS,
    DROP,
    FOLDER,
    Decision,
    DisagreementRule,
    InForce,
    in_force,
    read_decisions,
)
from seedbed.core.errors import RowsError, SeedbedError
from seedbed.core.files import by_hash, read_csv
from seedbed.core.metrics import Drop, read_ledger
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason, in_words
from seedbed.core.rows import COLUMNS, EMBED, NEXT, SUSPECTS, existing_file, read_rows
from seedbed.encoding.vectors import read_vectors
from seedbed.splitting.shingles import normalised
from seedbed.splitting.sides import SideParams, assign_sides, read_frozen
from seedbed.tasks import Task
from seedbed.tasks.named import read_task

FIGURE = r"-?[0-9.]+(?:e-?[0-9]+)?"
CONFLICTS = (Reason.LABEL_CONFLICT, Reason.NEAR_CONFLICT, Reason.ANSWER_CONFLICT)
AUDIT_SIZE = 200
DISAGREEMENTS = "disagreements"  # the only queue with rows that this person has decided


@dataclass
class Workspace:
    """The state of the project at its last run, with the decisions of now.

    `rows`: those that may be reviewed, sorted and indexed by id. Their `given` is the label before
    any decision, `label` the one that counted at the last run, `fate` is "kept" or why the row was
    dropped: for a conflict, "unlabelled", or by people. A dropped row has the side that it would
    be on. `suspects`: reports/suspects.csv, lowest label quality first. `known`: id and digest of
    every row that a decision can hold for. `conflicts`: drops for the same text with two labels.
    `classes`: that a label may name, sorted. `priorities`: reports/next.csv, the most useful first;
    empty before its first run.
    """

    rows: pd.DataFrame
    suspects: pd.DataFrame
    classes: list[str]
    task: Task
    conflicts: list[Drop]
    known: pd.DataFrame
    rule: DisagreementRule
    priorities: pd.DataFrame
    decisions: list[Decision]
    folder: Path = FOLDER

    def refresh(self) -> None:
        """Read the decisions again, because others may have added some."""
        self.decisions = read_decisions(self.folder)

    def in_force(self) -> InForce:
        """Return the decisions that hold now."""
        return in_force(self.decisions, self.known, self.rule)

    def fault(self, decided: str) -> str:
        """Return what is wrong with a decision that a person wrote; "" if nothing is."""
        return "" if decided in (DROP, AMBIGUOUS) else self.task.fault(self.classes, decided)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self.rows.index

    def row(self, row_id: str) -> pd.Series:
        """Return one row by its id. Raises RowsError if it is not among `rows`."""
        if row_id not in self:
            raise RowsError(
                f"row `{row_id}`",
                "it is not among the rows to review",
                "a row that is kept, in conflict with a copy, or dropped by a person",
                f"run `seedbed explain {row_id}` to see its fate",
            )
        return self.rows.loc[row_id]

    def nearest(self, row_id: str, n: int) -> list[str]:
        """Return ids of the kept rows nearest to a row by cosine of their vectors, nearest first.

        A row that is not kept has no vector, and so no nearest rows.
        """
        ids, vectors = self.unit_vectors
        matches = np.flatnonzero(ids == row_id)
        if not len(matches):
            return []
        cosine = vectors @ vectors[matches[0]]
        cosine[matches[0]] = -np.inf
        order = np.lexsort((ids, -cosine))[:n]
        return [str(ids[index]) for index in order if np.isfinite(cosine[index])]

    @cached_property
    def unit_vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Ids of the kept rows (n,) and their vectors (n, width), of length 1."""
        ids = self.rows["id"][self.rows["fate"] == "kept"].to_numpy(dtype=object)
        vectors, missing = read_vectors(EMBED, list(ids))
        vectors, ids = vectors[~missing], ids[~missing]
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return ids, vectors / np.where(length == 0, 1, length)


def read_workspace() -> Workspace:
    """Read the workspace of this folder. Raises a SeedbedError if the pipeline has not run."""
    task = read_task()
    given, kept = read_rows(Path("data/anonymize")), read_rows(Path("data/split"))
    copies, unsplit, by_people = (
        read_ledger(existing_file(f"data/ledger/{stage}.csv"))
        for stage in ("deduplicate", "split", "apply_decisions")
    )
    conflicts = [drop for drop in copies if drop.reason in CONFLICTS]
    unlabelled = [drop for drop in unsplit if drop.reason == Reason.UNLABELLED]
    fates = {drop.id: drop.reason for drop in [*conflicts, *unlabelled, *by_people]}
    lines: list[Any] = read_csv(existing_file(str(SUSPECTS)), COLUMNS[SUSPECTS], {"score": FIGURE})
    suspects = pd.DataFrame(lines, columns=COLUMNS[SUSPECTS], dtype=object)
    suspects = suspects.assign(
        score=suspects["score"].astype(float), nearest=suspects["nearest"].str.split().map(tuple)
    )
    return Workspace(
        rows=_rows(given, kept, fates),
        suspects=suspects,
        classes=sorted({*task.classes(given["label"]), *read_params("collect.labels", list[str])}),
        task=task,
        conflicts=conflicts,
        known=given[["id", "digest"]],
        rule=read_params("apply_decisions", DisagreementRule),
        priorities=pd.DataFrame(
            read_csv(NEXT, COLUMNS[NEXT]) if NEXT.exists() else [], columns=["id", "suggested"]
        ),
        decisions=read_decisions(FOLDER),
    )


def _rows(given: pd.DataFrame, kept: pd.DataFrame, fates: dict[str, str]) -> pd.DataFrame:
    labels = dict(zip(given["id"], given["label"], strict=True))
    dropped = assign_sides(given, read_frozen(), read_params("split", SideParams))
    dropped = dropped[given["id"].isin(fates) & ~given["id"].isin(kept["id"])]
    dropped = dropped.assign(fate=[fates[row] for row in dropped["id"]])
    rows = pd.concat([kept.assign(fate="kept"), dropped])
    rows["given"] = [labels.get(row, "") for row in rows["id"]]
    return rows.sort_values("id").set_index("id", drop=False).rename_axis(None)


class Item(NamedTuple):
    """One row to decide on.

    `given` is its label, of answers its category, before any decision. A blind item shows nothing
    of what models or other people think: `suggested`, `reason` and `nearest` are empty.
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


def queues_of(workspace: Workspace) -> dict[str, Queue]:
    """Return all queues by name, the most useful first."""
    decided, suspects = workspace.in_force(), workspace.suspects
    noun = workspace.task.TARGET  # what is decided on: label or answer
    doubted = suspects[suspects["split"] == "train"].sort_values(["score", "id"])
    queues = [
        Queue(
            "suspects",
            "Suspects in train",
            f"Suspected {noun} errors in train, lowest {noun} quality first.",
            _suggested(workspace, decided, doubted.drop(columns=["split", "label"])),
        ),
        Queue(
            "conflicts",
            f"{noun.capitalize()} conflicts",
            f"Rows with the same text and different {noun}s, copies one after the other. All of "
            f"them are dropped until their {noun}s agree.",
            _conflicts(workspace, decided),
        ),
        Queue(
            "next",
            "What to label next",
            "Rows whose labels are most useful to the model: the models are unsure, many rows are "
            "like them, and their class is weak (reports/next.csv).",
            _suggested(workspace, decided, workspace.priorities),
        ),
        Queue(
            DISAGREEMENTS,
            "Disagreements",
            "Rows on which people disagree and which no rule settles. They are dropped from train "
            "until people agree.",
            _disagreements(workspace, decided),
        ),
        *(
            Queue(
                side,
                f"Suspects in {side}, blind",
                f"Suspected {noun} errors in {side}, mixed with as many random rows. Which is "
                f"which is not shown, so that models do not choose the {noun}s that they are "
                "measured by.",
                _blind_mix(workspace, decided, side),
            )
            for side in ("validation", "test")
        ),
        Queue(
            "audit",
            "Audit",
            "A random sample of all rows, in random order: the only unbiased estimate of the "
            f"{noun} error rate. Decide the rows in their order.",
            _audit(workspace),
        ),
    ]
    # What to label next is computed from classes.
    return {one.name: one for one in queues if noun == "label" or one.name != "next"}


def queue_named(workspace: Workspace, name: str) -> Queue:
    """Return one queue. Raises SeedbedError if none has this name."""
    queues = queues_of(workspace)
    if name not in queues:
        raise SeedbedError(
            f"queue `{name}`", "no such queue", f"one of {', '.join(queues)}", "correct the name"
        )
    return queues[name]


def _suggested(workspace: Workspace, decided: InForce, table: pd.DataFrame) -> list[Item]:
    """The rows of a table that nobody has settled, in its order, each with what it says of them."""
    return [
        item_of(workspace, **row._asdict())
        for row in table.itertuples(index=False)
        if row.id in workspace and row.id not in decided.settled
    ]


def _conflicts(workspace: Workspace, decided: InForce) -> list[Item]:
    """Rows whose copies, by the texts that deduplicate compares, do not have one label by now, and
    near copies of two labels, pair by pair."""
    groups: dict[tuple[str, ...], dict[str, Item]] = defaultdict(dict)
    drops = {(row, drop) for drop in workspace.conflicts for row in (drop.id, drop.cause)}
    for row, drop in sorted(drops):
        if row in workspace:
            texts = (normalised(workspace.row(row)[part]) for part in ("text", "text_pair"))
            is_copy = drop.reason == Reason.LABEL_CONFLICT
            same = texts if is_copy else sorted((drop.id, drop.cause))
            groups[tuple(same)][row] = item_of(workspace, row, reason=drop.reason)
    items: dict[str, Item] = {}
    for copies in map(dict.values, groups.values()):
        open_ = [copy for copy in copies if copy.id not in decided.settled]
        labels = {_held(workspace, copy, decided) for copy in copies} - {DROP, AMBIGUOUS}
        if len(labels) > 1:
            items |= {copy.id: _with_difference(workspace.task, copy, labels) for copy in open_}
    return list(items.values())


def _held(workspace: Workspace, copy: Item, decided: InForce) -> str:
    """What a copy has now, and another has not: its label, or its answer if that was kept."""
    label = decided.settled[copy.id].decided if copy.id in decided.settled else copy.given
    keeps = workspace.task.TARGET == "answer" and label == copy.given
    return str(workspace.row(copy.id)["answer"]) if keeps else label


def decided_in_words(task: Task, decision: Decision) -> str:
    """Return what a person decided."""
    is_kept = task.TARGET == "answer" and decision.decided == decision.given
    return "keep the answer" if is_kept else task.shown(decision.decided)


def _with_difference(task: Task, copy: Item, labels: set[str]) -> Item:
    """An item in conflict, whose reason also says in which classes the other labels differ."""
    others = sorted(labels - {copy.given})
    differ = "; ".join(filter(None, (task.difference(copy.given, one) for one in others)))
    return copy._replace(reason=f"{in_words(copy.reason)}: {differ}") if differ else copy


def _disagreements(workspace: Workspace, decided: InForce) -> list[Item]:
    task = workspace.task
    votes = {
        row: "; ".join(f"{one.who}: {decided_in_words(task, one)}" for one in decided.votes[row])
        for row in decided.disagreed
    }
    return [item_of(workspace, row, reason=votes[row]) for row in votes if row in workspace]


def _blind_mix(workspace: Workspace, decided: InForce, side: str) -> list[Item]:
    """Mix suspects of a side, as many random rows, and the decided rows of the side, by hash."""
    rows = workspace.rows
    on_side = set(rows["id"][(rows["split"] == side) & ~rows["fate"].isin(CONFLICTS)])
    suspects = on_side.intersection(workspace.suspects["id"])
    random = by_hash(f"random {side}", on_side - suspects)[: len(suspects)]
    # The order needs a hash of its own: by that of the choice the random rows would come first.
    ids = by_hash(f"order {side}", suspects.union(random, on_side.intersection(decided.votes)))
    return [item_of(workspace, row, blind=True) for row in ids]


def _audit(workspace: Workspace) -> list[Item]:
    # Rows in conflict are in no dataset; rows that people dropped were, and count as judged.
    rows = workspace.rows[~workspace.rows["fate"].isin([*CONFLICTS, Reason.UNLABELLED])]
    ids = by_hash("audit", set(rows["id"]))[:AUDIT_SIZE]
    return [item_of(workspace, row, blind=True) for row in ids]


def item_of(workspace: Workspace, id: str, **shown: Any) -> Item:
    """Return a row as an item, without suggestion but for what `shown` says.

    Raises RowsError if it cannot be reviewed.
    """
    cells = workspace.row(id)
    item = Item(id, cells["digest"], cells["given"], "", None, "", False, cells["split"], ())
    return item._replace(**shown)


def nearest_rows(workspace: Workspace, item: Item, n: int) -> list[pd.Series]:
    """Return `n` rows near to an item: those with the suggested label, if they are named."""
    named = [row for row in item.nearest if row in workspace]
    return [workspace.row(row) for row in (named or workspace.nearest(item.id, n))[:n]]
