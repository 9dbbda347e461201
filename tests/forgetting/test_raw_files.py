"""Rows go out of raw files; what stays is the same bytes, in every format and encoding."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from workbooks import xlsx

from seedbed.collecting.source import RawWay
from seedbed.collecting.table_forms import TableForm
from seedbed.collecting.tables import read_table
from seedbed.collecting.text_files import packing_of, read_file
from seedbed.core.errors import SeedbedError
from seedbed.forgetting.raw_files import PACKERS, RawFile, open_raw
from seedbed.forgetting.wanted import Wanted

CSV = 'text,label\ngood,pos\n"bad, \nand Zoë",neg\n\nfine,pos\n'
LEFT = "text,label\ngood,pos\nfine,pos\n"


def opened(path: Path, content: bytes, form: TableForm | None = None) -> RawFile:
    path.write_bytes(content)
    return open_raw(path, RawWay(path, form or TableForm()))


def lines_with(file: RawFile, word: str) -> list[int]:
    return [line for line, text in file.records.items() if word in text]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_csv_in_any_encoding(tmp_path, encoding, ending) -> None:
    written = CSV.replace("\n", ending).encode(encoding)
    file = opened(tmp_path / "a.csv", written)
    [line] = lines_with(file, "Zoë")
    assert line == 3
    assert file.without([line]) == LEFT.replace("\n", ending).encode(encoding)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_packed_files_stay_packed(tmp_path, suffix) -> None:
    path = tmp_path / f"a.csv{suffix}"
    file = opened(path, PACKERS[suffix](CSV.encode()))
    path.write_bytes(file.without(lines_with(file, "Zoë")))
    assert read_file(path).content.decode() == LEFT


def test_the_first_row_of_a_file_without_header_and_with_a_mark(tmp_path) -> None:
    file = opened(tmp_path / "a.csv", "Zoë,x\ngut,y\n".encode("utf-16"), TableForm(header=False))
    assert file.without([1]).decode("utf-16") == "gut,y\n"


def test_a_text_of_no_source_keeps_its_mark(tmp_path) -> None:
    file = opened(tmp_path / "notes.txt", "about Zoë\nabout Ann\n".encode("utf-16"))
    assert file.without(lines_with(file, "Zoë")) == "about Ann\n".encode("utf-16")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_an_encoding_of_two_or_four_bytes_may_be_named(tmp_path, encoding):
    text = "about Zoë\nabout Ann\n"
    file = opened(tmp_path / "notes.csv", text.encode(encoding), TableForm(encoding, header=False))
    assert file.without([1]) == "about Ann\n".encode(encoding)


def test_lines_with_damage_can_go_too(tmp_path) -> None:
    file = opened(tmp_path / "a.csv", b'text,label\n"open,pos\na,b,c\nfine,pos\n')
    assert lines_with(file, "open") == [2]
    assert file.without([2, 3]) == b"text,label\nfine,pos\n"


def test_json_lines_json_and_parquet(tmp_path) -> None:
    rows = [{"text": "good", "n": 1}, {"text": "Zoë", "n": 2}, {"text": "fine", "n": 3}]
    lines = [json.dumps(row) + "\n" for row in rows]
    file = opened(tmp_path / "a.jsonl", "".join(lines).encode())
    assert file.without(lines_with(file, "Zoë")) == (lines[0] + lines[2]).encode()
    file = opened(tmp_path / "a.json", json.dumps(rows).encode())
    assert json.loads(file.without(lines_with(file, "Zoë"))) == [rows[0], rows[2]]
    pd.DataFrame(rows).to_parquet(tmp_path / "b.parquet")
    file = opened(tmp_path / "a.parquet", (tmp_path / "b.parquet").read_bytes())
    (tmp_path / "a.parquet").write_bytes(file.without(lines_with(file, "Zoë")))
    assert pd.read_parquet(tmp_path / "a.parquet").to_dict("records") == [rows[0], rows[2]]


def test_json_in_any_form_that_is_read_is_a_list_of_what_is_left(tmp_path) -> None:
    rows = [{"text": "good"}, {"text": "Zoë"}, {"text": "fine"}]
    for content in (
        json.dumps({"about": "me", "rows": rows}),
        "\n".join(json.dumps(row, indent=1) for row in rows),
        pd.DataFrame(rows).assign(n=1).to_json(),
    ):
        path = tmp_path / "a.json"
        file = opened(path, content.encode())
        path.write_bytes(file.without(lines_with(file, "Zoë")))
        left = read_table(read_file(path), "a.json").records
        assert [record.cells["text"] for record in left] == ["good", "fine"]


def test_lines_of_json_go_by_lines_whatever_the_ending(tmp_path) -> None:
    lines = [json.dumps({"text": text}) + "\n" for text in ("good", "Zoë", "fine")]
    file = opened(tmp_path / "a.json", "".join(lines).encode())
    assert file.without(lines_with(file, "Zo")) == (lines[0] + lines[2]).encode()


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "cp932", "euc_kr", "windows-1251"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_in_an_encoding_that_was_named_keeps_its_other_bytes(
    tmp_path, encoding, ending
) -> None:
    value = {"windows-1251": "Анна", "euc_kr": "김민수"}.get(encoding, "王小明")
    first, last = f"text,label{ending}", f"fine,pos{ending}"
    content = f'{first}"so, {value}{ending}",neg{ending}{last}'
    file = opened(tmp_path / "a.csv", content.encode(encoding), TableForm(encoding))
    assert file.without(lines_with(file, value)) == (first + last).encode(encoding)
    rows = json.dumps([{"text": value}, {"text": f"not {value[0]}"}], ensure_ascii=False)
    file = opened(tmp_path / "a.json", rows.encode(encoding), TableForm(encoding))
    assert json.loads(file.without([1]).decode(encoding)) == [{"text": f"not {value[0]}"}]


def test_a_zip_stays_a_zip_and_a_name_without_its_ending_stays_packed(tmp_path) -> None:
    for name, packing in (("a.zip", ".zip"), ("a.csv", ".gz")):
        path = tmp_path / name
        path.write_bytes(PACKERS[packing](CSV.encode()))
        file = open_raw(path, RawWay(path, is_table=True))
        path.write_bytes(file.without(lines_with(file, "Zoë")))
        assert packing_of(path) == packing
        assert read_file(path).content.decode() == LEFT


def test_a_table_of_a_source_is_one_whatever_its_ending(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(CSV)
    file = open_raw(path, RawWay(path, is_table=True))
    assert file.without(lines_with(file, "Zoë")).decode() == LEFT


def test_a_workbook_is_looked_into_and_stops_only_where_it_holds_the_value(tmp_path) -> None:
    file = opened(tmp_path / "a.xlsx", xlsx(Data=[["text"], ["about Zoë"], ["fine"]]))
    assert lines_with(file, "Zoë") == [2]
    assert lines_with(file, "Ann") == []
    with pytest.raises(SeedbedError, match="a workbook that holds it; save its sheet as CSV"):
        file.without([2])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", b"PK\x03\x04" + bytes(range(9)) * 30),
        ("a.json", b'{"text":\n "one object"}'),
        ("a.csv.gz", b"\x1f\x8b cut off"),
        ("a.parquet", b"PAR1 cut off"),
    ],
)
def test_what_cannot_be_edited_is_named(tmp_path, name, content) -> None:
    with pytest.raises(SeedbedError, match=f"{name}: a format"):
        opened(tmp_path / name, content)


WORDS = st.lists(st.sampled_from(["ann", "bob", 'say "hi"', "two\nlines", "Zoë", "a,b"]))


@given(WORDS)
def test_whatever_stands_in_a_csv_file_one_row_goes_and_the_rest_is_read_alike(words) -> None:
    import csv
    import io
    import tempfile

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerows([["n", "text"], *([str(n), word] for n, word in enumerate(words))])
    with tempfile.TemporaryDirectory() as folder:
        file = opened(Path(folder) / "a.csv", buffer.getvalue().encode())
    for gone, line in enumerate(file.records):
        left = list(csv.reader(io.StringIO(file.without([line]).decode(), newline="")))
        expected = [[str(n), word] for n, word in enumerate(words) if n != gone]
        assert left == [["n", "text"], *expected]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Write to ANN  LEE\n today", True),
        ("ann\nlee", True),
        ('{"to": "\\nAnn Lee"}', True),
        ("Joann Lee", False),
        ("Ann Leeds", False),
        ("Ann, Lee", False),
    ],
)
def test_a_value_in_a_text(text, held) -> None:
    assert Wanted("Ann Lee").in_text(text) is held


def test_a_value_as_json_csv_and_html_write_it() -> None:
    for value, text in [
        ("Zoë Ray", '{"to": "Zo\\u00eb Ray"}'),
        ('Al "Ace" Bo', '"see Al ""Ace"" Bo"'),
        ("R&D Smith", "R&amp;D Smith"),
    ]:
        assert Wanted(value).in_text(text)
