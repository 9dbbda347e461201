"""The report's sections on training: cross-validation, made rows, balance, what these bring, and
how rows without a right answer are told."""

from typing import Any

from seedbed.making.ablation import AblateMetrics, AdaptMetrics, Gain
from seedbed.pages.markdown import table
from seedbed.reporting.page import Figures
from seedbed.training.cross_validation import CvMetrics

VERDICTS = {"gain": "**gain**", "loss": "**loss**", "no gain": "no gain"}


def balance(augmented: Figures, balanced: Figures) -> str:
    """Train rows and their share of the weight, before and after, by class and by source."""
    parts = ["## What is trained on", _made(augmented), f"Balance: {balanced['asked']}."]
    for what, lines in (
        ("class", balanced["train_by_class"]),
        ("source", balanced["train_by_source"]),
    ):
        if _changed(lines) and len(lines) > 1:
            header = [what, "rows before", "rows", "share of the weight before", "after"]
            parts.append(table(header, [_before_and_after(*line) for line in lines.items()]))
    return "\n\n".join(parts)


def _changed(lines: dict[str, Figures]) -> bool:
    return any(
        one["rows"] != one["rows_before"] or one["weight_share"] != one["weight_share_before"]
        for one in lines.values()
    )


def _before_and_after(name: str, one: Figures) -> list[Any]:
    shares = [f"{one[key]:.1%}" for key in ("weight_share_before", "weight_share")]
    return [name, f"{one['rows_before']:,}", f"{one['rows']:,}", *shares]


def _made(found: Figures) -> str:
    made, refused = (
        ", ".join(f"{number:,} {name}" for name, number in found[key].items())
        for key in ("made_by_method", "refused_by_reason")
    )
    return f"Rows made: {made or 'none'}." + (f" Not made: {refused}." if refused else "")


def ablation(metrics: AblateMetrics) -> str:
    """The gain of each option that is on, and whether it may be chance."""
    title = "## What augmentation and balance bring"
    if not metrics.measured:
        return f"{title}\n\nNothing to measure: {metrics.off} off."
    lines = [
        [
            option,
            number,
            f"{result.rows_without:,.0f}",
            f"{result.rows_with:,.0f}",
            *_gain_cells(result),
        ]
        for option, sizes in metrics.measured.items()
        for number, result in sizes.items()
    ]
    header = ["option", "rows a class", "rows without", "rows with", "macro-F1 without",
              "macro-F1 with", "gain", "verdict"]  # fmt: skip
    off = f" Off: {metrics.off}." if metrics.off else ""
    note = (
        f"Validation macro-F1 of approach `{metrics.approach}`, mean over {metrics.seeds} seeds, "
        "each of which draws other train rows (all: a bootstrap sample; for balance the number is "
        "of the smallest class, shares kept). The gain is paired; its 95 % t interval is over the "
        f"seeds, on the same validation rows.{off}"
    )
    return f"{title}\n\n{table(header, lines)}\n\n{note}"


def _gain_cells(result: Gain) -> list[str]:
    return [
        f"{result.without:.3f}",
        f"{result.with_it:.3f}",
        f"{result.gain:+.3f} [{result.low:+.3f}, {result.high:+.3f}]",
        VERDICTS[result.verdict],
    ]


def cross_validation(metrics: CvMetrics | None) -> str:
    """Scores over the folds, and the points that a grid chose; empty where it is off."""
    if metrics is None:
        return ""
    lines = []
    for name, scores in metrics.approaches.items():
        for point in scores.points:
            tried = ", ".join(f"{key} {value}" for key, value in point.params.items())
            is_chosen = len(scores.points) > 1 and point.params == scores.chosen
            means = [f"{s.mean:.3f} (sd {s.sd:.3f})" for s in (point.macro_f1, point.accuracy)]
            folds = ", ".join(f"{value:.3f}" for value in point.macro_f1.by_fold.values())
            lines.append([f"`{name}`", tried, *means, folds, "chosen" if is_chosen else ""])
    header = ["approach", "params", "macro-F1", "accuracy", "macro-F1 by fold", ""]
    note = (
        f"{metrics.rows_scored:,} train and validation rows, each scored by a model of the other "
        f"{metrics.folds - 1} folds. finetune takes the params that a grid chose here."
    )
    return f"## Cross-validation\n\n{table(header, lines)}\n\n{note}"


def out_of_scope(tests: dict[str, Figures]) -> str:
    """How well each approach tells test rows that no class is right for; nothing without any."""
    lines = []
    for name, found in tests.items():
        if not (scope := found.get("out_of_scope")):
            continue
        low = scope.get("threshold")
        how = "class" if low is None else f"confidence below {low:.2f}"
        for kind, one in {"all": scope["all"], **scope["by_kind"]}.items():
            auroc = one["auroc"]
            lines.append(
                [
                    f"`{name}`",
                    how,
                    kind.replace("_", "-"),
                    one["rows"],
                    f"{auroc['mean']:.3f} [{auroc['low']:.3f}, {auroc['high']:.3f}]",
                    f"{one['false_positive_rate_at_95_recall']:.3f}",
                    f"{one['recall']:.3f}",
                    f"{scope['in_scope_flagged_share']:.3f}",
                ]
            )
    if not lines:
        return ""
    header = ["approach", "told by", "kind", "rows", "AUROC", "false positives at 95 % recall",
              "recall", "in scope flagged"]  # fmt: skip
    note = (
        "Test rows to which no class is the right answer. Recall: the share of them that the model "
        "says so of; in scope flagged: the share of the others. A threshold was chosen on "
        "validation."
    )
    return f"## Out of scope\n\n{table(header, lines)}\n\n{note}"


def adaptation(metrics: AdaptMetrics | None) -> str:
    """The gain of adapting the encoder to texts without labels, on validation; empty where it is
    off."""
    if metrics is None:
        return ""
    header = ["rows a class", "macro-F1 as it came", "adapted", "gain [95 %]", "verdict"]
    lines = [[size, *_gain_cells(result)] for size, result in metrics.measured.items()]
    texts = metrics.texts
    intro = (
        f"The encoder was adapted by {metrics.way} to {texts['train']:,} train texts and "
        f"{texts['unlabelled']:,} without a label. Validation, frozen encoder under a linear head:"
    )
    return f"## What adaptation brings\n\n{intro}\n\n{table(header, lines)}"
