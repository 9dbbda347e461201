"""All figures of one approach on one split, and what is fitted on validation for it.

Nothing here loads a model: predictions in, figures out. `fit` is given validation's predictions and
no others. Slices are accuracy in parts of the rows: source, batch, date, length, language, class,
nearness to train; if a figure falls in one part alone, the mean over all rows hides it.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.decisions import AMBIGUOUS, DROP
from seedbed.core.errors import RowsError
from seedbed.core.rows import NEGATIVE, OUTSIDE
from seedbed.core.text_units import UNKNOWN_LANGUAGE, language_of, length_of
from seedbed.scoring import confidence, intervals, metrics
from seedbed.scoring.metrics import Scored
from seedbed.scoring.metrics_files import (
    Behaviour,
    Evaluation,
    ModelCosts,
    OutOfScope,
    Slice,
    TemperatureScaling,
    Validation,
    WithoutDecisions,
)
from seedbed.scoring.predictions import Predictions
from seedbed.tasks import ClassTask

Columns = dict[str, Sequence[tuple[str, ...]]]  # the values of each row, mostly one

TAKEN_OUT = {DROP, AMBIGUOUS}
UNKNOWN = "\0"  # stands for every class that no model predicts; no class has that name
DATE_PARTS = (10, 7, 4)  # characters of an ISO date: day, month, year


class Fitted(NamedTuple):
    """What is fitted on validation: the seed that is shown, the temperature of its confidences, and
    by seed the thresholds of the task's rule, before calibration (empty if it needs none)."""

    seed: str
    temperature: float
    thresholds: dict[str, list[float]]

    @property
    def shown(self) -> list[float]:
        """The thresholds of the seed that is shown."""
        return self.thresholds.get(self.seed, [])


class DecidedRow(NamedTuple):
    """A row on which a decision is in force, as stage apply_decisions lists it: its original label,
    the decision, its split, and who decided (+ between names)."""

    id: str
    given: str
    decided: str
    side: str
    people: str


class Part(NamedTuple):
    """One split as it is scored: predictions as the models made them, and, of the same rows, the
    columns that slices are made of, `meta`, and decisions in force."""

    name: str
    raw: Predictions
    columns: Columns
    metas: Sequence[str]
    people: list[DecidedRow]


class Classes(NamedTuple):
    """The classes of the models, and the label of out-of-scope rows."""

    names: list[str]
    outside: str


def fit(validation: Predictions) -> Fitted:
    """Choose seed, temperature and thresholds on validation's predictions."""
    task = validation.task
    by_seed = {
        seed: task.thresholds(validation.labels, given)
        for seed, given in validation.probabilities.items()
    }
    thresholds = {seed: found for seed, found in by_seed.items() if found}
    scored = validation.ruled(thresholds).scored()
    # The first of equals: max keeps the order of the seeds.
    seed = max(scored, key=lambda name: float(metrics.macro_f1(scored[name])[0]))
    temperature = confidence.fitted_temperature(task, *validation.inside(seed))
    return Fitted(seed, temperature, thresholds)


def check_outside(task: ClassTask, validation: np.ndarray, test: np.ndarray, place: str) -> None:
    """Check that rows out of scope in test have some in validation; targets each.

    Raises RowsError if only test has any.
    """
    if task.outside(test).any() and not task.outside(validation).any():
        raise RowsError(
            place,
            "rows out of scope in test alone",
            "some in validation, to choose the threshold on",
            "add rows of the negative sources",
        )


def evaluate(part: Part, fitted: Fitted, classes: Classes, model: ModelCosts) -> Evaluation:
    """Compute all figures of one split.

    All but the estimates are of the seed shown; calibration and risk are of the rows in scope.
    """
    raw, task = part.raw, part.raw.task
    predictions = raw.ruled(fitted.thresholds)
    by_seed = predictions.scored()
    names = task.ruled_classes(classes.names, classes.outside, fitted.shown)
    scored = by_seed[fitted.seed]
    inside = raw.clusters()[~task.outside(raw.labels)]
    labels, probabilities = raw.inside(fitted.seed)
    if part.name == "validation":  # where the temperature was fitted: each row by that of others
        scaled = confidence.cross_fitted(task, labels, probabilities, inside)
    else:
        scaled = task.rescaled(probabilities, fitted.temperature)
    answered = task.answered(probabilities, fitted.shown)
    scope = scope_figures(part, fitted, classes)
    return Evaluation(
        run=True,
        model=model,
        rows=len(raw.ids),
        estimates=intervals.headline(by_seed),
        seed_shown=fitted.seed,
        calibration=TemperatureScaling(
            temperature=fitted.temperature,
            before=confidence.calibration(task, labels, probabilities, inside),
            after=confidence.calibration(task, labels, scaled, inside),
        ),
        risk_coverage=confidence.risk_coverage(task, labels, answered, inside),
        per_class=metrics.per_class(scored, names),
        confusion=metrics.confusion(scored, names),
        slices=slices(scored, part.columns),
        **({"out_of_scope": scope} if scope else {}),
        without_decisions=without_decisions(predictions, part.people, names),
    )


def with_behaviour(
    evaluation: Evaluation, paired: bool, fitted: Fitted, behaviour: Behaviour
) -> Validation:
    """Add to validation's figures what is fitted on them, and the behaviour of the model shown."""
    figures = {name: getattr(evaluation, name) for name in evaluation.model_fields_set}
    return Validation(**figures, paired=paired, thresholds=fitted.thresholds, behaviour=behaviour)


def scope_figures(part: Part, fitted: Fitted, classes: Classes) -> OutOfScope | None:
    """Measure how well negatives are detected, by their class, by the threshold, or by a predicted
    set that is empty; None if the split has only negatives, or none.

    Of sets, only what a source declares negative is out of scope: any other row without labels may
    be in scope, and a prediction without labels is right for it, so it counts on neither side.
    """
    task, number, label = part.raw.task, OUTSIDE, classes.outside
    has = task.one_hot(part.raw.labels, len(classes.names))
    kinds = np.array([json.loads(meta).get(NEGATIVE, "") for meta in part.metas], dtype=object)
    is_outside, counted = has.sum(1) == 0, np.ones(len(has), dtype=bool)
    if task.SETS:
        label, counted = task.shown(task.label_of([])), ~is_outside | (kinds != "")
    elif label in classes.names:
        number = classes.names.index(label)
        is_outside = has[:, number]
    outside = is_outside[counted]
    if outside.all() or not outside.any():
        return None
    kinds = np.where(is_outside & (kinds == ""), "unnamed", kinds)[counted]
    given, clusters = part.raw.probabilities[fitted.seed][counted], part.raw.clusters()[counted]
    return confidence.detection(task, label, outside, given, number, fitted.shown, kinds, clusters)


def without_decisions(
    predictions: Predictions, people: list[DecidedRow], classes: list[str]
) -> WithoutDecisions:
    """Compute the figures of a split as if no person had decided on its rows.

    A person may change a test label, and a reviewer must see what that does to the score. A label
    that is no class any more is one that no model predicts. Rows taken out are in no dataset and
    have no prediction: `accuracy_range` is the accuracy if the models had all of them wrong, and
    all correct.
    """
    task, known = predictions.task, set(classes)
    relabelled = {row.id: row.given for row in people if row.decided not in TAKEN_OUT | {row.given}}
    cells = task.labels(predictions.labels, classes)
    for index, row in enumerate(predictions.ids):
        if row in relabelled:
            given = task.members(relabelled[row])
            cells[index] = task.label_of(name if name in known else UNKNOWN for name in given)
    labels = task.targets(cells, [*classes, UNKNOWN])
    taken_out, rows = sum(row.decided in TAKEN_OUT for row in people), len(labels)
    # No probabilities: a label that is no class any more has no column there.
    scored = {
        seed: Scored.of(model.task, labels, model.predicted, clusters=model.clusters)
        for seed, model in predictions.scored().items()
    }
    estimates = intervals.headline(scored)
    correct, all_rows = estimates["accuracy"].mean * rows, rows + taken_out
    return WithoutDecisions(
        relabelled=int((task.right(predictions.labels, labels) < 1).sum()),
        dropped=taken_out,
        verified=sum(row.decided == row.given for row in people),
        accuracy_range=(correct / all_rows, (correct + taken_out) / all_rows),
        estimates=estimates,
    )


def languages_of(texts: Sequence[str], min_chars: int) -> list[str]:
    """Detect the language of each text: for slices, never for a row.

    ISO 639 codes, "unknown" for a text of less than `min_chars` characters (py3langid).
    """
    return [
        language_of(text) if length_of(text) >= min_chars else UNKNOWN_LANGUAGE for text in texts
    ]


def thirds(values: Sequence[float] | np.ndarray, names: str) -> list[str]:
    """Name the third that each value falls into, "short third" for `names` "short middle long";
    equal values in the order given."""
    rank = np.argsort(np.argsort(np.asarray(values), kind="stable"))
    parts = names.split()
    return [f"{parts[third]} third" for third in rank * 3 // max(1, len(rank))]


def periods(dates: Sequence[str], every: Sequence[str]) -> list[str]:
    """Give the period of each ISO date, "no date" for "".

    Periods are days, months or years: the finest of which `every` (all dates of the dataset) has at
    most 8, else years.
    """
    known = {date for date in every if date}
    part = next((n for n in DATE_PARTS if len({date[:n] for date in known}) <= 8), 4)
    return [date[:part] or "no date" for date in dates]


def columns_of(
    task: ClassTask,
    rows: pd.DataFrame,
    dates: Sequence[str],
    languages: Sequence[str],
    cosines: np.ndarray,
) -> Columns:
    """Compute the columns that rows are sliced by. `dates`: all that the dataset has; `cosines`
    (rows,): of each row to its nearest train row. A row of several classes is in a slice of each,
    one of none in a slice of these."""
    single = {
        "source": list(rows["source"]),
        "batch": list(rows["batch"]),
        "date": periods(list(rows["date"]), dates),
        "length": thirds(rows["text"].map(length_of), "short middle long"),
        "language": list(languages),
        "class": [],
        "nearness to train": thirds(cosines, "far middle near"),
    }
    columns: Columns = {name: [(value,) for value in values] for name, values in single.items()}
    columns["class"] = [task.members(label) or (task.shown(label),) for label in rows["label"]]
    return columns


def slices(scored: Scored, columns: Columns) -> dict[str, dict[str, Slice]]:
    """Compute accuracy for each value of each column; columns of one value are left out."""
    result = {}
    for column, values in columns.items():
        names = sorted({name for row in values for name in row})
        if len(names) > 1:
            members = np.zeros((len(names), len(values)), dtype=bool)
            number = {name: index for index, name in enumerate(names)}
            for place, row in enumerate(values):
                members[[number[name] for name in row], place] = True
            found = intervals.shares(scored.right, members, scored.clusters)
            result[column] = dict(zip(names, found, strict=True))
    return result
