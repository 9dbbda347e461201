"""What changed in the data: one line, the twenty most telling rows, and all the rest folded.

Most telling is what a reviewer would want to look at one by one, in this order: rows that moved
between sides (there must be none), frozen test rows that left or changed, rows taken out of test
or validation, rows that people relabelled, edited rows, new suspects with the most doubtful label
first, rows of a class that the base has not, rows relabelled at the source or by the policy, rows
that came and were dropped, other rows that went, other rows that came. Within a kind test comes
first, then validation. A kind gets four places at first, so that it does not hide those below it;
what is left of twenty goes to the kinds in the same order.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from seedbed.core.rows import HELD_OUT
from seedbed.pages.document import Code, Section, Table
from seedbed.pages.escaping import clipped, quoted
from seedbed.versions.changes import Changes
from seedbed.versions.diff_sections import CHARS, TEXT_CHARS, side_first
from seedbed.versions.revisions import Files
from seedbed.versions.row_changes import because

SUSPECTS = "reports/suspects.csv"
ROWS = 20
OF_A_KIND = 4  # places that a kind gets at first
BATCHES = 3  # new ones that are named


class Telling(NamedTuple):
    """A row and why it is shown."""

    kind: str
    row: Any


def in_one_line(changes: Changes) -> str:
    """+120 −3 rows, 2 relabelled, 1 edited, 0 moved between sides."""
    rows = changes.rows
    before, after = (sum(pair[side] for pair in rows.batches.values()) for side in (0, 1))
    line = (
        f"**Data: +{len(rows.added):,} −{len(rows.removed):,} rows** ({before:,} → {after:,}), "
        f"{len(rows.relabelled):,} relabelled, {len(rows.edited):,} edited, "
        f"{len(rows.moved):,} moved between splits"
    )
    if rows.arrived_dropped:
        line += f"; {len(rows.arrived_dropped):,} more arrived and were dropped"
    new = [batch for batch, (was, now) in rows.batches.items() if now and not was]
    if new:
        each = ", ".join(f"{quoted(one)} (+{rows.batches[one][1]:,})" for one in new[:BATCHES])
        more = f" and {len(new) - BATCHES:,} more" if len(new) > BATCHES else ""
        line += f"; new: {each}{more}"
    alarms = [f"**ERROR: {alarm}.**" for alarm in rows.alarms]
    return "\n\n".join([f"{line}.", *alarms])


def telling(changes: Changes, scores: dict[str, float]) -> list[Telling]:
    """The rows to look at first; see the top of this file. The same changes give the same list."""
    kinds = list(_kinds(changes, scores))
    shown = {kind: min(OF_A_KIND, len(members)) for kind, members in kinds}
    left = ROWS - sum(shown.values())
    for kind, members in kinds:
        more = max(0, min(left, len(members) - shown[kind]))
        shown[kind] += more
        left -= more
    return [Telling(kind, row) for kind, members in kinds for row in members[: shown[kind]]][:ROWS]


def _kinds(changes: Changes, scores: dict[str, float]) -> Iterator[tuple[str, Sequence[Any]]]:
    rows = changes.rows
    known = {label for label, sides in rows.rows.items() if any(b for b, _ in sides.values())}
    new = {one.id for one in rows.added if one.label not in known}

    def doubt(one: Any) -> tuple[float, str]:
        return scores.get(one.id, 1.0), one.id

    for kind, members in (
        ("moved between splits", rows.moved),
        ("frozen test", [one for one in rows.frozen if one.before]),
        ("removed", [one for one in rows.removed if one.split in HELD_OUT]),
        ("relabelled by people", [one for one in rows.relabelled if one.by != "source"]),
        ("edited", rows.edited),
        ("new suspect", rows.new_suspects),
        ("of a new class", [one for one in rows.added if one.id in new]),
        ("relabelled at the source", [one for one in rows.relabelled if one.by == "source"]),
        ("relabelled by the policy", rows.relabelled_by_policy),
        ("dropped on arrival", rows.arrived_dropped),
        ("removed", [one for one in rows.removed if one.split not in HELD_OUT]),
        ("added", [one for one in rows.added if one.id not in new]),
    ):
        yield kind, sorted(members, key=doubt if kind == "new suspect" else side_first)


def suspect_scores(files: Files) -> dict[str, float]:
    """Label quality scores by row id; low is doubtful."""
    lines = files.tables([SUSPECTS]).records(SUSPECTS)
    return {line["id"]: float(line["score"]) for line in lines}


def telling_rows(changes: Changes, scores: dict[str, float]) -> Section:
    """The table of the most telling rows, with texts if their source permits it."""
    found = telling(changes, scores)
    if not found:
        return Section("", ["No row differs."])
    rows = [
        [one.kind, Code(one.row.id), getattr(one.row, "split", ""), _labels(one.row), _why(one.row)]
        for one in found
    ]
    header = ["change", "row", "split", "label", "reason"]
    if any(one.row.id in changes.texts for one in found):
        header.append("text")
        for row, one in zip(rows, found, strict=True):
            row.append(clipped(changes.texts.get(one.row.id, ""), TEXT_CHARS))
    changed = sum(len(members) for _, members in _kinds(changes, scores))
    return Section(
        f"Most telling rows: {len(found):,} of {changed:,}", [Table(header, rows, chars=CHARS)]
    )


def _why(row: Any) -> str:
    """Why the row is in its list, or at least which batch it came with."""
    return because(row) or (f"in batch {row.batch}" if hasattr(row, "batch") else "")


def _labels(row: Any) -> str:
    if hasattr(row, "suggested"):
        return f"{row.label}, or {row.suggested}?"
    if hasattr(row, "by"):
        return f"{row.before} → {row.after}"
    return str(getattr(row, "label", ""))
