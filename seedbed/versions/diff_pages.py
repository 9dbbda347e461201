"""What changed as markdown: every section a function of its own; "" where it has nothing to say.

markdown(changes: Changes, rows: int = 20) -> str   the whole page, headed by `summary`
summary(changes) -> str                              one paragraph: how much of what; alarms first
classes(changes) -> str                              rows by class and side, before and after
drift(changes) -> str                                PSI, Jensen-Shannon, the classifier's test
row_lists(changes, rows) -> list[str]                one section a kind of change (see LISTS)
batches, decisions, params, code (changes[, rows]) -> str
telling_rows(changes, rows) -> list[(str, NamedTuple)] the most telling rows, kind and row

`rows` is how many of each list are shown; what is left out is counted in words, never cut silently.
Labels, notes and texts are people's words, so they are escaped: they are cells, and never markdown.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from seedbed.reporting.page import table
from seedbed.rows import SIDES
from seedbed.versions.changes import Changes
from seedbed.versions.diff_words import LISTS, because, counted, reason

TEXT_CHARS = 300
SIDE_ORDER = {side: place for place, side in enumerate(reversed(SIDES))}  # test first
ESCAPED = str.maketrans({
    "\\": "\\\\", "|": "\\|", "`": "\\`", "*": "\\*", "_": "\\_", "[": "\\[", "]": "\\]",
    "<": "&lt;", ">": "&gt;", "&": "&amp;", "#": "\\#", "~": "\\~", "@": "&#64;",
})  # fmt: skip


def markdown(changes: Changes, rows: int = 20) -> str:
    """The whole page."""
    sections = [
        f"# What changed: {cell(changes.base)} → {cell(changes.head)}",
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
    return "\n\n".join(section for section in sections if section) + "\n"


def summary(changes: Changes) -> str:
    """How much of what, in one line; before it what must not be, after it what one must know."""
    alarms = [f"**ERROR: {alarm}.**" for alarm in changes.rows.alarms]
    found = counted(changes.rows)
    line = f"{', '.join(found)}." if found else "No row, suspect, decision or tombstone differs."
    line = line[0].upper() + line[1:]
    others = [
        f"{len(part):,} {name}"
        for part, name in ((changes.params, "params"), (changes.code, "stages' code"))
        if part
    ]
    if others:
        line += f" Changed too: {', '.join(others)}."
    return "\n\n".join([*alarms, line, *(cell(note) for note in changes.notes)])


def classes(changes: Changes) -> str:
    """Rows by class and side: before → after, and the change."""
    found = changes.rows.rows
    lines = [
        [cell(label), *(_pair(by_side.get(side, (0, 0))) for side in SIDES), _pair(_sum(by_side))]
        for label, by_side in found.items()
    ]
    every = {
        side: _total(by_side.get(side, (0, 0)) for by_side in found.values()) for side in SIDES
    }
    lines.append(["all", *(_pair(every[side]) for side in SIDES), _pair(_sum(every))])
    return f"## Classes\n\n{table(['class', *SIDES, 'all'], lines)}"


def batches(changes: Changes) -> str:
    """Batches whose rows changed in number."""
    lines = [
        [cell(name), "new" if not before else "gone" if not after else "", _pair((before, after))]
        for name, (before, after) in changes.rows.batches.items()
        if before != after
    ]
    return f"## Batches\n\n{table(['batch', '', 'rows'], lines)}" if lines else ""


def row_lists(changes: Changes, rows: int = 20) -> list[str]:
    """A section for each kind of change that there is, test rows first."""
    sections = []
    for kind in LISTS:
        entries = getattr(changes.rows, kind.name)
        if not entries:
            continue
        shown = sorted(entries, key=_test_first)[:rows]
        title = f"## {kind.title}: {len(entries):,}"
        parts = [
            title,
            kind.note,
            _by(entries, kind.groups),
            _entries(shown, kind.columns, changes),
        ]
        parts.append(left_out(len(entries), len(shown)))
        sections.append("\n\n".join(part for part in parts if part))
    return sections


def decisions(changes: Changes, rows: int = 20) -> str:
    """What people decided and withdrew, and lines that are gone."""
    found = changes.rows
    lines = [
        [f"`{one.id}`", what, cell(one.given), cell(one.decided), *map(cell, (one.who, one.when)),
         cell(one.note)]
        for what, part in (
            ("made", found.decisions_made),
            ("withdrawn", found.decisions_withdrawn),
            ("deleted", found.decisions_deleted),
        )
        for one in part
    ]  # fmt: skip
    if not lines:
        return ""
    header = ["row", "decision", "given", "decided", "who", "when", "note"]
    shown = lines[:rows]
    parts = [f"## Decisions: {len(lines):,}", table(header, shown) if shown else ""]
    return "\n\n".join(part for part in [*parts, left_out(len(lines), len(shown))] if part)


def drift(changes: Changes) -> str:
    """Figures of drift, how they are read, and what cannot be told."""
    found = changes.drift
    lines = [
        [one.of, one.rows, _figure(one.psi), _figure(one.by_chance), one.reading,
         _figure(one.jensen_shannon)]
        for one in found.shifts
    ]  # fmt: skip
    header = ["of", "rows", "PSI", "by chance below", "reading", "Jensen-Shannon, bits"]
    parts = ["## Drift", table(header, lines) if lines else ""]
    if test := found.test:
        told = "can be told apart" if test.p < 0.05 else "cannot be told apart"
        parts.append(
            f"Texts that came and texts that were there {told} by a classifier that saw neither: "
            f"ROC AUC {test.auc:.3f} (.5 is a coin), p = {test.p:.3f}, "
            f"{test.head_rows:,} beside {test.base_rows:,} texts."
        )
    if lines:
        parts.append("PSI is stable below .1, moderate below .25, large from there on.")
    parts += [*found.untold, _medians(changes)]
    return "\n\n".join(part for part in parts if part)


def stages(changes: Changes) -> str:
    """Rows that stages kept, where that changed."""
    lines = [[name, _pair(pair)] for name, pair in changes.rows.stages.items()]
    return f"## Rows that stages kept\n\n{table(['stage', 'rows'], lines)}" if lines else ""


def params(changes: Changes, rows: int = 20) -> str:
    """Values of params.yaml that changed."""
    lines = [
        [cell(one.key), _value(one.before), _value(one.after)] for one in changes.params[:rows]
    ]
    if not changes.params:
        return ""
    title = f"## Params: {len(changes.params):,}"
    parts = [title, table(["key", "before", "after"], lines) if lines else ""]
    return "\n\n".join(part for part in [*parts, left_out(len(changes.params), len(lines))] if part)


def code(changes: Changes) -> str:
    """Stages whose code changed."""
    lines = [[name, ", ".join(map(cell, paths))] for name, paths in changes.code.items()]
    return f"## Code of stages\n\n{table(['stage', 'modules'], lines)}" if lines else ""


def telling_rows(changes: Changes, rows: int = 20) -> list[tuple[str, Any]]:
    """The rows that a reviewer should see first, (kind, row): in turns of one of each kind, kinds
    in the order of LISTS, test rows first."""
    queues = {
        kind.name: sorted(getattr(changes.rows, kind.name), key=_test_first) for kind in LISTS
    }
    longest = max(map(len, queues.values()), default=0)
    turns = (
        (name, queue[turn])
        for turn in range(min(longest, rows))
        for name, queue in queues.items()
        if turn < len(queue)
    )
    return [one for one, _ in zip(turns, range(rows), strict=False)]


def cell(value: object) -> str:
    """Anything as a cell of a markdown table: one line, nothing in it works as markup."""
    return " ".join(str(value).translate(ESCAPED).split())


def quoted(text: str) -> str:
    """A text as a cell; long ones are cut, and say so."""
    if len(text) <= TEXT_CHARS:
        return cell(text)
    return f"{cell(text[:TEXT_CHARS])} … ({len(text) - TEXT_CHARS:,} more characters)"


def left_out(entries: int, shown: int) -> str:
    """How many entries a list does not show, in words; "" where it shows all."""
    if shown == entries:
        return ""
    return (
        f"{entries - shown:,} more are not shown: `--rows {entries}`, or `--format json` for all."
    )


def _entries(shown: Sequence[Any], columns: Sequence[str], changes: Changes) -> str:
    if not shown:
        return ""
    lines = [[_column(name, one) for name in columns] for one in shown]
    header = list(columns)
    if any(one.id in changes.texts for one in shown):
        header.append("text")
        lines = [[*line, _text(one.id, changes)] for line, one in zip(lines, shown, strict=True)]
    return table(header, lines)


def _text(row: str, changes: Changes) -> str:
    if row in changes.texts_before:
        before, after = changes.texts_before[row], changes.texts[row]
        return f"{quoted(before)} **→** {quoted(after)}"
    return quoted(changes.texts.get(row, ""))


def _column(name: str, one: Any) -> str:
    if name == "row":
        return f"`{one.id}`"
    if name == "because":
        return cell(because(one))
    return cell(getattr(one, name))


def _by(entries: Sequence[Any], groups: Iterable[str]) -> str:
    """By batch: 12 of 2026-11-tickets. By class: ..."""
    parts = []
    for name in groups:
        numbers: dict[str, int] = {}
        for one in entries:
            value = reason(one) if name == "reason" else getattr(one, name)
            numbers[value] = numbers.get(value, 0) + 1
        if len(numbers) <= 12:
            each = ", ".join(f"{cell(key)} {number:,}" for key, number in sorted(numbers.items()))
        else:
            each = f"{len(numbers):,} different ones"
        parts.append(f"by {'side' if name == 'split' else name}: {each}")
    line = "; ".join(parts)
    return f"{line[0].upper()}{line[1:]}." if line else ""


def _test_first(one: Any) -> tuple[int, str]:
    return SIDE_ORDER.get(getattr(one, "split", ""), len(SIDE_ORDER)), one.id


def _pair(pair: tuple[int, int]) -> str:
    before, after = pair
    return f"{after:,}" if before == after else f"{before:,} → {after:,} ({after - before:+,})"


def _sum(by_side: dict[str, tuple[int, int]]) -> tuple[int, int]:
    return _total(by_side.values())


def _total(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    before, after = zip(*pairs, strict=True)
    return sum(before), sum(after)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _value(value: Any) -> str:
    return "—" if value is None else quoted(str(value))


def _medians(changes: Changes) -> str:
    found = {
        label: pair for label, pair in changes.drift.median_chars.items() if pair[0] != pair[1]
    }
    each = ", ".join(
        f"{cell(label)} {_or_none(before)} → {_or_none(after)}"
        for label, (before, after) in found.items()
    )
    return f"Median characters of collected rows: {each}." if each else ""


def _or_none(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"
