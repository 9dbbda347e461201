"""The policy acts on train only, on suspects only, and says what it did."""

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from seedbed.core.errors import ParamsError
from seedbed.core.metrics import Drop
from seedbed.label_errors.ranking import (
    PolicyParams,
    apply_policy,
    candidates,
    check_policy,
    chosen,
)
from seedbed.tasks import class_task, labels_task

POLICIES = ("flag", "drop", "relabel", "weight")
ROWS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "split": ["train", "train", "test", "validation", "train"],
        "label": ["ham", "spam", "ham", "ham", "ham"],
        "weight": [1.0, 1.0, 1.0, 1.0, 1.0],
    }
)
SUSPECTS = pd.DataFrame(
    {
        "id": ["c", "a", "d"],
        "split": ["test", "train", "validation"],
        "label": "ham",
        "suggested": "spam",
        "score": [0.05, 0.1, 0.2],
        "reason": ["label_issue", "label_issue", "other_label_likelier"],
        "nearest": "b",
    }
)


def params(policy: str, score: float | None = 1.0, share: float | None = None) -> PolicyParams:
    return PolicyParams(policy=policy, max_score=score, max_share=share, suspect_weight=0.3)


def test_what_each_policy_does_to_a_train_suspect():
    after, dropped = apply_policy(class_task, ROWS, SUSPECTS, params("flag"))
    pd.testing.assert_frame_equal(after, ROWS)
    assert dropped == []
    after, dropped = apply_policy(class_task, ROWS, SUSPECTS, params("drop"))
    assert dropped == [Drop("a", "label_issue")]
    assert list(after["id"]) == ["b", "c", "d", "e"]
    after, dropped = apply_policy(class_task, ROWS, SUSPECTS, params("relabel"))
    assert (dropped, after["label"][0]) == ([], "spam")
    after, dropped = apply_policy(class_task, ROWS, SUSPECTS, params("weight"))
    assert (dropped, after["weight"].tolist()) == ([], [0.3, 1, 1, 1, 1])


def test_a_row_dropped_for_a_near_copy_names_it():
    copies = SUSPECTS.assign(reason="near_copy_other_label", nearest="b e")
    assert apply_policy(class_task, ROWS, copies, params("drop"))[1] == [
        Drop("a", "near_copy_other_label", "b")
    ]


def test_a_threshold_spares_the_less_doubtful():
    after, dropped = apply_policy(class_task, ROWS, SUSPECTS, params("drop", score=0.05))
    assert (len(after), dropped) == (5, [])


def test_a_share_is_of_train_rows_and_takes_the_most_doubtful():
    rows = pd.DataFrame({"id": [f"{n:02d}" for n in range(20)], "split": "train", "label": "ham"})
    suspects = rows.iloc[:10].assign(suggested="spam", score=[n / 10 for n in range(10, 0, -1)])
    assert list(chosen(class_task, rows, suspects, params("drop", None, 0.15))["id"]) == [
        "09",
        "08",
        "07",
    ]
    assert len(chosen(class_task, rows, suspects, params("drop", None, 0.99))) == 10
    assert len(chosen(class_task, rows, suspects, params("drop", None, 0.01))) == 0


@pytest.mark.parametrize(("score", "share", "found"), [(None, None, "neither"), (0.5, 0.1, "both")])
def test_one_limit_and_no_more(score, share, found):
    with pytest.raises(ParamsError, match=f"max_score and max_share: {found}"):
        check_policy(params("drop", score, share))
    check_policy(params("drop", 0.5, None))
    check_policy(params("drop", None, 0.1))


@pytest.mark.parametrize("policy", ["drop", "relabel"])
def test_a_class_is_never_left_without_a_train_row(policy):
    alone = ROWS[ROWS["id"] != "e"].reset_index(drop=True)
    after, dropped = apply_policy(class_task, alone, SUSPECTS, params(policy))
    assert dropped == []
    pd.testing.assert_frame_equal(after, alone)


def rows_of(*labels: str) -> st.SearchStrategy:
    side, label = st.sampled_from(["train", "validation", "test"]), st.sampled_from(labels)
    row = st.tuples(side, label, label, st.floats(0, 1), st.booleans())
    return st.lists(row, min_size=1, max_size=30)


@given(
    st.one_of(
        st.tuples(st.just(class_task), rows_of("ham", "spam", "eggs")),
        st.tuples(st.just(labels_task), rows_of("ham", "ham|spam", "eggs", "eggs|ham", "|")),
    ),
    st.sampled_from(POLICIES),
    st.one_of(
        st.tuples(st.floats(0, 1), st.none()), st.tuples(st.none(), st.floats(0.01, 1))
    ),
)  # fmt: skip
def test_validation_and_test_are_never_touched_by_a_machine(lines_of_task, policy, limits):
    task, lines = lines_of_task
    frame = pd.DataFrame(lines, columns=["split", "label", "suggested", "score", "doubted"])
    frame = frame.assign(
        id=[f"{n:02d}" for n in range(len(frame))], weight=1.0, reason="label_issue", nearest=""
    )
    rows = frame[["id", "split", "label", "weight"]]
    suspects = frame[frame["doubted"]]
    after, dropped = apply_policy(task, rows, suspects, params(policy, *limits))
    outside = [one[one["split"] != "train"].reset_index(drop=True) for one in (rows, after)]
    pd.testing.assert_frame_equal(*outside)
    spared = rows["id"][~rows["id"].isin(suspects["id"])]  # nor is a row that is no suspect
    pd.testing.assert_frame_equal(after[after["id"].isin(spared)], rows[rows["id"].isin(spared)])
    assert sorted([*after["id"], *(one.id for one in dropped)]) == list(rows["id"])
    before, now = (one["label"][one["split"] == "train"] for one in (rows, after))
    assert set(task.classes(now)) >= set(task.classes(before))


def test_a_share_may_take_rows_that_are_no_suspects_but_none_verified_or_unjudged():
    judged = SUSPECTS.assign(
        split="train", reason=["", "label_issue", ""], judged=[True, True, False]
    )
    by_share = candidates(judged, set(), params("drop", None, 0.5))
    assert dict(zip(by_share["id"], by_share["reason"], strict=True)) == {
        "c": "low_label_quality", "a": "label_issue"
    }  # fmt: skip
    assert list(candidates(judged, {"c"}, params("drop", None, 0.5))["id"]) == ["a"]
    assert list(candidates(judged, set(), params("drop"))["id"]) == ["a"]
