"""Rows to which no class is the right answer."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from seedbed.core.rows import OUTSIDE
from seedbed.scoring.confidence import (
    auroc,
    detection,
    false_positive_rate,
)
from seedbed.tasks import class_task, labels_task

SURE = np.array([[0.9, 0.1], [0.2, 0.8], [0.95, 0.05], [0.55, 0.45], [0.5, 0.5]])
LABELS = np.array([0, 1, 0, OUTSIDE, OUTSIDE])


def test_the_threshold_parts_what_can_be_parted():
    [threshold] = class_task.thresholds(LABELS, SURE)
    assert 0.55 < threshold < 0.8
    assert class_task.ruled(SURE, [threshold]).argmax(1).tolist() == [0, 1, 0, 2, 2]


def test_without_use_the_threshold_is_zero():
    alike = np.repeat(SURE[:1], 5, axis=0)
    assert class_task.thresholds(LABELS, alike) == [0.0]
    assert class_task.thresholds(np.array([0, 1, 0, 0, 0]), SURE) == []  # no row is OUTSIDE


@given(st.floats(0, 1), st.lists(st.floats(0.01, 0.99), min_size=1))
def test_out_of_scope_is_likeliest_exactly_below_the_threshold(threshold, firsts):
    found = np.array([[first, 1 - first] for first in firsts])
    more = class_task.ruled(found, [threshold])
    assert more.sum(1) == pytest.approx(1)
    clear = np.abs(found.max(1) - threshold) > 1e-9
    assert ((more.argmax(1) == 2) == (found.max(1) < threshold))[clear].all()


def test_by_a_threshold_the_least_sure_rows_are_detected():
    kinds = np.where(LABELS == OUTSIDE, "general", "")
    found = detection(
        class_task, "other", LABELS == OUTSIDE, SURE, OUTSIDE, [0.52], kinds, np.arange(5)
    )
    assert (found.how, found.threshold, found.in_scope_rows) == ("threshold", 0.52, 3)
    assert found.all.auroc.mean == 1  # both are less sure than every row in scope
    assert (found.all.recall, found.in_scope_flagged_share) == (0.5, 0)
    by_class = detection(class_task, "other", LABELS == OUTSIDE, SURE, 1, [], kinds, np.arange(5))
    assert (by_class.how, by_class.threshold) == ("class", None)
    assert by_class.all.auroc.mean == pytest.approx(
        4 / 6
    )  # the row of class 1 looks more like it than both
    assert (by_class.all.recall, by_class.in_scope_flagged_share) == (0, pytest.approx(1 / 3))


def test_auroc_and_false_positives_count_what_they_say():
    outside = np.array([True, True, False, False])
    assert auroc(outside, np.array([0.9, 0.4, 0.5, 0.1])) == 0.75
    assert false_positive_rate(outside, np.array([0.9, 0.4, 0.5, 0.1])) == 0.5
    assert false_positive_rate(outside, np.array([0.9, 0.4, 0.3, 0.1])) == 0.0


def test_kinds_are_told_apart_beside_the_same_rows_in_scope():
    outside = np.array([False] * 4 + [True] * 4)
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.8, 0.25, 0.15])
    kinds = np.array(["", "", "", "", "general", "general", "in_domain", "in_domain"])
    given = np.stack([1 - scores, scores], axis=1)
    found = detection(class_task, "other", outside, given, 1, [], kinds, np.arange(8))
    assert (found.label, found.how, found.all.rows) == ("other", "class", 4)
    assert found.in_scope_flagged_share == 0
    assert found.by_kind["general"].auroc.mean == 1
    assert found.by_kind["general"].recall == 1
    assert found.by_kind["in_domain"].auroc.mean == 3 / 8
    assert found.by_kind["in_domain"].recall == 0
    every = found.all.auroc
    assert 0 <= every.low < every.mean < every.high <= 1


def of_sets(given: list[list[float]], limits: list[float], outside: list[bool]):
    kinds = np.where(outside, "general", "")
    rows = np.arange(len(given))
    return detection(
        labels_task, "no label", np.array(outside), np.array(given), OUTSIDE, limits, kinds, rows
    )


def test_sets_are_flagged_where_no_label_reaches_its_own_threshold():
    given = [[0.35, 0.1], [0.1, 0.75], [0.25, 0.6], [0.05, 0.65]]
    found = of_sets(given, [0.3, 0.7], [False, False, True, True])
    assert (found.how, found.threshold, found.in_scope_rows) == ("empty_set", None, 2)
    assert (found.all.recall, found.in_scope_flagged_share) == (1, 0)
    assert found.all.auroc.mean == 1
    without = of_sets(given, [], [False, False, True, True])  # one half for both labels
    assert (without.all.recall, without.in_scope_flagged_share) == (0, 0.5)
    assert without.all.auroc.mean == 0.5  # 0.60 and 0.65 lie between 0.35 and 0.75


@given(
    st.lists(st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3), min_size=2),
    st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3),
)
def test_the_score_of_a_set_parts_flagged_rows_from_others(given, limits):
    """At any AUROC: what is flagged scores higher than whatever is not, so that the figures are of
    the rule that answers."""
    ruled = labels_task.ruled(np.array(given), limits)
    flagged = labels_task.decode(ruled).sum(1) == 0
    if flagged.all() or not flagged.any():
        return
    found = of_sets(given, limits, list(flagged))
    assert (found.all.recall, found.in_scope_flagged_share) == (1, 0)
    assert found.all.auroc.mean == 1
