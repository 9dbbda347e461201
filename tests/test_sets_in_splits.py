"""Sets of labels: conflicts, sides, folds and counts."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from seedbed.core.errors import RowsError
from seedbed.core.metrics import Drop
from seedbed.splitting.deduplication import DeduplicateParams, deduplicate, labels_that_differ
from seedbed.splitting.sides import SideParams, assign_sides, rows_by_class
from seedbed.splitting.splits import drop_unlearnable, stratified_folds
from seedbed.tasks import class_task, labels_task

FOLDS = 5
RAIN = "the rain fell on the old town all night long"


def zipf_sets(rows: int, labels: int, seed: int = 0) -> list[str]:
    """Sets of up to three labels, of which the k-th is drawn in proportion to 1 / k."""
    draw, shares = np.random.default_rng(seed), 1 / np.arange(1, labels + 1)
    numbers = draw.choice(labels, (rows, 3), p=shares / shares.sum())
    return [
        labels_task.label_of(f"label {number:04d}" for number in some[:size])
        for some, size in zip(numbers, draw.integers(0, 4, rows), strict=True)
    ]


def frame(labels: list[str], **columns) -> pd.DataFrame:
    ids = [f"{number:06d}" for number in range(len(labels))]
    fixed = {"group": "", "date": "", "source": "s", "split": "train", "text_pair": ""}
    return pd.DataFrame({"id": ids, "label": labels} | fixed | columns)


def counts_by_fold(labels: list[str], fold_of: np.ndarray) -> pd.DataFrame:
    """Rows with each label in each fold: (labels, folds)."""
    pairs = [(name, fold) for label, fold in zip(labels, fold_of, strict=True)
             for name in labels_task.members(label)]  # fmt: skip
    names, folds = zip(*pairs, strict=True)
    return pd.crosstab(np.array(names), np.array(folds)).reindex(columns=range(FOLDS), fill_value=0)


@pytest.mark.parametrize("seed", range(3))
def test_folds_of_rare_labels_have_the_shares_of_the_whole(seed):
    """A label of n rows has n / 5 of them in each fold, less or more than one; so from 25 rows on
    its share of a fold is within 20 % of its share of all rows."""
    labels = zipf_sets(2000, 50, seed)
    fold_of = stratified_folds(frame(labels), FOLDS, seed, labels_task)
    sizes = np.bincount(fold_of)
    assert sizes.max() - sizes.min() <= 1
    counts = counts_by_fold(labels, fold_of)
    rows = counts.sum(axis=1)
    assert (counts.sub(rows / FOLDS, axis=0).abs() < 1).all(axis=None)
    ratio = counts.div(sizes).div(rows / len(labels), axis=0)
    assert (ratio[rows >= 25] - 1).abs().max(axis=None) <= 0.2
    # Of every label with two rows or more, the models of each fold see one.
    assert (counts.max(axis=1) < rows)[rows >= 2].all()


def test_every_label_of_three_rows_or_more_is_in_train():
    labels = zipf_sets(2000, 50)
    params = SideParams(
        way="hash", seed=0, validation_share=0.15, test_share=0.2, validation_from="",
        test_from="", validation_sources=[], test_sources=[],
    )  # fmt: skip
    placed = assign_sides(frame(labels), (), params)
    kept, dropped = drop_unlearnable(placed, (), labels_task)
    by_class = rows_by_class(kept, labels_task)
    assert len(by_class) == 51  # and the empty set
    assert all(sides["train"] for sides in by_class.values())
    assert not dropped
    without = (placed["split"] == "train") & (placed["label"] == "|")
    assert by_class["no label"]["train"] == without.sum()


UNIT = st.tuples(st.sampled_from("stuvwxyz"), st.sets(st.sampled_from("abcd")))
UNITS = st.lists(UNIT, min_size=8, max_size=30)


@settings(max_examples=60)
@given(UNITS, st.integers(2, 4), st.booleans())
def test_folds_keep_groups_whole_whatever_the_order(units, folds, grouped):
    labels = [labels_task.label_of(names) for _, names in units]
    rows = frame(labels, group=[unit if grouped else "" for unit, _ in units])
    fold_of = stratified_folds(rows, folds, 0, labels_task)
    assert set(fold_of) <= set(range(folds))
    if not grouped:
        sizes = np.bincount(fold_of, minlength=folds)
        assert sizes.min() > 0
    elif rows["group"].nunique() >= folds:
        assert set(fold_of) == set(range(folds))
    assert rows.assign(fold=fold_of).groupby("group")["fold"].nunique().max() == 1 or not grouped
    assert (stratified_folds(rows, folds, 0, labels_task) == fold_of).all()


def test_no_test_row_has_a_fold():
    rows = frame(zipf_sets(60, 5), split=["train", "validation", "test"] * 20)
    fold_of = stratified_folds(rows, FOLDS, 0, labels_task)
    assert set(fold_of[rows["split"] == "test"]) == {-1}
    assert set(fold_of[rows["split"] != "test"]) == set(range(FOLDS))


def test_a_thousand_labels_take_time_in_proportion_to_the_rows():
    def seconds(rows: int) -> float:
        labels = zipf_sets(rows, 1000)
        start = time.process_time()
        stratified_folds(frame(labels), FOLDS, 0, labels_task)
        return time.process_time() - start

    few = seconds(5000)
    assert seconds(20_000) < 8 * few


ROWS = [
    ("a", "train", "leak"), ("b", "train", "|"), ("c", "test", "late|leak"),
    ("d", "validation", "late"), ("e", "test", "leak"), ("f", "test", "|"),
]  # fmt: skip


def test_a_held_out_row_with_one_label_that_train_lacks_is_dropped():
    ids, sides, labels = zip(*ROWS, strict=True)
    rows = frame(list(labels), id=ids, split=sides)
    kept, dropped = drop_unlearnable(rows, {"e"}, labels_task)
    assert list(kept["id"]) == ["a", "b", "e", "f"]
    assert dropped == [Drop("c", "class_not_in_train"), Drop("d", "class_not_in_train")]
    with pytest.raises(RowsError, match="class late has 1 frozen test rows, none in train"):
        drop_unlearnable(rows, {"c", "f"}, labels_task)


def conflicts(*labels: str, near: str = "keep") -> tuple:
    texts = [RAIN, RAIN, f"{RAIN} again"][: len(labels)]
    rows = frame(list(labels), text=texts, batch="2026-01-a", split="")
    params = DeduplicateParams(
        exact=True, near=True, near_conflict=near, shingle_words=3, min_jaccard=0.7
    )
    drops, pairs = deduplicate(rows, (), params)
    return drops, pairs, labels_that_differ(rows, drops, pairs, labels_task)


def test_one_text_with_two_sets_is_a_conflict_in_the_labels_that_differ():
    drops, _, differing = conflicts("late|leak", "leak|noise")
    assert drops == [Drop("000000", "label_conflict", "000001"),
                     Drop("000001", "label_conflict", "000000")]  # fmt: skip
    assert differing == {"late": 2, "noise": 2}


def test_the_empty_set_is_in_conflict_with_any_other_and_sets_are_never_joined():
    drops, _, differing = conflicts("|", "leak")
    assert {drop.reason for drop in drops} == {"label_conflict"}
    assert differing == {"leak": 2}
    assert [drop.reason for drop in conflicts("late|leak", "late|leak")[0]] == ["exact_duplicate"]


def test_near_copies_with_two_sets_are_kept_or_dropped_and_their_labels_named():
    drops, pairs, differing = conflicts("late|leak", "late|leak", "late")
    assert [drop.reason for drop in drops] == ["exact_duplicate"]
    assert [(pair.label, pair.other_label) for pair in pairs] == [("late|leak", "late")]
    assert differing == {"leak": 1}
    assert {drop.reason for drop in conflicts("leak", "leak", "late", near="drop_both")[0]} == {
        "near_conflict"
    }


def test_labels_of_one_name_differ_as_a_whole():
    rows = frame(["late", "leak"])
    drops = [Drop("000000", "label_conflict", "000001")]
    assert labels_that_differ(rows, drops, [], class_task) == {}
