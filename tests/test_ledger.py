"""Every row has exactly one fate."""

import pytest
from hypothesis import given, strategies as st

from seedbed.core.errors import LedgerError
from seedbed.core.metrics import Drop, RowCounts, check_chain, read_ledger, settle, write_ledger


def test_counts_by_reason():
    counts = settle(
        "clean", ["a", "b", "c"], ["a"], [Drop("b", "too_short"), Drop("c", "repetitive")]
    )
    assert counts.model_dump(exclude_unset=True) == {
        "read": 3,
        "made": 0,
        "kept": 1,
        "dropped": 2,
        "dropped_by_reason": {"repetitive": 1, "too_short": 1},
    }


@pytest.mark.parametrize(
    ("kept", "dropped", "message"),
    [
        (["a"], [], "rows without a fate such as b: 1"),
        (["a", "b"], [Drop("b", "too_short")], "fates without a row such as b: 1"),
        (["a", "b", "x"], [], "fates without a row such as x: 1"),
    ],
)
def test_a_row_without_a_fate_or_with_two_is_refused(kept, dropped, message):
    with pytest.raises(LedgerError, match=message):
        settle("clean", ["a", "b"], kept, dropped)


@given(st.sets(st.text(min_size=1)), st.sets(st.text(min_size=1)), st.randoms())
def test_any_honest_division_adds_up(read, made, random):
    made = made - read
    every = sorted(read | made)
    dropped = [Drop(row, "too_short") for row in every if random.random() < 0.5]
    kept = [row for row in every if row not in {drop.id for drop in dropped}]
    counts = settle("stage", sorted(read), kept, dropped, sorted(made))
    assert counts.read + counts.made == counts.kept + counts.dropped


def counts(rows: int) -> RowCounts:
    return RowCounts(read=rows, made=0, kept=rows, dropped=0, dropped_by_reason={})


def test_a_stage_must_read_what_the_one_before_kept():
    with pytest.raises(LedgerError, match="clean kept 3 rows, split read 2"):
        check_chain([("clean", counts(3)), ("split", counts(2))])


def test_an_unknown_reason_is_refused():
    with pytest.raises(LedgerError, match="reason `too_odd`"):
        settle("clean", ["a", "b"], ["a"], [Drop("b", "too_odd")])


def test_stages_that_read_what_was_kept_pass_and_made_rows_are_counted():
    check_chain([("clean", counts(3)), ("split", counts(3))])
    made = settle("augment", ["a"], ["a", "a-a0"], [], made=["a-a0"])
    assert (made.read, made.made, made.kept, made.dropped) == (1, 1, 2, 0)


def test_a_ledger_is_sorted_and_comes_back(tmp_path):
    drops = [Drop("b", "too_short"), Drop("a", "exact_duplicate", "c")]
    write_ledger(tmp_path / "ledger.csv", drops)
    text = (tmp_path / "ledger.csv").read_text()
    assert text == "id,reason,cause\na,exact_duplicate,c\nb,too_short,\n"
    assert read_ledger(tmp_path / "ledger.csv") == sorted(drops)
