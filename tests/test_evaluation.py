"""What validation decides, and the figures of a side: small arrays, no model."""

import json

import numpy as np
import pytest

from seedbed.core.errors import RowsError
from seedbed.core.files import rounded
from seedbed.core.rows import OUTSIDE
from seedbed.scoring.confidence import fitted_temperature
from seedbed.scoring.evaluation import (
    Classes,
    DecidedRow,
    Fitted,
    Part,
    check_outside,
    evaluate,
    fit,
    without_decisions,
)
from seedbed.scoring.metrics_files import Evaluation, ModelCosts, WithoutDecisions
from seedbed.scoring.predictions import Predictions
from seedbed.tasks import class_task

RANDOM = np.random.default_rng(0)
CLASSES = ["cat", "dog"]


def predictions(labels: list[int], *seeds: list[float]) -> Predictions:
    """Two classes; each seed gives each row's probability of the first."""
    found = {
        str(seed): np.stack([np.array(first), 1 - np.array(first)], axis=1)
        for seed, first in enumerate(seeds)
    }
    ids = [f"{row:016x}" for row in range(len(labels))]
    return Predictions(class_task, ids, [""] * len(labels), np.array(labels), found)


COSTS = ModelCosts(megabytes=1, trainable_parameters=1, epochs=1, training_tokens=1)


def figures(
    raw: Predictions, fitted: Fitted, name: str, outside: str, columns: dict, metas: list[str]
) -> Evaluation:
    part = Part(name, raw, columns, metas, [])
    return evaluate(part, fitted, Classes(CLASSES, outside), COSTS)


WORSE, BETTER = [0.9, 0.8, 0.6, 0.3, 0.2, 0.4], [0.9, 0.8, 0.4, 0.3, 0.2, 0.4]
VALIDATION = predictions([0, 0, 1, 1, 1, 0], WORSE, BETTER)


def test_the_best_seed_is_shown_and_its_temperature_fitted():
    found = fit(VALIDATION)
    assert found.seed == "1"
    assert found.thresholds == {}
    assert found.temperature == fitted_temperature(class_task, *VALIDATION.inside("1"))
    assert fit(predictions([0, 1], [0.9, 0.1], [0.8, 0.2])).seed == "0"  # the first of equals


def test_a_threshold_is_chosen_where_no_class_is_right_for_some_rows():
    labels = [0, 0, 1, 1, OUTSIDE, OUTSIDE]
    found = fit(predictions(labels, [0.95, 0.9, 0.1, 0.05, 0.55, 0.45]))
    assert 0.55 < found.thresholds["0"][0] < 0.9


def test_rows_out_of_scope_in_test_alone_are_an_error():
    inside, outside = np.array([0, 1]), np.array([0, OUTSIDE])
    check_outside(class_task, outside, outside, "data/tokenize")
    check_outside(class_task, outside, inside, "data/tokenize")
    with pytest.raises(RowsError, match="rows out of scope in test alone"):
        check_outside(class_task, inside, outside, "data/tokenize")


def test_a_side_has_every_figure():
    found = figures(
        VALIDATION, fit(VALIDATION), "validation", "out_of_scope",
        {"source": [("a",)] * 3 + [("b",)] * 3}, ["{}"] * 6,
    )  # fmt: skip
    assert list(found.model_dump(exclude_unset=True)) == [
        "run", "model", "rows", "accuracy", "macro_f1", "weighted_f1", "mcc", "seed_shown",
        "calibration", "risk_coverage", "per_class", "confusion", "slices", "without_decisions",
    ]  # fmt: skip
    assert found["accuracy"].by_seed == {"0": 4 / 6, "1": 5 / 6}
    assert found.confusion["cat"] == {"cat": 2, "dog": 1}
    assert found.slices["source"]["a"].accuracy == 1
    json.dumps(found.model_dump(), allow_nan=False)


def test_validation_is_scaled_out_of_fold_and_test_by_what_validation_said():
    labels = RANDOM.integers(0, 2, 60)
    first = np.clip(np.where(labels == 0, 0.7, 0.3) + RANDOM.normal(0, 0.3, 60), 0.01, 0.99)
    side = predictions(list(labels), list(first))
    how = Fitted("0", 3.0, {})
    after = {
        name: figures(side, how, name, "", {}, ["{}"] * 60).calibration
        for name in ("validation", "test")
    }
    assert after["test"].before == after["validation"].before
    assert after["test"].after != after["validation"].after
    flat = figures(side, Fitted("0", 1.0, {}), "test", "", {}, ["{}"] * 60).calibration.model_dump()
    assert rounded(flat["after"]) == rounded(flat["before"])


def test_rows_out_of_scope_are_told_apart_and_left_out_of_calibration():
    labels = [0, 0, 1, 1, OUTSIDE, OUTSIDE]
    side = predictions(labels, [0.95, 0.9, 0.1, 0.05, 0.55, 0.45])
    metas = ["{}"] * 4 + ['{"negative": "general"}'] * 2
    found = figures(side, fit(side), "test", "out_of_scope", {}, metas)
    assert found["accuracy"].mean == 1
    assert list(found.confusion) == ["cat", "dog", "out_of_scope"]
    assert found.out_of_scope.how == "threshold"
    assert list(found.out_of_scope.by_kind) == ["general"]
    inside = predictions(labels[:4], [0.95, 0.9, 0.1, 0.05])
    alone = figures(inside, fit(inside), "test", "out_of_scope", {}, metas[:4])
    name = "expected_calibration_error"
    for when in ("before", "after"):
        ours, theirs = (getattr(getattr(one.calibration, when), name) for one in (found, alone))
        assert ours == pytest.approx(theirs)


# Labels as people left them.
DECIDED = Predictions(
    class_task,
    ["a", "b", "c", "d"],
    [""] * 4,
    np.array([0, 0, 1, 1]),
    {"0": np.eye(2)[[0, 0, 1, 0]]},
)


def without(*decided: DecidedRow) -> WithoutDecisions:
    return without_decisions(DECIDED, list(decided), ["ham", "spam"])


def test_without_decisions_both_figures_are_the_same():
    found = without()
    assert found["accuracy"].mean == 0.75
    assert found.accuracy_range == (0.75, 0.75)
    assert (found.relabelled, found.dropped, found.verified) == (0, 0, 0)


def test_a_relabelled_row_gets_its_label_back():
    found = without(DecidedRow("a", "spam", "ham", "test", "kim"))
    assert found.relabelled == 1
    assert found["accuracy"].mean == 0.5  # `a` was spam, and the model says ham


def test_a_label_that_no_row_has_any_more_is_always_wrong():
    found = without(DecidedRow("a", "eggs", "ham", "test", "kim"))
    assert found["accuracy"].mean == 0.5


def test_a_verified_row_changes_nothing_and_is_counted():
    found = without(DecidedRow("b", "ham", "ham", "test", "kim"))
    assert (found.relabelled, found.verified) == (0, 1)
    assert found["accuracy"].mean == 0.75


@pytest.mark.parametrize("decided", ["<drop>", "<ambiguous>"])
def test_a_row_taken_out_makes_a_range(decided):
    found = without(DecidedRow("gone", "ham", decided, "test", "kim"))
    assert found.dropped == 1
    assert found.accuracy_range == (3 / 5, 4 / 5)
