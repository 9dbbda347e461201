"""The policy acts on train only, on suspects only, and says what it did."""

import pandas as pd
import pytest

from seedbed.ledger import Drop
from stages.find_label_errors import Params, apply_policy, suspects_of

ROWS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "split": ["train", "train", "test", "validation", "train"],
        "label": ["ham", "spam", "ham", "ham", "ham"],
        "weight": [1.0, 1.0, 1.0, 1.0, 1.0],
    }
)
JUDGED = ROWS.drop(columns="weight").assign(
    suggested=["spam", "spam", "spam", "spam", "ham"],
    score=[0.1, 0.9, 0.05, 0.2, 0.9],
    reason=["label_issue", "", "label_issue", "other_label_likelier", ""],
)


def params(policy: str, max_score: float = 1.0) -> Params:
    return Params(
        models=["linear"], min_probability=0.5, policy=policy, max_score=max_score,
        suspect_weight=0.3,
    )  # fmt: skip


def test_suspects_are_sorted_and_a_verified_row_is_never_one():
    assert list(suspects_of(JUDGED, set())["id"]) == ["c", "a", "d"]
    assert list(suspects_of(JUDGED, {"c"})["id"]) == ["a", "d"]


@pytest.mark.parametrize("policy", ["flag", "drop", "relabel", "weight"])
def test_validation_and_test_are_never_touched(policy):
    after, _ = apply_policy(ROWS, suspects_of(JUDGED, set()), params(policy))
    outside = after[after["split"] != "train"].reset_index(drop=True)
    pd.testing.assert_frame_equal(outside, ROWS[ROWS["split"] != "train"].reset_index(drop=True))


def test_what_each_policy_does_to_a_train_suspect():
    suspects = suspects_of(JUDGED, set())
    after, dropped = apply_policy(ROWS, suspects, params("flag"))
    pd.testing.assert_frame_equal(after, ROWS)
    assert dropped == []
    after, dropped = apply_policy(ROWS, suspects, params("drop"))
    assert dropped == [Drop("a", "label_issue")]
    assert list(after["id"]) == ["b", "c", "d", "e"]
    after, dropped = apply_policy(ROWS, suspects, params("relabel"))
    assert (dropped, after["label"][0]) == ([], "spam")
    after, dropped = apply_policy(ROWS, suspects, params("weight"))
    assert (dropped, after["weight"].tolist()) == ([], [0.3, 1, 1, 1, 1])


def test_a_threshold_spares_the_less_doubtful():
    suspects = suspects_of(JUDGED, set())
    after, dropped = apply_policy(ROWS, suspects, params("drop", max_score=0.05))
    assert (len(after), dropped) == (5, [])


@pytest.mark.parametrize("policy", ["drop", "relabel"])
def test_a_class_is_never_left_without_a_train_row(policy):
    alone = ROWS[ROWS["id"] != "e"].reset_index(drop=True)
    after, dropped = apply_policy(alone, suspects_of(JUDGED, set()), params(policy))
    assert dropped == []
    pd.testing.assert_frame_equal(after, alone)
