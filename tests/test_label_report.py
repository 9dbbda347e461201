"""The report's section on labels, from figures a person can check."""

from seedbed.core.metrics import Interval
from seedbed.label_errors.ranking import LabelErrorMetrics
from seedbed.pages.rendering import markdown
from seedbed.reporting import data
from seedbed.reporting.data import people
from seedbed.scoring.metrics_files import Evaluation, WithoutDecisions
from seedbed.splitting.deduplication import DeduplicateMetrics, NearConflict
from seedbed.splitting.splits import SplitMetrics
from seedbed.tasks import class_task, labels_task

CLEAN = {"given_wrong": 0.0, "true_missed": 0.0}
FOUND = {
    "rows": {"read": 9, "made": 0, "kept": 9, "dropped": 0, "dropped_by_reason": {}},
    "suspects": 3,
    "suspects_by_side": {"train": 2, "validation": 0, "test": 1},
    "suspects_by_reason": {"label_issue": 1, "near_copy_other_label": 2},
    "outliers_by_side": {"train": 0, "validation": 0, "test": 0},
    "verified_rows": 4,
    "not_judged_by_class": {},
    "policy": "flag",
    "non_iid_p": None,
    "noise": {
        "wrong_share": 0.0,
        "by_class": {"cat": CLEAN, "dog": CLEAN},
        "confident_joint": {"cat": {"cat": 50}, "dog": {"dog": 50}},
    },
}

NOBODY = WithoutDecisions.model_construct(
    relabelled=0, dropped=0, verified=0, accuracy_range=(0.9, 0.9), estimates={}
)
FIGURE = Interval(mean=0.9, low=0.85, high=0.95)


def evaluation(without: WithoutDecisions) -> Evaluation:
    return Evaluation.model_construct(
        estimates={"accuracy": FIGURE, "macro_f1": FIGURE}, without_decisions=without
    )


NONE = DeduplicateMetrics.model_construct()


def labels(found, copies=NONE, twins: int = 0) -> str:
    split = SplitMetrics.model_construct(twins_with_other_label=twins)
    suspects = LabelErrorMetrics.model_validate(found)
    return markdown(data.labels(class_task, suspects, evaluation(NOBODY), copies, split))


def test_near_copies_with_two_labels_are_shown():
    pair = NearConflict(id="a1", label="good", other_id="b2", other_label="b|ad")
    copies = DeduplicateMetrics.model_construct(
        near_conflict_pairs=3, near_conflict_rows=4, near_conflicts=[pair]
    )
    shown = labels(FOUND, copies, 5)
    assert "**4 kept rows are near copies of a row with another label** (3 pairs)" in shown
    assert "| a1 | good | b2 | b\\|ad |" in shown
    assert "2 more pairs are not shown." in shown
    assert "5 of the rows that were dropped for a near copy in another split had another" in shown
    assert "near cop" not in labels(FOUND)


def test_near_copies_with_two_sets_say_which_labels_differ():
    pair = NearConflict(id="a1", label="bad|cheap", other_id="b2", other_label="good|bad")
    copies = DeduplicateMetrics.model_construct(
        near_conflict_pairs=1, near_conflict_rows=2, near_conflicts=[pair]
    )
    joint = {"bad": {"right": 9, "extra": 1}}
    noise = {"wrong_share": 0.1, "by_class": {"bad": CLEAN}, "confident_joint": joint}
    suspects = LabelErrorMetrics.model_validate(FOUND | {"noise": noise})
    split = SplitMetrics.model_construct(twins_with_other_label=0)
    shown = markdown(data.labels(labels_task, suspects, evaluation(NOBODY), copies, split))
    assert "| a1 | bad, cheap | b2 | good, bad | +good, −cheap |" in shown
    assert "| bad | 9 | 1 | 0 |" in shown


def test_what_is_doubted_and_why():
    shown = labels(FOUND)
    assert "3 suspected label errors" in shown
    assert "(2 in train, 0 in validation, 1 in test); policy for train: flag" in shown
    assert "reports/suspects.csv: 1 label_issue, 2 near_copy_other_label." in shown
    assert "4 rows are verified" in shown
    assert "not judged" not in shown


def test_rows_that_no_model_could_judge():
    shown = labels(FOUND | {"not_judged_by_class": {"rare": 2}})
    assert "because no model could know the class: 2 rare." in shown


def test_the_noise_by_class_and_which_label_hides_which():
    assert "confident joint: 0.0%: no row belongs" in labels(FOUND)
    noise = {
        "wrong_share": 0.1,
        "by_class": {"cat": CLEAN, "dog": {"given_wrong": 0.2, "true_missed": 0.0}},
        "confident_joint": {"cat": {"cat": 50}, "dog": {"cat": 10, "dog": 40}},
    }
    shown = labels(FOUND | {"noise": noise})
    assert "confident joint: 10.0%, of the rows that no person has verified." in shown
    assert "| dog | 20.0% | 0.0% | 10 | 40 |" in shown
    assert shown.index("| dog |") < shown.index("| cat |")


def test_of_many_classes_the_noisiest_are_shown():
    by_class = {f"c{n:02d}": {"given_wrong": n / 100, "true_missed": 0.0} for n in range(20)}
    noise = {"wrong_share": 0.1, "by_class": by_class, "confident_joint": {}}
    shown = labels(FOUND | {"noise": noise})
    assert "8 classes with a smaller share are not shown." in shown
    assert "c19" in shown
    assert "c07" not in shown
    assert "likely" not in shown


def test_outliers_and_order():
    assert "No row is far from all others. There are too few rows" in labels(FOUND)
    outliers = {"train": 2, "validation": 0, "test": 1}
    shown = labels(FOUND | {"outliers_by_side": outliers, "non_iid_p": 0.4})
    assert "3 rows are far from all others (2 in train, 0 in validation, 1 in test)" in shown
    assert "not more similar than others (p 0.40)" in shown
    assert "are similar (p 0.001)" in labels(FOUND | {"non_iid_p": 0.001})


def test_people_and_the_test_figures():
    verified = evaluation(NOBODY.model_copy(update={"verified": 3}))
    assert "No person has changed or dropped a test row" in people(verified)
    assert "(3 were verified)" in people(verified)
    before = Interval(mean=0.8, low=0.75, high=0.85)
    somebody = WithoutDecisions.model_construct(
        relabelled=2, dropped=1, verified=0, accuracy_range=(0.79, 0.81),
        estimates={"accuracy": before, "macro_f1": before},
    )  # fmt: skip
    shown = people(evaluation(somebody))
    assert "relabelled 2 test rows, dropped 1" in shown
    assert "with their decisions 0.900 [0.850, 0.950], without 0.800 [0.750, 0.850]" in shown
    assert "between 0.790 and 0.810" in shown
