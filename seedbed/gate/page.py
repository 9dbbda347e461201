"""A comparison of two models as it is shown: on a terminal, on a page, as JSON."""

import json
import re
from dataclasses import asdict

from seedbed.core.files import rounded
from seedbed.core.text_units import for_terminal
from seedbed.gate.compare import CANNOT, FAIL, PASS, Comparison
from seedbed.gate.verdict import Judgement
from seedbed.pages.document import (
    Alarm,
    Bullets,
    Part,
    Prose,
    Section,
    Table,
    difference,
    for_json,
    interval,
    quoted,
)
from seedbed.pages.rendering import markdown
from seedbed.scoring.answers.metrics import answer_metrics_in
from seedbed.scoring.metrics import shown_in

TITLES = {
    PASS: "Pass: this model may replace the base",
    FAIL: "Fail: this model is worse than the base",
    CANNOT: "Cannot be compared, which is not a pass",
}
SHOWN = 30  # classes, and limits
REASONS = 3
INTERVALS = (
    "Intervals are 95 %, over other rows of the same classes (whole groups if rows have one), "
    "paired for the difference. p: the probability of such a drop beyond the allowed one if the "
    "models were equally good, by swapping their predictions at random, after Holm's correction "
    "over all limits."
)
OF_ANSWERS = INTERVALS.replace(" of the same classes", "").replace("predictions", "answers")


def text(comparison: Comparison) -> str:
    """What the terminal shows."""
    lines = [headline(comparison), *_override(comparison)]
    lines += [f"  {reason}" for reason in comparison.reasons]
    if found := comparison.figures:
        lines += [f"{title}: {was} -> {now}, {gap}" for title, was, now, gap in _metrics(found)]
    return for_terminal("\n".join([*lines, *comparison.notes]))


def as_json(comparison: Comparison) -> str:
    """Every field and figure, floats rounded; see `Comparison`."""
    figures, override = comparison.figures, comparison.override
    content = asdict(comparison) | {
        "figures": figures.model_dump() if figures else {},
        "override": override._asdict() if override else None,
    }
    return for_json(json.dumps(rounded(content), indent=2, ensure_ascii=False, allow_nan=False))


def as_markdown(comparison: Comparison) -> str:
    """A part of a page: verdict and reasons first, figures, then classes and limits folded."""
    sections = [verdict(comparison, every_reason=True), figures(comparison), *details(comparison)]
    return markdown(Section("", sections), 1)


def headline(comparison: Comparison) -> str:
    """One sentence: the verdict, and what was compared with what on how many rows."""
    base = f"`{comparison.base}`"
    if comparison.base_commit and not comparison.base_commit.startswith(comparison.base):
        base += f" ({comparison.base_commit[:7]})"
    models = (comparison.head_model, comparison.base_model)
    head, other = (f" ({model})" if model else "" for model in models)
    rows = f" on the same {comparison.rows:,} test rows" if comparison.rows else ""
    word = f"{comparison.verdict} by override" if comparison.override else comparison.verdict
    return f"{word.upper()}: this model{head} against that of {base}{other}{rows}."


def verdict(comparison: Comparison, every_reason: bool = False) -> Section:
    """What was compared, and why it ended so: the first few reasons, or a list of every one."""
    title = TITLES[comparison.verdict]
    if comparison.override:
        title = "Pass by override: the rows say fail"
    base = f"the model of {quoted(comparison.base)}"
    compared = f"This model and {base} were run on the same {comparison.rows:,} test rows."
    if not comparison.figures:
        compared = f"This model could not be compared with {base}."
    body: list[Part] = [Prose(compared), Bullets(comparison.reasons)]
    if not every_reason:
        few = [_sentence(quoted(reason, 400)) for reason in comparison.reasons[:REASONS]]
        if (more := len(comparison.reasons) - REASONS) > 0:
            few.append(f"{more} more limits are broken, see below.")
        body = [Prose(" ".join([compared, *few]))]
    return Section(title, [*body, *map(Alarm, _override(comparison))])


def figures(comparison: Comparison) -> Section:
    """The metrics of both models on the same test rows, and notes."""
    parts: list[Part] = [Bullets(comparison.notes)] if comparison.notes else []
    if found := comparison.figures:
        test = found.mcnemar
        header = ["on the same test rows", "base", "this model", "difference"]
        is_better = (
            "This model's answer is better on"
            if found.is_of_answers
            else "Only this model is correct on"
        )
        other = "the base's" if found.is_of_answers else "only the base"
        parts = [
            Table(header, _metrics(found)),
            f"{is_better} {test.only_one_right:,} rows, {other} on "
            f"{test.only_other_right:,} ({found.paired_test}, two-sided: p = {test.p:.2g}).",
            OF_ANSWERS if found.is_of_answers else INTERVALS,
            *parts,
        ]
    return Section("", parts)


def details(comparison: Comparison) -> list[Section]:
    """Classes, those with the largest loss first, and limits; both folded."""
    if not (found := comparison.figures):
        return []
    note = "Found: the figure itself for a minimum, else the loss."
    rows = [
        [
            limit.in_words().replace("`", ""),
            limit.found_in_words(),
            f"{limit.p_holm:.2g}",
            Prose("**broken**") if limit.fails else "holds",
            limit.sees_in_words(),
        ]
        for limit in sorted(found.limits, key=lambda limit: (bool(limit.name), limit.p_holm))
    ]
    header = ["limit", "found", "p (Holm)", "", "smallest drop it detects"]
    limits = Table(header, rows, SHOWN, "limits, all of which hold,")
    by_class = Section("Classes on the same test rows", [_classes(found)], folded=True)
    return [
        *([] if found.is_of_answers else [by_class]),
        Section("Limits of the gate", [limits, note], folded=True),
    ]


def _override(comparison: Comparison) -> list[str]:
    if not (override := comparison.override):
        return []
    return [f"The rows say {FAIL}. {override.who} lets this model pass ({override.when}): "
            f"{override.why}"]  # fmt: skip


def _sentence(words: str) -> str:
    if re.match(r"[a-z-]+ ", words):  # a word, and no path
        words = words[0].upper() + words[1:]
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _metrics(found: Judgement) -> list[list[str]]:
    titles = {metric.name: metric.title for metric in shown_in("comparison")}
    titles |= {metric.name: metric.title for metric in answer_metrics_in("comparison")}
    return [
        [title, interval(found.base[name]), interval(found.head[name]),
         difference(found.difference.get(name))]
        for name, title in titles.items()
        if name in found.head and name in found.base
    ]  # fmt: skip


def _classes(found: Judgement) -> Table:
    recall = (limit for limit in found.limits if limit.measure == "recall")
    detects = {limit.name: limit.sees_in_words() for limit in recall}
    rows: list[list[str | int]] = [
        [label, one.rows, *_change(one.base.recall, one.head.recall),
         *_change(one.base.f1, one.head.f1), detects.get(label, "")]
        for _, label, one in sorted(
            (one.head.recall - one.base.recall, label, one)
            for label, one in found.per_class.items()
        )
    ]  # fmt: skip
    header = ["class", "rows", "recall before", "now", "change", "F1 before", "now", "change",
              "smallest drop in recall it detects"]  # fmt: skip
    return Table(header, rows, SHOWN, "classes with a smaller loss")


def _change(before: float, now: float) -> tuple[str, str, str]:
    return f"{before:.3f}", f"{now:.3f}", f"{now - before:+.3f}"
