"""What changed as sections of paragraphs and tables, for any page: nothing here is markup.

`rows` is how many of each list are shown; what is left out is counted in words, never cut silently.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from seedbed.core.metrics import Number
from seedbed.core.rows import SIDES
from seedbed.pages.document import Alarm, Code, Part, Section, Table, clipped
from seedbed.versions.changes import Changes
from seedbed.versions.row_changes import (
    LISTS,
    OPTIONAL,
    List,
    Relabelled,
    Suspect,
    because,
    counted,
    noun_of,
    number_of,
    reason,
)

TEXT_CHARS = 300
CHARS = 400  # of a cell: a text, or a reason with the row that caused it
CONTEXT_CHARS = 40  # shown before what an edit changed
GROUPS = 12  # classes, batches or reasons that a list is counted by, at most
SIDE_ORDER = {side: place for place, side in enumerate(reversed(SIDES))}  # test first
ALPHA = 0.05


def page(changes: Changes, rows: int) -> Section:
    """Everything that changed, as a page headed by `summary`."""
    sections = [
        summary(changes),
        classes(changes),
        labels(changes),
        batches(changes),
        *row_lists(changes, rows),
        decisions(changes, rows),
        drift(changes),
        stages(changes),
        params(changes, rows),
        code(changes),
    ]
    return Section(f"What changed: {changes.base} → {changes.head}", sections)


def summary(changes: Changes) -> Section:
    """How much of what, in one line; before it what must not be, after it what one must know."""
    alarms = [Alarm(f"ERROR: {alarm}.") for alarm in changes.alarms]
    found = counted(changes.rows)
    line = f"{', '.join(found)}." if found else "No row, suspect, decision or tombstone differs."
    others = [
        number_of(len(changes.params), "param(s)"),
        number_of(len(changes.code), "stage(s) by their code"),
    ]
    if any(others):
        line += f" Changed too: {', '.join(filter(None, others))}."
    return Section("", [*alarms, line, *changes.notes])


def classes(changes: Changes) -> Section:
    """Rows by class and side: before → after, and the change. A row of several classes counts in
    each, but once among all."""
    found, every = changes.rows.rows, changes.rows.sides
    lines = [
        [
            changes.task.shown(label),
            *(_pair(by_side.get(side, (0, 0))) for side in SIDES),
            _pair(_sum(by_side.values())),
        ]
        for label, by_side in [*found.items(), ("all", every)]
    ]
    task = changes.task
    table = Table([task.NOUN, *SIDES, "all"], lines, chars=CHARS)
    return Section(task.PLURAL.capitalize(), [table])


def labels(changes: Changes) -> Section:
    """Labels that were added to and taken from kept rows; nothing where a row has one."""
    if not changes.task.SETS:
        return Section("")
    added, taken = Counter[str](), Counter[str]()
    for one in changes.rows.relabelled:
        before, after = (set(changes.task.members(cell)) for cell in (one.before, one.after))
        added.update(after - before)
        taken.update(before - after)
    lines = [[name, f"{added[name]:,}", f"{taken[name]:,}"] for name in sorted({*added, *taken})]
    header = ["label", "added to rows", "taken from rows"]
    return _section("Labels added and taken", header, lines)


def batches(changes: Changes) -> Section:
    """Batches whose rows changed in number."""
    lines = [
        [name, "new" if not before else "gone" if not after else "", _pair((before, after))]
        for name, (before, after) in changes.rows.batches.items()
        if before != after
    ]
    return _section("Batches", ["batch", "", "rows"], lines)


def row_lists(changes: Changes, rows: int) -> list[Section]:
    """A section for each kind of change that there is, test rows first."""
    return [_list(changes, kind, rows) for kind in LISTS if getattr(changes.rows, kind.name)]


def _list(changes: Changes, kind: List, rows: int) -> Section:
    entries = getattr(changes.rows, kind.name)
    shown, noun = sorted(entries, key=side_first)[:rows], noun_of(changes.task)
    # Of a suspected answer nothing is suggested.
    optional = OPTIONAL if noun == "label" else (*OPTIONAL, "suggested")
    header = [
        name for name in kind.columns
        if name not in optional or any(_cell(name, one, changes) for one in shown)
    ]  # fmt: skip
    if any(one.id in changes.texts for one in shown):
        header.append("text")
    lines = [[_cell(name, one, changes) for name in header] for one in shown]
    header = [noun if name == "label" else name for name in header]
    note = [Alarm(kind.note) if kind.name == "moved" else kind.note] if kind.note else []
    table = _section(f"{kind.title}: {len(entries):,}", header, lines, len(entries))
    return Section(table.title, [*note, *_by(changes, entries, kind.groups), *table.parts])


def _cell(column: str, one: Any, changes: Changes) -> str:
    shown = changes.task.shown
    if column == "because":
        return because(one)
    if column == "change":
        labels = (one.label, one.suggested) if isinstance(one, Suspect) else (one.before, one.after)
        return changes.task.difference(*labels)
    if column == "row":
        return Code(one.id)
    if column != "text":
        cell = str(getattr(one, column))
        of_label = column in ("label", "suggested") or isinstance(one, Relabelled)
        return shown(cell) if of_label else cell
    text, before = changes.texts.get(one.id, ""), changes.texts_before.get(one.id)
    return clipped(text, TEXT_CHARS) if before is None else edit_of(before, text)


def decisions(changes: Changes, rows: int) -> Section:
    """What people decided and withdrew, and lines that are gone."""
    found, shown = changes.rows, changes.task.shown
    lines = [
        [Code(one.id), what, shown(one.given), shown(one.decided), one.who, one.when, one.note]
        for what, part in (
            ("made", found.decisions_made),
            ("withdrawn", found.decisions_withdrawn),
            ("deleted", found.decisions_deleted),
        )
        for one in part
    ]
    header = ["row", "decision", "given", "decided", "who", "when", "note"]
    return _section(f"Decisions: {len(lines):,}", header, lines[:rows], len(lines))


def drift(changes: Changes) -> Section:
    """Figures of drift, how to read them, and what is unknown."""
    found = changes.drift
    lines = [
        [one.of, one.rows, _shown(one.psi, ".3f"), _shown(one.by_chance, ".3f"), one.reading,
         f"{one.jensen_shannon:.3f}"]
        for one in found.shifts
    ]  # fmt: skip
    header = ["of", "rows", "PSI", "by chance below", "reading", "Jensen-Shannon, bits"]
    parts = list(_section("Drift", header, lines).parts)
    if test := found.test:
        can = "can" if test.p < ALPHA else "cannot"
        parts.append(
            f"A classifier {can} distinguish new texts from existing ones: ROC AUC "
            f"{test.auc:.3f} (.5 is a coin), p = {test.p:.3f}, {test.head_rows:,} against "
            f"{test.base_rows:,} texts."
        )
    if lines:
        parts.append("PSI is stable below .1, moderate below .25, large from there on.")
    each = ", ".join(
        f"{changes.task.shown(label)} {_shown(before, ',', 'none')} → {_shown(after, ',', 'none')}"
        for label, (before, after) in found.median_chars.items()
        if before != after
    )
    by = f"Median characters of collected rows by {changes.task.NOUN}"
    medians = [f"{by}: {each}."] if each else []
    return Section("Drift", [*parts, *found.untold, *medians])


def stages(changes: Changes) -> Section:
    """Rows that stages kept, where that changed."""
    lines = [[name, _pair(pair)] for name, pair in changes.rows.stages.items()]
    return _section("Rows that stages kept", ["stage", "rows"], lines)


def params(changes: Changes, rows: int) -> Section:
    """Values of params.yaml that changed."""

    def shown(value: object) -> str:
        return "—" if value is None else clipped(str(value), TEXT_CHARS)

    lines = [[one.key, shown(one.before), shown(one.after)] for one in changes.params]
    title = f"Params: {len(lines):,}"
    return _section(title, ["key", "before", "after"], lines[:rows], len(lines))


def code(changes: Changes) -> Section:
    """Stages whose code changed."""
    lines = [[name, ", ".join(paths)] for name, paths in changes.code.items()]
    return _section("Code of stages", ["stage", "modules"], lines)


def side_first(one: Any) -> tuple[int, str]:
    """The order of rows on a page."""
    return SIDE_ORDER.get(getattr(one, "split", ""), len(SIDE_ORDER)), one.id


def edit_of(before: str, after: str) -> str:
    """Both texts from a little before the first character that differs."""
    same = len(os.path.commonprefix([before, after]))
    start = max(0, same - CONTEXT_CHARS)
    skipped = f"({start:,} characters as before) … " if start else ""
    return f"{skipped}{clipped(before[start:], TEXT_CHARS)} → {clipped(after[start:], TEXT_CHARS)}"


def _section(
    title: str, header: list[str], lines: list[list[str]], entries: int | None = None
) -> Section:
    """A table, and how many entries of a list it does not show; nothing where there are none."""
    table: list[Part] = [Table(header, lines, chars=CHARS)] if lines else []
    if entries and entries > len(lines):
        more = f"{entries - len(lines):,} more are not shown"
        table.append(f"{more}: --rows {entries}, or --format json for all.")
    return Section(title, table)


def _by(changes: Changes, entries: Sequence[Any], groups: Iterable[str]) -> list[str]:
    """By batch: 2026-11-tickets 12; by side: test 3, train 9."""
    task = changes.task
    names = {"split": "side", "label": task.NOUN}
    parts = []
    for name in groups:
        cells = (reason(one) if name == "reason" else getattr(one, name) for one in entries)
        if name == "label":
            cells = (part for cell in cells for part in task.members(cell) or [task.shown(cell)])
        numbers = Counter(cells)
        each = ", ".join(f"{key} {number:,}" for key, number in sorted(numbers.items()))
        if len(numbers) > GROUPS:
            each = f"{len(numbers):,} different ones"
        parts.append(f"by {names.get(name, name)}: {each}")
    line = "; ".join(parts)
    return [f"{line[0].upper()}{line[1:]}."] if line else []


def _pair(pair: tuple[int, int]) -> str:
    before, after = pair
    return f"{after:,}" if before == after else f"{before:,} → {after:,} ({after - before:+,})"


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    before, after = zip(*pairs, strict=True)
    return sum(before), sum(after)


def _shown(value: Number | None, form: str, none: str = "") -> str:
    return none if value is None else format(value, form)
