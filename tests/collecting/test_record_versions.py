"""Batches of one source: the newest version of a record counts, under the record's id."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from ruamel.yaml import YAML

from seedbed.collecting.raw_rows import RawRow, identified, record_id, with_versions
from seedbed.core.files import PUBLIC_KEY, fingerprint_of
from seedbed.core.metrics import read_ledger
from seedbed.core.reasons import Reason
from seedbed.core.rows import read_rows
from stages import collect

KEY = b"k"
FIRST = "key,text,label\n1,the parcel never came,post\n2,my card is blocked,bank\n"
LATER = (
    "key,text,label\n1,the parcel never came,bank\n2,my card is blocked,bank\n3,a new card,bank\n"
)


def row(batch: str, key: str, text: str, reason: str = "", label: str = "post") -> RawRow:
    return RawRow("letters", batch, "a.csv", 2, "", text, "", label, key, reason=reason)


def test_a_record_that_comes_again_changes_nothing_and_one_that_changed_takes_its_place():
    rows = [row("2026-01", "1", "lost"), row("2026-02", "1", "lost"), row("2026-03", "1", "found")]
    assert [one.reason for one in with_versions(rows[:2])] == ["", Reason.CAME_AGAIN]
    assert [one.reason for one in with_versions(rows)] == [Reason.SUPERSEDED, Reason.CAME_AGAIN, ""]


def test_a_row_in_quarantine_is_no_version():
    rows = [row("2026-01", "1", "lost"), row("2026-02", "1", "", "missing_text")]
    assert [one.reason for one in with_versions(rows)] == ["", "missing_text"]


def test_a_label_that_the_map_drops_takes_the_place_of_one_that_it_keeps():
    rows = [row("2026-01", "1", "lost"), row("2026-02", "1", "lost", "label_dropped", "spam")]
    assert [one.reason for one in with_versions(rows)] == [Reason.SUPERSEDED, "label_dropped"]


def test_another_source_and_rows_without_a_key_are_other_records():
    rows = [row("2026-01", "1", "lost"), row("2026-02", "1", "found")._replace(source="calls")]
    assert [one.reason for one in with_versions(rows)] == ["", ""]
    rows = [row("2026-01", "", "lost"), row("2026-02", "", "lost")]
    assert [one.reason for one in with_versions(rows)] == ["", ""]


@given(st.lists(st.lists(st.sampled_from(["lost", "found"]), max_size=3), max_size=4))
def test_one_version_of_a_record_counts_and_no_id_stands_twice(batches):
    rows = [
        row(f"2026-0{month}", str(key), text)
        for month, texts in enumerate(batches, 1)
        for key, text in enumerate(texts)
    ]
    marked = with_versions(rows)
    ids = [one.id for one in identified(marked, KEY)]
    assert len(set(ids)) == len(ids)
    counted = [one for one in marked if not one.reason]
    assert len(counted) == len({one.key for one in rows})
    for one in counted:
        newest = [other for other in rows if other.key == one.key][-1]
        assert one.text == newest.text
        assert record_id(one, KEY) in ids


@pytest.fixture
def two_batches(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    Path("data").mkdir()
    Path("data/tombstones.csv").write_text("id,digest\n")
    Path("first.csv").write_text(FIRST)
    Path("later.csv").write_text(LATER)

    def collected(*names: str):
        entry = {"name": "letters", "kind": "file", "licence": "x", "columns": {"id": "key"}}
        sources = [
            entry | {"path": f"{name}.csv", "batch": batch}
            for name, batch in (("first", "2026-01"), ("later", "2026-02"))
            if name in names
        ]
        content = {
            "task": {"kind": "class"},
            "sources": sources,
            "collect": {"labels": [], "max_row_chars": 1000, "max_quarantine_share": 0.5,
                        "max_classes": 10},
            "anonymize": {"key_fingerprint": fingerprint_of(PUBLIC_KEY)},
        }  # fmt: skip
        with Path("params.yaml").open("w") as file:
            YAML().dump(content, file)
        collect.main()
        return read_rows(Path("data/collect")).set_index("id")

    return collected


def test_collect_takes_a_second_batch_under_the_same_name(two_batches):
    before = two_batches("first")
    after = two_batches("first", "later")
    assert set(before.index) < set(after.index)  # ids stand, the new record has one of its own
    corrected = record_id(row("", "1", ""), PUBLIC_KEY)
    again = record_id(row("", "2", ""), PUBLIC_KEY)
    assert (before.label[corrected], after.label[corrected]) == ("post", "bank")
    assert after.batch[corrected] == "2026-02"
    assert after.batch[again] == "2026-01"  # nothing new about it: the first version stays
    reasons = {(drop.reason, drop.cause) for drop in read_ledger(Path("data/ledger/collect.csv"))}
    assert reasons == {(Reason.SUPERSEDED, corrected), (Reason.CAME_AGAIN, again)}


def test_a_batch_whose_records_were_all_sent_anew_is_no_error(two_batches):
    Path("later.csv").write_text("key,text,label\n1,the parcel came,post\n2,my card works,bank\n")
    after = two_batches("first", "later")
    assert set(after.batch) == {"2026-02"}
