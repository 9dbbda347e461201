"""Rows and labels that become one: labels that differ in form alone, and rows of one label each
that have one id, where a text has a set of labels."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter

from seedbed.collecting.raw_rows import RawRow
from seedbed.collecting.source import Source
from seedbed.core.labels import alike
from seedbed.core.reasons import Reason
from seedbed.tasks import Task

# What rows of one label each have in common if they are one text.
WHOLE = attrgetter("text", "text_pair", "date", "group", "split")


def labels_alike(rows: Iterable[RawRow], listed: Sequence[str], task: Task) -> dict[str, str]:
    """The labels that differ from another of the usable rows in form alone, and what that is: one
    of those `listed`, else the most frequent."""
    usable = (row for row in rows if row.label and not row.reason)
    return alike(Counter(name for row in usable for name in task.members(row.label)), listed)


def joined(
    rows: Iterable[RawRow], alike: Mapping[str, str], listed: Sequence[str], task: Task
) -> list[RawRow]:
    """The rows with labels that represent all that are alike; others than those `listed`, if any
    are, are unknown."""
    changed = (_renamed(row, alike, task) for row in rows)
    return [
        row._replace(label="", reason=Reason.UNKNOWN_LABEL)
        if listed and not row.reason and not set(task.members(row.label)) <= set(listed)
        else row
        for row in changed
    ]


def _renamed(row: RawRow, alike: Mapping[str, str], task: Task) -> RawRow:
    names = task.members(row.label)
    old = {name: alike[name] for name in names if name in alike}
    if not old:
        return row
    return row._replace(label=task.label_of(old.get(name, name) for name in names), spellings=old)


def joined_by_key(rows: Sequence[RawRow], task: Task) -> tuple[list[RawRow], str]:
    """Return the rows of one batch of a source, those of one key joined to one, and what was done,
    a sentence or "".

    Only rows of one label each that differ in nothing else are joined, and only where a label may
    be a set; the first bad one makes their row bad.
    """
    by_key: dict[str, list[RawRow]] = {}
    for row in rows if task.SETS else ():
        if row.key:
            by_key.setdefault(row.key, []).append(row)
    several = {key: found for key, found in by_key.items() if _are_parts(found, task)}
    if not several:
        return list(rows), ""
    parts = [several.get(row.key, [row]) for row in rows]
    kept = [_joined(one, task) for row, one in zip(rows, parts, strict=True) if one[0] is row]
    lines = sum(map(len, several.values()))
    note = f"{lines:,} rows of one label each were joined by their id to {len(several):,}"
    return kept, f"{note} ({rows[0].source})"


def note_on_empty(rows: Iterable[RawRow], source: Source, task: Task) -> str:
    """Return how cells without labels were read if the entry does not say it, a sentence or ""."""
    if source.empty_label or not task.SETS:
        return ""
    rows = list(rows)
    empty = sum(row.label != "" and not task.members(row.label) for row in rows)
    missing = sum(row.reason == Reason.MISSING_LABEL for row in rows)
    if not (empty or missing):
        return ""
    return (
        f"{source.name}: no label is right for {empty:,} rows, and {missing:,} are not labelled "
        "yet (`empty_label` of the source says which an empty cell means)"
    )


def _are_parts(rows: Sequence[RawRow], task: Task) -> bool:
    same = {(*WHOLE(row), *sorted(row.meta.items())) for row in rows}
    return len(rows) > 1 == len(same) and all(len(task.members(row.label)) < 2 for row in rows)


def _joined(rows: Sequence[RawRow], task: Task) -> RawRow:
    first = rows[0]
    if len(rows) == 1:
        return first
    reason = next(filter(None, (row.reason for row in rows)), "")
    label = task.label_of(chain.from_iterable(task.members(row.label) for row in rows))
    entries = tuple(dict.fromkeys(entry for row in rows for entry in row.entries))
    return first._replace(label="" if reason else label, entries=entries, reason=reason)
