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

Columns = dict[str, Sequence[str]]

TAKEN_OUT = {DROP, AMBIGUOUS}
DATE_PARTS = (10, 7, 4)  # characters of an ISO date: day, month, year


class Fitted(NamedTuple):
    """What is fitted on validation: the seed that is shown, the temperature of its confidences, and
    by seed the confidence, before calibration, below which a prediction is out of scope (empty if
    every row has a class)."""

    seed: str
    temperature: float
    thresholds: dict[str, float]


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

    def predictable(self, fitted: Fitted) -> list[str]:
        """The classes that a row can be predicted as, out of scope last."""
        return [*self.names, self.outside] if fitted.thresholds else self.names


def fit(validation: Predictions) -> Fitted:
    """Choose seed, temperature and thresholds on validation's predictions."""
    task, thresholds = validation.task, {}
    if (validation.labels == OUTSIDE).any():
        by_seed = validation.probabilities.items()
        thresholds = {
            seed: confidence.chosen_threshold(task, validation.labels, given)
            for seed, given in by_seed
        }
    scored = validation.with_outside(thresholds).scored()
    # The first of equals: max keeps the order of the seeds.
    seed = max(scored, key=lambda name: float(metrics.macro_f1(scored[name])[0]))
    temperature = confidence.fitted_temperature(task, *validation.inside(seed))
    return Fitted(seed, temperature, thresholds)


def check_outside(validation: np.ndarray, test: np.ndarray, place: str) -> None:
    """Check that rows out of scope in test have some in validation; class indices (rows,) each.

    Raises RowsError if only test has any.
    """
    if (test == OUTSIDE).any() and not (validation == OUTSIDE).any():
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
    predictions = raw.with_outside(fitted.thresholds)
    by_seed, names = predictions.scored(), classes.predictable(fitted)
    scored = by_seed[fitted.seed]
    inside = raw.clusters()[raw.labels != OUTSIDE]
    labels, probabilities = raw.inside(fitted.seed)
    if part.name == "validation":  # where the temperature was fitted: each row by that of others
        scaled = confidence.cross_fitted(task, labels, probabilities, inside)
    else:
        scaled = task.rescaled(probabilities, fitted.temperature)
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
        risk_coverage=confidence.risk_coverage(task, labels, probabilities, inside),
        per_class=metrics.per_class(scored.labels, scored.predicted, names),
        confusion=metrics.confusion(scored.labels, scored.predicted, names),
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
    """Measure how well negatives are detected, by their class or by the threshold; None if the
    split has only negatives, or none."""
    has_class = classes.outside in classes.names
    number = classes.names.index(classes.outside) if has_class else OUTSIDE
    is_outside, given = part.raw.labels == number, part.raw.probabilities[fitted.seed]
    if is_outside.all() or not is_outside.any():
        return None
    kinds = np.array([json.loads(meta).get(NEGATIVE, "") for meta in part.metas], dtype=object)
    kinds = np.where(is_outside & (kinds == ""), "unnamed", kinds)
    threshold, clusters = fitted.thresholds.get(fitted.seed, 0.0), part.raw.clusters()
    return confidence.detection(
        part.raw.task, classes.outside, is_outside, given, number, threshold, kinds, clusters
    )


def without_decisions(
    predictions: Predictions, people: list[DecidedRow], classes: list[str]
) -> WithoutDecisions:
    """Compute the figures of a split as if no person had decided on its rows.

    A person may change a test label, and a reviewer must see what that does to the score. A label
    that is no class any more is one that no model predicts. Rows taken out are in no dataset and
    have no prediction: `accuracy_range` is the accuracy if the models had all of them wrong, and
    all correct.
    """
    relabelled = {row.id: row.given for row in people if row.decided not in TAKEN_OUT | {row.given}}
    number = {name: index for index, name in enumerate(classes)}
    labels = predictions.labels.copy()
    for index, row in enumerate(predictions.ids):
        if row in relabelled:
            labels[index] = number.get(relabelled[row], len(classes))
    taken_out, rows = sum(row.decided in TAKEN_OUT for row in people), len(labels)
    # No probabilities: a label that is no class any more has no column there.
    scored = {
        seed: Scored.of(model.task, labels, model.predicted, clusters=model.clusters)
        for seed, model in predictions.scored().items()
    }
    estimates = intervals.headline(scored)
    correct, all_rows = estimates["accuracy"].mean * rows, rows + taken_out
    return WithoutDecisions(
        relabelled=int((labels != predictions.labels).sum()),
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
    rows: pd.DataFrame, dates: Sequence[str], languages: Sequence[str], cosines: np.ndarray
) -> Columns:
    """Compute the columns that rows are sliced by. `dates`: all that the dataset has; `cosines`
    (rows,): of each row to its nearest train row."""
    return {
        "source": list(rows["source"]),
        "batch": list(rows["batch"]),
        "date": periods(list(rows["date"]), dates),
        "length": thirds(rows["text"].map(length_of), "short middle long"),
        "language": list(languages),
        "class": list(rows["label"]),
        "nearness to train": thirds(cosines, "far middle near"),
    }


def slices(scored: Scored, columns: Columns) -> dict[str, dict[str, Slice]]:
    """Compute accuracy for each value of each column; columns of one value are left out."""
    correct = scored.right == 1
    result = {}
    for column, values in columns.items():
        names, index = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
        if len(names) > 1:
            members = np.arange(len(names))[:, None] == index
            found = intervals.shares(correct, members, scored.clusters)
            result[column] = dict(zip(map(str, names), found, strict=True))
    return result
