"""A comparison as text for a terminal, as markdown for a pull request, and as JSON."""

import json
from typing import Any

from seedbed.gate.compare import FAIL, Comparison
from seedbed.gate.limits import WORDS, Limit, points
from seedbed.reporting.page import interval, table

METRICS = {"accuracy": "accuracy", "macro_f1": "macro-F1", "mcc": "Matthews correlation"}
MAX_CLASSES = 30
INTERVALS = (
    "Intervals are 95 %, by a bootstrap over rows (over whole groups where rows have one), paired "
    "for the difference. p: how likely such a drop beyond what is allowed would be if the models "
    "were alike, answers swapped at random, after Holm's correction over all limits."
)


def text(comparison: Comparison) -> str:
    """What the terminal shows."""
    lines = [headline(comparison), *_override_lines(comparison)]
    lines += [f"  {reason}" for reason in comparison.reasons]
    if comparison.figures:
        lines += [f"{name}: {_line(comparison.figures, key)}" for key, name in METRICS.items()]
    lines += comparison.notes
    return "\n".join(lines)


def as_json(comparison: Comparison) -> str:
    """Every field and figure; see `Comparison`."""
    return json.dumps(comparison.as_json(), indent=2, ensure_ascii=False, allow_nan=False)


def markdown(comparison: Comparison) -> str:
    """A section of a page: verdict and reasons first, figures, then classes and limits folded."""
    parts = [f"## Gate: {_word(comparison)}", headline(comparison)]
    if override := _override_lines(comparison):
        parts.append("\n".join(f"> **{line}**" for line in override))
    parts.append("\n".join(f"- {reason}" for reason in comparison.reasons))
    if comparison.figures:
        parts += [_metrics(comparison.figures), _only(comparison.figures)]
    parts += comparison.notes
    if comparison.figures:
        parts += [
            _folded("Classes", _classes(comparison.figures)),
            _folded("Limits", _limits(comparison.figures)),
            f"<sub>{INTERVALS}</sub>",
        ]
    return "\n\n".join(parts)


def headline(comparison: Comparison) -> str:
    """One sentence: the verdict, and what was compared with what on how many rows."""
    base = f"`{comparison.base}`"
    if comparison.base_commit and not comparison.base_commit.startswith(comparison.base):
        base += f" ({comparison.base_commit[:7]})"
    models = f"{_named('this model', comparison.head_model)} against that of {base}"
    models += f" (model {comparison.base_model})" if comparison.base_model else ""
    rows = f" on the same {comparison.rows:,} test rows" if comparison.rows else ""
    return f"{_word(comparison).upper()}: {models}{rows}."


def _named(what: str, digest: str) -> str:
    return f"{what} ({digest})" if digest else what


def _word(comparison: Comparison) -> str:
    return f"{comparison.verdict} by override" if comparison.override else comparison.verdict


def _override_lines(comparison: Comparison) -> list[str]:
    if not (one := comparison.override):
        return []
    return [
        f"The rows say {FAIL}. {one.who} lets this model pass all the same ({one.when}): {one.why}"
    ]


def _line(figures: dict[str, Any], key: str) -> str:
    return (
        f"{figures['base'][key]['mean']:.3f} -> {interval(figures['head'][key])}, "
        f"{_difference(figures['difference'][key])}"
    )


def _difference(gap: dict[str, float]) -> str:
    return f"{gap['difference']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"


def _metrics(figures: dict[str, Any]) -> str:
    lines = [
        [
            name,
            interval(figures["base"][key]),
            interval(figures["head"][key]),
            _difference(figures["difference"][key]),
        ]
        for key, name in METRICS.items()
    ]
    return table(["measure", "base", "this model", "difference"], lines)


def _only(figures: dict[str, Any]) -> str:
    test = figures["mcnemar"]
    return (
        f"This model alone is right on {test['only_one_right']:,} rows, the base alone on "
        f"{test['only_other_right']:,}; McNemar's exact test, two-sided: p = {test['p']:.2g}."
    )


def _classes(figures: dict[str, Any]) -> str:
    """Recall and F1 by class, those that lost most first; how many are not shown is told."""
    found = figures["per_class"].items()
    ordered = sorted(
        found, key=lambda one: (one[1]["head"]["recall"] - one[1]["base"]["recall"], one[0])
    )
    sees = {one["name"]: one["sees"] for one in figures["limits"] if one["measure"] == "recall"}
    lines = [
        [
            name,
            one["rows"],
            *_change(one, "recall"),
            *_change(one, "f1"),
            points(sees[name]) if sees.get(name) is not None else "",
        ]
        for name, one in ordered[:MAX_CLASSES]
    ]
    header = ["class", "rows", "recall before", "now", "change", "F1 before", "now", "change",
              "drop in recall it shows"]  # fmt: skip
    hidden = len(ordered) - MAX_CLASSES
    more = f"\n\n{hidden} classes that lost less are not shown." if hidden > 0 else ""
    return table(header, lines) + more


def _change(one: dict[str, Any], measure: str) -> tuple[str, str, str]:
    before, now = one["base"][measure], one["head"][measure]
    return f"{before:.3f}", f"{now:.3f}", f"{now - before:+.3f}"


def _limits(figures: dict[str, Any]) -> str:
    """Every limit on all rows, and the floors of classes that are nearest to failing."""
    ordered = sorted(figures["limits"], key=lambda one: (bool(one["name"]), one["p_holm"]))
    shown = ordered[:MAX_CLASSES]
    lines = [
        [
            Limit(*(one[key] for key in Limit._fields)).told(),
            _found(one),
            f"{one['p_holm']:.2g}",
            "broken" if one["fails"] else "holds",
            points(one["sees"]) if one["sees"] is not None else "",
        ]
        for one in shown
    ]
    more = f"\n\n{len(ordered) - len(shown)} more floors hold." if len(ordered) > len(shown) else ""
    return table(["limit", "found", "p", "", "smallest drop it shows"], lines) + more


def _found(one: dict[str, Any]) -> str:
    if one["kind"] == "least":
        return f"{WORDS[one['measure']]} {one['found']:.3f}"
    if not one["found"]:
        return "unchanged"
    return f"{'lost' if one['found'] > 0 else 'won'} {points(abs(one['found']))}"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"
