"""The report's sections on answers: approaches next to the base model untouched, figures of the
chosen one, and what each approach answers to the same questions.

Each is a pure function of the figures that stages wrote.
"""

from collections.abc import Mapping, Sequence

from seedbed.pages.document import Cell, Code, Part, Prose, Section, Table, interval, quoted
from seedbed.reporting.results import CLASSES, differences
from seedbed.scoring.answers.metrics import ANSWER_METRICS, AnswerMetric, answer_metrics_in
from seedbed.scoring.answers.metrics_files import AnswerEvaluation, SideBySide
from seedbed.scoring.metrics import View
from seedbed.scoring.predictions import Pair

ANSWER_CHARS = 300  # of an answer side by side
INTERVALS = "Intervals are 95 %, by bootstrap over rows, or whole groups if rows have one."


def title_of(metric: AnswerMetric) -> str:
    """A metric with its direction, where that is not plain."""
    return metric.title + (" (lower is better)" if metric.better == "lower" else "")


def answer_scores(view: View, found: AnswerEvaluation) -> list[tuple[str, Prose]]:
    """Title and interval of the metrics of a view that were measured, in order."""
    return [
        (title_of(metric), interval(found[metric.name]))
        for metric in answer_metrics_in(view)
        if metric.name in found.estimates
    ]


def answer_verdict(why: str, approach: str, tests: Mapping[str, AnswerEvaluation]) -> Section:
    """The first screen: what was chosen, why, and its scores on rows that no choice has read."""
    test = tests[approach]
    scores = ", ".join(f"{title} **{score}**" for title, score in answer_scores("approaches", test))
    words = f"On the {test.rows:,} test rows, which no choice has read: {scores}. {INTERVALS}"
    return Section("", [Prose(f"**{why}**"), Prose(words)])


def answer_approaches(
    validations: Mapping[str, AnswerEvaluation],
    tests: Mapping[str, AnswerEvaluation],
    pairs: Mapping[str, Mapping[str, Pair]],
    reference: str,
) -> Section:
    """A row per approach: scores and cost; then what differs by more than chance.

    `pairs`, by split, is what `answer_pairs` gives for the approach `reference`.
    """
    right = next(iter(tests.values())).right
    metrics = [
        metric
        for metric in answer_metrics_in("approaches")
        if any(metric.name in test.estimates for test in tests.values())
    ]
    rows: list[Sequence[Cell]] = [
        [
            Code(name),
            interval(validation[right]),
            *(_score(tests[name], metric) for metric in metrics),
            f"{validation.model.trainable_parameters:,}",
        ]
        for name, validation in validations.items()
    ]
    header = ["approach", f"validation {ANSWER_METRICS[right].title}",
              *(f"test {title_of(metric)}" for metric in metrics),
              "trainable parameters"]  # fmt: skip
    note = (
        "An approach that writes without probabilities has no perplexity. That of a token compares "
        "models with the same tokenizer alone, that of a character all."
    )
    parts: list[Part] = [Table(header, rows), note]
    titles = {metric.name: metric.title for metric in answer_metrics_in("differences")}
    for split, compared in pairs.items():
        parts += differences(split, reference, compared, titles) if compared else []
    return Section("Approaches", parts)


def _score(test: AnswerEvaluation, metric: AnswerMetric) -> Cell:
    return interval(test[metric.name]) if metric.name in test.estimates else ""


def chosen_answers(approach: str, test: AnswerEvaluation) -> Section:
    """Every metric, what was not answered, and slices of the chosen model on test."""
    scores = [[title, score] for title, score in answer_scores("chosen", test)]
    right = ANSWER_METRICS[test.right].title
    slices: list[Sequence[Cell]] = [
        [f"{column}: {value}", interval(found, "accuracy"), found.rows]
        for column, values in test.slices.items()
        for value, found in values.items()
    ]
    parts: list[Part] = [Table(["metric", "test"], scores), INTERVALS]
    if test.without_answer:
        counts = ", ".join(
            f"{rows:,} {quoted(reason)}" for reason, rows in test.without_answer.items()
        )
        parts.append(Prose(f"Rows that the model could not be asked, and that count as wrong: "
                           f"{counts}."))  # fmt: skip
    if test.without_loss:
        parts.append(f"The true answers of {test.without_loss:,} rows have no loss.")
    parts.append(Table(["slice", right, "rows"], slices, 3 * CLASSES, "slices"))
    return Section(f"{approach} on test", parts)


def answers_side_by_side(rows: Sequence[SideBySide]) -> Section:
    """A few questions with the true answer and that of each approach; without texts a sentence says
    how they come to be shown."""
    title = "Answers side by side"
    if not rows:
        return Section(
            title, ["No source with test rows has show_text: true, so no text is shown."]
        )
    approaches = list(rows[0].answers)
    header = ["question", "true answer", *approaches]
    lines = [[row.question, row.target, *(row.answers[one] for one in approaches)] for row in rows]
    return Section(title, [Table(header, lines, chars=ANSWER_CHARS)])
