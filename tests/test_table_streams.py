"""Tables in, tables out, a few rows at a time."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seedbed.collecting.table_forms import TableForm, distinct
from seedbed.collecting.tables import read_table
from seedbed.collecting.text_files import read_file
from seedbed.core.errors import SeedbedError
from seedbed.forgetting.raw_files import PACKERS
from seedbed.serving.chunks import read_chunks
from seedbed.serving.writing import write

ROWS = [{"text": 'a "b", c', "n": "007"}, {"text": "two\nlines", "n": ""}, {"text": "ü", "n": "3"}]
CSV = 'text,n\n"a ""b"", c",007\n"two\nlines",\nü,3\n'
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def files(folder: Path) -> dict[str, Path]:
    """The same rows as CSV, TSV, JSON Lines and Parquet."""
    found = {suffix: folder / f"in.{suffix}" for suffix in ("csv", "tsv", "jsonl", "parquet")}
    found["csv"].write_text(CSV, encoding="utf-8")
    found["tsv"].write_text(CSV.replace(",", "\t").replace('b""\t c', 'b"", c'))
    found["jsonl"].write_text(LINES, encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(ROWS), found["parquet"])
    return found


def copied(source: Path, target: Path, rows: int = 2) -> list[dict]:
    """Through both ends with one column more; what a reader finds."""
    chunks = read_chunks(source, rows)
    new = ((one, pa.record_batch({"more": pa.array(range(len(one.records)))})) for one in chunks)
    write(target, new)
    return [row.cells for chunk in read_chunks(target, 100) for row in chunk.records]


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_rows_come_in_chunks_and_in_order(tmp_path, kind):
    chunks = list(read_chunks(files(tmp_path)[kind], 2))
    assert [len(chunk.records) for chunk in chunks] == [2, 1]
    assert [record.cells for chunk in chunks for record in chunk.records] == ROWS


@pytest.mark.parametrize("source", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("target", ["csv", "tsv", "jsonl", "parquet"])
def test_any_kind_becomes_any_kind_with_its_columns_kept(tmp_path, source, target):
    found = copied(files(tmp_path)[source], tmp_path / f"out.{target}")
    assert [{key: row[key] for key in ("text", "n")} for row in found] == ROWS
    assert [str(row["more"]) for row in found] == ["0", "1", "0"]
    assert not list(tmp_path.glob(".*"))


def test_parquet_keeps_its_types_and_metadata(tmp_path):
    table = pa.table({"n": pa.array([1, None], pa.int16()), "list": [[1.5], []]})
    pq.write_table(table.replace_schema_metadata({"by": "me"}), tmp_path / "in.parquet")
    copied(tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.field("n").type == pa.int16()
    assert found.schema.metadata[b"by"] == b"me"
    assert found.drop_columns("more").to_pylist() == table.to_pylist()


def test_nested_cells_become_json_in_csv(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"tags": ["ä", 1], "ok": true, "none": null, "x": 3.0}\n')
    copied(tmp_path / "in.jsonl", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == 'tags,ok,none,x,more\n"[""ä"", 1]",true,,3,0\n'


def test_a_byte_order_mark_and_empty_lines_are_no_cells(tmp_path):
    (tmp_path / "in.csv").write_text("\ufefftext\n\na\n", encoding="utf-8")
    [chunk] = read_chunks(tmp_path / "in.csv", 5)
    assert [record.cells for record in chunk.records] == [{"text": "a"}]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("in.csv", b"", "no rows"),
        ("in.csv", b"text,n\n", "no rows"),
        ("in.jsonl", b"\n", "no rows"),
        ("in.csv", bytes(range(256)) * 8, "not text"),
        ("in.csv", b"\xff\xfea", "byte 0 is not utf-16"),
        ("in.json", b'{"text":\n "a"}', "no list"),
        ("in.csv.gz", gzip.compress(b"text\na\n", mtime=0)[:-5], "damaged or cut off"),
        ("in.parquet", b"PAR1", "not readable"),
        ("in.csv", "text,n\n商品坏了我要退款,1\n".encode("gbk"), "`--encoding gb18030` reads 商品"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(tmp_path, name, content, error):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SeedbedError, match=error):
        list(read_chunks(tmp_path / name, 10))


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("in.csv", b"text,n\na,b\nc\n", 3, "wrong_column_count"),
        ("in.csv", b'text\na\n"b\n', 3, "bad_quotes"),
        ("in.jsonl", b'{"text": 1}\n[1]\n', 2, "not_an_object"),
        ("in.jsonl", b'{"text": 1}\n{"text": \n', 2, "bad_json"),
    ],
)
def test_a_row_that_cannot_be_read_costs_no_other(tmp_path, name, content, line, reason):
    (tmp_path / name).write_bytes(content)
    [chunk] = read_chunks(tmp_path / name, 10)
    assert [(chunk.place(row), row.reason) for row in chunk.records] == [
        (f"{tmp_path / name}:{line - 1}", ""),
        (f"{tmp_path / name}:{line}", reason),
    ]


SMALL = 'text,n\n"süß, or ""not""",1\n"two\nlines",2\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.csv", SMALL.encode("cp1252")),
        ("in.csv", SMALL.encode("utf-8-sig")),
        ("in.tsv", SMALL.replace(",", "\t").replace("\t or", ", or").encode("utf-16")),
        ("in.csv", SMALL.replace(",", ";").replace("; or", ", or").encode("utf-16-le")),
        ("in.csv", SMALL.replace("\n", "\r\n").replace("two\r", "two").encode()),
        (
            "in.json",
            json.dumps(
                [{"text": 'süß, or "not"', "n": "1"}, {"text": "two\nlines", "n": "2"}]
            ).encode(),
        ),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_any_encoding_separator_and_packing_that_collect_reads(tmp_path, name, content, suffix):
    path = tmp_path / f"{name}{suffix}"
    path.write_bytes(PACKERS[suffix](content) if suffix else content)
    for rows in (1, 10):
        found = [row.cells for chunk in read_chunks(path, rows) for row in chunk.records]
        assert found == [{"text": 'süß, or "not"', "n": "1"}, {"text": "two\nlines", "n": "2"}]


def test_columns_of_one_name_are_all_kept_and_numbered(tmp_path):
    (tmp_path / "in.csv").write_text("text,Labels,Labels,,\na,b,c,d,e\n")
    copied(tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "text,Labels,Labels.1,,.1,more\na,b,c,d,e,0\n"
    assert distinct(["a", "a", "a.1", "a"]) == ["a", "a.2", "a.1", "a.3"]


def test_a_long_file_in_another_encoding_is_read_line_by_line(tmp_path):
    """Only its last line says that it is windows-1252; no line needs another to be decoded."""
    (tmp_path / "in.csv").write_bytes(b"text\n" + b"a\n" * 50_000 + "süß\n".encode("cp1252"))
    chunks = read_chunks(tmp_path / "in.csv", 1000)
    assert next(chunks).records[0].cells == {"text": "a"}
    *_, last = chunks
    assert last.records[-1].cells == {"text": "süß"}


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SeedbedError, match="no such file"):
        list(read_chunks(tmp_path / "in.csv", 10))


def test_an_empty_parquet_file_is_an_error(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "in.parquet")
    with pytest.raises(SeedbedError, match="no rows"):
        list(read_chunks(tmp_path / "in.parquet", 10))


@pytest.mark.parametrize(
    ("second", "suffix", "error"),
    [
        ('{"text": "b", "n": "x", "new": 1}', "csv", "a key `new`"),
        ('{"text": "b", "n": "x"}', "parquet", "cells of another type"),
    ],
)
def test_what_does_not_fit_leaves_no_file(tmp_path, second, suffix, error):
    (tmp_path / "in.jsonl").write_text('{"text": "a", "n": 1}\n' + second + "\n")
    with pytest.raises(SeedbedError, match=error):
        copied(tmp_path / "in.jsonl", tmp_path / f"out.{suffix}", rows=1)
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_rows_are_those_that_collect_reads(tmp_path, kind):
    path = files(tmp_path)[kind]
    table = read_table(read_file(path), path.name, ["text", "n"], TableForm())
    chunks = read_chunks(path, 2)
    assert [row for chunk in chunks for row in chunk.records] == table.records
