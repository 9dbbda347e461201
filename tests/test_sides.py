"""A side is a pure function of the row, in every way; no history of the data moves a row."""

from functools import partial

import pandas as pd
import pytest
from hypothesis import assume, given, settings, strategies as st

from seedbed.core.errors import LeakError, ParamsError, RowsError
from seedbed.core.rows import SIDES
from seedbed.splitting.sides import assign_sides, side_of
from seedbed.splitting.splits import NearTexts, SplitParams, gate_after_split, leak_gate, split_rows
from seedbed.tasks import class_task, labels_task
from stages.split import check_sides, with_folds

DEFAULTS = {
    "way": "hash", "seed": 0, "validation_share": 0.2, "test_share": 0.2, "validation_from": "",
    "test_from": "", "validation_sources": [], "test_sources": [], "folds": 2,
    "shingle_words": 1, "twin_min_jaccard": 0.5, "warn_below": 5,
    "max_rows_in_git": 1000,
}  # fmt: skip
WAYS = {
    "hash": {},
    "time": {"validation_from": "2026-04-01", "test_from": "2026-06-01"},
    "time, validation by hash": {"way": "time", "test_from": "2026-06-01"},
    "source": {"validation_sources": ["mail"], "test_sources": ["chat"]},
    "source, validation by hash": {"way": "source", "test_sources": ["chat"]},
    "given": {"validation_share": 0},
}
TEXTS = ["rain", "rain snow", "snow rain hail", "fry an onion", "onion fry", "ride uphill", "ride"]


def params(way: str = "hash", **more) -> SplitParams:
    return SplitParams(**(DEFAULTS | {"way": way.split(",")[0]} | WAYS.get(way, {}) | more))


def row(number: int, text: str = "rain", label: str = "cat") -> dict:
    """A row whose group, date, source and given side follow from its number."""
    return {
        "id": f"{number:02d}", "digest": text, "text": text, "text_pair": "", "label": label,
        "group": f"g{number % 5}" if number % 3 else "", "date": f"2026-{number % 9 + 1:02d}-15",
        "source": ("mail", "chat", "letters", "letters")[number % 4],
        "split": ("", "train", "validation", "test")[number // 2 % 4], "origin": "original",
        "parent": "",
    }  # fmt: skip


def frame(rows) -> pd.DataFrame:
    return pd.DataFrame(list(rows)).sort_values("id", ignore_index=True)


def sides_of(rows: pd.DataFrame) -> dict[str, str]:
    return dict(zip(rows["id"], rows["split"], strict=True))


@given(st.integers(0, 5), st.text(), st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.floats(0, 0.15))
def test_a_larger_test_share_takes_rows_from_train_alone(seed, unit, validation, test, more):
    before = side_of(seed, unit, validation, test)
    after = side_of(seed, unit, validation, test + more)
    assert before == after or (before, after) == ("train", "test")


def test_shares_are_met_as_hashing_meets_them():
    found = [side_of(0, f"row {n}", 0.15, 0.2) for n in range(20_000)]
    assert found.count("test") / 20_000 == pytest.approx(0.2, abs=0.01)
    assert found.count("validation") / 20_000 == pytest.approx(0.15, abs=0.01)


# A step of a history: add or edit (or relabel) a row with a text and a label, or remove it.
def histories(*labels: str) -> st.SearchStrategy:
    step = st.tuples(st.integers(0, 19), st.sampled_from([*TEXTS, ""]), st.sampled_from(labels))
    return st.lists(step, min_size=1, max_size=12)


HISTORY = histories("cat", "dog")
OF_TASKS = st.one_of(
    st.tuples(st.just(class_task), HISTORY),
    st.tuples(st.just(labels_task), histories("cat", "dog", "cat|dog", "|")),
)
PLACED = ["id", "group", "date", "source", "split"]  # all that a side may depend on
ALWAYS = {number: row(number) for number in range(20, 24)}  # one of every source


def states(history) -> list[dict[int, dict]]:
    """The rows in the middle and at the end of a history."""
    rows = dict(ALWAYS)
    found = []
    for place, (number, text, label) in enumerate(history):
        if text:
            rows[number] = row(number, text, label)
        else:
            rows.pop(number, None)
        if place == len(history) // 2:
            found.append(dict(rows))
    return [*found, rows]


def check_history(way, history):
    """No row moves, and each is where a run from scratch on some of the rows puts it."""
    chosen, (middle, end) = params(way), states(history)
    part = dict(list(end.items())[::-2]) | ALWAYS
    before, after, scratch = (
        sides_of(assign_sides(pd.DataFrame(list(rows.values()), columns=PLACED), (), chosen))
        for rows in (middle, end, part)
    )
    assert all(before.get(id, side) == side for id, side in after.items())
    assert scratch == {id: after[id] for id in scratch}


@settings(max_examples=1000)
@given(history=HISTORY)
def test_no_history_moves_a_row_that_is_hashed(history):
    check_history("hash", history)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "hash"])
@settings(max_examples=200)
@given(history=HISTORY)
def test_no_history_moves_a_row(way, history):
    check_history(way, history)


@settings(max_examples=40)
@given(OF_TASKS, st.sampled_from(sorted(WAYS)), st.randoms(use_true_random=False))
def test_twins_groups_and_folds_of_any_history_are_those_of_a_run_from_scratch(
    history_of_task, way, random
):
    task, history = history_of_task
    seen: dict[str, str] = {}
    chosen = params(way)
    for state in states(history):
        kept, dropped = split_rows(frame(state.values()), (), chosen, task)
        assert sorted([*(drop.id for drop in dropped), *kept["id"]]) == sorted(
            one["id"] for one in state.values()
        )
        now = sides_of(kept)
        assert all(seen.get(id, side) == side for id, side in now.items())
        seen |= now
        leak_gate(kept, NearTexts(kept, 1, 0.5))  # no near copy and no group on two sides
    again = list(state.values())
    random.shuffle(again)
    scratch, _ = split_rows(frame(again), (), chosen, task)
    pd.testing.assert_frame_equal(kept, scratch)
    try:
        check_sides(kept, chosen, task)
    except RowsError:
        return  # too small for sides and folds
    pd.testing.assert_frame_equal(with_folds(kept, chosen, task), with_folds(scratch, chosen, task))


LEAKS = {
    "exact": lambda one: {"text": one["text"].upper()},
    "near": lambda one: {"text": f"{one['text']} again"},
    "group": lambda one: {"text": "boil an egg", "group": "of both"},
    "made rows": lambda one: {"text": "boil an egg", "parent": one["id"]},
}


@settings(max_examples=30)
@given(OF_TASKS, st.sampled_from(sorted(LEAKS)), st.integers(0, 99), st.integers(1, 2))
def test_a_leak_that_is_planted_in_any_history_is_refused(history_of_task, kind, place, step):
    """Whatever labels the two rows have, and whatever sides."""
    task, history = history_of_task
    kept, _ = split_rows(frame(states(history)[-1].values()), (), params(), task)
    assume(len(kept))
    gate_after_split(kept, 1, 0.5)
    one = kept.iloc[place % len(kept)].to_dict()
    if kind == "group":
        kept["group"] = kept["group"].where(kept["id"] != one["id"], "of both")
    other = SIDES[(SIDES.index(one["split"]) + step) % 3]
    planted = one | {"id": "planted", "group": "", "label": history[-1][2], "split": other}
    rows = pd.concat([kept, pd.DataFrame([planted | LEAKS[kind](one)])], ignore_index=True)
    near = NearTexts(rows, 1, 0.5)  # split alone looks for them: no later stage changes a text
    check = partial(leak_gate, rows, near) if kind == "near" else partial(gate_after_split, rows, 1)
    with pytest.raises(LeakError, match=kind):
        check(*[] if kind == "near" else [0.5])


def test_time_cuts_by_day_and_a_group_that_spans_the_cut_loses_its_earlier_rows():
    rows = frame(row(number) for number in (1, 3, 4, 5, 6, 8)).assign(group="")
    placed = sides_of(assign_sides(rows, (), params("time")))
    assert placed == {
        "01": "train", "03": "validation", "04": "validation", "05": "test", "06": "test",
        "08": "test",
    }  # fmt: skip
    texts = ["rain at dawn", "snow all day", "fry it", "boil it", "ride up", "walk down"]
    kept, dropped = split_rows(rows.assign(text=texts, group=["g", "g", "", "", "g", ""]), (),
                          params("time"), class_task)  # fmt: skip
    assert {(drop.id, drop.reason, drop.cause) for drop in dropped} >= {
        ("01", "group_in_test", "06"), ("03", "group_in_test", "06"),
    }  # fmt: skip


def test_a_row_without_a_date_is_refused_but_a_frozen_one_is_not():
    rows = frame(row(number) for number in (1, 2, 3)).assign(date=["2026-01-01", "", "2026-07-01"])
    with pytest.raises(RowsError, match="1 rows without a date, such as 02"):
        assign_sides(rows, (), params("time"))
    assert sides_of(assign_sides(rows, {"02"}, params("time")))["02"] == "test"


def test_whole_sources_are_held_out_and_validation_may_be_cut_by_hash_from_the_rest():
    rows = frame(row(number) for number in range(200))
    for way in ("source", "source, validation by hash"):
        placed = assign_sides(rows, (), params(way))
        assert set(placed["source"][placed["split"] == "test"]) == {"chat"}
        assert set(placed["split"][placed["source"] == "chat"]) == {"test"}
        in_validation = placed["source"][placed["split"] == "validation"]
        assert set(in_validation) == ({"mail"} if way == "source" else {"mail", "letters"})


def test_given_sides_are_taken_and_validation_is_cut_from_train_where_none_is_given():
    rows = frame(row(number) for number in range(200))
    placed = assign_sides(rows, (), params("given"))
    assert (placed["split"] == rows["split"].replace("", "train")).all()
    rows = rows[rows["split"] != "validation"]
    placed = assign_sides(rows, (), params("given", validation_share=0.2))
    assert (placed["split"][rows["split"] == "test"] == "test").all()
    cut = placed["split"][rows["split"] != "test"] == "validation"
    assert 0.1 < cut.mean() < 0.3


def test_validation_that_is_given_and_cut_by_hash_is_for_a_person_to_decide():
    rows = frame(row(number) for number in range(20))
    with pytest.raises(ParamsError, match=r"validation_share: 0\.2, and sources give 4 .* rows"):
        assign_sides(rows, (), params("given", validation_share=0.2))


@pytest.mark.parametrize("way", WAYS)
def test_frozen_rows_are_in_test_in_every_way_and_move_no_other(way):
    rows = frame(row(number) for number in range(40))
    free = sides_of(assign_sides(rows, (), params(way)))
    frozen = {id for id, side in free.items() if side == "train"}.copy()
    frozen = set(sorted(frozen)[:3])
    placed = sides_of(assign_sides(rows, frozen, params(way)))
    assert placed == free | dict.fromkeys(frozen, "test")


def test_a_group_stays_whole_where_a_frozen_row_pulls_at_it():
    rows = frame(row(number) for number in range(6)).assign(group="g")
    rows = rows.assign(text=["rain", "snow", "hail", "frost", "fog", "wind"])
    (side,) = set(sides_of(assign_sides(rows, (), params())).values())
    frozen = {"03"} if side == "train" else set()
    assert frozen, "choose another group: this one is to be in train"
    kept, dropped = split_rows(pd.concat([rows, frame([row(9)])]), frozen, params(), class_task)
    assert [drop.reason for drop in dropped if drop.id != "03"].count("group_in_test") == 5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"way": "hash", "test_from": "2026-01-01"}, "test_from: .*belongs to `way: time`"),
        ({"way": "time", "test_from": "2026-01-01", "test_sources": ["chat"]}, "way: source"),
        ({"way": "hash", "test_share": 0.8}, "some rows left for train"),
        ({"way": "hash", "validation_share": 0}, "validation is cut by hash"),
        ({"way": "time"}, "test_from: empty"),
        (
            {"way": "time", "validation_from": "2026-02-01", "test_from": "2026-02-01"},
            "expected a day before test_from",
        ),
        ({"way": "source"}, "test_sources: empty"),
        ({"way": "source", "test_sources": ["fax"]}, "`fax` .*sources with rows: chat, letters"),
        (
            {"way": "source", "test_sources": ["mail"], "validation_sources": ["mail"]},
            "`mail`, and in validation_sources",
        ),
    ],
)
def test_nonsense_is_refused(changed, message):
    chosen = SplitParams(**(DEFAULTS | changed))
    with pytest.raises(ParamsError, match=message):
        assign_sides(frame(row(number) for number in range(12)), (), chosen)


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("validation_share", 0, 0.99), ("test_share", 0.01, 0.99), ("folds", 2, 1000),
        ("shingle_words", 1, 100), ("twin_min_jaccard", 0.01, 1),
    ],
)  # fmt: skip
def test_each_number_has_two_bounds(key, least, most):
    step = 1 if isinstance(least, int) and isinstance(most, int) else 0.01
    assert getattr(params(**{key: least}), key) == least
    assert getattr(params(**{key: most}), key) == most
    for beyond in (least - step, most + step):
        with pytest.raises(ValueError, match=key):
            params(**{key: beyond})


def test_params_that_were_read_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        params().seed = 1


def test_a_day_is_a_day():
    import datetime

    assert params(test_from=datetime.date(2026, 3, 1)).test_from == "2026-03-01"
    with pytest.raises(ValueError, match="test_from"):
        params(test_from="next week")
