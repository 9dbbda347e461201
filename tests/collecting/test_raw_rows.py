"""Records as raw rows: every column in its place, every bad row with its reason."""

import json
from typing import Any

import pytest

from seedbed.collecting.collection import parse_source
from seedbed.collecting.contract import contract_rows
from seedbed.collecting.label_cells import label_cells
from seedbed.collecting.raw_rows import RawRow, doubtful_dates, raw_rows
from seedbed.collecting.source import Source, SourceTable
from seedbed.collecting.tables import Record, Table
from seedbed.core.errors import ParamsError, SourceError
from seedbed.tasks import Task, load

CLASS = load("class")
GOOD = {"text": "good film", "label": "pos"}


def source(**fields) -> Source:
    entry = {"name": "films", "kind": "file", "path": "a.csv", "batch": "2026-11", "licence": "x"}
    return parse_source(entry | fields)


def shape(
    entry: Source, *cells: dict, labels: tuple = (), max_chars: int = 100, task: Task = CLASS
) -> list[RawRow]:
    columns = list(dict.fromkeys(name for row in cells for name in row))
    records = [Record(line, row) for line, row in enumerate(cells, 2)]
    table = SourceTable("a.csv", "ab" * 32, Table(columns, records))
    return list(raw_rows(label_cells(entry, table, task), table, labels, max_chars))


def reason(entry: Source, cells: dict[str, Any], labels: tuple = ()) -> str:
    return shape(entry, cells, labels=labels)[0].reason


def test_every_column_in_its_place() -> None:
    columns = {
        "text": "body",
        "text_pair": "answer",
        "label": "class",
        "id": "key",
        "date": "when",
        "group": "author",
        "split": "side",
        "meta": ["stars"],
    }
    cells = {
        "body": " None ",
        "answer": "NA",
        "class": " pos ",
        "key": 7,
        "when": "2026-11-03T10:00:00Z",
        "author": "ann@example.org",
        "side": "dev",
        "stars": 4.0,
        "unnamed": "not kept",
    }
    [row] = shape(source(columns=columns), cells)
    assert row == RawRow(
        source="films",
        batch="2026-11",
        file="a.csv",
        line=2,
        sha256="ab" * 32,
        text=" None ",
        text_pair="NA",
        label="pos",
        key="7",
        date="2026-11-03",
        group="ann@example.org",
        split="validation",
        meta={"stars": "4"},
    )
    [provenance] = contract_rows([row], [source(licence="CC0")], b"key", CLASS)["provenance"]
    assert json.loads(provenance) == {
        "file": "a.csv",
        "licence": "CC0",
        "line": 2,
        "sha256": "ab" * 32,
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (GOOD, ""),
        ({"text": "", "label": "pos"}, "missing_text"),
        ({"text": " \n", "label": "pos"}, "missing_text"),
        ({"text": None, "label": "pos"}, "missing_text"),
        ({"text": "good", "label": float("nan")}, "missing_label"),
        ({"text": "good", "label": " "}, "missing_label"),
        ({"text": ["good"], "label": "pos"}, "not_text"),
        ({"text": b"good", "label": "pos"}, "not_text"),
        ({"text": "x" * 101, "label": "pos"}, "too_large"),
        ({"text": "half \ud83d", "label": "pos"}, "lone_surrogate"),
        ({"text": "good", "label": "p\x00os"}, "label_is_no_name"),
        ({"text": "good", "label": "a whole text in the label " * 4}, "label_is_no_name"),
        ({"text": "nul \x00 stays", "label": "pos"}, ""),
        ({"text": "👍", "label": "pos"}, ""),
    ],
)
def test_reasons(cells: dict[str, Any], expected: str) -> None:
    assert reason(source(), cells) == expected


def test_reasons_of_optional_columns() -> None:
    def one(columns: dict, **cells) -> str:
        return reason(source(columns=columns), GOOD | cells)

    assert one({"text_pair": "reply"}, reply="") == "missing_text_pair"
    assert one({"id": "key"}, key=None) == "missing_id"
    assert one({"date": "when"}, when="last week") == "bad_date"
    assert one({"split": "side"}, side="exam") == "unknown_split"
    assert one({"group": "author"}, author="") == ""


def test_label_map_renames_merges_and_drops() -> None:
    entry = source(label_map={"pos": "good", "very pos": "good", "neutral": None})
    rows = shape(
        entry, *({"text": "t", "label": label} for label in ("pos", "very pos", "neutral", "neg"))
    )
    assert [(row.label, row.reason) for row in rows] == [
        ("good", ""),
        ("good", ""),
        ("neutral", "label_dropped"),
        ("neg", ""),
    ]
    assert reason(source(label_map={"pos": ""}), GOOD) == "missing_label"


def test_label_outside_the_known_ones() -> None:
    assert reason(source(), {"text": "t", "label": "Pos"}, ("pos", "neg")) == "unknown_label"
    assert reason(source(label_map={"Pos": "pos"}), {"text": "t", "label": "Pos"}, ("pos",)) == ""


def test_one_label_no_label_and_one_side_for_all() -> None:
    assert shape(source(label="other"), {"text": "t"})[0].label == "other"
    assert shape(source(unlabelled=True), {"text": "t"})[0].label == ""
    assert shape(source(split="test"), GOOD)[0].split == "test"


def test_label_written_in_two_unicode_forms_is_one_class() -> None:
    rows = shape(source(), {"text": "t", "label": "Cafe\u0301"}, {"text": "t", "label": "Café"})
    assert rows[0].label == rows[1].label == "Café"


def test_dates() -> None:
    dated = source(date="2020-01-01", date_format="%d.%m.%Y", columns={"date": "when"})
    rows = shape(dated, GOOD | {"when": "03.11.2026"}, GOOD | {"when": ""})
    assert [row.date for row in rows] == ["2026-11-03", "2020-01-01"]


def test_a_cell_of_a_guessed_date_column_never_refuses_its_row() -> None:
    cells = [GOOD | {"created": cell} for cell in ("01/May/24 3:10 PM", "soon", "")]
    guessed = source(date="2020-01-01", date_guessed=True, columns={"date": "created"})
    assert [(row.date, row.reason) for row in shape(guessed, *cells)] == [
        ("2024-05-01", ""), ("2020-01-01", ""), ("2020-01-01", ""),
    ]  # fmt: skip
    named = source(columns={"date": "created"})
    assert [row.reason for row in shape(named, *cells)] == ["", "bad_date", ""]


def test_days_that_cannot_be_are_counted_by_the_day_of_the_batch() -> None:
    entry = source(batch="2026-11-03-films", columns={"date": "when"})
    days = ["1969-12-31", "1970-01-01", "2026-11-04", "2026-11-05", ""]
    rows = shape(entry, *(GOOD | {"when": day} for day in days))
    assert [row.reason for row in rows] == [""] * 5
    assert doubtful_dates(rows) == 2


def test_milliseconds_are_no_day_of_1612() -> None:
    row = {"created": 1612011210000}
    entry = source(columns={"date": "created"})
    assert reason(entry, GOOD | row) == "bad_date"
    entry = source(columns={"date": "created"}, date_format="epoch")
    assert shape(entry, GOOD | row)[0].date == "2021-01-30"


def test_a_date_format_that_names_no_day_is_refused_with_the_forms() -> None:
    with pytest.raises(ParamsError, match="`DD.MM.YYYY` .*day_first, month_first.*strptime"):
        source(date_format="DD.MM.YYYY")


def test_missing_column_names_those_there_are() -> None:
    with pytest.raises(SourceError, match="no column `text`; there are `body`, `label`"):
        shape(source(), {"body": "t", "label": "pos"})


def test_wrong_separator_is_named() -> None:
    with pytest.raises(SourceError, match="there are `text;label` .*`--separator`"):
        shape(source(), {"text;label": "t;pos"})


def test_missing_header_shows_no_text() -> None:
    with pytest.raises(SourceError) as error:
        shape(source(), {"Write to ann@example.org": "t", "pos": "pos"})
    assert "there are one of 24 characters, `pos`" in str(error.value)


def test_column_that_stands_twice() -> None:
    table = SourceTable("a.csv", "", Table(["text", "text", "label"], [Record(2, GOOD)]))
    with pytest.raises(SourceError, match="2 columns `text`"):
        list(raw_rows(label_cells(source(), table, CLASS), table, (), 100))


def test_file_without_rows() -> None:
    with pytest.raises(SourceError, match="0 rows"):
        shape(source())


def test_unreadable_records_keep_their_reason() -> None:
    table = SourceTable("a.jsonl", "", Table([], [Record(1, {}, "bad_json")]))
    [row] = raw_rows(label_cells(source(), table, CLASS), table, (), 100)
    assert (row.file, row.line, row.reason) == ("a.jsonl", 1, "bad_json")
