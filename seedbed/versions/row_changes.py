"""The kinds of change between two versions, and all of them together: Difference.

A row of a version is kept (it is in the manifest), dropped (a ledger up to split has it) or
missing. Each way from one to another is a list of its own, so that no change goes unreported:

    base \\ head     kept                          dropped           missing
    kept            relabelled, edited, moved,    removed           removed: left_source, forgotten
                    rebatched; left_training,
                    back_in_training
    dropped         added, `was` says of what     redropped         gone_dropped
    missing         added                         arrived_dropped   -
"""

from typing import NamedTuple

from seedbed.core.decisions import Decision
from seedbed.core.reasons import Reason

FORGOTTEN, LEFT_SOURCE = Reason.FORGOTTEN, "left_source"

Said = tuple[str, str, str]  # who, when, note


class Fate(NamedTuple):
    """What dropped a row: the stage, its reason, the row that caused it or ""."""

    stage: str
    reason: str
    cause: str = ""


class Added(NamedTuple):
    """A row of head's manifest that base's has not. `was`: what had dropped it in base."""

    id: str
    batch: str
    label: str
    split: str
    was: Fate | None = None


class Removed(NamedTuple):
    """A row of base's manifest that head's has not. The reason `left_source` or `forgotten` has no
    stage: no file of head has the row. `said`: the people, where they decided so."""

    id: str
    batch: str
    label: str
    split: str
    fate: Fate
    said: tuple[Said, ...] = ()


class Relabelled(NamedTuple):
    """A kept row with another label. `by`: decision (of `said`), withdrawn (by `said`), void (its
    text changed), disagreement, source (the source itself, its label_map), or policy."""

    id: str
    batch: str
    split: str
    before: str
    after: str
    by: str
    said: tuple[Said, ...] = ()


class Changed(NamedTuple):
    """A kept row, and what changed of it: its digest, its side or its batch."""

    id: str
    batch: str
    label: str
    split: str
    before: str
    after: str


class Dropped(NamedTuple):
    """A row that is dropped in head, base or both, and by what."""

    id: str
    before: Fate | None
    after: Fate | None


class Suspect(NamedTuple):
    """A doubted row. `why`, of one that is gone: decided, removed, or no_longer_doubted."""

    id: str
    split: str
    label: str
    suggested: str
    reason: str
    why: str = ""


class Frozen(NamedTuple):
    """A frozen test row: its digest in base and in head, "" where it is not frozen."""

    id: str
    before: str
    after: str


class Difference(NamedTuple):
    """All that differs. `batches` and `rows` (by class and side) tell (before, after) of every
    batch, class and side; `stages` (kept rows) of those that changed alone."""

    added: list[Added]
    removed: list[Removed]
    relabelled: list[Relabelled]
    edited: list[Changed]
    moved: list[Changed]  # must be none
    rebatched: list[Changed]
    arrived_dropped: list[Dropped]
    redropped: list[Dropped]
    gone_dropped: list[Dropped]
    left_training: list[Dropped]
    back_in_training: list[Dropped]
    relabelled_by_policy: list[Relabelled]  # to train on; the manifest has the other label
    new_suspects: list[Suspect]
    gone_suspects: list[Suspect]
    changed_suspects: list[Suspect]
    decisions_made: list[Decision]
    decisions_withdrawn: list[Decision]
    decisions_deleted: list[Decision]
    frozen: list[Frozen]
    new_tombstones: list[str]
    gone_tombstones: list[str]
    batches: dict[str, tuple[int, int]]
    rows: dict[str, dict[str, tuple[int, int]]]
    stages: dict[str, tuple[int, int]]

    @property
    def alarms(self) -> list[str]:
        """What must not be, in words; empty where all is well."""
        lost = [row for row in self.frozen if not row.after]
        found = (
            (len(self.moved), "moved between splits: must be none"),
            (len(lost), "left the frozen test"),
            (len(self.gone_tombstones), "lost a tombstone: a forgotten row may come back"),
            (len(self.decisions_deleted), "decision lines were deleted: files only grow"),
        )
        return [f"{number:,} {words}" for number, words in found if number]

    @property
    def is_empty(self) -> bool:
        """Whether no row, suspect, decision or tombstone differs."""
        return not any(part for part in self if isinstance(part, list))
