"""How a table is written is told by its content, whatever its name is, and what is guessed is told.

Each shape is read as a whole and as a stream, with the same rows and notes.
"""

import gzip
import io
import json
import zipfile
from datetime import date, datetime

import pandas as pd
import pytest
from workbooks import ods, xlsx

from seedbed.collecting.table_forms import TableForm, fitted, found_form, text_kind
from seedbed.collecting.tables import Table, read_table
from seedbed.collecting.text_files import read_file
from seedbed.core.errors import SourceError
from seedbed.forgetting.raw_files import PACKERS
from seedbed.serving.chunks import table_chunks

ROWS = [("It broke, twice", "a"), ("fine", "b"), ("so so; or not", "a")]
OBJECTS = [{"text": text, "label": label} for text, label in ROWS]
CSV = 'text,label\n"It broke, twice",a\nfine,b\nso so; or not,a\n'
TSV = "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS)
SEMICOLONS = 'text;label\nIt broke, twice;a\nfine;b\n"so so; or not";a\n'
PIPES = TSV.replace("\t", "|")
SINGLE = "'text','label'\n'It broke, twice','a'\n'fine','b'\n'so so; or not','a'\n"
LINES = "".join(json.dumps(row) + "\n" for row in OBJECTS)
FRAME = pd.DataFrame(OBJECTS)


def zipped(**members: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    FRAME.to_parquet(buffer)
    return buffer.getvalue()


def read(folder, name: str, content: str | bytes, form: TableForm | None = None) -> Table:
    """The table, after a look at whether a stream of it has the same rows."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    form = form or TableForm()
    table = read_table(read_file(path), str(path), ["text", "label"], form)
    chunks = list(table_chunks(path, 2, form))
    assert [record for chunk in chunks for record in chunk.records] == table.records
    if "repeat" not in str(table.notes):
        assert [note for chunk in chunks for note in chunk.notes] == list(table.notes)
    return table


def pairs(table: Table) -> list[tuple[object, object]]:
    return [(record.cells.get("text"), record.cells.get("label")) for record in table.records]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", CSV),
        ("a", CSV),
        ("a.dat", SEMICOLONS),
        ("a.csv", TSV),
        ("a.tsv", CSV),
        ("a.csv", PIPES),
        ("a.csv", SINGLE),
        ("a.xls", TSV),
        ("a.csv", CSV.replace("\n", "\r\n")),
        ("a.csv", CSV.replace("\n", "\r")),
        ("a.csv", "\ufeff" + CSV),
        ("a.csv", "sep=;\r\n" + SEMICOLONS),
        ("a.csv", '"sep=\t"\n' + TSV),
        ("a.json", LINES),
        ("a.txt", LINES),
        ("a.csv", LINES),
        ("a.json", "\n\n" + LINES.replace("\n", "\r\n")),
        ("a.jsonl", json.dumps(OBJECTS)),
        ("a.ndjson", json.dumps(OBJECTS, indent=2)),
        ("a.json", json.dumps({"data": OBJECTS})),
        ("a.json", json.dumps({"version": 1, "about": {"by": "me"}, "rows": OBJECTS}, indent=1)),
        ("a.json", "\n".join(json.dumps(row, indent=1) for row in OBJECTS)),
        ("a.json", FRAME.to_json()),
        ("a.json", FRAME.to_json(orient="split")),
        ("a.json", FRAME.to_json(orient="table")),
        ("a.json", CSV),
        ("a.csv", gzip.compress(CSV.encode(), mtime=0)),
        ("a.download", gzip.compress(LINES.encode(), mtime=0)),
        ("a.csv.gz", CSV),
        ("a.zip", zipped(**{"in/x.csv": CSV})),
        ("a.csv", zipped(**{"x.jsonl": LINES, "__MACOSX/._x.jsonl": b"x"})),
        ("a.json.xz", PACKERS[".xz"](LINES.encode())),
        ("a.csv", parquet()),
        ("a.csv", CSV.encode("utf-16")),
        ("a.json", LINES.encode("utf-16-le")),
        ("a.xlsx", xlsx(Data=[["text", "label"], *map(list, ROWS)], Notes=[])),
        ("a.csv", xlsx(Data=[["text", "label"], *map(list, ROWS)])),
        ("a.ods", ods([["text", "label"], *map(list, ROWS)])),
    ],
)
def test_a_table_is_read_whatever_its_name_says(tmp_path, name, content) -> None:
    table = read(tmp_path, name, content)
    assert pairs(table) == ROWS
    assert {"text", "label"} <= set(table.columns)


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("a.json", LINES, "holds JSON Lines, an object a line, whatever its ending says"),
        ("a.jsonl", json.dumps(OBJECTS), "holds one JSON document, whatever its ending says"),
        ("a.csv", parquet(), "holds Parquet, whatever its ending says"),
        ("a.csv", TSV, r'separator "\t" (`--separator`)'),
        ("a.csv", SEMICOLONS, 'separator ";" (`--separator`)'),
        ("a.csv", SINGLE, """quote "'" (`--quote`)"""),
        ("a.tsv", 'text\tlabel\n"so\ta\nb "c"\tb\n', 'quote "" (`--quote`)'),
        ("a.csv", 'text,label\n"a \\"b\\", c",x\n', r'escape "\\" (`--escape`)'),
        ("a.csv", CSV + CSV, "repeat its header, and are no rows: 1"),
    ],
)
def test_what_a_name_hides_and_what_is_guessed_are_told(tmp_path, name, content, note) -> None:
    assert [one for one in read(tmp_path, name, content).notes if note in one]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", CSV), ("a.tsv", TSV), ("a.jsonl", LINES), ("a.parquet", parquet())],
)
def test_what_is_as_its_name_says_is_not_told(tmp_path, name, content) -> None:
    assert read(tmp_path, name, content).notes == ()


def test_backslash_quotes_of_a_database_are_read() -> None:
    lines = ["text,label\n", '"He said \\"hi red\\", then left",a\n', '"so \\\\ and so",b\n']
    assert found_form(lines, TableForm(), TableForm(), ",", True).escape == "\\"
    lines = ["text,label\n", '"He said ""hi"", at C:\\dir\\",a\n', "so,b\n"]
    assert found_form(lines, TableForm(), TableForm(), ",", True).escape == ""


def test_the_decimal_comma_is_no_separator(tmp_path) -> None:
    content = "label;amount;text\na;1,5;Gut, danke\nb;12,50;Nein, nicht gut, nein\n"
    assert pairs(read(tmp_path, "a.csv", content)) == [
        ("Gut, danke", "a"),
        ("Nein, nicht gut, nein", "b"),
    ]


def test_a_single_column_with_commas_in_its_lines_is_one_column(tmp_path) -> None:
    assert pairs(read(tmp_path, "a.csv", "text\nhello, world\nbye\n")) == [
        ("hello, world", None),
        ("bye", None),
    ]


@pytest.mark.parametrize(
    "content",
    [
        'text,label,,\n"It broke, twice",a,,\nfine,b,,\nso so; or not,a,,\n',
        'text,label,,\n"It broke, twice",a\nfine,b,\nso so; or not,a\n',
        'text,label\n"It broke, twice",a,\nfine,b,,,\nso so; or not,a\n',
    ],
)
def test_a_header_or_rows_that_end_in_commas_cost_no_row(tmp_path, content) -> None:
    assert pairs(read(tmp_path, "a.csv", content)) == ROWS


def test_cells_that_are_too_many_and_hold_something_are_told_as_before() -> None:
    header = ["text", "label"]
    assert fitted(["a", "b", ""], header) == ["a", "b"]
    assert fitted(["a", "b", "c"], header) is None
    assert fitted(["a"], header) is None
    assert fitted(["a"], ["text", ""]) == ["a", ""]


def test_files_that_were_put_together_have_one_header(tmp_path) -> None:
    table = read(tmp_path, "a.csv", CSV + CSV)
    assert pairs(table) == ROWS + ROWS
    assert [record.line for record in table.records] == [2, 3, 4, 6, 7, 8]


def test_without_a_header_every_line_is_a_row(tmp_path) -> None:
    table = read(tmp_path, "a.txt", "ham\thi, you\nspam\twin\n", TableForm(header=False))
    assert table.columns == ["1", "2"]
    assert [list(record.cells.values()) for record in table.records] == [
        ["ham", "hi, you"],
        ["spam", "win"],
    ]


def test_what_was_said_wins_over_what_is_found(tmp_path) -> None:
    said = TableForm(separator=",", quote="", escape="")
    table = read(tmp_path, "a.csv", 'a;b,"c"\nd;e,f\n', said)
    assert table.columns == ["a;b", '"c"']
    assert table.form == said._replace(encoding="utf-8", header=True)
    assert table.notes == ()


def test_what_a_file_shows_wins_over_the_form_of_the_batch_before() -> None:
    before = TableForm(separator=";", quote="'", escape="\\")
    found = found_form(CSV.splitlines(keepends=True), TableForm(), before, ",", True)
    assert (found.separator, found.quote) == (",", '"')
    undecided = ["a;b,c\n", "d;e,f\n"]
    assert found_form(undecided, TableForm(), before, ",", True).separator == ";"
    assert found_form(undecided, TableForm(), TableForm(), ",", True).separator == ","


def test_bad_lines_do_not_change_how_the_others_are_read(tmp_path) -> None:
    content = CSV + '"open,a\n' + "a,b,c\n" + "fine,b\n" * 20
    table = read(tmp_path, "a.csv", content)
    assert table.form.quote == '"'
    assert [record.reason for record in table.records if record.reason] == [
        "bad_quotes",
        "wrong_column_count",
    ]
    lines = '{"text": "a"}\n{"text": \n' + LINES
    assert [record.reason for record in read(tmp_path, "a.json", lines).records][:2] == [
        "",
        "bad_json",
    ]


def test_a_guess_needs_no_more_than_the_start_of_a_file() -> None:
    lines = ["text;label\n", *['"a ""b""; c";x\n'] * 100_000]
    form = found_form(lines, TableForm(), TableForm(), ",", True)
    assert (form.separator, form.quote, form.escape) == (";", '"', "")
    assert text_kind(['{"a": "b\n'], ".json") == "json"
    assert text_kind(['{"a": "b\n'], ".jsonl") == "jsonl"
    assert text_kind(["[1] a, b\n"], ".csv") == "csv"


def test_cells_of_a_sheet_are_as_they_are_shown_and_days_are_iso(tmp_path) -> None:
    rows = [
        ["text", "n", "day", "when", "ok"],
        ["a", 1.0, date(2026, 11, 3), datetime(2026, 11, 3, 10, 30), True],
        [],
        ["1.0", 1.5, "", "", False],
    ]
    table = read(tmp_path, "a.xlsx", xlsx(Data=rows))
    assert [(record.line, list(record.cells.values())) for record in table.records] == [
        (2, ["a", "1", "2026-11-03", "2026-11-03T10:30:00", "true"]),
        (4, ["1.0", "1.5", "", "", "false"]),
    ]


def test_of_several_sheets_one_has_to_be_named(tmp_path) -> None:
    book = xlsx(Data=[["text"], ["a"]], **{"My notes": [["text"], ["b"]], "Empty": []})
    with pytest.raises(SourceError, match="2 sheets .*`--sheet Data` or `--sheet 'My notes'`"):
        read(tmp_path, "a.xlsx", book)
    assert pairs(read(tmp_path, "a.xlsx", book, TableForm(sheet="My notes"))) == [("b", None)]
    with pytest.raises(SourceError, match="none called `data`"):
        read(tmp_path, "a.xlsx", book, TableForm(sheet="data"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", zipped(a=CSV, b=CSV), "a zip with 2 files .*unpack it"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not readable"),
        ("a.xlsx", "<html><body><table><tr><td>text</td></tr></table>", "a web page or XML"),
        ("a.csv", "version https://git-lfs.github.com/spec/v1\nsize 5\n", "run `git lfs pull`"),
        ("a.json", '[{"text": "a"},\n', "a.json:2"),
        ("a.json", '{"text": {"a": 1},\n "rows": []}', "no list of objects"),
    ],
)
def test_what_is_no_table_says_what_it_is(tmp_path, name, content, message) -> None:
    with pytest.raises(SourceError, match=message):
        read(tmp_path, name, content)
