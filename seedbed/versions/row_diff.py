"""What differs between two versions, row by row, out of what git holds of each.

difference(base: Records, head: Records) -> Difference   pure; every list is sorted by row id

A row of a version is kept (it stands in the manifest), dropped (a ledger up to split has it) or not
there. Each way from one to another is a list of its own, so that no row changes untold:

    base \\ head     kept                          dropped           not there
    kept            relabelled, edited, moved,    removed           removed: left_source, forgotten
                    rebatched; left_training,
                    back_in_training
    dropped         added, `was` says of what     redropped         gone_dropped
    not there       added                         arrived_dropped   -
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from seedbed.decisions import AMBIGUOUS, DROP, WITHDRAWN, Decision, last_lines
from seedbed.versions.row_records import STAGES, Placed, Records

AFTER_SPLIT = frozenset(STAGES[STAGES.index("split") + 1 :])
FORGOTTEN, LEFT_SOURCE = "forgotten", "left_source"
BY_PEOPLE = ("dropped_by_person", "ambiguous", "people_disagree")

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
    text changed), disagreement, or source (the source itself, its label_map)."""

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


def difference(base: Records, head: Records) -> Difference:
    """What differs between two versions. Takes time in proportion to their rows."""
    old, new = _Version(base), _Version(head)
    both = old.kept.keys() & new.kept.keys()
    changed = sorted(row for row in both if old.kept[row] != new.kept[row])
    before, after = old.dropped, new.dropped
    return Difference(
        [_added(row, old, new) for row in sorted(new.kept.keys() - both)],
        [_removed(row, old, new) for row in sorted(old.kept.keys() - both)],
        [
            _relabelled(row, old, new)
            for row in changed
            if old.kept[row].label != new.kept[row].label
        ],
        *([_changed(row, field, old, new) for row in changed if _differs(row, field, old, new)]
          for field in ("digest", "split", "batch")),
        _dropped(after.keys() - before.keys() - old.kept.keys(), {}, after),
        _dropped((row for row in before.keys() & after.keys() if before[row] != after[row]),
                 before, after),
        _dropped(before.keys() - after.keys() - new.kept.keys(), before, {}),
        _dropped((row for row in new.untrained.keys() & both
                  if old.untrained.get(row) != new.untrained[row]),
                 old.untrained, new.untrained),
        _dropped((old.untrained.keys() & both) - new.untrained.keys(), old.untrained, {}),
        *_suspects(old, new),
        *_decisions(base, head),
        _frozen(base, head),
        sorted(head.tombstones - base.tombstones),
        sorted(base.tombstones - head.tombstones),
        _batches(base, head),
        _rows(base, head),
        _stages(base, head),
    )  # fmt: skip


class _Version:
    """One version by what became of its rows: kept, dropped up to split, kept but not trained on.

    The manifest is the truth where a stale ledger says other. Made rows are no rows of git.
    """

    def __init__(self, records: Records) -> None:
        self.records, self.kept = records, records.manifest
        fates = {
            row: Fate(stage, drop.reason, drop.cause)
            for row, (stage, drop) in records.drops.items()
            if "-" not in row
        }
        self.dropped = {row: fate for row, fate in fates.items() if row not in self.kept}
        self.untrained = {
            row: fate
            for row, fate in fates.items()
            if row in self.kept and fate.stage in AFTER_SPLIT
        }

    def said(self, row: str) -> list[Decision]:
        """What people say of the row now, of its text as it is."""
        lines = last_lines(self.records.decisions.get(row, [])).values()
        placed = self.kept.get(row)
        return sorted(
            (one for one in lines if placed is None or one.digest == placed.digest),
            key=lambda one: one.who,
        )

    def settled(self, row: str) -> str:
        """The label that people settled on, or ""."""
        if row in self.records.decided:
            return self.records.decided[row]["decided"]
        if self.records.decided:  # the stage wrote who settled what, and this row is not there
            return ""
        found = {one.decided for one in self.said(row)}
        return found.pop() if len(found) == 1 else ""


def _added(row: str, old: _Version, new: _Version) -> Added:
    placed = new.kept[row]
    return Added(row, placed.batch, placed.label, placed.split, old.dropped.get(row))


def _removed(row: str, old: _Version, new: _Version) -> Removed:
    placed = old.kept[row]
    fate = new.dropped.get(row) or Fate("", _why_gone(row, placed, new.records))
    said = new.said(row) if fate.reason in BY_PEOPLE else []
    if fate.reason in ("dropped_by_person", "ambiguous"):
        said = [one for one in said if one.decided in (DROP, AMBIGUOUS)]
    return Removed(row, placed.batch, placed.label, placed.split, fate, _as_said(said))


def _why_gone(row: str, placed: Placed, head: Records) -> str:
    forgotten = row in head.tombstones or placed.digest in head.digests
    return FORGOTTEN if forgotten else LEFT_SOURCE


def _relabelled(row: str, old: _Version, new: _Version) -> Relabelled:
    before, after = old.kept[row], new.kept[row]
    by, said = "source", []
    if new.settled(row) == after.label and old.settled(row) != after.label:
        by = "decision"
        said = [one for one in new.said(row) if one.decided == after.label]
    elif old.settled(row) == before.label and not new.settled(row):
        by, said = _unsettled(row, old, new)
    return Relabelled(row, after.batch, after.split, before.label, after.label, by, _as_said(said))


def _unsettled(row: str, old: _Version, new: _Version) -> tuple[str, list[Decision]]:
    """Why a decision that counted in base does not count in head."""
    if old.kept[row].digest != new.kept[row].digest:
        return "void", []
    lines = new.records.decisions.get(row, [])
    latest = {one.who: one for one in sorted(lines, key=lambda one: one.when)}
    withdrawn = [one for one in latest.values() if one.decided == WITHDRAWN]
    if withdrawn or not lines:
        return "withdrawn", sorted(withdrawn, key=lambda one: one.who)
    return "disagreement", new.said(row)


def _as_said(decisions: Iterable[Decision]) -> tuple[Said, ...]:
    return tuple((one.who, one.when, one.note) for one in decisions)


def _differs(row: str, field: str, old: _Version, new: _Version) -> bool:
    return getattr(old.kept[row], field) != getattr(new.kept[row], field)


def _changed(row: str, field: str, old: _Version, new: _Version) -> Changed:
    before, after = old.kept[row], new.kept[row]
    values = getattr(before, field), getattr(after, field)
    return Changed(row, after.batch, after.label, after.split, *values)


def _dropped(rows: Iterable[str], before: dict[str, Fate], after: dict[str, Fate]) -> list[Dropped]:
    return [Dropped(row, before.get(row), after.get(row)) for row in sorted(rows)]


def _suspects(old: _Version, new: _Version) -> tuple[list[Suspect], list[Suspect], list[Suspect]]:
    """New, gone and changed ones; a score alone is no change."""
    before = {row: _suspect(one) for row, one in old.records.suspects.items()}
    after = {row: _suspect(one) for row, one in new.records.suspects.items()}
    gone = [
        before[row]._replace(why=_why_not_doubted(row, new))
        for row in sorted(before.keys() - after.keys())
    ]
    both = sorted(row for row in before.keys() & after.keys() if before[row] != after[row])
    return (
        [after[row] for row in sorted(after.keys() - before.keys())],
        gone,
        [after[row] for row in both],
    )


def _suspect(line: dict[str, str]) -> Suspect:
    return Suspect(line["id"], line["split"], line["label"], line["suggested"], line["reason"])


def _why_not_doubted(row: str, new: _Version) -> str:
    if row not in new.kept:
        return "removed"
    return "decided" if new.settled(row) else "no_longer_doubted"


def _decisions(
    base: Records, head: Records
) -> tuple[list[Decision], list[Decision], list[Decision]]:
    """Lines that head has and base has not: made and withdrawn; and lines that head has lost."""
    before, after = (
        {one for lines in records.decisions.values() for one in lines} for records in (base, head)
    )
    new = sorted(after - before, key=_order)
    return (
        [one for one in new if one.decided != WITHDRAWN],
        [one for one in new if one.decided == WITHDRAWN],
        sorted(before - after, key=_order),
    )


def _order(one: Decision) -> tuple[str, ...]:
    return one.id, one.when, one.who, one.decided, one.note


def _frozen(base: Records, head: Records) -> list[Frozen]:
    differ = base.frozen.items() ^ head.frozen.items()
    return [
        Frozen(row, base.frozen.get(row, ""), head.frozen.get(row, ""))
        for row in sorted({row for row, _ in differ})
    ]


def _batches(base: Records, head: Records) -> dict[str, tuple[int, int]]:
    return _paired(*(Counter(one.batch for one in r.manifest.values()) for r in (base, head)))


def _rows(base: Records, head: Records) -> dict[str, dict[str, tuple[int, int]]]:
    found = _paired(
        *(Counter((one.label, one.split) for one in r.manifest.values()) for r in (base, head))
    )
    rows: dict[str, dict[str, tuple[int, int]]] = {}
    for (label, side), numbers in found.items():
        rows.setdefault(label, {})[side] = numbers
    return rows


def _stages(base: Records, head: Records) -> dict[str, tuple[int, int]]:
    kept = [{stage: one["kept"] for stage, one in r.counts.items()} for r in (base, head)]
    pairs = {stage: (kept[0].get(stage, 0), kept[1].get(stage, 0)) for stage in STAGES}
    return {stage: pair for stage, pair in pairs.items() if pair[0] != pair[1]}


def _paired(before: Counter, after: Counter) -> dict:
    return {key: (before[key], after[key]) for key in sorted(before.keys() | after.keys())}
