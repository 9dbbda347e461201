"""The report's first screen: whether the model may take the base's place, why, and the figures."""

import re
from typing import Any

from seedbed.gate.compare import CANNOT, FAIL, PASS, Comparison
from seedbed.gate.limits import Limit, points
from seedbed.pull_request.fitting import clipped, folded
from seedbed.reporting.page import interval, table
from seedbed.versions.diff_pages import cell

WORDS = {
    PASS: "Pass: this model may take the place of the base's",
    FAIL: "Fail: this model is worse than the base's",
    CANNOT: "Cannot be compared, which is no pass",
}
MEASURES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "mcc": "Matthews correlation"}
REASONS = 3
MAX_CLASSES = 30


def verdict(found: Comparison) -> str:
    """The heading and two sentences: what was compared, and why it ended so."""
    title = WORDS[found.verdict]
    if found.override:
        title = "Pass by override: the rows say fail"
    base = f"the model of {name(found.base)}"
    compared = f"This model and {base} were asked about the same {found.rows:,} test rows."
    if not found.figures:
        compared = f"This model could not be set against {base}."
    reasons = [name(reason, 400) for reason in found.reasons[:REASONS]]
    if len(found.reasons) > REASONS:
        reasons.append(f"{len(found.reasons) - REASONS} more limits are broken, see below.")
    parts = [f"## {title}", " ".join([compared, *map(_sentence, reasons)])]
    if one := found.override:
        parts.append(f"> **{name(one.who)} lets it pass ({name(one.when)}): {name(one.why, 400)}**")
    return "\n\n".join(parts)


def name(text: Any, chars: int = 100) -> str:
    """Anything as a piece of markdown that is only read."""
    return cell(clipped(str(text), chars))


def _sentence(text: str) -> str:
    if re.match(r"[a-z-]+ ", text):  # a word, and no path
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def figures(found: Comparison) -> str:
    """Metrics of both models on the same test rows, and the gate's limits and classes folded."""
    notes = "\n".join(f"- {name(note, 600)}" for note in found.notes)
    if not found.figures:
        return notes
    measured = found.figures
    lines = [
        [word, interval(measured["base"][key]), interval(measured["head"][key]),
         _difference(measured["difference"].get(key))]
        for key, word in MEASURES.items()
    ]  # fmt: skip
    test = measured["mcnemar"]
    return "\n\n".join(
        [
            table(["on the same test rows", "base", "this model", "difference"], lines),
            f"This model alone is right on {test['only_one_right']:,} rows, the base alone on "
            f"{test['only_other_right']:,} (McNemar's exact test: p = {test['p']:.2g}). Intervals "
            "are 95 %, by a bootstrap over rows, or groups of rows, paired for the difference.",
            notes,
        ]
    )


def _difference(gap: dict[str, float] | None) -> str:
    if gap is None:
        return ""
    return f"{gap['difference']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"


def details(found: Comparison) -> list[str]:
    """What folds: classes, those that lost most first, and limits."""
    if not found.figures:
        return []
    return [
        folded("Classes on the same test rows", [_classes(found.figures)]),
        folded("Limits of the gate", [_limits(found.figures)]),
    ]


def _classes(measured: dict[str, Any]) -> str:
    def lost(one: tuple[str, dict[str, Any]]) -> tuple[float, str]:
        return one[1]["head"]["recall"] - one[1]["base"]["recall"], one[0]

    ordered = sorted(measured["per_class"].items(), key=lost)
    lines = [
        [name(label), one["rows"], *_pair(one, "recall"), *_pair(one, "f1")]
        for label, one in ordered[:MAX_CLASSES]
    ]
    header = ["class", "rows", "recall before", "now", "F1 before", "now"]
    return table(header, lines) + _more(len(ordered), "classes that lost less")


def _pair(one: dict[str, Any], measure: str) -> tuple[str, str]:
    return f"{one['base'][measure]:.3f}", f"{one['head'][measure]:.3f}"


def _limits(measured: dict[str, Any]) -> str:
    ordered = sorted(measured["limits"], key=lambda one: (bool(one["name"]), one["p_holm"]))
    lines = [
        [_limit(one), f"{one['found']:+.3f}", f"{one['p_holm']:.2g}",
         "**broken**" if one["fails"] else "holds",
         "" if one["sees"] is None else points(one["sees"])]
        for one in ordered[:MAX_CLASSES]
    ]  # fmt: skip
    header = ["limit", "found", "p (Holm)", "", "smallest drop it shows"]
    found = "Found is the figure itself for `at least`, else what was lost."
    return table(header, lines) + _more(len(ordered), "limits") + f"\n\n{found}"


def _limit(one: dict[str, Any]) -> str:
    return name(Limit(*(one[key] for key in Limit._fields)).told().replace("`", ""))


def _more(number: int, what: str) -> str:
    hidden = number - MAX_CLASSES
    return f"\n\n{hidden:,} {what} are not shown: `seedbed compare` has all." if hidden > 0 else ""
