"""Suspected and decided labels, and the leak gate, in base and head."""

from collections import Counter

from seedbed.core.rows import SIDES
from seedbed.pages.document import Part, Prose, Section, Table
from seedbed.pages.escaping import quoted
from seedbed.pull_request.validation_section import read_json
from seedbed.versions import diff_sections
from seedbed.versions.changes import Changes
from seedbed.versions.diff_words import WHY_NOT_DOUBTED
from seedbed.versions.revisions import Files

METRICS = "reports/metrics"
ROWS = 20
PAIRS = {
    "exact_pairs": "exact copies",
    "near_pairs": "near copies",
    "group_pairs": "rows of a group",
}


def labels(changes: Changes, base: Files, head: Files) -> list[Part]:
    """How many labels are suspected, how many of those are new or gone, and new decisions."""
    before, now = (read_json(files, f"{METRICS}/find_label_errors.json") for files in (base, head))
    rows = changes.rows
    gone = Counter(suspect.why for suspect in rows.gone_suspects)
    reasons = ", ".join(f"{number:,} since {WHY_NOT_DOUBTED[why]}" for why, number in gone.items())
    lines = [
        [side, before.get("suspects_by_side", {}).get(side, 0),
         now.get("suspects_by_side", {}).get(side, 0),
         sum(suspect.split == side for suspect in rows.new_suspects),
         sum(suspect.split == side for suspect in rows.gone_suspects)]
        for side in SIDES
    ]  # fmt: skip
    parts: list[Part] = [Table(["suspected label errors", "base", "now", "new", "gone"], lines)]
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


def decisions(changes: Changes) -> Section:
    """The lines themselves, for those who want to read them."""
    return Section("Decisions", diff_sections.decisions(changes, ROWS).parts, folded=True)


def leak_gate(base: Files, head: Files) -> str:
    """Pairs of rows in two splits: none, or the run would have ended."""
    found = [read_json(one, f"{METRICS}/split.json").get("leak_gate") for one in (base, head)]
    if found[1] is None:
        return "Leak gate: `split` has not run."
    now = ", ".join(f"{found[1][key]:,} {word}" for key, word in PAIRS.items() if key in found[1])
    same = "as in the base" if found[0] == found[1] else "the base has other figures"
    return f"Leak gate: {now} across splits; {same}."
