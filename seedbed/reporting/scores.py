"""The report's sections on scores: approaches side by side, the chosen model, behaviour, curves."""

from seedbed.pages.markdown import table
from seedbed.pages.numbers import interval
from seedbed.reporting.page import Figures
from seedbed.training.learning_curves import LearningCurveMetrics

PAIRED_HEADER = ("approach", "accuracy", "macro-F1", "right where it is wrong", "wrong where right",
                 "p")  # fmt: skip
EDITS = {
    "case": "small letters or capitals",
    "punctuation": "no punctuation",
    "typos": "a letter mistyped in 5 % of the words",
    "names": "other first names",
}


def approaches(
    validations: dict[str, Figures],
    tests: dict[str, Figures],
    pairs: dict[str, dict[str, Figures]],
    references: dict[str, str],
) -> str:
    """One line an approach: scores with intervals, calibration, cost; then what differs by more
    than chance. `pairs` and `references`: by side, as `pairs_with` gives them, and with whom."""
    lines = []
    for name, found in validations.items():
        test = tests[name]
        after = test["calibration"]["after"]["expected_calibration_error"]
        lines.append(
            [
                f"`{name}`",
                interval(found["macro_f1"]),
                interval(test["accuracy"]),
                interval(test["macro_f1"]),
                interval(test["mcc"]),
                f"{after:.3f}",
                f"{found['model']['trainable_parameters']:,}",
            ]
        )
    header = ["approach", "validation macro-F1", "test accuracy", "test macro-F1", "test MCC",
              "test calibration error", "trainable parameters"]  # fmt: skip
    parts = [
        f"## Approaches\n\n{table(header, lines)}",
        "MCC: Matthews correlation. Calibration error: expected, in ten bins, at the temperature "
        "that validation asks for.",
        *(differences(side, references[side], pairs[side]) for side in pairs if pairs[side]),
    ]
    return "\n\n".join(parts)


def differences(side: str, reference: str, pairs: dict[str, Figures]) -> str:
    """Each approach minus the reference on the same rows of one side."""
    lines = [
        [
            f"`{name}`",
            *(_difference(pair[metric]) for metric in ("accuracy", "macro_f1")),
            pair["mcnemar"]["only_one_right"],
            pair["mcnemar"]["only_other_right"],
            f"{pair['p_holm']:.2f}",
        ]
        for name, pair in pairs.items()
    ]
    return (
        f"Difference to `{reference}` on the same {side} rows: paired bootstrap, 95 % intervals; "
        "p: McNemar's exact test between the seeds shown, Holm-corrected over the approaches.\n\n"
        f"{table(PAIRED_HEADER, lines)}"
    )


def _difference(gap: Figures) -> str:
    return f"{gap['difference']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"


def budgets(choice: Figures) -> str:
    """What to choose for which budget, as select said it."""
    return "## For a budget\n\n" + "\n\n".join(choice["per_budget"]["in_words"])


def chosen_model(approach: str, test: Figures) -> str:
    """Per class, confusion, calibration, risk and slices of the chosen model on test."""
    classes = list(test["per_class"])
    scores = [
        [name, *(f"{one[key]:.3f}" for key in ("precision", "recall", "f1")), one["rows"]]
        for name, one in test["per_class"].items()
    ]
    confused = [[name, *test["confusion"][name].values()] for name in classes]
    parts = [
        f"## `{approach}` on test",
        f"Weighted F1 {interval(test['weighted_f1'])}, Matthews correlation "
        f"{interval(test['mcc'])}.",
        table(["class", "precision", "recall", "F1", "rows"], scores),
        "Given class (line) against predicted class (column):",
        table(["given", *classes], confused),
        calibration(test["calibration"]),
        risk(test["risk_coverage"]),
    ]
    lines = [
        [f"{column}: {value}", interval(one, "accuracy"), one["rows"]]
        for column, values in test["slices"].items()
        for value, one in values.items()
    ]
    if lines:
        parts.append(table(["slice", "accuracy", "rows"], lines))
    return "\n\n".join(parts)


def calibration(found: Figures) -> str:
    """Before and after temperature scaling, and what a perfect model would show."""
    lines = []
    for name in ("before", "after"):
        one = found[name]
        perfect = one["expected_calibration_error_if_perfect"]
        lines.append(
            [
                f"{name} temperature scaling",
                interval(one["log_loss"]),
                interval(one["brier"]),
                f"{one['expected_calibration_error']:.3f}",
                f"{perfect['low']:.3f} to {perfect['high']:.3f}",
            ]
        )
    header = ["probabilities", "log-loss", "Brier score", "expected calibration error",
              "if they were perfect"]  # fmt: skip
    return (
        f"{table(header, lines)}\n\nThe temperature, {found['temperature']:.2f}, was fitted on "
        "validation. The last column is where the error of a perfectly calibrated model with these "
        "confidences and this many rows lies in 95 of 100 cases."
    )


def risk(found: Figures) -> str:
    """What the model would gain by staying silent where it is least sure."""
    return (
        f"If it answered the surest 90 % of the rows, {found['risk_at_90%']:.1%} of the answers "
        f"would be wrong, of the surest 80 % {found['risk_at_80%']:.1%}. Area under the "
        f"risk-coverage curve: {interval(found['area'])}."
    )


def behaviour(approach: str, found: Figures) -> str:
    """Predictions that stay when a text is edited, and plain cases; nothing where none was run."""
    parts = []
    if found["invariance"]:
        lines = [
            [EDITS[name], interval(one, "stays") if one["rows"] else "", one["rows"]]
            for name, one in found["invariance"].items()
        ]
        parts.append(table(["validation texts with", "predictions that stay", "rows"], lines))
    if cases := found["minimum_functionality"].get("rows"):
        parts.append(_cases(found["minimum_functionality"], cases))
    return "\n\n".join([f"## Behaviour of `{approach}`", *parts]) if parts else ""


def _cases(found: Figures, number: int) -> str:
    by = ", ".join(
        f"{name} {one['passed']} of {one['rows']}" for name, one in found["by_capability"].items()
    )
    failed = f" Failed: {', '.join(found['failed'])}." if found["failed"] else ""
    return f"Plain cases in tests/model: {found['passed']} of {number} ({by}).{failed}"


def curves(points: dict[str, list[dict[str, str]]]) -> str:
    """Validation macro-F1 by epoch of each approach that trains in epochs."""
    lines = []
    for name, found in points.items():
        for point in found:
            loss = f"{float(point['train_loss']):.3f}" if point["train_loss"] else ""
            score = f"{float(point['validation_macro_f1']):.3f}"
            lines.append([f"`{name}`, seed {point['seed']}", point["epoch"], loss, score])
    header = ["model", "epoch", "train loss", "validation macro-F1"]
    return f"## Training by epoch\n\n{table(header, lines)}\n\nEpoch 0 is before any training."


def learning_curve(curve: LearningCurveMetrics | None) -> str:
    """The expected gain of more train rows; empty where it is off."""
    if curve is None:
        return ""
    lines = [
        [
            f"{point.share:.0%}",
            f"{point.rows:,.0f}",
            interval(point.macro_f1.model_dump()),
            f"{point.fitted:.3f}",
        ]
        for point in curve.points
    ]
    twice, exponent = curve.twice_the_rows, curve.exponent
    header = ["share of train", "rows", "validation macro-F1", "the fit says"]
    note = (
        f"Approach `{curve.approach}`, mean over {curve.seeds} seeds, each of which draws "
        "other rows; 95 % intervals by a bootstrap over seeds and validation rows. The error is "
        f"fitted as a power of the rows, of exponent {-exponent.mean:.2f} "
        f"[{-exponent.high:.2f}, {-exponent.low:.2f}], without a floor: "
        "where labels are wrong or texts unclear it promises too much. Fitted without the last "
        f"point it would have said {curve.check.fitted_without_it:.3f} there, measured was "
        f"{curve.check.measured:.3f}."
    )
    verdict = (
        f"**Twice the rows ({twice.rows:,.0f}) would bring "
        f"{_difference(twice.gain.model_dump())} macro-F1**, "
        f"to {interval(twice.macro_f1.model_dump())}."
    )
    return "\n\n".join(["## Learning curve", verdict, table(header, lines), note])
