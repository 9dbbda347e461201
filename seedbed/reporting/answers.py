"""The report's sections on answers: approaches next to the base model untouched, figures of the
chosen one, and what each approach answers to the same questions.

Each is a pure function of the figures that stages wrote.
"""

from collections.abc import Collection, Mapping, Sequence

from seedbed.label_errors.ranking import LabelErrorMetrics
from seedbed.pages.document import (
    Alarm,
    Cell,
    Code,
    Part,
    Prose,
    Section,
    Table,
    counted,
    difference,
    interval,
    quoted,
)
from seedbed.reporting.results import CLASSES, differences
from seedbed.scoring.answers.evaluation import BASE, SideBySide
from seedbed.scoring.answers.metrics import ANSWER_METRICS, AnswerMetric, answer_metrics_in
from seedbed.scoring.metrics import View
from seedbed.scoring.metrics_files import AnswerEvaluation, Right
from seedbed.scoring.predictions import Pair
from seedbed.training.chat.approaches import OF_BASE
from seedbed.training.chat.datasets import ChatTokenizeMetrics, MaskedRow
from seedbed.training.chat.template import Piece

ANSWER_CHARS = 300  # of an answer side by side
MASKED_CHARS = 600  # of a conversation with its mask
STRIP = 40  # signs of the figure of a mask
SHOWN_MASKS = 10  # rows
PROMPT, LEARNED, SPECIAL = "·", "█", "|"
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


def base_untouched(chosen: str, right: Right, pairs: Mapping[str, Pair]) -> Section:
    """Whether the chosen model is better on test than the one that nobody tuned; `pairs` compare
    others with it."""
    title = "Next to the base model"
    if BASE not in pairs:
        return Section(title, [Prose(f"Not measured, since approach `{OF_BASE}` is off.")])
    pair = pairs[BASE]
    gap = pair.differences[right]
    verdict = "no better by more than chance" if gap.high >= 0 else "better by more than chance"
    if gap.low > 0:
        verdict = "worse by more than chance"
    words = (
        f"On test `{chosen}` is **{verdict}** than the base model untouched, whose "
        f"{ANSWER_METRICS[right].title} differs by {difference(gap)} ({pair.test}, "
        f"p {pair.p_holm:.2g})."
    )
    return Section(title, [Prose(words)])


def suspected_answers(found: LabelErrorMetrics) -> Section:
    """Answers that may be wrong: how many, where and why, and what the policy does."""
    where, why = counted(found.suspects_by_side, " in"), counted(found.suspects_by_reason)
    words = (
        f"{found.suspects} suspected answers ({where or 'none'}); policy for train: "
        f"{found.policy}. Answers in validation and test change only by a person's decision; "
        f"{found.verified_rows} rows are verified. The list is in reports/suspects.csv"
        f"{f': {why}' if why else ''}."
    )
    return Section("Answers to look at", [Prose(words)])


def conversations(found: ChatTokenizeMetrics) -> Section:
    """Lengths of conversations, what of them is learned, and what does not fit."""
    lengths, (least, middle, most, longest) = found.lengths, found.lengths.tokens_p5_p50_p95_p99
    words = (
        f"Of 100 conversations 5 have at most {least:,} tokens, 50 {middle:,}, 95 {most:,}, 99 "
        f"{longest:,}; the limit is {found.max_length:,}. {lengths.answer_token_share:.1%} of all "
        f"tokens are answers, which are learned; {lengths.tokens_cut_share:.1%} were lost with the "
        f"earliest turns of {lengths.rows_cut_share:.1%} of the rows. Padding in batches by token "
        f"budget is {found.padding_share.token_budget:.1%}, in shuffled ones padded to the longest "
        f"{found.padding_share.longest_of_batch:.1%}."
    )
    parts: list[Part] = [Prose(words)]
    if found.rows.dropped:
        lost = counted(found.rows.dropped_by_reason)
        parts.append(Prose(f"Train rows that cannot be learned: {lost}."))
    if found.not_encoded:
        lost = counted(found.not_encoded)
        parts.append(Prose(f"Rows of validation and test that count as wrong: {lost}."))
    if found.neutralised:
        parts.append(Alarm(
            f"{found.neutralised:,} special tokens of the model stand in people's texts. They are "
            "encoded as plain characters, so that they end no turn and begin none."
        ))  # fmt: skip
    return Section("Tokens", parts)


def masks(rows: Sequence[MaskedRow], show_text: Collection[str]) -> Section:
    """Train rows token by token: which the model learns, and which are special."""
    if not rows:
        return Section("What is learned")
    chosen = sorted(rows, key=lambda row: row.source not in show_text)[:SHOWN_MASKS]
    lines: list[Sequence[Cell]] = [
        [Code(row.id), strip_of(row.pieces), len(row.pieces),
         sum(piece.is_learned for piece in row.pieces),
         marked_text(row.pieces) if row.source in show_text else ""]
        for row in chosen
    ]  # fmt: skip
    note = (
        f"Each sign of a mask is a part of the row: {PROMPT} what the model is given, {LEARNED} "
        f"what it learns, {SPECIAL} a special token. In the text what is learned is between "
        "⟦ and ⟧. Texts are shown of sources with show_text: true alone."
    )
    header = ["row", "mask", "tokens", "learned", "conversation"]
    return Section("What is learned", [Table(header, lines, chars=MASKED_CHARS), note], folded=True)


def strip_of(pieces: Sequence[Piece]) -> str:
    """A mask as at most STRIP signs."""
    size = -(-len(pieces) // STRIP)
    signs = []
    for start in range(0, len(pieces), size):
        part = pieces[start : start + size]
        learned = 2 * sum(piece.is_learned for piece in part) >= len(part)
        special = any(piece.is_special for piece in part)
        signs.append(SPECIAL if special else LEARNED if learned else PROMPT)
    return "".join(signs)


def marked_text(pieces: Sequence[Piece]) -> str:
    """A conversation with its special tokens, what is learned between ⟦ and ⟧, lines as ⏎."""
    prompt = "".join(piece.text for piece in pieces if not piece.is_learned)
    learned = "".join(piece.text for piece in pieces if piece.is_learned)
    return f"{prompt}⟦{learned}⟧".replace("\n", "⏎")
