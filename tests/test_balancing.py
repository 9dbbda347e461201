"""Classes and sources count as they should, and no row, label or copy is invented."""

from collections.abc import Iterable

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from seedbed.core.errors import ParamsError
from seedbed.making.balancing import BalanceParams, balance, class_weights, limits_for
from seedbed.tasks import class_task, labels_task

OFF = {"by": "", "shares": {}, "how": "weight"}
BASE = {"parent": "", "origin": "original", "weight": 1.0, "source": "post", "split": "train"}
TRAIN = pd.DataFrame(
    [BASE | {"id": f"{n:03d}", "label": "ham" if n < 80 else "spam",
             "source": "web" if n % 3 else "post"} for n in range(90)]
).astype({"weight": "float32"})  # fmt: skip


def params(**more) -> BalanceParams:
    return BalanceParams(**{"seed": 0, "max_ratio": 0, "weights": "none", "target": OFF} | more)


def target(by: str, how: str = "weight", **shares: float) -> dict:
    return {"target": {"by": by, "shares": shares, "how": how}}


def weight_shares(train: pd.DataFrame, column: str) -> dict[str, float]:
    sums = train["weight"].astype(float).groupby(train[column]).sum()
    return (sums / sums.sum()).to_dict()


def test_off_changes_nothing():
    kept, dropped = balance(TRAIN, params(), class_task)
    pd.testing.assert_frame_equal(kept, TRAIN)
    assert dropped == []


def test_a_cap_drops_by_hash_and_names_the_reason():
    kept, dropped = balance(TRAIN, params(max_ratio=2), class_task)
    assert kept["label"].value_counts().to_dict() == {"ham": 20, "spam": 10}
    assert {drop.reason for drop in dropped} == {"over_cap"}
    assert {drop.id for drop in dropped} | set(kept["id"]) == set(TRAIN["id"])


def test_which_rows_stay_does_not_hang_on_their_order():
    kept, _ = balance(TRAIN, params(max_ratio=2), class_task)
    shuffled, _ = balance(TRAIN.sample(frac=1, random_state=1), params(max_ratio=2), class_task)
    assert set(kept["id"]) == set(shuffled["id"])


def test_a_row_more_changes_at_most_the_rows_of_its_class():
    one, _ = balance(TRAIN[TRAIN["id"] != "005"], params(max_ratio=2), class_task)
    two, _ = balance(TRAIN, params(max_ratio=2), class_task)
    assert len(set(one["id"]) ^ set(two["id"])) <= 2


def with_copies(train: pd.DataFrame, of: list[str]) -> pd.DataFrame:
    made = train[train["id"].isin(of)].assign(origin="augmented")
    made = made.assign(parent=made["id"], id=made["id"] + "-a0")
    return pd.concat([train, made], ignore_index=True)


def test_under_a_cap_copies_go_first_and_none_outlives_its_parent():
    train = with_copies(TRAIN, [f"{n:03d}" for n in range(5, 90)])
    kept, dropped = balance(
        train, params(max_ratio=4), class_task
    )  # spam has 20 rows now, ham may have 80
    assert kept["label"].value_counts().to_dict() == {"ham": 80, "spam": 20}
    assert {drop.id for drop in dropped} == {f"{n:03d}-a0" for n in range(5, 80)}
    kept, _ = balance(train, params(max_ratio=1), class_task)
    assert set(kept["parent"][kept["label"] == "ham"]) == {""}


@pytest.mark.parametrize(
    ("method", "ratio"),
    [("inverse", 8), ("sqrt", 8**0.5), ("effective", (1 - 0.999**80) / (1 - 0.999**10))],
)
def test_weights_have_the_ratio_of_their_formula_and_mean_one(method, ratio):
    counts = TRAIN["label"].value_counts()
    weights = class_weights(counts, method)
    assert weights["spam"] / weights["ham"] == pytest.approx(ratio)
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1)
    kept, _ = balance(TRAIN, params(weights=method), class_task)
    assert kept["weight"].iloc[-1] / kept["weight"].iloc[0] == pytest.approx(ratio, rel=1e-5)


def test_target_shares_by_weight_are_what_comes_out_after_cap_and_weights():
    kept, dropped = balance(
        TRAIN, params(max_ratio=5, weights="sqrt", **target("class", spam=0.4)), class_task
    )
    assert weight_shares(kept, "label")["spam"] == pytest.approx(0.4, abs=1e-6)
    assert len(dropped) == 30
    kept, _ = balance(TRAIN, params(**target("source", post=0.5, web=0.5)), class_task)
    assert weight_shares(kept, "source") == pytest.approx({"post": 0.5, "web": 0.5})
    assert kept["weight"].mean() == pytest.approx(1)


def test_target_shares_by_leaving_rows_out():
    kept, dropped = balance(TRAIN, params(**target("class", "drop", spam=0.25)), class_task)
    assert kept["label"].value_counts().to_dict() == {"ham": 30, "spam": 10}
    assert {drop.reason for drop in dropped} == {"over_share"}
    assert set(kept["weight"]) == {1.0}


def test_groups_without_a_share_keep_their_proportions():
    counts = pd.Series({"a": 100, "b": 200, "c": 50})
    limits = limits_for(counts, {"c": 0.2})
    assert limits == {"a": 66, "b": 133, "c": 50}


@pytest.mark.parametrize(
    ("by", "shares", "message"),
    [
        ("class", {"egg": 0.5}, "`egg`.*some of ham, spam"),
        ("class", {"spam": 1.0}, "sum to 1 .*for ham"),
        ("class", {"spam": 0.5, "ham": 0.6}, "sum to 1.1"),
        ("source", {"web": -0.5}, "`web: -0.5`"),
    ],
)
def test_shares_that_cannot_be_are_refused(by, shares, message):
    with pytest.raises(ParamsError, match=message):
        balance(TRAIN, params(**target(by, **shares)), class_task)


def rows_of(labels: Iterable[str]) -> st.SearchStrategy:
    row = st.tuples(st.sampled_from(labels), st.sampled_from("xy"), st.integers(0, 2))
    return st.lists(row, min_size=1, max_size=25)


OF_TASKS = st.one_of(
    st.tuples(st.just(class_task), rows_of("abc")),
    st.tuples(st.just(labels_task), rows_of(["a", "b", "a|b", "a|b|c", "|"])),
)
PLANS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 3),
        "max_ratio": st.sampled_from([0, 0.5, 1, 1.7]),
        "weights": st.sampled_from(["none", "inverse", "sqrt", "effective"]),
        "target": st.sampled_from(
            [OFF, {"by": "class", "shares": {"a": 0.3}, "how": "weight"},
             {"by": "source", "shares": {"x": 0.6}, "how": "drop"},
             {"by": "class", "shares": {"a": 0.7}, "how": "drop"},
             {"by": "source", "shares": {"y": 0.1}, "how": "weight"}]
        ),
    }
)  # fmt: skip


@given(OF_TASKS, PLANS)
def test_rows_add_up_and_no_label_or_row_is_invented(rows_of_task, plan):
    task, rows = rows_of_task
    records = []
    for number, (label, source, copies) in enumerate(rows):
        row = BASE | {"id": f"{number:03d}", "label": label, "source": source}
        made = [row | {"id": f"{row['id']}-a{copy}", "parent": row["id"], "origin": "augmented"}
                for copy in range(copies)]  # fmt: skip
        records += [row, *made]
    train = pd.DataFrame(records).astype({"weight": "float32"})
    try:
        kept, dropped = balance(train, BalanceParams(**plan), task)
    except ParamsError:  # one class or source alone, none of that name, or several a row
        if task.SETS and plan["target"]["by"] == "class":
            return
        known = set(train["label" if plan["target"]["by"] == "class" else "source"])
        assert not set(plan["target"]["shares"]) < known
        return
    assert sorted([*kept["id"], *(drop.id for drop in dropped)]) == sorted(train["id"])
    unweighted = kept.drop(columns="weight")
    pd.testing.assert_frame_equal(unweighted, train.drop(columns="weight").loc[kept.index])
    if plan["target"]["how"] == "weight":
        assert task.classes(kept["label"]) == task.classes(train["label"])
    assert set(kept["parent"]) - {""} <= set(kept["id"])
    assert (kept["weight"] > 0).all()
    assert kept["weight"].mean() == pytest.approx(1, rel=1e-4)


SETS = pd.DataFrame(
    [BASE | {"id": f"{n:03d}", "label": label} for n, label in enumerate(
        ["news"] * 60 + ["news|sport"] * 20 + ["art"] * 10 + ["|"] * 40)]
).astype({"weight": "float32"})  # fmt: skip


def test_a_cap_on_labels_drops_rows_that_no_rarer_label_needs():
    kept, dropped = balance(SETS, params(max_ratio=2.5), labels_task)
    assert kept["label"].value_counts().to_dict() == {
        "|": 25, "news|sport": 20, "art": 10, "news": 5,
    }  # fmt: skip
    assert {drop.reason for drop in dropped} == {"over_cap"}


def test_a_label_may_pass_its_cap_in_rows_that_another_label_needs():
    sets = SETS.head(45).assign(label=["a|b"] * 15 + ["a|c"] * 15 + ["a"] * 15)
    kept, _ = balance(sets, params(max_ratio=1.2), labels_task)
    assert kept["label"].value_counts().to_dict() == {"a|b": 15, "a|c": 15}


def test_the_weight_of_a_set_is_the_mean_of_its_labels():
    kept, _ = balance(SETS, params(weights="inverse"), labels_task)
    by_label = kept.groupby("label")["weight"].first()
    raw = {"news": 1 / 80, "sport": 1 / 20}
    assert by_label["news|sport"] / by_label["news"] == pytest.approx(
        (raw["news"] + raw["sport"]) / 2 / raw["news"], rel=1e-5
    )
    assert by_label["|"] / by_label["news"] == pytest.approx(2, rel=1e-5)
    assert kept["weight"].mean() == pytest.approx(1, rel=1e-5)


def test_shares_of_classes_are_refused_where_a_row_has_several():
    with pytest.raises(ParamsError, match="balance.target.by: class"):
        balance(SETS, params(**target("class", news=0.5)), labels_task)
