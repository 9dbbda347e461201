"""Draws are a seed's and a row's own, made rows come with their parent, verdicts are honest."""

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from seedbed.making.balancing import Arms, arms_of, drawn, sizes, verdict
from seedbed.tasks import class_task

ROWS = pd.DataFrame(
    [{"id": f"{n:03d}", "label": "ham" if n < 60 else "spam", "parent": "", "origin": "original",
      "weight": 1.0} for n in range(80)]
)  # fmt: skip


def copies(rows: pd.DataFrame, mark: str, origin: str, **changes) -> pd.DataFrame:
    return rows.assign(parent=rows["id"], id=rows["id"] + mark, origin=origin, **changes)


MADE = pd.concat([copies(ROWS, "-a0", "augmented"), copies(ROWS[::5], "-a1", "augmented")])
WRONG = copies(ROWS[::4], "-n0", "negative", label="out_of_scope")
ALL = pd.concat([ROWS, MADE, WRONG])


def test_an_option_is_on_where_it_made_or_changed_rows():
    assert arms_of(ROWS, ROWS) == {}
    arms = arms_of(ALL, ALL)
    assert list(arms) == ["augment", "negatives"]
    assert set(arms["augment"].with_it["id"]) == {*ROWS["id"], *MADE["id"]}
    assert set(arms["negatives"].with_it["id"]) == {*ROWS["id"], *WRONG["id"]}
    for one in arms.values():
        assert list(one.without["id"]) == list(ROWS["id"])
    weighted = ALL.assign(weight=2.0)
    assert list(arms_of(ALL, weighted)) == ["augment", "negatives", "balance"]
    assert list(arms_of(ROWS, ROWS[:-1])) == ["balance"]


def test_a_negative_source_is_no_made_row():
    rows = ROWS.assign(origin="negative")
    assert arms_of(rows, rows) == {}


@settings(max_examples=30)
@given(st.integers(0, 50), st.sampled_from([1, 10, 0]))
def test_both_arms_have_the_same_rows_and_what_was_made_of_them(seed, number):
    without, with_it = drawn(Arms(ROWS, pd.concat([ROWS, MADE]), False), number, seed, class_task)
    chosen = dict(zip(without["id"], without["weight"], strict=True))
    assert set(with_it["id"]) == {
        row for row, parent in zip([*ROWS["id"], *MADE["id"]],
                                   [*ROWS["id"], *MADE["parent"]], strict=True)
        if parent in chosen
    }  # fmt: skip
    root = with_it["parent"].where(with_it["parent"] != "", with_it["id"])
    assert list(with_it["weight"]) == [chosen[row] for row in root]
    if number:
        assert without["label"].value_counts().to_dict() == {"ham": number, "spam": number}
    else:
        assert set(without["label"]) == {"ham", "spam"}


def test_a_draw_hangs_on_seed_and_row_alone():
    arms = Arms(ROWS, ROWS, False)
    for number in (10, 0):
        ids = [list(drawn(arms, number, seed, class_task)[0]["id"]) for seed in (0, 1)]
        assert ids[0] != ids[1]
        turned = drawn(Arms(ROWS[::-1], ROWS, False), number, 0, class_task)[0]
        assert list(turned["id"]) == ids[0]


def test_all_rows_are_a_bootstrap_sample():
    rows = pd.concat([ROWS.assign(id=ROWS["id"] + f"{part}") for part in range(100)])
    sample = drawn(Arms(rows, rows, False), 0, 0, class_task)[0]
    assert sample["weight"].sum() == pytest.approx(len(rows), rel=0.05)
    assert len(sample) == pytest.approx(0.632 * len(rows), rel=0.05)
    assert sample["weight"].var() == pytest.approx(0.66, abs=0.1)  # Poisson(1), zeros left out


def test_balance_is_drawn_with_the_shares_of_the_classes():
    capped = ROWS[ROWS["id"] > "030"]
    without, with_it = drawn(Arms(ROWS, capped, True), 10, 0, class_task)
    assert without["label"].value_counts().to_dict() == {"ham": 30, "spam": 10}
    assert set(with_it["id"]) == set(without["id"]) & set(capped["id"])


def test_a_size_that_leaves_no_row_out_is_not_measured_twice():
    assert sizes(Arms(ROWS, ROWS, False), [10, 60, 0], class_task) == [10, 0]
    assert sizes(Arms(ROWS, ROWS, True), [10, 20, 0], class_task) == [10, 0]


@pytest.mark.parametrize(
    ("gains", "said"),
    [([0.02, 0.03, 0.02, 0.03], "gain"), ([-0.02, -0.03, -0.02, -0.03], "loss"),
     ([0.09, 0.0, 0.1, -0.01], "no gain"), ([0.0, 0.0, 0.0, 0.0], "no gain")],
)  # fmt: skip
def test_a_gain_is_one_only_where_the_interval_says_so(gains, said):
    without = dict.fromkeys(range(4), 0.8)
    found = verdict(without, {seed: 0.8 + gain for seed, gain in enumerate(gains)})
    assert found.verdict == said
    assert found.low <= found.gain <= found.high


def test_the_interval_is_students_over_the_seeds():
    found = verdict({0: 0.5, 1: 0.5, 2: 0.5}, {0: 0.6, 1: 0.7, 2: 0.8})
    assert found.gain == pytest.approx(0.2)
    assert found.high - found.gain == pytest.approx(4.30265 * 0.1 / 3**0.5, rel=1e-4)
