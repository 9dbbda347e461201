"""A file that is streamed gives the table that it gives as a whole, in less memory."""

import gzip
import json
import random
from pathlib import Path

import pandas as pd
import pytest
import workbooks
from memory import peak_of

from seedbed.collecting.raw_rows import raw_rows
from seedbed.collecting.streams import stream_table
from seedbed.collecting.table_forms import NOTHING_SAID, TableForm
from seedbed.collecting.tables import read_table
from seedbed.collecting.text_files import MAX_BYTES, read_file
from seedbed.core.errors import SourceError

ROWS = [{"text": f"line {n}\nof süß, {n}", "label": "ab"[n % 2]} for n in range(300)]
CSV = pd.DataFrame(ROWS).to_csv(index=False)
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)
FILES = {
    "a.csv": CSV.encode(),
    "signed.csv": b"\xef\xbb\xbf" + CSV.encode(),
    "utf16.csv": CSV.encode("utf-16"),
    "western.csv": CSV.encode("windows-1252"),
    "mixed.csv": CSV.encode() + "süßes Brot und Käse,a\n".encode("windows-1252"),
    "twice.csv": (CSV + CSV).encode(),
    "broken.csv": b'text,label\n"open,a\nfine,b\n',
    "tabs.tsv": CSV.replace(",", "\t").encode(),
    "lies.csv": JSONL.encode(),
    "a.jsonl": JSONL.encode(),
    "more.jsonl": (JSONL + '{"text": "x", "late": 1}\n[1]\n{"te\n').encode(),
    "packed.jsonl.gz": gzip.compress(JSONL.encode()),
    "packed.csv": gzip.compress(CSV.encode()),
    "a.json": json.dumps(ROWS).encode(),
    "a.yaml": b"- text: one\n  label: a\n- text: two\n  label: b\n",
}


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def both(name: str, form: TableForm = NOTHING_SAID, wanted: tuple[str, ...] = ("text", "label")):
    file = read_file(Path(name))
    whole = read_table(file, name, wanted, form)
    sha256, streamed = stream_table(Path(name), name, wanted, form, MAX_BYTES)
    assert sha256 == file.sha256
    return whole, streamed


@pytest.mark.parametrize("name", FILES)
def test_a_streamed_table_is_the_whole_one_as_often_as_it_is_read(name):
    Path(name).write_bytes(FILES[name])
    whole, streamed = both(name)
    assert len(whole.records) > 1
    assert streamed.whole() == whole
    assert streamed.whole() == whole


@pytest.mark.parametrize("name", ["a.parquet", "packed.parquet.gz", "b.csv"])
def test_parquet_is_streamed_whatever_it_is_called(name):
    many = pd.DataFrame(ROWS * 20).assign(more=1)
    many.to_parquet("made.parquet", row_group_size=700)
    content = Path("made.parquet").read_bytes()
    Path(name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    whole, streamed = both(name)
    assert streamed.whole() == whole
    assert len(whole.records) == len(many)
    whole, streamed = both(name, wanted=("absent",))
    assert len(list(streamed.records)) == len(whole.records)


def test_a_workbook_and_a_named_encoding_are_read_as_ever():
    Path("a.xlsx").write_bytes(workbooks.xlsx(one=[["text", "label"], ["x", "a"], ["y", "b"]]))
    whole, streamed = both("a.xlsx")
    assert streamed.whole() == whole
    Path("b.csv").write_bytes(CSV.encode("cp850"))
    whole, streamed = both("b.csv", TableForm(encoding="cp850"))
    assert streamed.whole() == whole


def test_columns_of_json_lines_are_known_before_a_row_is_asked_for():
    Path("a.jsonl").write_text('{"text": "a"}\n{"text": "b", "topic_x": 1}\n', encoding="utf-8")
    _, streamed = both("a.jsonl")
    assert streamed.columns == ["text", "topic_x"]
    assert [record.line for record in streamed.records] == [1, 2]


def test_a_file_that_unpacks_to_too_much_is_refused_while_it_is_read():
    Path("a.csv").write_bytes(gzip.compress(b"text,label\n" + b"x,a\n" * 500_000))
    with pytest.raises(SourceError, match="more than 1 MB"):
        list(stream_table(Path("a.csv"), "a.csv", (), NOTHING_SAID, 1_000_000)[1].records)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_20_000_rows_of_long_texts_are_never_in_memory_together(name):
    draw = random.Random(0)
    rows = [{"text": draw.randbytes(500).hex(), "label": "x"} for _ in range(20_000)]
    if name == "a.parquet":
        pd.DataFrame(rows).to_parquet(name, row_group_size=1000)
    elif name == "a.csv":
        pd.DataFrame(rows).to_csv(name, index=False)
    else:
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        Path(name).write_bytes(gzip.compress(lines, 1) if name.endswith("gz") else lines)
    del rows

    def streamed() -> None:
        for _ in stream_table(Path(name), name, ("text",), NOTHING_SAID, MAX_BYTES)[1].records:
            pass

    assert peak_of(streamed) < 12e6
    assert peak_of(lambda: read_table(read_file(Path(name)), name)) > 20e6


def test_rows_of_json_without_a_column_are_refused_after_the_last_one(monkeypatch):
    from seedbed.collecting.kinds.file import FileSource
    from seedbed.collecting.label_cells import label_cells
    from seedbed.tasks import class_task

    Path("a.jsonl").write_text('{"label": "a"}\n{"label": "b"}\n', encoding="utf-8")
    source = FileSource(name="s", kind="file", path="a.jsonl", batch="2026-01", licence="x")
    [table] = source.tables()
    with pytest.raises(SourceError, match="no column `text`; there are `label`"):
        list(raw_rows(label_cells(source, table, class_task), table, (), 100))
