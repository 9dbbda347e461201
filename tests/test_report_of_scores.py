"""The report's sections on scores, from figures a person can check."""

from seedbed.core.metrics import Difference
from seedbed.pages.rendering import markdown
from seedbed.reporting import results, training
from seedbed.scoring.metrics_files import Behaviour, Budgets, Choice, Validation
from seedbed.scoring.predictions import Pair
from seedbed.scoring.significance import McNemar
from seedbed.tasks import class_task
from seedbed.training.resampling import LearningCurveMetrics

FIGURE = {"mean": 0.9, "low": 0.85, "high": 0.95}
ESTIMATE = FIGURE | {"sd_over_seeds": 0, "by_seed": {"0": 0.9}}
ESTIMATES = dict.fromkeys(("accuracy", "macro_f1", "weighted_f1", "mcc"), ESTIMATE)
ONCE = {
    "log_loss": FIGURE,
    "brier": FIGURE,
    "expected_calibration_error": 0.031,
    "expected_calibration_error_if_perfect": {"low": 0.008, "high": 0.026},
}
BEHAVIOUR = {"invariance": {}, "minimum_functionality": {}}
CONTENT = {
    "run": True,
    "model": {"megabytes": 1, "trainable_parameters": 1925, "epochs": 0, "training_tokens": 0},
    "rows": 100,
    **ESTIMATES,
    "seed_shown": "0",
    "calibration": {
        "temperature": 1.254,
        "before": ONCE,
        "after": ONCE | {"expected_calibration_error": 0.012},
    },
    "risk_coverage": {"area": FIGURE, "risk_at_80%": 0.0, "risk_at_90%": 0.0125},
    "per_class": {"cat": {"precision": 0.9, "recall": 0.8, "f1": 0.85, "rows": 20}},
    "confusion": {"cat": {"cat": 20}},
    "slices": {"length": {"short third": {"accuracy": 0.7, "low": 0.5, "high": 0.8, "rows": 33}}},
    "without_decisions": {
        "relabelled": 0, "dropped": 0, "verified": 0, "accuracy_range": [0.9, 0.9], **ESTIMATES
    },
    "paired": False,
    "thresholds": {},
    "behaviour": BEHAVIOUR,
}  # fmt: skip
SIDE = Validation.model_validate(CONTENT)
GAP = {"difference": 0.016, "low": -0.002, "high": 0.036}
PAIR = Pair(
    dict.fromkeys(("accuracy", "macro_f1"), Difference.model_validate(GAP)),
    McNemar(only_one_right=7, only_other_right=3, p=0.34),
    p_holm=0.43,
    test=class_task.PAIRED_TEST,
)


def test_every_approach_stands_beside_the_reference_on_both_sides():
    both = {"feature": SIDE, "full": SIDE}
    pairs = {"validation": {"full": PAIR}, "test": {"full": PAIR}}
    shown = markdown(results.approaches(both, both, pairs, "feature"))
    assert "| `feature` | 0.900 [0.850, 0.950] |" in shown
    assert "| 0.012 | 1,925 |" in shown  # the calibration error after scaling
    gap = "+0.016 [-0.002, +0.036]"
    assert shown.count(f"| `full` | {gap} | {gap} | 7 | 3 | 0.43 |") == 2
    assert "Difference to `feature` on the same validation rows" in shown
    assert "Difference to `feature` on the same test rows" in shown


def test_one_approach_has_nobody_to_stand_beside():
    one = {"full": SIDE}
    shown = markdown(results.approaches(one, one, {"test": {}}, "full"))
    assert "Difference" not in shown


def test_the_chosen_model_tells_calibration_risk_and_slices():
    shown = markdown(results.chosen_model(class_task, "full", SIDE))
    assert "| before temperature scaling | 0.900 [0.850, 0.950] | 0.900 [0.850, 0.950] " in shown
    assert "| 0.031 | 0.008 to 0.026 |" in shown
    assert "The temperature, 1.25, was fitted on validation" in shown
    assert "On the most confident 90 % of the rows the error rate is 1.2%" in shown
    assert "| length: short third | 0.700 [0.500, 0.800] | 33 |" in shown
    assert "slice" not in markdown(
        results.chosen_model(class_task, "full", SIDE.model_copy(update={"slices": {}}))
    )


def test_behaviour_in_words():
    stays = {"stays": 0.985, "low": 0.97, "high": 1.0, "rows": 200}
    cases = {"rows": 3, "passed": 2, "failed": ["a.csv:2"], "of_other_classes": 0,
             "by_capability": {"mixed": {"rows": 3, "passed": 2}}}  # fmt: skip
    found = {"invariance": {"case": stays, "names": {"rows": 0}}, "minimum_functionality": cases}
    shown = markdown(results.behaviour("full", Behaviour.model_validate(found)))
    assert "| case changed | 0.985 [0.970, 1.000] | 200 |" in shown
    assert "| first names replaced |  | 0 |" in shown
    assert "2 of 3 (mixed 2 of 3). Failed: a.csv:2." in shown
    nothing = Behaviour.model_validate(BEHAVIOUR)
    assert markdown(results.behaviour("full", nothing)) == ""


def test_budgets_are_told_as_select_said_them():
    words = ["With the least training take `feature`.", "Z."]
    budgets = Budgets(training=[], megabytes=[], in_words=words)
    choice = Choice(approach="full", seed="0", why="", measured_on="validation",
                    measure="macro_f1", candidates={}, per_budget=budgets)  # fmt: skip
    shown = markdown(results.budgets(choice))
    assert shown == "## For a budget\n\nWith the least training take `feature`.\n\nZ."


def test_a_learning_curve_says_first_what_twice_the_rows_would_bring():
    assert markdown(training.learning_curve(None)) == ""
    found = {
        "run": True, "measured_on": "validation", "approach": "feature", "seeds": 3,
        "points": [{"share": 0.25, "rows": 100.0, "macro_f1": FIGURE, "fitted": 0.91}],
        "exponent": {"mean": 0.5, "low": 0.4, "high": 0.6},
        "twice_the_rows": {"rows": 800.0, "macro_f1": FIGURE, "gain": GAP},
        "check": {"measured": 0.95, "fitted_without_it": 0.94},
    }  # fmt: skip
    shown = markdown(training.learning_curve(LearningCurveMetrics(**found)))
    assert shown.split("\n\n")[1].startswith(
        "**Twice the rows (800) would gain +0.016 [-0.002, +0.036] macro-F1**"
    )
    assert "| 25% | 100 | 0.900 [0.850, 0.950] | 0.910 |" in shown
    assert "exponent -0.50 [-0.60, -0.40]" in shown
    assert "fit predicts 0.940 there; measured: 0.950" in shown
