"""The report's section on labels, from figures a person can check."""

from seedbed.reporting.labels import labels, people

CLEAN = {"given_wrong": 0.0, "true_missed": 0.0}
FOUND = {
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


def test_what_is_doubted_and_why():
    shown = labels(FOUND)
    assert "3 labels are doubted" in shown
    assert "(2 in train, 0 in validation, 1 in test); policy for train: flag" in shown
    assert "reports/suspects.csv: 1 label_issue, 2 near_copy_other_label." in shown
    assert "4 rows are decided" in shown
    assert "Not judged" not in shown


def test_rows_that_no_model_could_judge():
    shown = labels(FOUND | {"not_judged_by_class": {"rare": 2}})
    assert "class stands in one fold alone, so that no model could know it: rare (2)." in shown


def test_the_noise_by_class_and_which_label_hides_which():
    assert "estimates to be wrong: 0.0%: no row belongs" in labels(FOUND)
    noise = {
        "wrong_share": 0.1,
        "by_class": {"cat": CLEAN, "dog": {"given_wrong": 0.2, "true_missed": 0.0}},
        "confident_joint": {"cat": {"cat": 50}, "dog": {"cat": 10, "dog": 40}},
    }
    shown = labels(FOUND | {"noise": noise})
    assert "estimates to be wrong: 10.0%, of the rows that no person has verified." in shown
    assert "| dog | 20.0% | 0.0% | 10 | 40 |" in shown
    assert shown.index("| dog |") < shown.index("| cat |")


def test_of_many_classes_the_noisiest_are_shown():
    by_class = {f"c{n:02d}": {"given_wrong": n / 100, "true_missed": 0.0} for n in range(20)}
    noise = {"wrong_share": 0.1, "by_class": by_class, "confident_joint": {}}
    shown = labels(FOUND | {"noise": noise})
    assert "The 12 classes with most:" in shown
    assert "c19" in shown
    assert "c07" not in shown
    assert "likely" not in shown


def test_outliers_and_order():
    assert "No row lies far from all others. There are too few rows" in labels(FOUND)
    outliers = {"train": 2, "validation": 0, "test": 1}
    shown = labels(FOUND | {"outliers_by_side": outliers, "non_iid_p": 0.4})
    assert "3 rows lie far from all others (2 in train, 0 in validation, 1 in test)" in shown
    assert "no more alike than others (p 0.40)" in shown
    assert "are alike (p 0.001)" in labels(FOUND | {"non_iid_p": 0.001})


def test_people_and_the_test_figures():
    figure = {"mean": 0.9, "low": 0.85, "high": 0.95}
    nobody = {"relabelled": 0, "dropped": 0, "verified": 3, "accuracy_range": [0.9, 0.9]}
    test = {"accuracy": figure, "macro_f1": figure, "without_decisions": nobody}
    assert "No person has changed a label of a test row" in people(test)
    assert "(3 were verified)" in people(test)
    before = {"mean": 0.8, "low": 0.75, "high": 0.85}
    somebody = {"relabelled": 2, "dropped": 1, "verified": 0, "accuracy_range": [0.79, 0.81],
                "accuracy": before, "macro_f1": before}  # fmt: skip
    shown = people(test | {"without_decisions": somebody})
    assert "relabelled 2 test rows, taken out 1" in shown
    assert "with their decisions 0.900 [0.850, 0.950], without 0.800 [0.750, 0.850]" in shown
    assert "between 0.790 and 0.810" in shown
