"""What differs between two versions, row by row, out of what git holds of each.

difference(base: Records, head: Records) -> Difference   pure; every list is sorted by row id

`row_changes` defines the lists of a Difference.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from seedbed.core.decisions import AMBIGUOUS, DROP, WITHDRAWN, Decision, last_lines, moment_of
from seedbed.core.reasons import Reason
from seedbed.core.stage import ROW_STAGES
from seedbed.versions.manifest import Placed
from seedbed.versions.row_changes import (
    FORGOTTEN,
    LEFT_SOURCE,
    Added,
    Changed,
    Difference,
    Dropped,
    Fate,
    Frozen,
    Relabelled,
    Removed,
    Said,
    Suspect,
)
from seedbed.versions.row_records import Records

AFTER_SPLIT = frozenset(ROW_STAGES[ROW_STAGES.index("split") + 1 :])
BY_PEOPLE = (Reason.DROPPED_BY_PERSON, Reason.AMBIGUOUS, Reason.PEOPLE_DISAGREE)


def difference(base: Records, head: Records) -> Difference:
    """What differs between two versions. Takes time in proportion to their rows."""
    old, new = _Version(base), _Version(head)
    # In the order of the files, in which both versions stand alike: faster than by sets.
    came = sorted(row for row in new.kept if row not in old.kept)
    went = sorted(row for row in old.kept if row not in new.kept)
    both = sorted(row for row, one in new.kept.items() if old.kept.get(row, one) != one)
    suspects = _suspects(old, new)
    made, withdrawn, deleted = _decisions(base, head)
    return Difference(
        added=[_added(row, old, new) for row in came],
        removed=[_removed(row, old, new) for row in went],
        relabelled=[_relabelled(row, old, new) for row in both if _differs(row, "label", old, new)],
        edited=_changed(both, "digest", old, new),
        moved=_changed(both, "split", old, new),
        rebatched=_changed(both, "batch", old, new),
        **_dropped_rows(old, new),
        relabelled_by_policy=_by_policy(old, new),
        new_suspects=suspects[0],
        gone_suspects=suspects[1],
        changed_suspects=suspects[2],
        decisions_made=made,
        decisions_withdrawn=withdrawn,
        decisions_deleted=deleted,
        frozen=_frozen(base, head),
        new_tombstones=sorted(head.tombstones - base.tombstones),
        gone_tombstones=sorted(base.tombstones - head.tombstones),
        batches=_batches(base, head),
        rows=_rows(base, head),
        stages=_stages(base, head),
    )


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
    return Added(row, *_placed(row, new), old.dropped.get(row))


def _removed(row: str, old: _Version, new: _Version) -> Removed:
    fate = new.dropped.get(row) or Fate("", _why_gone(row, old.kept[row], new.records))
    said = new.said(row) if fate.reason in BY_PEOPLE else []
    if fate.reason in (Reason.DROPPED_BY_PERSON, Reason.AMBIGUOUS):
        said = [one for one in said if one.decided in (DROP, AMBIGUOUS)]
    return Removed(row, *_placed(row, old), fate, _as_said(said))


def _why_gone(row: str, placed: Placed, head: Records) -> str:
    forgotten = row in head.tombstones or placed.digest in head.digests
    return FORGOTTEN if forgotten else LEFT_SOURCE


def _relabelled(row: str, old: _Version, new: _Version) -> Relabelled:
    before, after = old.kept[row], new.kept[row]
    by, said = "source", []
    if new.settled(row) == after.label:
        by = "decision"
        said = [one for one in new.said(row) if one.decided == after.label]
    elif old.settled(row) == before.label and not new.settled(row):
        by, said = _unsettled(row, old, new)
    return Relabelled(row, after.batch, after.split, before.label, after.label, by, _as_said(said))


def _by_policy(old: _Version, new: _Version) -> list[Relabelled]:
    """Rows whose label to train on the policy changed, or no longer changes."""
    before, after = old.records.policy_labels, new.records.policy_labels
    found = []
    for row in sorted(row for row in before.keys() | after.keys() if row in new.kept):
        batch, label, split = _placed(row, new)
        if before.get(row) != after.get(row):
            labels = before.get(row, label), after.get(row, label)
            found.append(Relabelled(row, batch, split, *labels, "policy"))
    return found


def _unsettled(row: str, old: _Version, new: _Version) -> tuple[str, list[Decision]]:
    """Why a decision that counted in base does not count in head."""
    if old.kept[row].digest != new.kept[row].digest:
        return "void", []
    lines = new.records.decisions.get(row, [])
    latest = {one.who: one for one in sorted(lines, key=lambda one: moment_of(one.when))}
    withdrawn = [one for one in latest.values() if one.decided == WITHDRAWN]
    if withdrawn or not lines:
        return "withdrawn", sorted(withdrawn, key=lambda one: one.who)
    return "disagreement", new.said(row)


def _as_said(decisions: Iterable[Decision]) -> tuple[Said, ...]:
    return tuple((one.who, one.when, one.note) for one in decisions)


def _differs(row: str, field: str, old: _Version, new: _Version) -> bool:
    return getattr(old.kept[row], field) != getattr(new.kept[row], field)


def _changed(rows: Iterable[str], field: str, old: _Version, new: _Version) -> list[Changed]:
    return [
        Changed(row, *_placed(row, new), *(getattr(one.kept[row], field) for one in (old, new)))
        for row in rows
        if _differs(row, field, old, new)
    ]


def _placed(row: str, version: _Version) -> tuple[str, str, str]:
    placed = version.kept[row]
    return placed.batch, placed.label, placed.split


def _dropped_rows(old: _Version, new: _Version) -> dict[str, list[Dropped]]:
    """The lists of rows that a ledger has in one version or both."""
    before, after = old.dropped, new.dropped
    came = after.keys() - before.keys() - old.kept.keys()
    went = before.keys() - after.keys() - new.kept.keys()
    stayed = {row for row in after.keys() & before.keys() if before[row] != after[row]}
    idle = {row: one for row, one in new.untrained.items() if row in old.kept}
    left = {row for row, one in idle.items() if old.untrained.get(row) != one}
    back = {row for row in old.untrained if row in new.kept and row not in new.untrained}
    return {
        "arrived_dropped": _dropped(came, before, after),
        "redropped": _dropped(stayed, before, after),
        "gone_dropped": _dropped(went, before, after),
        "left_training": _dropped(left, old.untrained, new.untrained),
        "back_in_training": _dropped(back, old.untrained, new.untrained),
    }


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
    pairs = {stage: (kept[0].get(stage, 0), kept[1].get(stage, 0)) for stage in ROW_STAGES}
    return {stage: pair for stage, pair in pairs.items() if pair[0] != pair[1]}


def _paired(before: Counter[Any], after: Counter[Any]) -> dict[Any, tuple[int, int]]:
    return {key: (before[key], after[key]) for key in sorted(before.keys() | after.keys())}
