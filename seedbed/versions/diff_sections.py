"""What changed as sections of paragraphs and tables, for any page: nothing here is markup.

sections(changes: Changes, rows: int) -> list[Section], headed by `summary`; and each alone.

`rows` is how many of each list are shown; what is left out is counted in words, never cut silently.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from seedbed.core.rows import SIDES
from seedbed.pages.document import Alarm, Code, Page, Part, Section, Table
from seedbed.versions.changes import Changes
from seedbed.versions.diff_words import LISTS, List, because, counted, number_of, reason

TEXT_CHARS = 300
CHARS = 400  # of a cell: a text, or a reason with the row that caused it
CONTEXT_CHARS = 40  # shown before what an edit changed
GROUPS = 12  # classes, batches or reasons that a list is counted by, at most
SIDE_ORDER = {side: place for place, side in enumerate(reversed(SIDES))}  # test first
ALPHA = 0.05


def page(changes: Changes, rows: int = 20) -> Page:
    """Everything that changed, as a page."""
    return Page(f"What changed: {changes.base} → {changes.head}", sections(changes, rows))


def sections(changes: Changes, rows: int) -> list[Section]:
    """All that have something to say."""
    found = [
        summary(changes),
        classes(changes),
        batches(changes),
        *row_lists(changes, rows),
        decisions(changes, rows),
        drift(changes),
        stages(changes),
        params(changes, rows),
        code(changes),
    ]
    return [section for section in found if section.parts]


def summary(changes: Changes) -> Section:
    """How much of what, in one line; before it what must not be, after it what one must know."""
    alarms = [Alarm(f"ERROR: {alarm}.") for alarm in changes.rows.alarms]
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
    """Rows by class and side: before → after, and the change."""
    found = changes.rows.rows
    lines = [
        [
            label,
            *(_pair(by_side.get(side, (0, 0))) for side in SIDES),
            _pair(_sum(by_side.values())),
        ]
        for label, by_side in found.items()
    ]
    every = [_sum(by_side.get(side, (0, 0)) for by_side in found.values()) for side in SIDES]
    lines.append(["all", *map(_pair, every), _pair(_sum(every))])
    return Section("Classes", [Table(["class", *SIDES, "all"], lines, chars=CHARS)])


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
    shown = sorted(entries, key=side_first)[:rows]
    header = [name for name in kind.columns if name != "because" or any(map(because, shown))]
    lines = [[_column(name, one) for name in header] for one in shown]
    if any(one.id in changes.texts for one in shown):
        header.append("text")
        lines = [[*line, _text(one.id, changes)] for line, one in zip(lines, shown, strict=True)]
    note = [Alarm(kind.note) if kind.name == "moved" else kind.note] if kind.note else []
    table: list[Part] = [Table(header, lines, chars=CHARS)] if lines else []
    parts: list[Part] = [*note, *_by(entries, kind.groups), *table]
    return Section(f"{kind.title}: {len(entries):,}", [*parts, *left_out(len(entries), len(shown))])


def decisions(changes: Changes, rows: int) -> Section:
    """What people decided and withdrew, and lines that are gone."""
    found = changes.rows
    lines = [
        [Code(one.id), what, one.given, one.decided, one.who, one.when, one.note]
        for what, part in (
            ("made", found.decisions_made),
            ("withdrawn", found.decisions_withdrawn),
            ("deleted", found.decisions_deleted),
        )
        for one in part
    ]
    header = ["row", "decision", "given", "decided", "who", "when", "note"]
    return _section("Decisions", header, lines, rows)


def drift(changes: Changes) -> Section:
    """Figures of drift, how to read them, and what is unknown."""
    found = changes.drift
    lines = [
        [one.of, one.rows, _figure(one.psi), _figure(one.by_chance), one.reading,
         _figure(one.jensen_shannon)]
        for one in found.shifts
    ]  # fmt: skip
    header = ["of", "rows", "PSI", "by chance below", "reading", "Jensen-Shannon, bits"]
    parts: list[Any] = [Table(header, lines, chars=CHARS)] if lines else []
    if test := found.test:
        can = "can" if test.p < ALPHA else "cannot"
        parts.append(
            f"A classifier {can} distinguish new texts from existing ones: ROC AUC "
            f"{test.auc:.3f} (.5 is a coin), p = {test.p:.3f}, {test.head_rows:,} against "
            f"{test.base_rows:,} texts."
        )
    if lines:
        parts.append("PSI is stable below .1, moderate below .25, large from there on.")
    return Section("Drift", [*parts, *found.untold, *_medians(changes)])


def stages(changes: Changes) -> Section:
    """Rows that stages kept, where that changed."""
    lines = [[name, _pair(pair)] for name, pair in changes.rows.stages.items()]
    return _section("Rows that stages kept", ["stage", "rows"], lines)


def params(changes: Changes, rows: int) -> Section:
    """Values of params.yaml that changed."""
    lines = [[one.key, _value(one.before), _value(one.after)] for one in changes.params]
    return _section("Params", ["key", "before", "after"], lines, rows)


def code(changes: Changes) -> Section:
    """Stages whose code changed."""
    lines = [[name, ", ".join(paths)] for name, paths in changes.code.items()]
    return _section("Code of stages", ["stage", "modules"], lines)


def telling_rows(changes: Changes, rows: int) -> list[tuple[str, Any]]:
    """The rows that a reviewer should see first, (name of the list, row): in turns of one of each
    list in the order of LISTS, test rows first."""
    queues = {
        kind.name: sorted(getattr(changes.rows, kind.name), key=side_first)[:rows] for kind in LISTS
    }
    turns = (
        (name, queue[turn])
        for turn in range(max(map(len, queues.values()), default=0))
        for name, queue in queues.items()
        if turn < len(queue)
    )
    return [one for one, _ in zip(turns, range(rows), strict=False)]


def side_first(one: Any) -> tuple[int, str]:
    """The order of rows on a page."""
    return SIDE_ORDER.get(getattr(one, "split", ""), len(SIDE_ORDER)), one.id


def shortened(text: str) -> str:
    """Return a text for a cell; a long one is cut, with the count of what is missing."""
    if len(text) <= TEXT_CHARS:
        return text
    return f"{text[:TEXT_CHARS]} … ({len(text) - TEXT_CHARS:,} more characters)"


def edit_of(before: str, after: str) -> str:
    """Both texts from a little before the first character that differs."""
    same = len(os.path.commonprefix([before, after]))
    start = max(0, same - CONTEXT_CHARS)
    skipped = f"({start:,} characters as before) … " if start else ""
    return f"{skipped}{shortened(before[start:])} → {shortened(after[start:])}"


def left_out(entries: int, shown: int) -> list[str]:
    """How many entries a list does not show, in words; nothing where it shows all."""
    more = f"{entries - shown:,} more are not shown: --rows {entries}, or --format json for all."
    return [more] if entries > shown else []


def _section(
    title: str, header: list[str], lines: list[list[str]], rows: int | None = None
) -> Section:
    """A table of at most `rows` lines, which the title counts where it may be cut."""
    if not lines:
        return Section(title, [])
    shown = lines[:rows]
    title = title if rows is None else f"{title}: {len(lines):,}"
    table = [Table(header, shown, chars=CHARS)] if shown else []
    return Section(title, [*table, *left_out(len(lines), len(shown))])


def _text(row: str, changes: Changes) -> str:
    text, before = changes.texts.get(row, ""), changes.texts_before.get(row)
    return shortened(text) if before is None else edit_of(before, text)


def _column(name: str, one: Any) -> str:
    if name == "because":
        return because(one)
    if name == "row":
        return Code(one.id)
    return getattr(one, name)


def _by(entries: Sequence[Any], groups: Iterable[str]) -> list[str]:
    """By batch: 2026-11-tickets 12; by side: test 3, train 9."""
    parts = []
    for name in groups:
        numbers = Counter(
            reason(one) if name == "reason" else getattr(one, name) for one in entries
        )
        each = ", ".join(f"{key} {number:,}" for key, number in sorted(numbers.items()))
        if len(numbers) > GROUPS:
            each = f"{len(numbers):,} different ones"
        parts.append(f"by {GROUP_NAMES.get(name, name)}: {each}")
    line = "; ".join(parts)
    return [f"{line[0].upper()}{line[1:]}."] if line else []


GROUP_NAMES = {"split": "side", "label": "class"}


def _pair(pair: tuple[int, int]) -> str:
    before, after = pair
    return f"{after:,}" if before == after else f"{before:,} → {after:,} ({after - before:+,})"


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    before, after = zip(*pairs, strict=True)
    return sum(before), sum(after)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _value(value: Any) -> str:
    return "—" if value is None else shortened(str(value))


def _medians(changes: Changes) -> list[str]:
    each = ", ".join(
        f"{label} {_or_none(before)} → {_or_none(after)}"
        for label, (before, after) in changes.drift.median_chars.items()
        if before != after
    )
    return [f"Median characters of collected rows by class: {each}."] if each else []


def _or_none(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"
