"""Stage deduplicate: which copy stays, why the others go, and who caused it."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.files import read_json, write_csv
from seedbed.core.metrics import Drop, read_ledger
from seedbed.core.rows import APPLY_DECISIONS, DEDUPLICATE, read_rows, write_rows
from seedbed.splitting.compared import contents
from seedbed.splitting.deduplication import (
    DeduplicateParams,
    by_priority,
    deduplicate,
    exact_drops,
)
from stages.deduplicate import FROZEN, main

LEDGER = Path("data/ledger/deduplicate.csv")
METRICS = Path("reports/metrics/deduplicate.json")

PARAMS = """\
task:
  kind: class
deduplicate:
  exact: true
  near: true
  near_conflict: keep
  shingle_words: 3
  min_jaccard: 0.7
split:
  way: hash
"""
PARCEL = "My parcel has not arrived and the tracking page shows nothing since Monday"
PARCEL_TOO = "My parcel has not arrived and the tracking page shows nothing since Tuesday"
CHARGED = "I was charged twice for one order and want one payment back"
HEADER = ("id", "digest")


def row(id: str, text: str, label: str = "delivery", batch: str = "2026-01-a", pair: str = ""):
    return {
        "id": id,
        "digest": id,
        "text": text,
        "text_pair": pair,
        "label": label,
        "source": "shop",
        "batch": batch,
        "provenance": "{}",
    }


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS, encoding="utf-8")
    write_csv(FROZEN, HEADER, [])
    return tmp_path


def set_params(old: str, new: str) -> None:
    assert old in PARAMS
    Path("params.yaml").write_text(PARAMS.replace(old, new), encoding="utf-8")


def drops_of(*rows: dict, frozen: tuple[str, ...] = ()) -> list[Drop]:
    write_rows(APPLY_DECISIONS, pd.DataFrame(list(rows)))
    write_csv(FROZEN, HEADER, [(id, id) for id in frozen])
    main()
    dropped = read_ledger(LEDGER)
    kept = set(read_rows(DEDUPLICATE)["id"])
    assert kept | {drop.id for drop in dropped} == {row["id"] for row in rows}
    return dropped


def test_copies_and_near_copies_go_and_the_first_stays():
    dropped = drops_of(
        row("01", PARCEL),
        row("02", CHARGED, "payment"),
        row("03", PARCEL.upper().replace(" ", "  ")),
        row("04", PARCEL_TOO),
    )
    assert dropped == [Drop("03", "exact_duplicate", "01"), Drop("04", "near_duplicate", "01")]


def test_the_smallest_batch_then_the_smallest_id_stays():
    dropped = drops_of(
        row("01", PARCEL, batch="2026-03-c"),
        row("02", PARCEL, batch="2026-02-b"),
        row("03", PARCEL, batch="2026-02-b"),
    )
    assert dropped == [Drop("01", "exact_duplicate", "02"), Drop("03", "exact_duplicate", "02")]
    dropped = drops_of(
        row("01", PARCEL, batch="2026-03-c"),
        row("02", PARCEL, batch="2026-02-b"),
        row("03", PARCEL, batch="2026-02-b"),
        row("04", PARCEL_TOO, batch="2026-01-a"),
    )
    assert dropped == [
        Drop("01", "near_duplicate", "04"),
        Drop("02", "near_duplicate", "04"),
        Drop("03", "near_duplicate", "04"),
    ]


def test_every_cause_is_a_kept_row_also_of_copies_of_a_near_copy():
    dropped = drops_of(
        row("01", PARCEL), row("02", PARCEL_TOO), row("03", PARCEL_TOO), row("04", PARCEL_TOO + "!")
    )
    assert {drop.cause for drop in dropped} == {"01"}


def test_a_frozen_test_row_stays_before_an_earlier_copy():
    rows = [row("01", PARCEL), row("02", PARCEL, batch="2026-02-b"), row("03", PARCEL_TOO)]
    assert drops_of(*rows, frozen=("02",)) == [
        Drop("01", "exact_duplicate", "02"),
        Drop("03", "near_duplicate", "02"),
    ]


def test_frozen_rows_stay_beside_each_other_and_a_frozen_row_that_is_gone_is_no_matter_here():
    rows = [row("01", PARCEL), row("02", PARCEL), row("03", PARCEL_TOO)]
    assert drops_of(*rows, frozen=("01", "02", "03", "99")) == []
    assert read_json(METRICS)["frozen_rows"] == 3
    assert read_json(METRICS)["near_pairs_both_frozen"] == 3


def test_one_text_with_two_labels_leaves_altogether():
    dropped = drops_of(
        row("01", "Where is it", "delivery"),
        row("02", "where is it", "payment"),
        row("03", "Where is  it", "delivery"),
        row("04", CHARGED),
    )
    assert dropped == [
        Drop("01", "label_conflict", "02"),
        Drop("02", "label_conflict", "01"),
        Drop("03", "label_conflict", "02"),
    ]


def test_where_sources_give_the_sides_the_copy_in_test_stays():
    rows = [
        row("01", PARCEL) | {"split": "train"},
        row("02", PARCEL, batch="2026-02-b") | {"split": "test"},
        row("03", PARCEL_TOO) | {"split": "validation"},
    ]
    assert {drop.cause for drop in drops_of(*rows)} == {"01"}
    set_params("way: hash", "way: given")
    assert drops_of(*rows) == [
        Drop("01", "exact_duplicate", "02"),
        Drop("03", "near_duplicate", "02"),
    ]


def test_of_a_conflict_a_frozen_row_stays():
    rows = [row("01", PARCEL, "payment"), row("02", PARCEL), row("03", PARCEL), row("04", CHARGED)]
    assert drops_of(*rows, frozen=("03",)) == [
        Drop("01", "label_conflict", "03"),
        Drop("02", "label_conflict", "01"),
    ]


def test_a_near_copy_of_rows_in_conflict_stays():
    dropped = drops_of(row("01", PARCEL, "payment"), row("02", PARCEL), row("03", PARCEL_TOO))
    assert [drop.reason for drop in dropped] == ["label_conflict", "label_conflict"]
    assert read_rows(DEDUPLICATE)["id"].tolist() == ["03"]


def test_near_copies_with_two_labels_are_kept_counted_and_shown():
    assert drops_of(row("01", PARCEL), row("02", PARCEL_TOO, "payment")) == []
    metrics = read_json(METRICS)
    assert metrics["near_conflict_pairs"] == 1
    assert metrics["near_conflict_rows"] == 2
    assert metrics["near_conflicts"] == [
        {"id": "01", "label": "delivery", "other_id": "02", "other_label": "payment"}
    ]
    assert "2 kept rows are near copies of a row with another label: 01 and 02" in main()


def drop_both() -> None:
    set_params("near_conflict: keep", "near_conflict: drop_both")


def test_near_copies_with_two_labels_all_leave_where_that_is_wanted():
    drop_both()
    assert drops_of(
        row("01", PARCEL),
        row("02", PARCEL_TOO, "payment"),
        row("03", PARCEL.upper()),
        row("04", CHARGED),
        row("05", PARCEL_TOO, ""),
    ) == [
        Drop("01", "near_conflict", "02"),
        Drop("02", "near_conflict", "01"),
        Drop("03", "near_conflict", "02"),
    ]
    assert read_rows(DEDUPLICATE)["id"].tolist() == ["04", "05"]
    assert read_json(METRICS)["near_conflict_pairs"] == 0


def test_of_near_copies_with_two_labels_a_frozen_row_stays():
    drop_both()
    rows = [row("01", PARCEL), row("02", PARCEL_TOO, "payment"), row("03", CHARGED)]
    assert drops_of(*rows, frozen=("02",)) == [Drop("01", "near_conflict", "02")]


CHAIN = ["a b c d e f", "b c d e f g", "c d e f g h"]  # each is near the next, first and last not


@pytest.mark.parametrize(
    ("labels", "kept", "pairs", "left"),
    [
        ("xyx", "012", 2, ""),
        ("xxy", "02", 0, "0"),  # the one between goes for the first, and is near the last no more
        ("xyy", "01", 1, "2"),
        ("xyz", "012", 2, ""),
        ("x x", "02", 0, "02"),
    ],
)
def test_chains_of_near_copies_with_two_labels(labels, kept, pairs, left):
    """`left`: of the chain where none of two labels is kept."""
    rows = [row(f"0{at}", text, labels[at].strip()) for at, text in enumerate(CHAIN)]
    rows.append(row("09", CHARGED, "z"))
    one_word = PARAMS.replace("shingle_words: 3", "shingle_words: 1")
    Path("params.yaml").write_text(one_word, encoding="utf-8")
    drops_of(*rows)
    assert read_rows(DEDUPLICATE)["id"].tolist() == [*(f"0{at}" for at in kept), "09"]
    assert read_json(METRICS)["near_conflict_pairs"] == pairs
    both = one_word.replace("near_conflict: keep", "near_conflict: drop_both")
    Path("params.yaml").write_text(both, encoding="utf-8")
    drops_of(*rows)
    assert read_rows(DEDUPLICATE)["id"].tolist() == [*(f"0{at}" for at in left), "09"]


def test_pairs_conflict_where_both_texts_are_near():
    pairs = ["Where is my parcel?", "Where is my parcel, please?", "Who was charged twice?"]
    rows = [row(f"0{at}", PARCEL, "xyz"[at], pair=pair) for at, pair in enumerate(pairs)]
    rows[1]["text_pair"] = pairs[0].lower().strip("?")
    drops_of(*rows)
    assert [(one["id"], one["other_id"]) for one in read_json(METRICS)["near_conflicts"]] == [
        ("00", "01")
    ]


WORDS = ["a b c d e f", "b c d e f g", "c d e f g h", "A B C D E F", "g h i j k", "😀", "😡"]
LABELS = ["", "x", "y", "z", "x|y", "|"]  # none yet, and those of either task
ROWS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(["", "a b c"]), st.sampled_from(LABELS)),
    min_size=1,
    max_size=9,
)


@given(ROWS, st.permutations(range(9)), st.sampled_from(["keep", "drop_both"]), st.integers(0, 2))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_rows_never_matters_and_ids_decide_no_conflict(
    monkeypatch, cells, order, way, frozen
):
    params = DeduplicateParams(
        exact=True, near=True, near_conflict=way, shingle_words=1, min_jaccard=0.7
    )
    rows = [row(f"0{at}", text, label, pair=pair)
            for at, (text, pair, label) in enumerate(cells)]  # fmt: skip
    kept_in_test = {f"0{at}" for at in range(frozen)}
    monkeypatch.setenv("SEEDBED_MEMO", "off")
    drops, conflicts = deduplicate(pd.DataFrame(rows), kept_in_test, params)
    assert deduplicate(pd.DataFrame(rows[::-1]), kept_in_test, params) == (drops, conflicts)
    label = {one["id"]: one["label"] for one in rows}
    gone = {drop.id for drop in drops}
    assert len(gone) == len(drops)
    for drop in drops:
        assert drop.id not in kept_in_test
        if drop.reason.endswith("_conflict"):
            assert "" != label[drop.id] != label[drop.cause] != ""
        else:  # a duplicate goes for a kept row, and never for one with another label
            assert drop.cause not in gone
            assert label[drop.cause] == label[drop.id] or "" in (label[drop.id], label[drop.cause])
    assert gone.isdisjoint({one.id for one in conflicts} | {one.other_id for one in conflicts})
    other_ids = [
        one | {"id": f"0{new}"} for one, new in zip(rows, order, strict=False)
    ]  # which rows are in conflict hangs on their texts and labels alone
    again, _ = deduplicate(
        pd.DataFrame(other_ids), {f"0{order[at]}" for at in range(frozen)}, params
    )
    new_id = {one["id"]: new["id"] for one, new in zip(rows, other_ids, strict=True)}
    in_conflict = [
        {drop.id for drop in found if drop.reason.endswith("_conflict")} for found in (drops, again)
    ]
    assert {new_id[row] for row in in_conflict[0]} == in_conflict[1]


def test_sameness_is_not_transitive_and_every_cause_is_a_kept_row():
    set_params("shingle_words: 3", "shingle_words: 1")
    chain = ["a b c d e f", "b c d e f g", "c d e f g h"]
    rows = [row(f"0{place}", text) for place, text in enumerate(chain)]
    assert drops_of(*rows) == [Drop("01", "near_duplicate", "00")]
    assert read_rows(DEDUPLICATE)["id"].tolist() == ["00", "02"]


def test_short_texts_go_only_for_the_very_same_words():
    rows = [
        row(f"0{at}", text) for at, text in enumerate(["ok", "no", "ok then", "OK!", "👍", "👎"])
    ]
    assert drops_of(*rows) == [Drop("03", "near_duplicate", "00")]


def test_rows_of_a_pair_task_are_the_same_where_both_texts_are():
    assert drops_of(
        row("01", PARCEL, pair="Where is my parcel?"),
        row("02", PARCEL, pair="Who was charged twice?"),
        row("03", PARCEL.lower(), pair="where is my  parcel?"),
        row("04", PARCEL_TOO, pair="Where is my parcel, please?"),
        row("05", PARCEL_TOO, pair="Where is my parcel"),
    ) == [Drop("03", "exact_duplicate", "01"), Drop("05", "near_duplicate", "01")]


@pytest.mark.parametrize(
    ("switch", "reasons"),
    [("exact: true", {"near_duplicate"}), ("near: true", {"exact_duplicate"})],
)
def test_each_rule_has_a_switch(switch, reasons):
    set_params(switch, switch.replace("true", "false"))
    dropped = drops_of(row("01", PARCEL), row("02", PARCEL), row("03", PARCEL_TOO))
    assert {drop.reason for drop in dropped} == reasons


def test_metrics():
    drops_of(row("01", PARCEL), row("02", PARCEL), row("03", PARCEL_TOO), row("04", CHARGED))
    assert read_json(METRICS) == {
        "rows": {
            "read": 4,
            "made": 0,
            "kept": 2,
            "dropped": 2,
            "dropped_by_reason": {"exact_duplicate": 1, "near_duplicate": 1},
        },
        "near_conflict_pairs": 0,
        "near_conflict_rows": 0,
        "near_conflicts": [],
        "frozen_rows": 0,
        "near_pairs_both_frozen": 0,
    }
    assert "parcel" not in METRICS.read_text() + LEDGER.read_text()


def test_kept_rows_are_the_rows_that_were_read():
    drops_of(row("01", PARCEL), row("02", PARCEL), row("03", CHARGED, batch="2026-02-b"))
    read, kept = read_rows(APPLY_DECISIONS), read_rows(DEDUPLICATE)
    pd.testing.assert_frame_equal(kept, read[read["id"] != "02"].reset_index(drop=True))


def outputs() -> dict[str, str]:
    files = [LEDGER, METRICS, *sorted(DEDUPLICATE.iterdir())]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_same_rows_in_any_order_give_the_same_bytes():
    rows = [row("01", PARCEL), row("02", PARCEL), row("03", PARCEL_TOO), row("04", CHARGED)]
    drops_of(*rows)
    first = outputs()
    drops_of(*rows[::-1])
    assert outputs() == first


def test_a_late_batch_never_takes_the_place_of_an_early_row():
    early = [row("05", PARCEL), row("06", CHARGED)]
    drops_of(*early)
    before = set(read_rows(DEDUPLICATE)["id"])
    drops_of(*early, row("01", PARCEL, batch="2026-02-b"), row("02", "new", batch="2026-02-b"))
    assert set(read_rows(DEDUPLICATE)["id"]) == before | {"02"}


def test_without_the_frozen_test_file_nothing_runs():
    write_rows(APPLY_DECISIONS, pd.DataFrame([row("01", PARCEL)]))
    FROZEN.unlink()
    with pytest.raises(RowsError, match=r"frozen_test\.csv: no such file"):
        main()
    assert not DEDUPLICATE.exists()


def test_a_frozen_test_file_with_another_header_is_refused():
    write_rows(APPLY_DECISIONS, pd.DataFrame([row("01", PARCEL)]))
    FROZEN.write_text("row,digest\n01,01\n", encoding="utf-8")
    with pytest.raises(RowsError, match="header row,digest"):
        main()


def test_nothing_left_is_an_error():
    write_rows(APPLY_DECISIONS, pd.DataFrame([row("01", PARCEL, "payment"), row("02", PARCEL)]))
    with pytest.raises(RowsError, match="0 rows are left"):
        main()


def test_a_threshold_out_of_range_is_refused():
    set_params("min_jaccard: 0.7", "min_jaccard: 70")
    write_rows(APPLY_DECISIONS, pd.DataFrame([row("01", PARCEL)]))
    with pytest.raises(ParamsError, match="min_jaccard"):
        main()


def test_a_copy_without_a_label_conflicts_with_none_and_goes_for_one_that_has_a_label():
    early = "2025-01-a"
    given = pd.DataFrame([row("a1", PARCEL, "", early), row("b1", PARCEL), row("c1", CHARGED, ""),
                          row("d1", PARCEL_TOO, "", early)])  # fmt: skip
    drops, _ = deduplicate(given, set(), DeduplicateParams(exact=True, near=True,
                           near_conflict="keep", shingle_words=3, min_jaccard=0.7))  # fmt: skip
    found = {drop.id: (drop.reason, drop.cause) for drop in drops}
    assert found == {"a1": ("exact_duplicate", "b1"), "d1": ("near_duplicate", "b1")}


def test_a_copy_without_a_label_stays_where_two_labels_conflict():
    given = pd.DataFrame([row("a1", CHARGED, "billing"), row("b1", CHARGED, "delivery"),
                          row("c1", CHARGED, ""), row("d1", CHARGED, "")])  # fmt: skip
    drops = exact_drops(by_priority(given.assign(content=contents(given)), set()))
    found = {drop.id: (drop.reason, drop.cause) for drop in drops}
    assert found == {
        "a1": ("label_conflict", "b1"),
        "b1": ("label_conflict", "a1"),
        "d1": ("exact_duplicate", "c1"),
    }
