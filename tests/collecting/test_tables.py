"""Reading tables: what each cell is, and that a bad row costs no other row."""

import csv
import datetime
import decimal
import io
import json

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from seedbed.collecting.table_forms import TableForm
from seedbed.collecting.tables import Record, as_text, csv_records, read_table
from seedbed.collecting.text_files import File
from seedbed.core.errors import SourceError


def read(name: str, content: str | bytes, **form):
    data = content.encode() if isinstance(content, str) else content
    return read_table(File(name, "", data), name, ["text", "label"], TableForm(**form))


def rows(name: str, content: str | bytes, **form) -> list[tuple[int, dict, str]]:
    return [tuple(record) for record in read(name, content, **form).records]


def test_csv_cells_stay_what_they_are() -> None:
    found = rows("a.csv", 'text,label\nNone,NA\n"null, ""nan""",\n007,1e5\n')
    assert found == [
        (2, {"text": "None", "label": "NA"}, ""),
        (3, {"text": 'null, "nan"', "label": ""}, ""),
        (4, {"text": "007", "label": "1e5"}, ""),
    ]


def test_line_is_where_a_row_begins() -> None:
    found = rows("a.csv", 'text,label\r\n"two\r\nlines",a\r\n\r\nlast,b')
    assert [(line, cells["text"]) for line, cells, _ in found] == [(2, "two\r\nlines"), (5, "last")]


def test_tsv_semicolons_quotes_and_escapes() -> None:
    assert rows("a.tsv", "text\tlabel\na, b\tx\n")[0][1] == {"text": "a, b", "label": "x"}
    assert rows("a.csv", "text;label\na, b;x\n", separator=";")[0][1]["text"] == "a, b"
    assert rows("a.tsv", 'text\tlabel\n"so he said\tx\n', quote="")[0][1]["text"] == '"so he said'
    escaped = 'text,label\n"she said \\"no\\"",x\n'
    assert rows("a.csv", escaped, escape="\\")[0][1]["text"] == 'she said "no"'


def test_csv_without_header() -> None:
    assert rows("a.csv", "ham,hello\n", header=False) == [(1, {"1": "ham", "2": "hello"}, "")]


def test_wrong_column_count() -> None:
    found = rows("a.csv", "text,label\na,b,c\nlonely\ngood,pos\n")
    assert [(line, reason) for line, _, reason in found] == [
        (2, "wrong_column_count"),
        (3, "wrong_column_count"),
        (4, ""),
    ]


def test_a_line_of_100_000_columns() -> None:
    found = rows("a.csv", "text,label\n" + "x," * 99_999 + "x\ngood,pos\n")
    assert [(line, reason) for line, _, reason in found] == [(2, "wrong_column_count"), (3, "")]


def test_a_cell_of_10_megabytes_is_read() -> None:
    found = rows("a.csv", f'text,label\n"{"long " * 2_000_000}",pos\ngood,pos\n')
    assert [len(cells["text"]) for _, cells, _ in found] == [10_000_000, 4]


def test_unclosed_quote_costs_its_own_line_only() -> None:
    content = 'text,label\n"a good film,pos\nplain,neg\n"a, quoted",pos\nlast,neg\n'
    assert rows("a.csv", content) == [
        (2, {"text": '"a good film', "label": "pos"}, "bad_quotes"),
        (3, {"text": "plain", "label": "neg"}, ""),
        (4, {"text": "a, quoted", "label": "pos"}, ""),
        (5, {"text": "last", "label": "neg"}, ""),
    ]


def test_a_line_of_another_number_of_cells_keeps_what_it_holds() -> None:
    assert rows("a.csv", "text,label\none,two,three\nshort\n") == [
        (2, {"text": "one", "label": "two,three"}, "wrong_column_count"),
        (3, {"text": "short", "label": ""}, "wrong_column_count"),
    ]


def test_unclosed_quote_in_a_file_without_any_other() -> None:
    content = 'text,label\n"open,pos\n' + "plain,neg\n" * 20_000
    found = rows("a.csv", content)
    assert (found[0][2], len(found), {row[2] for row in found[1:]}) == ("bad_quotes", 20_001, {""})


CELL = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\r\n\t"), min_size=1
)


@given(st.lists(st.tuples(CELL, CELL), min_size=1))
def test_what_csv_writes_is_read_back(cells: list[tuple[str, str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *cells])
    content = b"\xef\xbb\xbf" + buffer.getvalue().encode()
    assert [tuple(row[1].values()) for row in rows("a.csv", content)] == cells


@given(st.text(alphabet='ab",\n\r\x00', max_size=40))
def test_no_csv_stops_the_reading(content: str) -> None:
    lines = [line for line, _, _ in rows("a.csv", "text,label\n" + content)]
    assert lines == sorted(set(lines))


def test_csv_is_read_row_by_row() -> None:
    lines = iter(["text\n", "a\n", '"b\n', 'c"\n', "d\n"])
    columns, records = csv_records(lines, TableForm(separator=","))
    assert columns == ["text"]
    assert next(records).cells == {"text": "a"}
    assert next(records).cells == {"text": "b\nc"}
    assert list(lines) == ["d\n"]  # not yet read


def test_json_lines() -> None:
    content = (
        '{"text": "one\u2028still one", "label": null}\n\n{"text": "cut off\n[1, 2]\n'
        '{"text": "last", "label": NaN, "other": 1}\n'
    )
    table = read("a.jsonl", content)
    assert [(record.line, record.reason) for record in table.records] == [
        (1, ""),
        (3, "bad_json"),
        (4, "not_an_object"),
        (5, ""),
    ]
    assert table.records[0].cells["text"] == "one\u2028still one"
    assert table.columns == ["text", "label", "other"]


def test_deeply_nested_json_is_one_bad_row() -> None:
    found = rows("a.jsonl", "[" * 200_000 + "\n" + '{"text": "good"}\n')
    assert [reason for _, _, reason in found] == ["bad_json", ""]


def test_json_list() -> None:
    content = json.dumps([{"text": "a"}, "b", {"text": "c"}])
    assert rows("a.json", content) == [
        (1, {"text": "a"}, ""),
        (2, {}, "not_an_object"),
        (3, {"text": "c"}, ""),
    ]
    assert rows("a.json", "") == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '[{"text": "a"},\n', "a.json:2"),
        ("a.json", '{"text":\n "a"}', "no list"),
        ("a.parquet", "text", "not readable"),
        ("a.csv", bytes(range(256)) * 8, "not text"),
    ],
)
def test_what_is_no_table(name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(name, content)


def test_a_named_encoding_that_does_not_fit() -> None:
    with pytest.raises(SourceError, match="byte 0 is not ascii"):
        read_table(File("a.csv", "", b"\xe4"), "a.csv", [], TableForm("ascii"))


def test_parquet() -> None:
    buffer = io.BytesIO()
    frame = pd.DataFrame({"text": ["a", None], "label": [1.0, float("nan")], "other": [1, 2]})
    frame.to_parquet(buffer)
    table = read("a.parquet", buffer.getvalue())
    assert table.columns == ["text", "label", "other"]
    assert table.records[0] == Record(1, {"text": "a", "label": 1.0})
    assert [as_text(cell) for cell in table.records[1].cells.values()] == ["", ""]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (decimal.Decimal("NaN"), ""),
        ("None", "None"),
        ("  kept ", "  kept "),
        (True, "true"),
        (3, "3"),
        (3.0, "3"),
        (0.5, "0.5"),
        (float("inf"), "inf"),
        (decimal.Decimal("1.50"), "1.50"),
        (datetime.date(2026, 11, 3), "2026-11-03"),
        (pd.Timestamp("2026-11-03 10:00"), "2026-11-03T10:00:00"),
    ],
)
def test_as_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("value", [b"bytes", ["a"], {"a": 1}])
def test_what_is_not_text(value: object) -> None:
    with pytest.raises(TypeError):
        as_text(value)
