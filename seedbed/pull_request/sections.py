"""Sections of the report: the data in one line and its most telling rows; models, labels and cost.

Most telling is what a reviewer would want to look at one by one, in this order: rows that moved
between sides (there must be none), frozen test rows that left or changed, rows taken out of test
or validation, rows that people relabelled, edited rows, new suspects with the most doubtful label
first, rows of a class that the base has not, rows relabelled at the source or by the policy, rows
that came and were dropped, other rows that went, other rows that came. Within a kind test comes
first, then validation. A kind gets four places at first, so that it does not hide those below it;
what is left of twenty goes to the kinds in the same order.

Figures are those of the metrics of base and head in git.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import AliasPath, Field

from seedbed.approaches import NAMES
from seedbed.core.errors import SeedbedError
from seedbed.core.files import parse_yaml
from seedbed.core.metrics import CHOICE, EVALUATE, METRICS, Interval
from seedbed.core.rows import HELD_OUT, SIDES
from seedbed.pages.document import (
    Cell,
    Code,
    Part,
    Prose,
    Section,
    Table,
    clipped,
    interval,
    listed,
    quoted,
)
from seedbed.scoring.answers.metrics import ANSWER_METRICS
from seedbed.scoring.metrics_files import MACRO_F1
from seedbed.versions.changes import Changes
from seedbed.versions.diff_sections import CHARS, TEXT_CHARS, side_first
from seedbed.versions.revisions import Files, Known
from seedbed.versions.row_changes import WHY_NOT_DOUBTED, because, noun_of
from seedbed.versions.row_records import KnownStage

SUSPECTS = "reports/suspects.csv"
ROWS = 20
OF_A_KIND = 4  # places that a kind gets at first
BATCHES = 3  # new ones that are named
PAIRS = {
    "exact_pairs": "exact copies",
    "near_pairs": "near copies",
    "group_pairs": "rows of a group",
}
OF_LABELS = {
    "risk_at_80": "risk at 80%",
    "risk_at_90": "risk at 90%",
    "calibration_error": "calibration error",
}
OF_ANSWERS = {
    name: ANSWER_METRICS[name].title for name in ("perplexity_token", "ended", "refusal_recall")
}
RISK = " Risk: the error rate among the most confident predictions, at that share of all rows."


class Telling(NamedTuple):
    """A row and why it is shown."""

    kind: str
    row: Any


def in_one_line(changes: Changes) -> str:
    """+120 −3 rows, 2 relabelled, 1 edited, 0 moved between sides."""
    rows = changes.rows
    before, after = (sum(pair[side] for pair in rows.batches.values()) for side in (0, 1))
    noun = noun_of(changes.task)
    relabelled = "relabelled" if noun == "label" else f"with another {noun}"
    line = (
        f"**Data: +{len(rows.added):,} −{len(rows.removed):,} rows** ({before:,} → {after:,}), "
        f"{len(rows.relabelled):,} {relabelled}, {len(rows.edited):,} edited, "
        f"{len(rows.moved):,} moved between splits"
    )
    if rows.arrived_dropped:
        line += f"; {len(rows.arrived_dropped):,} more arrived and were dropped"
    new = [batch for batch, (was, now) in rows.batches.items() if now and not was]
    if new:
        each = [f"{quoted(one)} (+{rows.batches[one][1]:,})" for one in new]
        line += f"; new: {listed(each, BATCHES, more=' and {:,} more')}"
    alarms = [f"**ERROR: {alarm}.**" for alarm in changes.alarms]
    return "\n\n".join([f"{line}.", *alarms])


def outside(base: Files, head: Files) -> str:
    """The alarm for sources that read files outside of the repository; "" where none does."""
    before, now = map(_outside, (base, head))
    named = [f"{quoted(one)}{'' if one in before else ' (new)'}" for one in sorted(now)]
    each = listed(named, BATCHES, more=" and {:,} more")
    where = "may read files outside of the repository (`outside: true` in params.yaml)"
    return f"**ALARM: {each} {where}.**" if named else ""


def _outside(files: Files) -> set[str]:
    content = parse_yaml(files.read("params.yaml") or "", f"{files.place}params.yaml", SeedbedError)
    entries = content.get("sources") if isinstance(content, dict) else None
    found = [one for one in entries or [] if isinstance(one, dict) and one.get("outside")]
    return {str(one.get("name")) for one in found}


def telling(changes: Changes, scores: dict[str, float]) -> list[Telling]:
    """The rows to look at first; see the top of this file. The same changes give the same list."""
    kinds = [members for members in _kinds(changes, scores) if members]
    left = ROWS - sum(len(members[:OF_A_KIND]) for members in kinds)
    found: list[Telling] = []
    for members in kinds:
        more = max(0, min(left, len(members) - OF_A_KIND))
        found += members[: OF_A_KIND + more]
        left -= more
    return found[:ROWS]


def _kinds(changes: Changes, scores: dict[str, float]) -> list[list[Telling]]:
    """All changed rows by kind, in the order of this file's top; `scores` of suspects."""
    rows = changes.rows
    known = {label for label, sides in rows.rows.items() if any(b for b, _ in sides.values())}
    classes_of = changes.task.members
    new = {one.id for one in rows.added if not known.issuperset(classes_of(one.label))}

    def doubt(one: Any) -> tuple[float, str]:
        return scores.get(one.id, 1.0), one.id

    kinds: list[tuple[str, list[Any]]] = [
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
    ]
    order = {"new suspect": doubt}
    return [
        [Telling(kind, one) for one in sorted(members, key=order.get(kind, side_first))]
        for kind, members in kinds
    ]


def telling_rows(changes: Changes, head: Files) -> Section:
    """The table of the most telling rows, with texts if their source permits it."""
    # Label quality scores: low is doubtful.
    lines = head.records(SUSPECTS, ("id", "score"), ("score",))
    scores = {line["id"]: float(line["score"]) for line in lines}
    found = telling(changes, scores)
    if not found:
        return Section("", ["No row differs."])
    header = ["change", "row", "split", noun_of(changes.task), "reason"]
    if any(one.row.id in changes.texts for one in found):
        header.append("text")
    rows = [_cells(*one, changes)[: len(header)] for one in found]
    changed = sum(map(len, _kinds(changes, scores)))
    title = f"Most telling rows: {len(found):,} of {changed:,}"
    return Section(title, [Table(header, rows, chars=CHARS)])


def _cells(kind: str, row: Any, changes: Changes) -> list[Cell]:
    shown, difference = changes.task.shown, changes.task.difference
    label = shown(str(getattr(row, "label", "")))
    if getattr(row, "suggested", ""):
        label = f"{label}, or {difference(row.label, row.suggested) or row.suggested}?"
    elif hasattr(row, "by"):  # not of a suspect
        change = difference(row.before, row.after)
        label = f"{shown(row.before)} → {shown(row.after)}" + (f" ({change})" if change else "")
    # Why the row is in its list, or at least which batch it came with.
    why = because(row) or (f"in batch {row.batch}" if hasattr(row, "batch") else "")
    text = clipped(changes.texts.get(row.id, ""), TEXT_CHARS)
    return [kind, Code(row.id), getattr(row, "split", ""), label, why, text]


def _inside(*path: str) -> Any:
    """A figure below other keys; None where the file has it not."""
    return Field(None, validation_alias=AliasPath(*path))


class KnownScore(Interval, extra="ignore"):
    """A metric and its 95 % interval."""


class KnownValidation(Known):
    """validation.json."""

    run: bool = False
    rows: int = 0
    macro_f1: KnownScore | None = None
    training_tokens: int | None = _inside("model", "training_tokens")
    trainable_parameters: int | None = _inside("model", "trainable_parameters")
    megabytes: float | None = _inside("model", "megabytes")
    risk_at_80: float | None = _inside("risk_coverage", "risk_at_80%")
    risk_at_90: float | None = _inside("risk_coverage", "risk_at_90%")
    calibration_error: float | None = _inside("calibration", "after", "expected_calibration_error")


class KnownAnswers(Known):
    """validation.json of task answer."""

    run: bool = False
    right: str = ""
    token_f1: KnownScore | None = None
    exact_match: KnownScore | None = None
    perplexity_token: KnownScore | None = None
    ended: KnownScore | None = None
    refusal_recall: KnownScore | None = None


class KnownChoice(Known):
    """choice.json."""

    approach: str = ""
    why: str = ""


def validation_of(files: Files) -> dict[str, KnownValidation]:
    """Read the validation.json of each approach; all defaults for one that did not run."""
    found = {
        name: files.known(f"{EVALUATE}/{name}/validation.json", KnownValidation) for name in NAMES
    }
    return {name: one if one.run else KnownValidation() for name, one in found.items()}


def answers_of(files: Files) -> dict[str, KnownAnswers]:
    """Read the same of models that answer."""
    return {name: files.known(f"{EVALUATE}/{name}/validation.json", KnownAnswers) for name in NAMES}


def approaches(base: Files, head: Files) -> Section:
    """A row per approach: its score before and now, which was chosen, and what else is measured of
    the task: of labels risk and calibration."""
    before, now = validation_of(base), validation_of(head)
    if not any(one.run for one in now.values()):
        return Section("", ["No validation figures are in git: the pipeline has not run."])
    choices = [files.known(str(CHOICE), KnownChoice) for files in (base, head)]
    chosen = [choice.approach for choice in choices]
    answers = [answers_of(files) for files in (base, head)]
    measure = next((one.right for one in answers[1].values() if one.right), MACRO_F1)
    were, are = (before, now) if measure == MACRO_F1 else answers
    mark = {chosen[0]: " (chosen in the base)", chosen[1]: " (chosen)"}
    lines = [
        [Prose(f"`{one}`{mark.get(one, '')}"), *_scores(were[one], are[one], measure)]
        for one in NAMES
        if before[one].run or now[one].run
    ]
    title, more, words = "macro-F1", OF_LABELS, RISK
    if measure != MACRO_F1:
        title, more, words = ANSWER_METRICS[measure].title, OF_ANSWERS, ""
    header = ["on validation", f"{title} in the base", f"{title} now", "change", *more.values()]
    rows = [next((one.rows for one in version.values() if one.run), 0) for version in (before, now)]
    note = (
        f"Each version on its own validation split (the base's has {rows[0]:,} rows, this one "
        f"{rows[1]:,}): the change is not paired.{words}"
    )
    why = quoted(choices[1].why.replace("`", ""), 600)
    changed = "" if chosen[0] in ("", chosen[1]) else "**Another approach than in the base.** "
    return Section("", [Table(header, lines), note, Prose(changed + why)])


def _scores(before: Known, now: Known, measure: str) -> list[Cell]:
    """The score of both and its change; now, what else is measured of the task."""
    was, score = (getattr(one, measure) for one in (before, now))
    both = [interval(one) if one else "—" for one in (was, score)]
    change = f"{score.mean - was.mean:+.3f}" if was and score else ""
    found = (getattr(now, name) for name in (OF_LABELS if measure == MACRO_F1 else OF_ANSWERS))
    values = (one.mean if isinstance(one, KnownScore) else one for one in found)
    return [*both, change, *("" if value is None else f"{value:.3f}" for value in values)]


def labels(changes: Changes, base: Files, head: Files) -> list[Part]:
    """How many labels are suspected, how many of those are new or gone, and new decisions."""
    before, now = (
        files.known(f"{METRICS}/find_label_errors.json", KnownStage) for files in (base, head)
    )
    rows = changes.rows
    gone = Counter(suspect.why for suspect in rows.gone_suspects)
    reasons = ", ".join(f"{number:,} since {WHY_NOT_DOUBTED[why]}" for why, number in gone.items())
    suspected = "label errors" if noun_of(changes.task) == "label" else "answers"
    lines: list[Sequence[Cell]] = [
        [side, before.suspects_by_side.get(side, 0), now.suspects_by_side.get(side, 0),
         sum(suspect.split == side for suspect in rows.new_suspects),
         sum(suspect.split == side for suspect in rows.gone_suspects)]
        for side in SIDES
    ]  # fmt: skip
    parts: list[Part] = [Table([f"suspected {suspected}", "base", "now", "new", "gone"], lines)]
    return [*parts, *([f"Gone: {reasons}."] if reasons else []), Prose(_decided(changes))]


def _decided(changes: Changes) -> str:
    made = Counter(one.who for one in changes.rows.decisions_made)
    if not made and not changes.rows.decisions_withdrawn:
        return "No new decisions."
    each = ", ".join(f"{quoted(who)} {number:,}" for who, number in sorted(made.items()))
    text = f"New decisions: {sum(made.values()):,}" + (f" ({each})" if each else "")
    if withdrawn := len(changes.rows.decisions_withdrawn):
        text += f"; withdrawn: {withdrawn:,}"
    test = [one for one in changes.rows.relabelled if one.split == "test" and one.by == "decision"]
    if test:
        text += f". **{len(test):,} labels of test rows were changed by people**"
    return f"{text}."


def leak_gate(base: Files, head: Files) -> str:
    """Pairs of rows in two splits: none, or the run would have ended."""
    found = [files.known(f"{METRICS}/split.json", KnownStage) for files in (base, head)]
    before, now = (one.leak_gate for one in found)
    if now is None:
        return "Leak gate: `split` has not run."
    pairs = ", ".join(f"{now[key]:,} {word}" for key, word in PAIRS.items() if key in now)
    same = "as in the base" if before == now else "the base has other figures"
    number = found[1].rows_without_words
    alone = f" {number:,} rows of punctuation alone were compared as whole texts only."
    return f"Leak gate: {pairs} across splits; {same}.{alone if number else ''}"
