"""The report as markdown: every section a pure function of the figures that the stages wrote."""

from typing import Any

from seedbed.collecting.diversity import thin_classes
from seedbed.core.ledger import RowCounts, check_chain
from seedbed.pages.markdown import table
from seedbed.pages.numbers import interval

Figures = dict[str, Any]
THIN_SHARE = 0.5  # of the median class's rows


def verdict(choice: Figures, tests: dict[str, Figures], dataset: Figures) -> str:
    """The first screen: what was chosen, why, and how it does on rows nothing was chosen on."""
    test = tests[choice["approach"]]
    return "\n\n".join(
        [
            f"# Report on dataset {dataset['version']}",
            f"**{choice['why']}**",
            f"On the {test['rows']} test rows, which no choice has read, it has an accuracy of "
            f"**{interval(test['accuracy'])}** and a macro-F1 of "
            f"**{interval(test['macro_f1'])}**. Intervals are 95 %, by a bootstrap over rows "
            "(over whole groups where rows have one).",
        ]
    )


def rows_by_stage(stages: dict[str, Figures]) -> str:
    """What came in, what was made, what stayed and why the rest did not, stage by stage."""
    counted = [(name, found["rows"]) for name, found in stages.items() if "rows" in found]
    check_chain([(name, RowCounts.model_validate(rows)) for name, rows in counted])
    lines = []
    for name, rows in counted:
        reasons = dict(rows["dropped_by_reason"])
        if quarantined := rows.get("quarantined"):
            reasons["in quarantine"] = quarantined
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        numbers = [f"{rows[key]:,}" for key in ("read", "made", "kept", "dropped")]
        lines.append([name, *numbers, why])
    header = ["stage", "read", "made", "kept", "dropped", "reasons"]
    note = "At each stage read + made = kept + dropped; each read what the one before it kept."
    return f"## Rows\n\n{table(header, lines)}\n\n{note}"


def diversity(stages: dict[str, Figures]) -> str:
    """How rows differ, class by class, and where more would help most."""
    collected, spread = stages["collect"], stages["embed"]
    lines = []
    for name, near in spread["by_class"].items():
        chars, age = collected["chars_by_class"][name], collected["age_by_class"][name]
        words = collected["distinct_ngrams"]["by_class"][name]
        lines.append(
            [
                name,
                f"{collected['by_class'][name]:,}",
                f"{chars['p50']:,}",
                age.get("newest", ""),
                f"{words['distinct_1']:.2f}",
                f"{words['distinct_2']:.2f}",
                f"{near['mean_pairwise_distance']:.2f}",
                f"{near['mean_distance_to_nearest']:.2f}",
            ]
        )
    header = ["class", "rows collected", "median chars", "newest", "distinct-1", "distinct-2",
              "mean distance", "to the nearest 10"]  # fmt: skip
    sources = ", ".join(f"{n:,} {name}" for name, n in collected["by_source"].items())
    spoken = stages["clean"]["rows_by_language"].items()
    languages = ", ".join(f"{n:,} {name}" for name, n in spoken)
    lonely = ", ".join(f"{row['id']} ({row['label']})" for row in spread["most_alone"])
    return "\n\n".join(
        [
            f"## Diversity\n\nRows by source: {sources}; by language: {languages}.",
            table(header, lines),
            "Distances are cosine distances of the encoder's vectors in train + validation; a "
            "class with a great distance to the nearest has thin spots.",
            f"Collect next: {thin_spots(spread, stages['split'])}",
            f"Rows that stand most alone: {lonely}.",
        ]
    )


def thin_spots(spread: Figures, split: Figures) -> str:
    """Classes with few rows, else the class whose rows stand furthest from each other."""
    train = {name: sides["train"] for name, sides in split["by_class"].items()}
    if few := thin_classes(train, THIN_SHARE):
        lacking = ", ".join(f"{name} (about {number:,} more)" for name, number in few.items())
        return f"rows of {lacking}: these have less than half of what the median class has."
    thinnest = max(
        spread["by_class"], key=lambda name: spread["by_class"][name]["mean_distance_to_nearest"]
    )
    return f"no class is short of rows; {thinnest} has the thinnest neighbourhoods."


def privacy(found: Figures) -> str:
    """Personal values by kind: replaced, and what an independent look at the output finds."""
    replaced = ", ".join(f"{n} {kind}" for kind, n in found["replaced_by_kind"].items()) or "none"
    left = [
        f"{number} {kind.removeprefix('looks_like_').replace('_', ' ')}"
        for kind, number in found["residual_scan"].items()
        if number
    ]
    looks = f"looks like: {', '.join(left)}" if left else "looks like one: nothing"
    key = " The key is the public example key." if found["public_key"] else ""
    return (
        f"## Personal data\n\nReplaced in {found['rows_touched']} rows: {replaced} "
        f"(mode {found['mode']}). What an independent scan still finds that {looks}.{key}"
    )


def tokens(found: Figures) -> str:
    """Token lengths by class, and what truncation costs."""
    parts = {**found["lengths"]["by_class"], "**all**": found["lengths"]["all"]}
    lines = [
        [
            name,
            *one["tokens_p5_p50_p95_p99"],
            f"{one['rows_cut_share']:.0%}",
            f"{one['tokens_cut_share']:.0%}",
            f"{one['unknown_token_share']:.2%}",
        ]
        for name, one in parts.items()
    ]
    header = ["class", "5 %", "median", "95 %", "99 %", "rows cut", "tokens cut", "unknown tokens"]
    cut, padding = found["truncation"], found["padding_share"]
    kept = {"head": "the head", "tail": "the tail", "head_tail": "head and tail"}.get(cut["keep"])
    how = kept or f"up to {cut['max_windows']} windows, {cut['overlap']} tokens in common,"
    return (
        f"## Tokens\n\n{table(header, lines)}\n\n"
        f"Of a longer text {how} of {cut['max_length']} tokens "
        f"{'is' if cut['keep'] in ('head', 'tail') else 'are'} kept. Padding in batches by token "
        f"budget: {padding['token_budget']:.1%} (shuffled batches padded to their longest: "
        f"{padding['longest_of_batch']:.0%}; all padded to {cut['max_length']}: "
        f"{padding['max_length']:.0%})."
    )
