"""A comparison of two models as it is shown: on a terminal, on a page, as JSON."""

import json
import re
from typing import Any

from seedbed.gate.compare import CANNOT, FAIL, PASS, Comparison
from seedbed.gate.limits import WORDS, Limit
from seedbed.pages.document import Alarm, Bullets, Prose, Section, Table
from seedbed.pages.escaping import quoted
from seedbed.pages.markdown import markdown
from seedbed.pages.numbers import difference, interval, points
from seedbed.scoring.metrics import shown_in

TITLES = {
    PASS: "Pass: this model may replace the base",
    FAIL: "Fail: this model is worse than the base",
    CANNOT: "Cannot be compared, which is not a pass",
}
SHOWN = 30  # classes, and limits
REASONS = 3
INTERVALS = (
    "Intervals are 95 %, by a bootstrap over rows (over whole groups if rows have one), paired for "
    "the difference. p: the probability of such a drop beyond the allowed one if the models were "
    "equally good, by swapping their predictions at random, after Holm's correction over all "
    "limits."
)


def text(comparison: Comparison) -> str:
    """What the terminal shows."""
    lines = [headline(comparison), *_override(comparison)]
    lines += [f"  {reason}" for reason in comparison.reasons]
    if comparison.figures:
        lines += [
            f"{title}: {before} -> {now}, {gap}"
            for title, before, now, gap in _metrics(comparison.figures)
        ]
    return "\n".join([*lines, *comparison.notes])


def as_json(comparison: Comparison) -> str:
    """Every field and figure; see `Comparison`."""
    return json.dumps(comparison.as_json(), indent=2, ensure_ascii=False, allow_nan=False)


def as_markdown(comparison: Comparison) -> str:
    """A part of a page: verdict and reasons first, figures, then classes and limits folded."""
    sections = [verdict(comparison, comparison.reasons), figures(comparison), *details(comparison)]
    return "\n\n".join(filter(None, map(markdown, sections)))


def headline(comparison: Comparison) -> str:
    """One sentence: the verdict, and what was compared with what on how many rows."""
    base = f"`{comparison.base}`"
    if comparison.base_commit and not comparison.base_commit.startswith(comparison.base):
        base += f" ({comparison.base_commit[:7]})"
    digests = [f" ({model})" if model else ""
               for model in (comparison.head_model, comparison.base_model)]  # fmt: skip
    rows = f" on the same {comparison.rows:,} test rows" if comparison.rows else ""
    word = f"{comparison.verdict} by override" if comparison.override else comparison.verdict
    return f"{word.upper()}: this model{digests[0]} against that of {base}{digests[1]}{rows}."


def verdict(comparison: Comparison, reasons: list[str] | None = None) -> Section:
    """What was compared, and why it ended so; the first few reasons unless `reasons` has all."""
    title = TITLES[comparison.verdict]
    if comparison.override:
        title = "Pass by override: the rows say fail"
    base = f"the model of {quoted(comparison.base)}"
    compared = f"This model and {base} were run on the same {comparison.rows:,} test rows."
    if not comparison.figures:
        compared = f"This model could not be compared with {base}."
    if reasons is not None:
        body: list[Any] = [Prose(compared), Bullets(reasons)]
    else:
        few = [_sentence(quoted(reason, 400)) for reason in comparison.reasons[:REASONS]]
        if (more := len(comparison.reasons) - REASONS) > 0:
            few.append(f"{more} more limits are broken, see below.")
        body = [Prose(" ".join([compared, *few]))]
    return Section(title, [*body, *map(Alarm, _override(comparison))])


def figures(comparison: Comparison) -> Section:
    """The metrics of both models on the same test rows, and notes."""
    parts: list[Any] = []
    if comparison.figures:
        test = comparison.figures["mcnemar"]
        header = ["on the same test rows", "base", "this model", "difference"]
        parts = [
            Table(header, _metrics(comparison.figures)),
            f"Only this model is correct on {test['only_one_right']:,} rows, only the base on "
            f"{test['only_other_right']:,} (McNemar's exact test, two-sided: p = {test['p']:.2g}).",
            INTERVALS,
        ]
    return Section("", [*parts, *([Bullets(comparison.notes)] if comparison.notes else [])])


def details(comparison: Comparison) -> list[Section]:
    """Classes, those with the largest loss first, and limits; both folded."""
    if not comparison.figures:
        return []
    return [
        Section("Classes on the same test rows", [_classes(comparison.figures)], folded=True),
        Section(
            "Limits of the gate",
            [
                _limits(comparison.figures),
                "Found: the figure itself for a minimum, else the loss.",
            ],
            folded=True,
        ),
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


def _metrics(measured: dict[str, Any]) -> list[list[str]]:
    return [
        [metric.title, interval(measured["base"][metric.name]),
         interval(measured["head"][metric.name]),
         difference(measured["difference"].get(metric.name))]
        for metric in shown_in("comparison")
        if metric.name in measured["head"]
    ]  # fmt: skip


def _classes(measured: dict[str, Any]) -> Table:
    def loss(item: tuple[str, dict[str, Any]]) -> tuple[float, str]:
        return item[1]["head"]["recall"] - item[1]["base"]["recall"], item[0]

    detects = {
        limit["name"]: limit["sees"] for limit in measured["limits"] if limit["measure"] == "recall"
    }
    rows = [
        [label, found["rows"], *_change(found, "recall"), *_change(found, "f1"),
         "" if detects.get(label) is None else points(detects[label])]
        for label, found in sorted(measured["per_class"].items(), key=loss)
    ]  # fmt: skip
    header = ["class", "rows", "recall before", "now", "change", "F1 before", "now", "change",
              "smallest drop in recall it detects"]  # fmt: skip
    return Table(header, rows, SHOWN, "classes with a smaller loss")


def _change(found: dict[str, Any], measure: str) -> tuple[str, str, str]:
    before, now = found["base"][measure], found["head"][measure]
    return f"{before:.3f}", f"{now:.3f}", f"{now - before:+.3f}"


def _limits(measured: dict[str, Any]) -> Table:
    def order(limit: dict[str, Any]) -> tuple[bool, float]:
        return bool(limit["name"]), limit["p_holm"]

    rows = [
        [
            Limit(*(limit[key] for key in Limit._fields)).in_words().replace("`", ""),
            _found(limit),
            f"{limit['p_holm']:.2g}",
            Prose("**broken**") if limit["fails"] else "holds",
            "" if limit["sees"] is None else points(limit["sees"]),
        ]
        for limit in sorted(measured["limits"], key=order)
    ]
    header = ["limit", "found", "p (Holm)", "", "smallest drop it detects"]
    return Table(header, rows, SHOWN, "limits, all of which hold,")


def _found(limit: dict[str, Any]) -> str:
    if limit["kind"] == "least":
        return f"{WORDS[limit['measure']]} {limit['found']:.3f}"
    if not limit["found"]:
        return "unchanged"
    return f"{'lost' if limit['found'] > 0 else 'gained'} {points(abs(limit['found']))}"
