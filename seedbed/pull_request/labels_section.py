"""Labels that are doubted and decided, and the leak gate, in base and head."""

from collections import Counter

from seedbed.pull_request.gate_section import name
from seedbed.pull_request.validation_section import read_json
from seedbed.reporting.page import table
from seedbed.versions import diff_pages as pages
from seedbed.versions.changes import Changes
from seedbed.versions.diff_words import WHY_NOT_DOUBTED
from seedbed.versions.revisions import Files

METRICS = "reports/metrics"
PAIRS = {
    "exact_pairs": "exact copies",
    "near_pairs": "near copies",
    "group_pairs": "rows of a group",
}
SIDES = ("train", "validation", "test")


def labels(changes: Changes, base: Files, head: Files) -> str:
    """How many labels are doubted, how many of those are new or gone, and what people decided."""
    before, now = (read_json(one, f"{METRICS}/find_label_errors.json") for one in (base, head))
    rows = changes.rows
    gone = Counter(one.why for one in rows.gone_suspects)
    reasons = ", ".join(f"{number:,} since {WHY_NOT_DOUBTED[why]}" for why, number in gone.items())
    lines = [
        [side, before.get("suspects_by_side", {}).get(side, 0),
         now.get("suspects_by_side", {}).get(side, 0),
         sum(one.split == side for one in rows.new_suspects),
         sum(one.split == side for one in rows.gone_suspects)]
        for side in SIDES
    ]  # fmt: skip
    parts = [table(["doubted labels", "base", "now", "new", "gone"], lines)]
    if reasons:
        parts.append(f"Gone: {reasons}.")
    parts.append(_decided(changes))
    return "\n\n".join(parts)


def _decided(changes: Changes) -> str:
    made = Counter(one.who for one in changes.rows.decisions_made)
    if not made and not changes.rows.decisions_withdrawn:
        return "No decision of a person is new."
    each = ", ".join(f"{name(who)} {number:,}" for who, number in sorted(made.items()))
    text = f"New decisions: {sum(made.values()):,}" + (f" ({each})" if each else "")
    if withdrawn := len(changes.rows.decisions_withdrawn):
        text += f"; withdrawn: {withdrawn:,}"
    test = [one for one in changes.rows.relabelled if one.split == "test" and one.by == "decision"]
    if test:
        text += f". **{len(test):,} labels of test rows were changed by people**"
    return f"{text}."


def decisions(changes: Changes) -> str:
    """The lines themselves, for those who want to read them."""
    return pages.decisions(changes).partition("\n\n")[2]


def leak_gate(base: Files, head: Files) -> str:
    """Pairs of rows that stand on two sides; none, or the run would have ended."""
    found = [read_json(one, f"{METRICS}/split.json").get("leak_gate") for one in (base, head)]
    if found[1] is None:
        return "Leak gate: `split` has not run."
    now = ", ".join(f"{found[1][key]:,} {word}" for key, word in PAIRS.items() if key in found[1])
    same = "as in the base" if found[0] == found[1] else "the base's file says other figures"
    return f"Leak gate: {now} on two sides; {same}."
