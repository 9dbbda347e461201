"""The summary of a batch before it is added: counts, ids and reasons, never a text."""

from collections import Counter
from collections.abc import Iterable
from typing import cast

from seedbed.arrivals.entry import in_rows, join_options
from seedbed.arrivals.plan import Plan, options_for
from seedbed.core.labels import in_line, pairs_in_words, shown, unused_in_words
from seedbed.core.metrics import Drop
from seedbed.core.reasons import Reason, in_words
from seedbed.core.rows import SIDES
from seedbed.scoring.drift import psi_in_words
from seedbed.tasks.counting import strata

# By what a label is called.
NEGATIVES = {
    "class": "no class is right for them",
    "category": "the answer to them is negatives.answer",
}
PAIRS = {
    "class": "near copies with two labels would be kept (deduplicate.near_conflict)",
    "category": "questions that are nearly the same, with two answers, would be kept "
    "(deduplicate.answer_conflict)",
}
SHOWN = 5
CLASSES = 20  # lines
COPIES = (
    Reason.EXACT_DUPLICATE,
    Reason.NEAR_DUPLICATE,
    Reason.LABEL_CONFLICT,
    Reason.NEAR_CONFLICT,
)


def told(found: Plan) -> list[str]:
    """All that would change, in the order in which it happens."""
    parts = (_what, _labels, _quarantined, _dropped, _personal, _classes, _changes, _there)
    return [line for part in parts for line in part(found)]


def _kind(found: Plan) -> str:
    return "class" if found.task.TARGET == "label" else "category"


def _what(found: Plan) -> list[str]:
    label, kind = found.task.shown(found.source.label), _kind(found)
    source, columns = found.source, cast(dict[str, object], found.entry.get("columns", {}))
    named = [f"{field} is `{name}`" for field, name in columns.items() if isinstance(name, str)]
    if isinstance(flags := columns.get("label"), list):
        named.append(f"labels are {len(flags):,} columns of 0 and 1")
    which = "the source" if source.name in found.known else "a new source,"
    return [
        f"{in_rows(len(found.rehearsal.read))} of {which} {source.name}, batch {source.batch}, "
        f"licence {source.licence}" + (f"; {', '.join(named)}" if named else ""),
        *([f"The {kind} of all of them is {shown(label)}"] if label else []),
        *(["Reports may show its texts (show_text)"] if source.show_text else []),
        *([f"They are negatives: {NEGATIVES[kind]}"] if source.negative else []),
        *found.notes,
    ]


def _labels(found: Plan) -> list[str]:
    """Labels that may be meant as others, and options and params that match nothing."""
    lines = []
    if found.standing.gone:
        lines.append(
            f"The last dataset has rows of {in_line(found.standing.gone)}, which params.yaml no "
            "longer names: they count for nothing here, as in the next run"
        )
    if any(row.spellings for row in found.rehearsal.read):
        lines.append(f"Joined by collect.join_labels: {pairs_in_words(found.alike)}")
    elif found.alike:
        lines.append(
            f"Labels that differ in form alone: {pairs_in_words(found.alike)}; "
            f"{join_options(found.alike)} joins them, or `collect.join_labels: true`"
        )
    if unused := unused_in_words(found.unused):
        lines.append(unused.replace("; m", "M", 1))
    return lines


def _quarantined(found: Plan) -> list[str]:
    bad = found.rehearsal.quarantined
    if not bad:
        return ["No row goes to quarantine"]
    share = len(bad) / len(found.rehearsal.read)
    lines = [f"{row.file}:{row.line} {row.reason}" for row in bad]
    head = f"{in_rows(len(bad))} ({share:.1%}) to quarantine:"
    return [head, *_first(lines), *options_for(bad)]


def _dropped(found: Plan) -> list[str]:
    """Its rows that would be dropped, by reason, and of which rows they are copies."""
    drops, read = found.rehearsal.drops, len(found.rehearsal.read)
    copies = sum(drop.reason in COPIES for drop in drops)
    lines = [f"{copies / read:.1%} of its rows have a copy: {copies:,}"] if copies else []
    for reason, members in _by_reason(drops):
        lines.append(f"{in_rows(len(members))} would be dropped: {in_words(reason)}")
        if reason in COPIES or reason.startswith(("twin", "group")):
            lines += _of_which(members)
    if pairs := found.rehearsal.conflicts:
        lines.append(f"{len(pairs):,} pairs of {PAIRS[_kind(found)]}:")
        label = found.task.shown
        lines += _first(
            [f"{one.id} {shown(label(one.label))}, {one.other_id} {shown(label(one.other_label))}"
             for one in pairs]
        )  # fmt: skip
    if replaced := found.rehearsal.replaced:
        more = f" and {len(replaced) - SHOWN:,} more" if len(replaced) > SHOWN else ""
        lines.append(
            f"{in_rows(len(replaced))} of the dataset would be replaced by a newer version in this "
            f"batch: {', '.join(replaced[:SHOWN])}{more}"
        )
    return lines


def _by_reason(drops: Iterable[Drop]) -> list[tuple[str, list[Drop]]]:
    reasons: dict[str, list[Drop]] = {}
    for drop in drops:
        reasons.setdefault(drop.reason, []).append(drop)
    first: dict[str, int] = {Reason.FORGOTTEN: 0, Reason.CAME_AGAIN: 1}
    return sorted(reasons.items(), key=lambda one: (first.get(one[0], 2), one[0]))


def _of_which(drops: list[Drop]) -> list[str]:
    return _first([f"{drop.id} because of {drop.cause}" for drop in sorted(drops)])


def _first(lines: list[str]) -> list[str]:
    more = [f"  and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return [*(f"  {line}" for line in lines[:SHOWN]), *more]


def _personal(found: Plan) -> list[str]:
    """Kinds and counts of what anonymize would replace; never a value."""
    if not found.rehearsal.personal:
        return ["No personal value was found in its texts"]
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in found.rehearsal.personal.items())
    rows = in_rows(found.rehearsal.rows_touched)
    return [f"Personal values would be replaced in {rows}: {kinds}"]


def _classes(found: Plan) -> list[str]:
    """Rows that would join each class, by the side that they fall on."""
    placed, kept, kind = found.rehearsal.placed, found.standing.kept, _kind(found)
    replaced = [kept[row].label for row in found.rehearsal.replaced if row in kept]
    gone = Counter(name for label in replaced for name in found.task.strata(label))
    there = found.standing.classes - gone
    if placed.empty:
        return ["No row of it would join the dataset"]
    classes = strata(placed["label"], found.task).fillna("")
    joins = Counter(classes)
    sides = Counter(zip(classes, placed["split"][classes.index], strict=True))
    lines = [f"{in_rows(len(placed))} would join:"]
    for label in sorted(joins)[:CLASSES]:
        parts = [f"{sides[label, side]:,} {side}" for side in SIDES if sides[label, side]]
        new = "" if label in found.standing.classes or not there else f", a new {kind}"
        lines.append(
            f"  {shown(found.task.shown(label)) or 'without a label'}: {there[label]:,} -> "
            f"{there[label] + joins[label]:,} ({', '.join(parts) or 'on no side'}){new}"
        )
    if len(joins) > CLASSES:
        lines.append(f"  and {len(joins) - CLASSES:,} more classes")
    if lacking := [one for one in sorted(there) if not joins[one]]:
        lines.append(f"  none for {in_line(map(found.task.shown, lacking))}")
    return lines


def _changes(found: Plan) -> list[str]:
    """Drift, next to what chance alone gives."""
    words = []
    for name, (shift, by_chance) in found.changes.shifts.items():
        drift = "within chance" if shift <= by_chance else psi_in_words(shift)
        words.append(f"{name} {drift} (PSI {shift:.2f}, by chance up to {by_chance:.2f})")
    if found.changes.words is not None:
        words.append(f"words {found.changes.words:.2f} bits apart (Jensen-Shannon, 0 to 1)")
    if apart := found.changes.told_apart:
        words.append(
            f"a classifier separates its texts from those of the dataset with an AUC of "
            f"{apart.auc:.2f} (p {apart.p:.3f})"
        )
    lines = [f"Compared with the dataset: {'; '.join(words)}"] if words else []
    if found.standing.kept and found.standing.rows is None:
        lines.append(
            "The data is missing here, so near copies, lengths and words were not compared: "
            "`dvc pull` first to see them"
        )
    return lines


def _there(found: Plan) -> list[str]:
    """What would become of rows of the dataset."""
    lines = []
    for reason, members in _by_reason(found.rehearsal.lost):
        lines.append(f"{in_rows(len(members))} OF THE DATASET would be dropped: {in_words(reason)}")
        lines += _of_which(members)
    younger = {name: n for name, n in found.standing.batches.items() if name > found.source.batch}
    if rows := sum(younger.values()):
        share = rows / sum(found.standing.batches.values())
        lines.append(
            f"{share:.1%} of the dataset's rows are in younger batches ({rows:,}): of copies "
            "the one in the older batch stays, so that rows of this one would push them out"
        )
    if found.waiting:
        lines.append(
            f"Not compared with what no run has read yet: {', '.join(found.waiting)}; "
            "`dvc repro` first to see it"
        )
    return lines
