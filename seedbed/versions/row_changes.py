"""The kinds of change between two versions, all of them together, and the words for them.

A row of a version is kept (it is in the manifest), dropped (a ledger up to split has it) or
missing. Each way from one to another is a list of its own, so that no change goes unreported:

    base \\ head     kept                          dropped           missing
    kept            relabelled, edited, moved,    removed           removed: left_source, forgotten
                    rebatched; left_training,
                    back_in_training
    dropped         added, `was` says of what     redropped         gone_dropped
    missing         added                         arrived_dropped   -
"""

from typing import Any, NamedTuple

from seedbed.core.decisions import Decision
from seedbed.core.reasons import Reason, in_words
from seedbed.tasks import Task

LEFT_SOURCE = "left_source"

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
    """All that differs. `batches`, `sides` and `rows` (by class and side) tell (before, after) of
    every batch, side and class; `stages` (kept rows) of those that changed alone. A row of several
    classes counts in each."""

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
    sides: dict[str, tuple[int, int]]
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


GONE = {
    LEFT_SOURCE: "no source has it any more, or it can no longer be read (left_source)",
    Reason.FORGOTTEN: "it was forgotten on request, and left a tombstone (forgotten)",
}
RELABELLED_BY = {
    "decision": "decided",
    "withdrawn": "the decision was withdrawn",
    "void": "the decision is void, since the text has changed",
    "disagreement": "people disagree now",
    "source": "at the source, or by its label_map",
    "policy": "by find_label_errors.policy",
}
WHY_NOT_DOUBTED = {
    "decided": "people decided",
    "removed": "the row is gone",
    "no_longer_doubted": "the models no longer doubt it",
}


class List(NamedTuple):
    """A list of Difference and how a page shows it: columns by field, and `groups` it is counted
    by."""

    name: str
    title: str
    columns: tuple[str, ...]
    groups: tuple[str, ...] = ()
    note: str = ""
    word: str = ""  # in the summary: 12 rows added


PLACED = ("row", "split", "label", "batch")
LABELS = ("row", "split", "batch", "before", "after", "change", "because")
DOUBTED = ("row", "split", "label", "suggested", "change", "because")
OPTIONAL = ("change", "because")  # columns that a table has where a row of it has a word there
DROPPED = ("row", "because")
LISTS = (
    List("moved", "Moved between splits", (*PLACED, "before", "after"), word="row(s) moved",
         note="No row may move. Was split in params.yaml changed, or a row frozen?"),
    List("frozen", "Frozen test", ("row", "before", "after"), word="frozen row(s) changed"),
    List("relabelled", "Relabelled", LABELS, ("split",), word="relabelled"),
    List("relabelled_by_policy", "Trained on with another label", LABELS,
         word="relabelled by policy"),
    List("removed", "Removed", (*PLACED, "because"), ("batch", "label", "split", "reason"),
         word="removed"),
    List("added", "Added", (*PLACED, "because"), ("batch", "label", "split"), word="added"),
    List("edited", "Edited", (*PLACED, "before", "after"), ("batch", "split"), word="edited",
         note="Their source text changed, and so their digest: decisions on them are void."),
    List("rebatched", "In another batch", ("row", "split", "label", "before", "after"),
         word="in another batch"),
    List("new_suspects", "New suspects", DOUBTED, ("split",), word="new suspect(s)"),
    List("gone_suspects", "Suspects that are gone", DOUBTED, ("split", "reason"),
         word="suspect(s) gone"),
    List("changed_suspects", "Suspects for another reason", DOUBTED, word="suspect(s) changed"),
    List("arrived_dropped", "Came and were dropped", DROPPED, ("reason",),
         word="came and were dropped"),
    List("redropped", "Dropped for another reason", DROPPED, word="dropped for another reason"),
    List("gone_dropped", "Dropped before, and now missing", DROPPED, ("reason",),
         word="dropped before and now missing"),
    List("left_training", "Kept, but no longer trained on", DROPPED, ("reason",),
         word="no longer trained on"),
    List("back_in_training", "Trained on again", DROPPED, ("reason",), word="trained on again"),
)  # fmt: skip
OTHERS = (
    ("decisions_made", "decision(s) made"),
    ("decisions_withdrawn", "decision(s) withdrawn"),
    ("new_tombstones", "new tombstone(s)"),
)


def noun_of(task: Task) -> str:
    """Return what the label of a row is called: a label, where that is what is learned."""
    return "label" if task.TARGET == "label" else task.NOUN


def counted(rows: Difference) -> list[str]:
    """12 added, 3 removed ...: what is not none, the rows first."""
    named = [(one.name, one.word) for one in LISTS] + list(OTHERS)
    first = ("added", "removed", "relabelled", "edited")
    named.sort(key=lambda one: first.index(one[0]) if one[0] in first else len(first))
    found = (number_of(len(getattr(rows, name)), word) for name, word in named)
    return [words for words in found if words]


def number_of(number: int, word: str) -> str:
    """2 suspects gone, of "suspect(s) gone"; "" for none."""
    return f"{number:,} {word.replace('(s)', '' if number == 1 else 's')}" if number else ""


def because(one: Any) -> str:
    """Return why this row is in its list, in words; "" if nothing is to be added."""
    if isinstance(one, Removed):
        return fate_in_words(one.fate) + (f", {_people(one.said)}" if one.said else "")
    if isinstance(one, Dropped):
        before = f"; before: {fate_in_words(one.before)}" if one.before and one.after else ""
        return fate_in_words(one.after or one.before) + before
    if isinstance(one, Relabelled):
        return RELABELLED_BY[one.by] + (f" by {_people(one.said)}" if one.said else "")
    if isinstance(one, Suspect):
        return WHY_NOT_DOUBTED[one.why] if one.why else in_words(one.reason)
    return f"before: {fate_in_words(one.was)}" if isinstance(one, Added) and one.was else ""


def reason(one: Removed | Dropped | Suspect) -> str:
    """The short reason that rows of a list are counted by."""
    if isinstance(one, Suspect):
        return one.why or one.reason
    fate = one.fate if isinstance(one, Removed) else one.after or one.before
    return fate.reason if fate else ""


def fate_in_words(fate: Fate | None) -> str:
    """deduplicate: its text is a copy of another row's (exact_duplicate), because of row 0a1b..."""
    if fate is None:
        return ""
    if not fate.stage:
        return GONE[fate.reason]
    cause = f", because of row {fate.cause}" if fate.cause else ""
    return f"{fate.stage}: {in_words(fate.reason)}{cause}"


def _people(said: tuple[Said, ...]) -> str:
    return "; ".join(f"{who}, {when}" + (f", {note}" if note else "") for who, when, note in said)
