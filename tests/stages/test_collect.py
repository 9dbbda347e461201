"""The stage collect: rows in, one schema out, and every row accounted for."""

import json
import shutil
import stat
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from ruamel.yaml import YAML

from seedbed.collecting.raw_rows import RawRow, identified
from seedbed.core.errors import LedgerError, SeedbedError, SourceError
from seedbed.core.files import PUBLIC_KEY, fingerprint_of
from seedbed.core.metrics import Drop, read_ledger
from seedbed.core.rows import read_rows
from stages import collect

OUTPUTS = ("data/collect", "data/quarantine.csv", "data/ledger", "reports/metrics")
FILMS = "text,label,author\na good film,pos,Ann\na bad film,neg,Ann\nNone,neg,Bob\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_PII_KEY", raising=False)
    Path("films.csv").write_text(FILMS)
    Path("data").mkdir()
    Path("data/tombstones.csv").write_text("id,digest\n")


def params(*sources: dict, **fields) -> None:
    entry = {
        "name": "films",
        "kind": "file",
        "path": "films.csv",
        "batch": "2026-11",
        "licence": "x",
    }
    section = {"labels": [], "max_row_chars": 1000, "max_quarantine_share": 0.5, "max_classes": 10}
    content = {
        "task": {"kind": "class"},
        "sources": [entry | source for source in sources or ({},)],
        "collect": section | fields,
        "anonymize": {"key_fingerprint": fingerprint_of(PUBLIC_KEY)},
    }
    with Path("params.yaml").open("w") as file:
        YAML().dump(content, file)


def collected(*sources: dict, **fields) -> pd.DataFrame:
    params(*sources, **fields)
    collect.main()
    return read_rows(Path("data/collect"))


def metrics() -> dict:
    return json.loads(Path("reports/metrics/collect.json").read_text())


def quarantine() -> list[str]:
    return Path("data/quarantine.csv").read_text().splitlines()[1:]


def fails(message: str, *sources: dict, **fields) -> str:
    params(*sources, **fields)
    with pytest.raises(SourceError, match=message) as error:
        collect.main()
    assert not any(Path(path).exists() for path in OUTPUTS)
    return str(error.value)


def outputs() -> dict[str, bytes]:
    files = [file for path in OUTPUTS for file in [Path(path), *Path(path).rglob("*")]]
    return {file.as_posix(): file.read_bytes() for file in files if file.is_file()}


def test_rows_of_the_contract() -> None:
    rows = collected({"columns": {"group": "author", "meta": ["author"]}, "date": "2026-11-03"})
    found = rows.set_index("text")
    assert dict(found["label"]) == {"a good film": "pos", "a bad film": "neg", "None": "neg"}
    assert set(rows["origin"]) == {"original"}
    assert set(rows["date"]) == {"2026-11-03"}
    assert found.loc["a good film", "meta"] == '{"author":"Ann"}'
    assert json.loads(found.loc["None", "provenance"])["line"] == 4
    assert found.loc["a good film", "group"] == found.loc["a bad film", "group"]
    assert found.loc["None", "group"] not in ("", found.loc["a good film", "group"])
    assert metrics()["rows"] == {
        "read": 3,
        "made": 0,
        "kept": 3,
        "dropped": 0,
        "dropped_by_reason": {},
        "quarantined": 0,
        "quarantined_by_reason": {},
    }
    assert metrics()["by_class"] == {"neg": 2, "pos": 1}


def test_the_same_input_gives_the_same_bytes_in_any_order_of_sources() -> None:
    Path("mails.csv").write_text("text,label\nhello,pos\na good film,pos\n")
    mails = {"name": "mails", "path": "mails.csv"}
    collected({}, mails)
    first = outputs()
    collected(mails, {})
    assert outputs() == first


def test_every_row_has_a_fate() -> None:
    Path("films.csv").write_text(
        "text,label\ngood,pos\nbad,neg\nmeh,neutral\n,pos\nlost,\na,b,c\nfine,other\n"
    )
    rows = collected(
        {"label_map": {"neutral": None}}, labels=["pos", "neg"], max_quarantine_share=1
    )
    assert sorted(rows["text"]) == ["bad", "good"]
    assert quarantine() == [
        "films,films.csv,5,missing_text",
        "films,films.csv,6,missing_label",
        "films,films.csv,7,wrong_column_count",
        "films,films.csv,8,unknown_label",
    ]
    counts = metrics()["rows"]
    assert (counts["read"], counts["kept"], counts["dropped"], counts["quarantined"]) == (
        7,
        2,
        1,
        4,
    )
    [drop] = read_ledger(Path("data/ledger/collect.csv"))
    assert (drop.reason, drop.id in set(rows["id"])) == ("label_dropped", False)


LAB = "text,label\nalpha,1.0\nbeta,5.0\ngamma,1.0\ndelta,5.0\nepsilon,012\nzeta,012\n"


def test_a_label_map_matches_labels_as_they_are_written() -> None:
    Path("films.csv").write_text(LAB)
    names = {"1.0": "bad", "5.0": "good", "012": "twelve"}
    assert sorted(collected({"label_map": names})["label"].unique()) == ["bad", "good", "twelve"]
    assert "unused" not in metrics()


def test_entries_of_a_label_map_and_labels_that_no_row_has_are_named() -> None:
    Path("films.csv").write_text(LAB)
    params(
        {"label_map": {"1.0": "bad", "5.O": "good", "12": "x", "cafe\u0301": "y"}},
        labels=["bad", "5.0", "012", "goood"],
    )
    line = collect.main()
    assert metrics()["unused"] == {
        "sources: films: label_map": {"5.O": "5.0", "12": "012", "café": ""},
        "collect.labels": {"goood": ""},
    }
    assert "matches nothing: sources: films: label_map: 5.O (near 5.0), 12 (near 012), café" in line
    assert line.endswith("collect.labels: goood")


def test_an_entry_that_a_row_in_quarantine_or_dropped_has_is_used() -> None:
    Path("films.csv").write_text("text,label\na,pos\nb,neg\nc,other\n,empty\n")
    collected({"label_map": {"other": None, "empty": "pos"}})
    assert "unused" not in metrics()


def test_a_label_map_that_goes_on_over_batches_counts_once() -> None:
    Path("old.csv").write_text("text,label\na,old\nb,neg\n")
    names = {"old": "pos", "gone": "neg"}
    collected(
        {"path": "old.csv", "batch": "2026-10", "label_map": names}, {"label_map": names},
    )  # fmt: skip
    assert metrics()["unused"] == {"sources: films: label_map": {"gone": ""}}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"date_format": "%d.%m.%Y"}, "date_format"),
        ({"label": "pos", "columns": {"label": "label"}}, "columns.label"),
        ({"columns": {"split": "author"}, "split": "train"}, "columns.split"),
    ],
)
def test_a_key_that_another_makes_idle_is_named(fields, key) -> None:
    Path("more.csv").write_text("text,label\nmore,neg\n")
    collected(fields, {"name": "more", "path": "more.csv"})
    assert metrics()["unused"] == {"sources: films": {key: ""}}


SPELLINGS = ["Pos", "pos", "pos", "ＰＯＳ", "neg", "NEG.", "other"]
FORMS = "text,label\n" + "".join(f"t{n},{label}\n" for n, label in enumerate(SPELLINGS))


def test_labels_that_differ_in_form_alone_are_told_and_stay_apart() -> None:
    Path("films.csv").write_text(FORMS)
    params()
    line = collect.main()
    assert metrics()["alike"] == {"Pos": "pos", "ＰＯＳ": "pos", "NEG.": "neg"}
    assert len(metrics()["by_class"]) == 6
    assert "differ in form alone (collect.join_labels makes one of them): Pos = pos; " in line


def test_a_param_joins_them_to_the_most_frequent_or_listed_one() -> None:
    Path("films.csv").write_text(FORMS)
    rows = collected(join_labels=True)
    assert rows["label"].value_counts().to_dict() == {"pos": 4, "neg": 2, "other": 1}
    assert metrics()["joined"] == {"Pos": "pos", "ＰＯＳ": "pos", "NEG.": "neg"}
    assert "alike" not in metrics()
    first = outputs()
    collected(join_labels=True)
    assert outputs() == first
    rows = collected(join_labels=True, labels=["Pos", "NEG."])
    assert rows["label"].value_counts().to_dict() == {"Pos": 4, "NEG.": 2}
    assert quarantine() == ["films,films.csv,8,unknown_label"]


def test_rows_that_do_not_add_up_are_refused(monkeypatch) -> None:
    Path("films.csv").write_text("text,label\ngood,pos\nbad,neg\nmeh,neutral\n")
    monkeypatch.setattr(
        collect.collection, "drops_of", lambda rows, key: [Drop("2", "label_dropped")]
    )
    with pytest.raises(LedgerError, match=r"stage collect: rows without a fate such as \w+: 1"):
        collected({"label_map": {"neutral": None}})


def test_nothing_private_leaves_the_private_zone() -> None:
    Path("films.csv").write_text(
        "key,author,text,label\nk-ann,Ann Lee,good by Ann Lee,pos\n"
        "k-bob,Bob,bad,neg\nk-eve,Eve,,neg\n"
    )
    collected({"columns": {"id": "key", "group": "author"}})
    for path, content in outputs().items():
        if not path.startswith("data/collect/"):
            assert not any(word in content for word in (b"Ann", b"Bob", b"k-", b"good"))
    table = read_rows(Path("data/collect")).drop(columns="text").to_string()
    assert not any(word in table for word in ("Ann", "Bob", "k-"))


def test_rows_folder_is_for_its_owner_alone() -> None:
    collected()
    for path in (Path("data/collect"), *Path("data/collect").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_keyed_row_keeps_its_id_when_text_and_label_change() -> None:
    columns = {"columns": {"id": "key"}}
    Path("films.csv").write_text("key,text,label\n1,good,pos\n2,bad,neg\n")
    before = collected(columns).set_index("text")
    Path("films.csv").write_text("key,text,label\n2,bad,pos\n1,very good,neg\n")
    after = collected(columns).set_index("text")
    assert before.loc["good", "id"] == after.loc["very good", "id"]
    assert before.loc["good", "digest"] != after.loc["very good", "digest"]
    assert before.loc["bad", ["id", "digest"]].equals(after.loc["bad", ["id", "digest"]])


def test_a_row_without_key_is_named_by_its_text_wherever_it_stands() -> None:
    before = collected()
    Path("films.csv").write_text(
        "text,label\n"
        + "\n".join(FILMS.replace(",Ann", "").replace(",Bob", "").splitlines()[:0:-1])
    )
    after = collected({"name": "renamed"})
    assert list(before["id"]) == list(after["id"])


def test_a_later_batch_changes_no_id() -> None:
    before = set(collected()["id"])
    Path("later.csv").write_text(FILMS + "new,pos,Eve\n")
    rows = collected({}, {"name": "a-later-one", "path": "later.csv", "batch": "2026-12"})
    assert set(rows.loc[rows["batch"] == "2026-11", "id"]) == before
    assert len(rows) == 7
    assert sorted(path.name for path in Path("data/collect").iterdir()) == [
        "2026-11.parquet",
        "2026-12.parquet",
    ]


def test_mending_a_label_changes_no_other_id() -> None:
    content = "text,label\nsame,\nsame,pos\nsame,neg\nother,neg\n"
    Path("films.csv").write_text(content)
    before = collected()
    Path("films.csv").write_text(content.replace("same,\n", "same,neg\n"))
    after = collected()
    assert set(before["id"]) < set(after["id"])


def raw(text: str, key: str = "", reason: str = "") -> RawRow:
    return RawRow("films", "2026-11", "a.csv", 2, "", text=text, key=key, reason=reason)


@given(st.lists(st.sampled_from(["a", "b", "c"])), st.lists(st.sampled_from(["a", "b", "c"])))
def test_rows_that_come_later_change_no_id(early: list[str], late: list[str]) -> None:
    first = [row.id for row in identified([raw(text) for text in early], b"k")]
    both = [row.id for row in identified([raw(text) for text in early + late], b"k")]
    assert both[: len(early)] == first
    assert len(set(both)) == len(both)


def test_same_id_twice_in_one_source_names_both_lines_and_not_the_id() -> None:
    Path("films.csv").write_text("key,text,label\nann@x,good,pos\nbob@x,bad,neg\nann@x,meh,neg\n")
    message = fails("films.csv:4: this row has the id of films.csv:2", {"columns": {"id": "key"}})
    assert "ann@x" not in message


def test_same_id_in_two_sources_is_two_rows() -> None:
    Path("films.csv").write_text("key,text,label\n1,good,pos\n2,bad,neg\n")
    columns = {"id": "key"}
    assert len(collected({"columns": columns}, {"name": "again", "columns": columns})) == 4


def test_too_many_bad_rows_show_the_first_ten() -> None:
    Path("films.csv").write_text("text,label\n" + "good,pos\nbad,neg\n" * 10 + ",pos\n" * 12)
    message = fails("12 of 32 rows cannot be used", max_quarantine_share=0.1)
    lines = [line.strip() for line in message.splitlines() if "missing_text" in line]
    assert lines == [f"films.csv:{line} missing_text" for line in range(22, 32)]
    assert "10.00%" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "0 rows"),
        ("text,label\n", "0 rows"),
        ("body,label\na,pos\n", "no column `text`; there are `body`, `label`"),
        ("text,label\na,pos\nb,pos\n", "1 class, `pos`"),
        ("text,label\n" + "".join(f"t{n},class {n}\n" for n in range(11)), "11 classes"),
    ],
)
def test_sources_that_cannot_be_used(content: str, message: str) -> None:
    Path("films.csv").write_text(content)
    fails(message)


def test_a_source_without_a_usable_row() -> None:
    Path("mails.csv").write_text("text,label\nhello,old\n")
    mails = {"name": "mails", "path": "mails.csv", "label_map": {"old": None}}
    fails("mails: no usable row", {}, mails)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "none.csv"}, "no such file"),
        ({"kind": "package", "package": "nobody_has_this", "version": "1"}, "is not installed"),
        ({"kind": "folder", "path": "none"}, "no such folder"),
    ],
)
def test_sources_that_are_not_there(source: dict, message: str) -> None:
    fails(message, source)


GOOD = "text,label\ngood,pos\nbad,neg\n"
DAMAGED: dict[str, tuple[bytes, list[str]]] = {
    "BOM": (b"\xef\xbb\xbf" + GOOD.encode(), []),
    "UTF-16": (GOOD.encode("utf-16"), []),
    "NUL": (GOOD.replace("good", "go\0od").encode(), []),
    "10 MB": ((GOOD + "x" * 10_000_000 + ",pos\n").encode(), ["films,films.csv,4,too_large"]),
    "wide": ((GOOD + "x," * 100_000 + "\n").encode(), ["films,films.csv,4,wrong_column_count"]),
    "quote": (
        GOOD.replace("good", '"good').encode() + b'"fine",pos\n',
        ["films,films.csv,2,bad_quotes"],
    ),
    "no label": ((GOOD + "lost,\n").encode(), ["films,films.csv,4,missing_label"]),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_costs_no_other_row(damage: str) -> None:
    content, expected = DAMAGED[damage]
    Path("films.csv").write_bytes(content)
    rows = collected()
    assert quarantine() == expected
    counts = metrics()["rows"]
    assert counts["read"] == counts["kept"] + counts["quarantined"]
    assert "bad" in set(rows["text"])
    assert len(rows) == 2


def test_nan_labels_of_json_lines() -> None:
    Path("films.jsonl").write_text(
        '{"text": "NaN", "label": "pos"}\n{"text": "null", "label": "neg"}\n'
        '{"text": "lost", "label": NaN}\n{"text": "lost", "label": null}\n'
    )
    rows = collected({"path": "films.jsonl"})
    assert sorted(rows["text"]) == ["NaN", "null"]
    assert [line.split(",")[2:] for line in quarantine()] == [
        ["3", "missing_label"],
        ["4", "missing_label"],
    ]


def test_negative_unlabelled_and_given_sides() -> None:
    other = {"name": "other", "label": "out_of_scope", "negative": True, "split": "test"}
    plain = {"name": "plain", "unlabelled": True}
    rows = collected({}, other, plain)
    by_source = rows.groupby("source")
    assert set(by_source.get_group("other")["origin"]) == {"negative"}
    assert set(by_source.get_group("other")["meta"]) == {'{"negative":"general"}'}
    assert set(by_source.get_group("other")["label"]) == {"out_of_scope"}
    assert set(by_source.get_group("other")["split"]) == {"test"}
    assert set(by_source.get_group("plain")["label"]) == {""}
    assert metrics()["by_class"]["(unlabelled)"] == 3


def test_another_key_is_refused_and_gives_other_ids(monkeypatch) -> None:
    before = set(collected()["id"])
    monkeypatch.setenv("SEEDBED_PII_KEY", "a secret")
    with pytest.raises(SeedbedError):
        collect.main()
    content = Path("params.yaml").read_text()
    Path("params.yaml").write_text(
        content.replace(fingerprint_of(PUBLIC_KEY), fingerprint_of(b"a secret"))
    )
    collect.main()
    assert before.isdisjoint(read_rows(Path("data/collect"))["id"])


def test_a_path_that_dvc_does_not_know() -> None:
    Path("dvc.yaml").write_text("stages:\n  collect:\n    cmd: x\n")
    fails("add under `deps:`\n      - films.csv")


def test_an_error_leaves_the_last_output_whole() -> None:
    collected()
    before = outputs()
    Path("films.csv").write_text("text,label\n")
    with pytest.raises(SourceError):
        collect.main()
    assert outputs() == before


def test_a_personal_label_stops_the_run_until_it_is_said_to_be_nobodys():
    Path("films.csv").write_text("text,label\na,ann.lee@corp.com\nb,pos\n")
    assert "ann.lee@corp.com" not in fails("looks like a email")
    rows = collected(not_personal=["ann.lee@corp.com"])
    assert sorted(rows["label"]) == ["ann.lee@corp.com", "pos"]


def test_no_output_holds_the_sequences_of_a_file_name(capsys):
    name = "in\x1b]0;owned\x07\x1b[31m.csv"
    Path(name).write_text("text,label\na,pos\nb,neg\nc,\n")
    rows = collected({"path": "in*.csv"})
    assert "\\x1b]0;owned\\x07" in rows["provenance"][0].replace("\\\\", "\\")
    assert quarantine() == ["films,in\\x1b]0;owned\\x07\\x1b[31m.csv,4,missing_label"]
    for path in OUTPUTS:
        shutil.rmtree(path, ignore_errors=True)
        Path(path).unlink(missing_ok=True)
    message = fails("1 of 3 rows cannot be used", {"path": "in*.csv"}, max_quarantine_share=0.0)
    assert "\\x1b]0;owned" in message
    assert "\x1b" not in message
