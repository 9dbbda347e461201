"""Files that were made, or damaged, to harm: each row is read or quarantined, or one paragraph."""

import datetime
import decimal
import gzip
import io
import json
import lzma
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workbooks import xlsx

from seedbed.collecting.collection import CollectParams, parse_source, read_all
from seedbed.collecting.tables import sheet_rows
from seedbed.collecting.text_files import ALWAYS, read_file
from seedbed.core.errors import ParamsError, SourceError
from seedbed.serving.chunks import table_chunks
from seedbed.tasks import load

PARAMS = CollectParams(labels=[], max_row_chars=10**6, max_quarantine_share=1, max_classes=9)
CSV = b"text,label\ngood film,pos\n"
GIGABYTE = 1_000_000  # kB


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "project"
    (folder / "data/raw").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/secret.csv").write_bytes(CSV)
    monkeypatch.chdir(folder)


def entry(**fields):
    given = {"name": "films", "kind": "file", "batch": "2026-11", "licence": "x"}
    return parse_source(given | fields)


def read(content: bytes, name: str = "in.csv", params: CollectParams = PARAMS, **fields):
    path = Path("data/raw", name)
    path.write_bytes(content)
    return read_all([entry(path=path.as_posix(), **fields)], params, load("class"))[0]


def parquet(**columns) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


DAYS = pa.array([2**31 - 1, 20_000], pa.int32())


@pytest.mark.parametrize(
    "cells",
    [
        DAYS.cast(pa.date32()),
        pa.array([2**62, 10**12], pa.int64()).cast(pa.timestamp("ms")),
        pa.array([2**62, 10**12], pa.int64()).cast(pa.duration("s")),
    ],
)
@pytest.mark.parametrize("column", ["text", "date"])
def test_a_cell_of_parquet_that_python_cannot_hold_costs_its_row_alone(cells, column):
    columns = {"text": pa.array(["good", "bad"]), "label": pa.array(["a", "b"]), column: cells}
    first, second = read(parquet(**columns), "in.parquet", columns={"date": "date"}
                         if column == "date" else {})  # fmt: skip
    assert first.reason == "not_text"
    assert second.text == "bad" or (column == "text" and second.text)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (pa.array([["a"], None]), "not_text"),
        (pa.array([{"a": 1}, None]), "not_text"),
        (pa.array([b"\xff", None], pa.large_binary()), "not_text"),
        (pa.array(["a", None]).dictionary_encode(), ""),
        (pa.array([decimal.Decimal("1.50"), None]), ""),
        (pa.array([datetime.timedelta(1), None]), ""),
        (pa.array([[("k", "v")], None], pa.map_(pa.string(), pa.string())), "not_text"),
    ],
)
def test_odd_types_of_parquet(cells, reason):
    first, second = read(parquet(text=cells, label=pa.array(["a", "b"])), "in.parquet")
    assert (first.reason, second.reason) == (reason, "missing_text")


@pytest.mark.parametrize("form", ["[%s]", "%s\n"])
def test_a_number_of_5_000_digits_costs_no_row(form):
    lines = ['{"text": "good", "label": "a", "n": %s}' % ("9" * 5_000), '{"text": 7, "label": "b"}']
    joined = ",".join(lines) if form == "[%s]" else "\n".join(lines)
    rows = read((form % joined).encode(), "in.json" if form == "[%s]" else "in.jsonl")
    assert [(row.text, row.reason) for row in rows] == [("good", ""), ("7", "")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.csv", b"\x1f\x8b\x08broken"),
        ("in.csv.gz", gzip.compress(CSV, mtime=0) + b"trailing"),
        ("in.csv.xz", lzma.compress(CSV)[:-9]),
        ("in.zip", b"PK\x03\x04" + b"\0" * 40),
        ("in.parquet", b"PAR1" + b"\xff" * 60 + b"PAR1"),
        ("in.xlsx", xlsx(a=[["text"]])[:-30]),
        ("in.json", b"[" * 100_000),
        ("in.jsonl", b'{"a":' * 50_000),
        ("in.csv", b"text,label\n\0\0\0\0" + bytes(range(256))),
    ],
)
def test_damage_is_one_paragraph_that_names_the_file(name, content):
    message, rows = "", []
    try:
        rows = read(content, name)
    except SourceError as error:
        message = str(error)
    assert rows or f"data/raw/{name}" in message
    assert len(message) < 800
    assert all(row.reason for row in rows)


def test_whatever_a_library_raises_is_one_paragraph(monkeypatch):
    class PanicException(BaseException):
        """As pyo3 names what Rust panics with."""

    def panics(*_, **__):
        raise PanicException("index out of bounds")

    monkeypatch.setattr("seedbed.collecting.streams.text_rows", panics)
    with pytest.raises(SourceError, match=r"data/raw/in.csv: not readable .PanicException"):
        read(CSV)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_pipe_does_not_hang(kind):
    Path("data/raw/a").mkdir()
    os.mkfifo("data/raw/a/in.txt")
    path = "data/raw/a/in.txt" if kind == "file" else "data/raw"
    with pytest.raises(SourceError):
        list(entry(kind=kind, path=path, encoding="").tables())
    with pytest.raises(SourceError, match="a pipe or a device"):
        read_file(Path("data/raw/a/in.txt"))
    with pytest.raises(SourceError, match="a pipe or a device"):
        next(table_chunks(Path("data/raw/a/in.txt"), 10))


def bomb(name: str) -> bytes:
    """A small file that unpacks to 300 MB or more."""
    if name == "shared.xlsx":  # one text of 1 MB in 100,000 cells
        big = xlsx(a=[["text", "label"], ["x", "a"]])
        return _with_member(big, "xl/worksheets/s1.xml", _sheet(CELL, 100_000))
    if name == "far.xlsx":
        big = xlsx(a=[["text", "label"], ["x", "a"]])
        far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        return _with_member(big, "xl/worksheets/s1.xml", _sheet_of(far))
    if name.endswith(".parquet"):
        return parquet(text=pa.array(["x" * 300_000] * 2_000), label=pa.array(["a"] * 2_000))
    cell = b"text,label\n" + b"a" * 300_000_000 + b",pos\n"
    if name.endswith(".zip"):
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("in.csv", cell)
        return sink.getvalue()
    return lzma.compress(cell, preset=0) if name.endswith(".xz") else gzip.compress(cell, 1)


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _sheet_of(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _sheet(cell: str, number: int) -> str:
    return _sheet_of(f"<row>{cell}</row>" * number)


def _with_member(workbook: bytes, name: str, content: str) -> bytes:
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        members = {one: old.read(one) for one in old.namelist()}
        members[name] = content.encode()
        strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 1_000_000}</t></si></sst>'
        members["xl/sharedStrings.xml"] = strings.encode()
        for one, data in members.items():
            if one.endswith("workbook.xml.rels"):
                data = data.replace(b"</Relationships>", SHARED + b"</Relationships>")
            new.writestr(one, data)
    return sink.getvalue()


CELL = '<c t="s"><v>0</v></c>'
SHARED = (
    b'<Relationship Id="shared" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'relationships/sharedStrings" Target="sharedStrings.xml"/>'
)
READ = """
import resource, sys
from pathlib import Path
from seedbed.collecting.tables import read_table
from seedbed.collecting.text_files import read_file
from seedbed.core.errors import SourceError
try:
    read_table(read_file(Path(sys.argv[1])), sys.argv[1], ["text", "label"])
except SourceError as error:
    print(error)
[peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(max(int(peak), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


@pytest.mark.parametrize(
    "name", ["in.csv.xz", "in.csv.gz", "in.zip", "in.parquet", "far.xlsx", "shared.xlsx"]
)
def test_a_small_file_that_unpacks_large_takes_less_than_a_gigabyte(name):
    path = Path("data/raw", name)
    path.write_bytes(bomb(name))
    assert path.stat().st_size < 8_000_000
    command = [sys.executable, "-c", READ, path.as_posix()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    *message, peak = done.stdout.splitlines()
    assert int(peak) < GIGABYTE
    assert len(message) == 1
    assert message[0].startswith(f"data/raw/{name}: ")


def test_the_limit_is_a_param_and_the_message_names_it():
    rows = b"text,label\n" + b"a good film,pos\n" * 70_000
    few = PARAMS.model_copy(update={"max_file_mb": 1})
    for name, content in (("in.csv", rows), ("in.csv.gz", gzip.compress(rows, mtime=0))):
        with pytest.raises(SourceError, match=r"more than 1 MB .*`collect.max_file_mb`"):
            read(content, name, few)
        assert len(read(content, name)) == 70_000
    assert ALWAYS == 64_000_000


def test_what_a_workbook_prints_is_its_rows_and_no_more_memory_than_it_may(monkeypatch):
    name, rows = sheet_rows(xlsx(a=[["text", "n"], ["x", 3], ["", ""], [True, 1.5]]), "in.xlsx")
    assert (name, list(rows)) == (
        "a", [(1, ["text", "n"], ""), (2, ["x", "3"], ""), (4, ["true", "1.5"], "")]
    )  # fmt: skip
    monkeypatch.setattr("seedbed.collecting.tables.SHEET_BYTES", 1_000)
    with pytest.raises(SourceError, match="in.xlsx: not readable"):
        sheet_rows(xlsx(a=[["text"]]), "in.xlsx")
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


OUTSIDE = ["../other/secret.csv", "{other}/secret.csv", "../other/*.csv", "{other}/*.csv",
           "data/../../other/secret.csv", "data/raw/link.csv", "data/raw/out/secret.csv",
           "data/raw/l*.csv", "data/raw/**/*.csv", "data/raw/chain.csv"]  # fmt: skip


def linked() -> str:
    other = Path("../other").resolve().as_posix()
    Path("data/raw/link.csv").symlink_to(f"{other}/secret.csv")
    Path("data/raw/chain.csv").symlink_to("link.csv")
    Path("data/raw/out").symlink_to(other)
    return other


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_out_of_the_repository_is_refused_unless_the_source_says_so(path):
    path = path.format(other=linked())
    with pytest.raises((ParamsError, SourceError), match="leads out of the repository"):
        read_all([entry(path=path)], PARAMS, load("class"))
    rows, *_ = read_all([entry(path=path, outside=True)], PARAMS, load("class"))
    assert {row.text for row in rows} == {"good film"}


@pytest.mark.parametrize("path", ["..", "../other", "data/raw/out", "data/raw"])
def test_a_folder_out_of_the_repository_and_links_in_folders(path):
    linked()
    Path("../other/a").mkdir()
    Path("../other/a/1.txt").write_text("good film")
    Path("../escape.txt").write_text("a secret")
    Path("data/raw/a").mkdir()
    Path("data/raw/a/1.txt").symlink_to(Path("../other/a/1.txt").resolve())
    with pytest.raises((ParamsError, SourceError), match="leads out of the repository"):
        read_all([entry(kind="folder", path=path)], PARAMS, load("class"))


def test_links_of_an_outside_folder_lead_nowhere_else():
    Path("../other/a").mkdir()
    Path("../other/a/1.txt").write_text("good film")
    outside = entry(kind="folder", path="../other", outside=True)
    assert [row.text for row in read_all([outside], PARAMS, load("class"))[0]] == ["good film"]
    Path("../escape.txt").write_text("a secret")
    Path("../other/a/2.txt").symlink_to(Path("../escape.txt").resolve())
    with pytest.raises(SourceError, match="leads out of the repository"):
        read_all([outside], PARAMS, load("class"))


def test_links_into_dvc_s_cache_are_dvc_s_own():
    """`cache.type symlink`, with the cache in the repository or shared elsewhere."""
    for number, cache in enumerate((Path(".dvc/cache"), Path("../shared"))):
        stored = cache / "files/md5/ab" / ("0" * 30)
        stored.parent.mkdir(parents=True)
        stored.write_bytes(CSV)
        Path(f"data/raw/{number}.csv").symlink_to(stored.resolve())
        assert (
            read_all([entry(path=f"data/raw/{number}.csv")], PARAMS, load("class"))[0][0].text
            == "good film"
        )


def test_inside_by_a_detour_is_inside():
    Path("data/raw/in.csv").write_bytes(CSV)
    Path("data/raw/same.csv").symlink_to("in.csv")
    whole = str(Path("data/raw/in.csv").resolve())
    for path in (
        "data/../data/raw/in.csv",
        "data/raw/same.csv",
        whole,
    ):
        assert len(read_all([entry(path=path)], PARAMS, load("class"))[0]) == 1


@pytest.mark.parametrize("path", ["/etc", "..", "../json", "data/../../json", "a/../../json"])
def test_a_path_in_a_package_stays_inside_it(path):
    package = {"kind": "package", "package": "pytest", "version": pytest.__version__}
    with pytest.raises((ParamsError, SourceError), match="leads out of the repository"):
        read_all([entry(**package, path=path, pattern="*.py")], PARAMS, load("class"))


@pytest.mark.parametrize(
    "encoding",
    ["rot13", "hex", "base64", "zlib", "bz2", "uu", "quopri", "punycode", "idna", "undefined",
     "unicode_escape", "raw_unicode_escape", "a\0b", "x" * 500, "../x", "utf-9"],
)  # fmt: skip
def test_codecs_that_decode_no_text_are_no_encodings(encoding):
    with pytest.raises(ParamsError):
        entry(path="data/raw/in.csv", encoding=encoding)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "windows-1252", "cp932", "latin-1", "koi8-r"]
)
def test_encodings_of_texts_are(encoding):
    assert read(CSV, encoding=encoding)[0].text == "good film"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"columns": {"text": ""}}, "columns.text"),
        ({"columns": {"label": ""}}, "columns.label"),
        ({"label_map": {"a": ["b"]}}, "label_map"),
        ({"label_map": {"a": {"b": "c"}}}, "label_map"),
        ({"date": "2026-13-01"}, "date"),
        ({"date_format": "%d %d"}, "date_format"),
        ({"date_format": "%"}, "date_format"),
        ({"path": "a\0b"}, "NUL"),
        ({"path": "x" * 20_000}, "20,000 characters"),
        ({"path": "x" * 5_000}, "data"),
        ({"outside": 3}, "outside"),
        ({"kind": ["file"]}, "kind"),
        ({"name": {"a": 1}}, "name"),
        ({"separator": 1}, "separator"),
        ({"header": "maybe"}, "header"),
    ],
)  # fmt: skip
def test_a_value_of_a_source_is_refused_in_one_paragraph(fields, key):
    with pytest.raises((ParamsError, SourceError)) as error:
        read_all([entry(**{"path": "data/raw/none.csv"} | fields)], PARAMS, load("class"))
    assert len(str(error.value)) < 12_000
    assert json.dumps(str(error.value))
    assert key in str(error.value) or key == "data"
