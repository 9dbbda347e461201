"""The words for what changed: lists in the order of their weight, reasons, who decided."""

from typing import Any, NamedTuple

from seedbed.core.reasons import Reason, in_words
from seedbed.versions.row_changes import Difference, Dropped, Fate, Removed, Said

GONE = {
    "left_source": "no source has it any more, or it can no longer be read (left_source)",
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


# What a terminal or a page would obey, or what turns the order of letters, and is not seen.


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
LISTS = (
    List("moved", "Moved between splits", (*PLACED, "before", "after"), word="row(s) moved",
         note="No row may move. Was split in params.yaml changed, or a row frozen?"),
    List("frozen", "Frozen test", ("row", "before", "after"), word="frozen row(s) changed"),
    List("relabelled", "Relabelled", ("row", "split", "batch", "before", "after", "because"),
         ("split",), word="relabelled"),
    List("relabelled_by_policy", "Trained on with another label",
         ("row", "split", "batch", "before", "after", "because"), word="relabelled by policy"),
    List("removed", "Removed", (*PLACED, "because"), ("batch", "label", "split", "reason"),
         word="removed"),
    List("added", "Added", (*PLACED, "because"), ("batch", "label", "split"), word="added"),
    List("edited", "Edited", (*PLACED, "before", "after"), ("batch", "split"), word="edited",
         note="Their source text changed, and so their digest: decisions on them are void."),
    List("rebatched", "In another batch", ("row", "split", "label", "before", "after"),
         word="in another batch"),
    List("new_suspects", "New suspects", ("row", "split", "label", "suggested", "because"),
         ("split",), word="new suspect(s)"),
    List("gone_suspects", "Suspects that are gone",
         ("row", "split", "label", "suggested", "because"), ("split", "reason"),
         word="suspect(s) gone"),
    List("changed_suspects", "Suspects for another reason",
         ("row", "split", "label", "suggested", "because"), word="suspect(s) changed"),
    List("arrived_dropped", "Came and were dropped", ("row", "because"), ("reason",),
         word="came and were dropped"),
    List("redropped", "Dropped for another reason", ("row", "because"),
         word="dropped for another reason"),
    List("gone_dropped", "Dropped before, and now missing", ("row", "because"), ("reason",),
         word="dropped before and now missing"),
    List("left_training", "Kept, but no longer trained on", ("row", "because"), ("reason",),
         word="no longer trained on"),
    List("back_in_training", "Trained on again", ("row", "because"), ("reason",),
         word="trained on again"),
)  # fmt: skip
OTHERS = (
    ("decisions_made", "decision(s) made"),
    ("decisions_withdrawn", "decision(s) withdrawn"),
    ("new_tombstones", "new tombstone(s)"),
)


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
        people = f", {_people(one.said)}" if one.said else ""
        return fate_in_words(one.fate) + people
    if isinstance(one, Dropped):
        if one.before and one.after:
            return f"{fate_in_words(one.after)}; before: {fate_in_words(one.before)}"
        return fate_in_words(one.after or one.before)
    if hasattr(one, "by"):
        return RELABELLED_BY[one.by] + (f" by {_people(one.said)}" if one.said else "")
    if hasattr(one, "why"):
        return WHY_NOT_DOUBTED[one.why] if one.why else in_words(one.reason)
    if was := getattr(one, "was", None):
        return f"before: {fate_in_words(was)}"
    return ""


def reason(one: Any) -> str:
    """The short reason that rows of a list are counted by."""
    if hasattr(one, "why"):
        return one.why or one.reason
    fate = one.fate if isinstance(one, Removed) else one.after or one.before
    return fate.reason


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
