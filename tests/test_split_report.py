"""The report's section on sides, from figures a person can check."""

from seedbed.encoding.vectors import NearTrain
from seedbed.pages.rendering import markdown
from seedbed.reporting import data
from seedbed.splitting.splits import SplitMetrics

SHARE = {"share": 0.2, "expected_share": 0.2, "expected_low": 0.1, "expected_high": 0.3}
FOUND = {
    "rows": {"read": 6, "made": 0, "kept": 6, "dropped": 0, "dropped_by_reason": {}},
    "way": "hash",
    "frozen_test_rows": 0,
    "by_class": {"rare": {"train": 1, "validation": 2, "test": 3}},
    "shares_by_class": {"rare": dict.fromkeys(("train", "validation", "test"), SHARE)},
    "by_side": dict.fromkeys(("train", "validation", "test"), {"rows": 10, **SHARE}),
    "leak_gate": {"exact_pairs": 0, "near_pairs": 0, "group_pairs": 0},
    "classes_with_few_test_rows": {"rare": 135},
    "classes_not_in_train": {"odd": 2},
}
NEAR = {
    "validation": NearTrain(rows=10, at_least_90=0.5, at_least_95=0.25),
    "test": NearTrain(rows=10, at_least_90=0.6, at_least_95=0.31),
}


def splits(found) -> str:
    return markdown(data.splits(SplitMetrics.model_validate(found), NEAR))


def test_counts_shares_and_intervals_stand_by_class_and_side():
    shown = splits(FOUND)
    assert "| rare | 1 | 2 | 3 | 20.0% (10.0% to 30.0%) |" in shown
    assert "| share of all | 20.0% (10.0% to 30.0%) |" in shown
    assert "Leak gate between splits: 0 exact pairs, 0 near pairs, 0 group pairs." in shown
    assert "punctuation" not in shown
    alone = "2 rows of punctuation alone were compared as whole texts only."
    assert f"0 group pairs. {alone}" in splits(FOUND | {"rows_without_words": 2})
    assert "frozen" not in shown
    assert "3 test rows are frozen" in splits(FOUND | {"frozen_test_rows": 3})


def test_what_is_missing_is_said_with_what_to_do():
    shown = splits(FOUND)
    assert "collect about 135 more rows of rare." in shown
    assert "**No row in train: odd (2).**" in shown
    whole = FOUND | {"classes_with_few_test_rows": {}, "classes_not_in_train": {}}
    assert "ollect" not in splits(whole)


def test_nearness_to_train_is_a_plain_sentence():
    shown = splits(FOUND)
    assert (
        "60% of the test rows have a train row at a cosine of .90 or more, 31% at .95 or more "
        "(validation: 50% and 25%)" in shown
    )


def test_shares_that_nothing_was_expected_of_stand_alone():
    bare = {"share": 0.2}
    found = FOUND | {
        "way": "source",
        "shares_by_class": {"rare": dict.fromkeys(("train", "validation", "test"), bare)},
        "by_side": dict.fromkeys(("train", "validation", "test"), {"rows": 10, **bare}),
    }
    shown = splits(found)
    assert "Rows are split by source." in shown
    assert "| rare | 1 | 2 | 3 | 20.0% |" in shown
    assert "In brackets" not in shown
