"""The share of wrong labels, estimated from a random sample alone."""

import pytest
from hypothesis import given, strategies as st
from scipy.stats import binomtest

from seedbed.core.decisions import AMBIGUOUS, DROP, InForce, Settled
from seedbed.reviewing.queues import Item, Queue
from seedbed.reviewing.status import audit_in_words, error_rate, wilson


def audit(number: int, side: str = "train") -> Queue:
    items = [
        Item(f"r{n}", "d", "bank", "", None, "", True, side, ()) for n in range(number)
    ]  # fmt: skip
    return Queue("audit", "", "", items)


def judged(decided: dict[int, str], disagreed: tuple[int, ...] = ()) -> InForce:
    settled = {f"r{n}": Settled(label, ("ann",)) for n, label in decided.items()}
    ids = [f"r{n}" for n in disagreed]
    return InForce(settled, ids, [], [], {row: [] for row in [*settled, *ids]})


def test_another_label_and_a_drop_are_wrong_and_ambiguous_is_not():
    found = error_rate(audit(9), judged({0: "bank", 1: "post", 2: DROP, 3: AMBIGUOUS}, (4,)))
    assert (found.judged, found.wrong, found.ambiguous) == (5, 2, 2)
    assert found.share == 0.4
    assert (found.size, found.waiting) == (9, 0)


def test_rows_decided_as_suspects_do_not_make_the_share_larger():
    found = error_rate(audit(9), judged({0: "bank", 1: "bank", 3: "post", 7: "post"}))
    assert (found.judged, found.wrong, found.waiting) == (2, 0, 2)


def test_nothing_judged_says_nothing():
    found = error_rate(audit(9), judged({3: "post"}))
    assert (found.judged, found.share, found.low, found.high) == (0, None, 0.0, 1.0)


def test_a_side_is_told_of_where_enough_is_judged():
    items = audit(40).items + [
        item._replace(id=f"t{item.id}", split="test") for item in audit(5).items
    ]
    queue = Queue("audit", "", "", items)
    decided = judged({n: "post" if n < 4 else "bank" for n in range(40)})
    told = "\n".join(audit_in_words(queue, decided))
    assert "  train: 4 of 40 labels wrong, 10.0% " in told
    assert "  test: " not in told
    assert error_rate(queue, decided, "train").share == 0.1
    assert error_rate(queue, decided, "test").judged == 0


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (1, 10), (10, 10), (13, 200), (1, 1)])
def test_the_interval_is_wilsons(hits, of):
    expected = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    assert wilson(hits, of) == pytest.approx((expected.low, expected.high), abs=1e-6)


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(found):
    hits, of = found
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1
