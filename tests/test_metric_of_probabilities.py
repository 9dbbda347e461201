"""A metric of probabilities goes the way of one of labels: intervals, report, gate."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from seedbed.gate import verdict
from seedbed.gate.verdict import Answers, GateParams, Limit, judged
from seedbed.pages.rendering import markdown
from seedbed.reporting import results
from seedbed.scoring.evaluation import Classes, Part, evaluate, fit, with_behaviour
from seedbed.scoring.intervals import headline, paired_difference
from seedbed.scoring.metrics import METRICS, Metric, Scored
from seedbed.scoring.metrics_files import Behaviour, MinimumFunctionality, ModelCosts
from seedbed.scoring.predictions import Predictions
from seedbed.tasks import class_task

CLASSES = ["rain", "snow", "sun"]
ROWS = 300
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, ROWS)
PARAMS = GateParams(
    max_drop_class_recall=None, max_drop_class_f1=None, false_fail=0.05, power=0.8, must_see_drop=1
)


def likelihood(scored: Scored) -> np.ndarray:
    """The geometric mean of the probabilities of the true labels, in each sample."""
    of_label = np.log(scored.probabilities[np.arange(len(scored.labels)), scored.labels])
    return np.exp(scored.counts @ of_label / scored.counts.sum(1))


@pytest.fixture(autouse=True)
def entry(monkeypatch):
    metric = Metric("likelihood", "likelihood", "probabilities", likelihood, ("approaches",))
    monkeypatch.setitem(METRICS, "likelihood", metric)


def probabilities(confidence: float) -> np.ndarray:
    """The same predictions, all correct but for the first twenty, at any confidence."""
    predicted = np.where(np.arange(ROWS) < 20, (LABELS + 1) % 3, LABELS)
    return np.where(np.eye(3, dtype=bool)[predicted], confidence, (1 - confidence) / 2)


def scored(confidence: float) -> Scored:
    given = probabilities(confidence)
    return Scored.of(class_task, LABELS, given.argmax(1), given)


def test_it_has_the_interval_of_every_metric():
    estimate = headline({"0": scored(0.9)})["likelihood"]
    assert estimate.mean == pytest.approx(np.exp(-log_loss(LABELS, probabilities(0.9))))
    assert estimate.low < estimate.mean < estimate.high
    gap = paired_difference([scored(0.9)], [scored(0.5)])
    assert gap["likelihood"].low > 0
    assert gap["accuracy"].difference == 0


def test_without_probabilities_it_is_left_out():
    assert "likelihood" not in headline({"0": Scored.of(class_task, LABELS, LABELS)})


def test_it_is_in_the_figures_and_in_the_report():
    ids = [f"{row:016x}" for row in range(ROWS)]
    raw = Predictions(class_task, ids, [""] * ROWS, LABELS, {"0": probabilities(0.9)})
    costs = ModelCosts(megabytes=1, trainable_parameters=1, epochs=1, training_tokens=1)
    fitted = fit(raw)
    test = evaluate(Part("test", raw, {}, ["{}"] * ROWS, []), fitted, Classes(CLASSES, ""), costs)
    behaviour = Behaviour(invariance={}, minimum_functionality=MinimumFunctionality())
    validation = with_behaviour(test, False, fitted, behaviour)
    page = markdown(results.approaches({"full": validation}, {"full": test}, {}, "full"))
    assert "test likelihood" in page
    estimate = test["likelihood"]
    assert f"{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]" in page


def test_the_gate_sees_a_drop_that_no_prediction_shows(monkeypatch):
    limits = [
        Limit("drop", "accuracy", 0.0, share=0.5),
        Limit("drop", "likelihood", 0.0, share=0.5),
    ]
    monkeypatch.setattr(verdict, "limits_of", lambda params, classes: limits)
    worse = judged(Answers(CLASSES, scored(0.9), scored(0.7)), PARAMS)
    assert [checked.measure for checked in worse.failed] == ["likelihood"]
    assert worse.difference["likelihood"].high < 0
    assert not judged(Answers(CLASSES, scored(0.9), scored(0.9)), PARAMS).failed


def test_the_gate_holds_a_minimum(monkeypatch):
    monkeypatch.setattr(
        verdict, "limits_of", lambda params, classes: [Limit("least", "likelihood", 0.6, share=1.0)]
    )
    answers = Answers(CLASSES, scored(0.9), scored(0.5))
    assert [checked.kind for checked in judged(answers, PARAMS).failed] == ["least"]
