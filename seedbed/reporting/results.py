"""The report's sections on models: the choice, scores, what fails, behaviour, curves; and what all
sections on classes share.

Each is a pure function of the figures that stages wrote.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from seedbed.pages.document import (
    Cell,
    Code,
    Part,
    Prose,
    Section,
    Table,
    difference,
    interval,
    quoted,
)
from seedbed.scoring.metrics import View, shown_in
from seedbed.scoring.metrics_files import Behaviour, Choice, Evaluation, Invariance, Validation
from seedbed.scoring.predictions import Pair
from seedbed.tasks import Task

CLASSES = 30  # rows of a table by class
MATRIX_CLASSES = 12  # with more, a matrix of classes is not shown
PAIRS = 20  # the most confused classes, where there is no matrix
NAMED = 10  # classes in a sentence
THIN_SHARE = 0.5  # of the median class's rows
DETECTED_BY = {
    "class": "class",
    "threshold": "confidence below {:.2f}",
    "empty_set": "no label predicted",
}
EDITS = {
    "case": "case changed",
    "punctuation": "punctuation removed",
    "typos": "a typo in 5 % of the words",
    "names": "first names replaced",
}


def thin_classes(by_class: Mapping[str, int]) -> dict[str, int]:
    """Return the classes with fewer rows than THIN_SHARE of the median class, and how many each
    lacks."""
    wanted = math.ceil(THIN_SHARE * float(np.median(list(by_class.values()))))
    return {label: wanted - n for label, n in sorted(by_class.items()) if n < wanted}


def shown_scores(view: View, found: Evaluation) -> list[tuple[str, Prose]]:
    """Title and interval of the metrics of a view that were measured, in order."""
    return [
        (metric.title, interval(found[metric.name]))
        for metric in shown_in(view)
        if metric.name in found.estimates
    ]


def verdict(choice: Choice, tests: Mapping[str, Evaluation]) -> Section:
    """The first screen: what was chosen, why, and its scores on rows that no choice has read."""
    test = tests[choice.approach]
    measured = shown_scores("differences", test)
    scores = " and a ".join(f"{title} of **{score}**" for title, score in measured)
    words = (
        f"On the {test.rows:,} test rows, which no choice has read, it has an {scores}. "
        "Intervals are 95 %, over other rows of the same classes (whole groups if rows have one)."
    )
    return Section("", [Prose(f"**{choice.why}**"), Prose(words)])


def approaches(
    validations: Mapping[str, Validation],
    tests: Mapping[str, Evaluation],
    pairs: Mapping[str, Mapping[str, Pair]],
    reference: str,
) -> Section:
    """A row per approach: scores, calibration, cost; then what differs by more than chance.

    `pairs`, by split, is what `pairs_with` gives for the approach `reference`.
    """
    known = next(iter(tests.values())).estimates
    metrics = [metric for metric in shown_in("approaches") if metric.name in known]
    rows = [
        [
            Code(name),
            interval(validation["macro_f1"]),
            *(interval(tests[name][metric.name]) for metric in metrics),
            f"{tests[name].calibration.after.expected_calibration_error:.3f}",
            f"{validation.model.trainable_parameters:,}",
        ]
        for name, validation in validations.items()
    ]
    header = ["approach", "validation macro-F1", *(f"test {metric.title}" for metric in metrics),
              "test calibration error", "trainable parameters"]  # fmt: skip
    note = (
        "Calibration error: expected calibration error in ten bins, after temperature scaling "
        "fitted on validation."
    )
    parts: list[Part] = [Table(header, rows), note]
    titles = {metric.name: metric.title for metric in shown_in("differences")}
    for split, compared in pairs.items():
        parts += differences(split, reference, compared, titles) if compared else []
    return Section("Approaches", parts)


def differences(
    split: str, reference: str, pairs: Mapping[str, Pair], titles: Mapping[str, str]
) -> list[Part]:
    """Each approach minus the reference on the same rows of one split; `titles` by metric."""
    first = next(iter(pairs.values()))
    names = [name for name in titles if name in first.differences]
    rows: list[Sequence[Cell]] = [
        [
            Code(name),
            *(difference(pair.differences.get(metric)) for metric in names),
            pair.mcnemar.only_one_right,
            pair.mcnemar.only_other_right,
            f"{pair.p_holm:.2f}",
        ]
        for name, pair in pairs.items()
    ]
    header = ["approach", *(titles[name] for name in names), "only this model correct",
              "only the reference correct", "p"]  # fmt: skip
    words = (
        f"Difference to `{reference}` on the same {split} rows: paired, with 95 % intervals; "
        f"p: {first.test} between the seeds shown, Holm-corrected over the approaches."
    )
    return [Prose(words), Table(header, rows)]


def budgets(choice: Choice) -> Section:
    """What to choose for which budget, as select states it."""
    return Section("For a budget", [Prose(words) for words in choice.per_budget.in_words])


def chosen_model(task: Task, approach: str, test: Evaluation) -> Section:
    """Per class, confusion, calibration, risk and slices of the chosen model on test."""
    scores = ", ".join(f"{title} {score}" for title, score in shown_scores("chosen", test))
    slices: list[Sequence[Cell]] = [
        [f"{column}: {value}", interval(found, "accuracy"), found.rows]
        for column, values in test.slices.items()
        for value, found in values.items()
    ]
    risk = (
        f"On the most confident 90 % of the rows the error rate is "
        f"{test.risk_coverage.risk_at_90:.1%}, on the most confident 80 % "
        f"{test.risk_coverage.risk_at_80:.1%}. Area under the risk-coverage curve: "
        f"{interval(test.risk_coverage.area)}."
    )
    parts: list[Part] = [
        Prose(f"{scores[:1].upper()}{scores[1:]}."),
        per_class(task, test),
        *(cooccurrence if task.SETS else confusion)(test.confusion),
        *_calibration(test),
        Prose(risk),
        Table(["slice", "accuracy", "rows"], slices, 3 * CLASSES, "slices"),
    ]
    return Section(f"{approach} on test", parts)


def per_class(task: Task, test: Evaluation) -> Table:
    """Precision, recall, F1 and rows of each class; of many classes those with the lowest F1."""
    items = list(test.per_class.items())
    if len(items) > CLASSES:
        items.sort(key=lambda item: (item[1].f1, item[0]))
    rows: list[Sequence[Cell]] = [
        [
            name,
            *(f"{value:.3f}" for value in (found.precision, found.recall, found.f1)),
            *[_share(found.average_precision)] * task.SETS,
            found.rows,
        ]
        for name, found in items
    ]
    more = ["average precision"] * task.SETS
    header = ["class", "precision", "recall", "F1", *more, "rows"]
    return Table(header, rows, CLASSES, "classes with a higher F1")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def confusion(matrix: Mapping[str, Mapping[str, int]]) -> list[Part]:
    """The confusion matrix, or the most confused pairs of many classes."""
    if len(matrix) <= MATRIX_CLASSES:
        rows: list[Sequence[Cell]] = [[name, *counts.values()] for name, counts in matrix.items()]
        table = Table(["true label", *matrix], rows)
        return ["True label (rows) by predicted label (columns):", table]
    pairs = sorted(
        (-count, label, predicted)
        for label, counts in matrix.items()
        for predicted, count in counts.items()
        if count and predicted != label
    )
    if not pairs:
        return ["No row was confused."]
    rows = [[label, predicted, -count] for count, label, predicted in pairs]
    return [
        "Most confused pairs of classes; reports/plots/confusion has every prediction:",
        Table(["true label", "predicted label", "rows"], rows, PAIRS, "pairs"),
    ]


def cooccurrence(matrix: Mapping[str, Mapping[str, int]]) -> list[Part]:
    """How many rows have one label and are given another, of sets; of many labels the pairs that
    occur most."""
    words = "Rows that have a label, and those of them that are given each label"
    if len(matrix) <= MATRIX_CLASSES:
        rows: list[Sequence[Cell]] = [
            [name, *(counts.get(other, 0) for other in matrix)] for name, counts in matrix.items()
        ]
        return [f"{words} (columns):", Table(["true label", *matrix], rows)]
    pairs = sorted(
        (-count, label, predicted)
        for label, counts in matrix.items()
        for predicted, count in counts.items()
        if count and predicted != label
    )
    rows = [[label, predicted, -count] for count, label, predicted in pairs]
    table = Table(["true label", "predicted label", "rows"], rows, PAIRS, "pairs")
    return [f"{words}, the most frequent pairs:", table]


def _calibration(test: Evaluation) -> list[Part]:
    """Before and after temperature scaling, and what a perfectly calibrated model would show."""
    found = test.calibration
    rows = [
        [
            f"{name} temperature scaling",
            interval(figures.log_loss),
            interval(figures.brier),
            f"{figures.expected_calibration_error:.3f}",
            f"{figures.expected_calibration_error_if_perfect.low:.3f} to "
            f"{figures.expected_calibration_error_if_perfect.high:.3f}",
        ]
        for name, figures in (("before", found.before), ("after", found.after))
    ]
    header = ["probabilities", "log loss", "Brier score", "expected calibration error",
              "if perfectly calibrated"]  # fmt: skip
    note = (
        f"The temperature, {found.temperature:.2f}, was fitted on validation. The last column is "
        "the range that contains the error of a perfectly calibrated model with these confidences "
        "and this many rows in 95 of 100 cases."
    )
    return [Table(header, rows), note]


def behaviour(approach: str, found: Behaviour) -> Section:
    """Predictions that do not change when a text is edited, and plain cases."""
    table = invariance(found.invariance)
    parts: list[Part] = [table] if table else []
    if (cases := found.minimum_functionality).rows:
        by = ", ".join(
            f"{quoted(name)} {one.passed} of {one.rows}"
            for name, one in cases.by_capability.items()
        )
        failed = f" Failed: {quoted(', '.join(cases.failed), 300)}." if cases.failed else ""
        words = f"Plain cases in tests/model: {cases.passed} of {cases.rows} ({by}).{failed}"
        parts.append(Prose(words))
    return Section(f"Behaviour of {approach}", parts)


def invariance(found: Mapping[str, Invariance]) -> Table | None:
    """How many predictions survive each edit of the validation texts; None if none was run."""
    rows: list[Sequence[Cell]] = [
        [EDITS.get(name, name), interval(one, "stays") if one.rows else "", one.rows]
        for name, one in found.items()
    ]
    return Table(["validation texts with", "unchanged predictions", "rows"], rows) if rows else None


def out_of_scope(tests: Mapping[str, Evaluation]) -> Section:
    """How well each approach detects out-of-scope test rows; nothing without any."""
    scopes = {name: scope for name, test in tests.items() if (scope := test.out_of_scope)}
    rows: list[Sequence[Cell]] = [
        [
            Code(name),
            DETECTED_BY[scope.how].format(scope.threshold),
            kind.replace("_", "-"),
            one.rows,
            interval(one.auroc),
            f"{one.false_positive_rate_at_95_recall:.3f}",
            f"{one.recall:.3f}",
            f"{scope.in_scope_flagged_share:.3f}",
        ]
        for name, scope in scopes.items()
        for kind, one in {"all": scope.all, **scope.by_kind}.items()
    ]
    header = ["approach", "detected by", "kind", "rows", "AUROC",
              "false positive rate at 95 % recall", "recall", "in scope flagged"]  # fmt: skip
    note = (
        "Test rows that belong to no class. Recall: the share of them that the model flags; in "
        "scope flagged: the share of the others. A threshold was chosen on validation."
    )
    if any(scope.how == "empty_set" for scope in scopes.values()):
        note = (
            "Test rows of negative sources, which have no label, against test rows with labels; "
            "other rows without labels count as neither. A row is flagged if no label is predicted "
            "for it. Recall: the share of the negatives that the model flags; in scope flagged: "
            "the share of the rows with labels."
        )
    return Section("Out of scope", [Table(header, rows), note] if rows else [])
