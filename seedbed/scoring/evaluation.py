"""All figures of one approach on one side, and what validation decides for it.

Nothing here reads a file or a model: predictions in, figures out. What is decided (`decided`) is
given validation's predictions and no others.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.errors import RowsError
from seedbed.core.rows import NEGATIVE, OUTSIDE
from seedbed.scoring.calibration import calibration, cross_fitted, fitted_temperature, rescaled
from seedbed.scoring.intervals import headline, resampled_counts
from seedbed.scoring.metrics import confusion, macro_f1_of, per_class
from seedbed.scoring.predictions import Predictions
from seedbed.scoring.risk_coverage import risk_coverage
from seedbed.scoring.scope_detection import chosen_threshold, detection, outside_score
from seedbed.scoring.slices import slices

Columns = dict[str, Sequence[str]]


class Decided(NamedTuple):
    """What validation alone decides for an approach: the seed that is shown, the temperature of
    that seed's confidences, and by seed the confidence, as the model gives it, below which a
    prediction is out of scope (empty where every row has a class)."""

    seed: str
    temperature: float
    thresholds: dict[str, float]


def decided(validation: Predictions) -> Decided:
    """Decide, on validation's predictions as the models gave them."""
    thresholds = {}
    if (validation.labels == OUTSIDE).any():
        found = validation.probabilities.items()
        thresholds = {seed: chosen_threshold(validation.labels, one) for seed, one in found}
    told = validation.with_outside(thresholds)
    seed = best_seed(told.labels, told.predicted())
    return Decided(seed, fitted_temperature(*validation.inside(seed)), thresholds)


def best_seed(labels: np.ndarray, by_seed: dict[str, np.ndarray]) -> str:
    """The seed with the best macro-F1; the first of equals."""
    return max(by_seed, key=lambda seed: macro_f1_of(labels, by_seed[seed]))


def check_outside(validation: np.ndarray, test: np.ndarray, place: str) -> None:
    """Raises RowsError where only test has rows that no class is right for: (rows,) class numbers
    each."""
    if (test == OUTSIDE).any() and not (validation == OUTSIDE).any():
        raise RowsError(
            place,
            "rows out of scope in test alone",
            "some in validation, to choose the threshold on",
            "add rows of the negative sources",
        )


def figures(
    raw: Predictions,
    found: Decided,
    side: str,
    classes: list[str],
    outside: str,
    columns: Columns,
    metas: Sequence[str],
) -> dict[str, Any]:
    """All figures of one side; but for the headline they are those of the seed shown.

    Calibration and risk are those of the rows in scope. `raw`: predictions as the models gave them;
    `columns` and `metas` (rows,): what the rows are sliced by, and their `meta`; `outside`: the
    label of negatives.
    """
    told = raw.with_outside(found.thresholds)
    shown = [*classes, outside] if found.thresholds else classes
    predicted, units = told.probabilities[found.seed].argmax(1), raw.units()
    samples = resampled_counts(units)
    result = {
        "rows": len(raw.ids),
        **headline(told.scored(), samples),
        "seed_shown": found.seed,
        "calibration": calibrated(raw, found, side, samples),
        "risk_coverage": risk_coverage(*raw.inside(found.seed), _inside(raw, samples)),
        "per_class": per_class(told.labels, predicted, shown),
        "confusion": confusion(told.labels, predicted, shown),
        "slices": slices(told.labels == predicted, columns, samples, units),
    }
    scope = scope_figures(raw, metas, found, classes, outside)
    return result | ({"out_of_scope": scope} if scope else {})


def _inside(raw: Predictions, samples: np.ndarray) -> np.ndarray:
    """Bootstrap counts of the rows in scope alone; draws without any of them are left out."""
    inside = samples[:, raw.labels != OUTSIDE]
    return inside[inside.sum(1) > 0]


def calibrated(raw: Predictions, found: Decided, side: str, samples: np.ndarray) -> dict[str, Any]:
    """Calibration before and after temperature scaling. On validation, where the temperature was
    fitted, each row is scaled by a temperature that other rows ask for."""
    labels, probabilities = raw.inside(found.seed)
    if side == "validation":
        units = raw.units()[raw.labels != OUTSIDE]
        after = cross_fitted(labels, probabilities, units)
    else:
        after = rescaled(probabilities, found.temperature)
    counts = _inside(raw, samples)
    return {
        "temperature": found.temperature,
        "before": calibration(labels, probabilities, counts),
        "after": calibration(labels, after, counts),
    }


def scope_figures(
    raw: Predictions, metas: Sequence[str], found: Decided, classes: list[str], outside: str
) -> dict[str, Any]:
    """How well negatives are told from the rest, by the class `outside` or by the threshold; empty
    where the side has only one of both."""
    number = OUTSIDE if outside not in classes else classes.index(outside)
    is_outside, given = raw.labels == number, raw.probabilities[found.seed]
    if is_outside.all() or not is_outside.any():
        return {}
    low = found.thresholds.get(found.seed, 0.0)
    flagged = given.max(1) < low if number == OUTSIDE else given.argmax(1) == number
    kinds = pd.Series(metas).map(lambda meta: json.loads(meta).get(NEGATIVE, "")).to_numpy(object)
    kinds = np.where(is_outside & (kinds == ""), "unnamed", kinds)
    how = {"how": "threshold", "threshold": low} if number == OUTSIDE else {"how": "class"}
    scores = outside_score(given, number)
    return {"label": outside} | how | detection(is_outside, scores, flagged, kinds, raw.units())
