"""People's words in each medium: markdown, terminal, CSV, JSON and the review page obey none."""

import csv
import json
import math
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt

from seedbed.collecting.tables import Record
from seedbed.core.errors import SeedbedError
from seedbed.core.files import marked, read_csv, unmarked, write_csv
from seedbed.core.stage import run
from seedbed.core.text_units import for_terminal
from seedbed.gate.compare import read_overrides, write_override
from seedbed.merging.resolve import _repair_csv
from seedbed.pages.document import Code, Section, Table, for_json, for_streamlit, quoted
from seedbed.pages.rendering import markdown
from seedbed.serving.chunks import Chunk
from seedbed.serving.writing import write
from seedbed.versions.revisions import Files

FORMULAS = [
    "=1+1", "+cmd|calc", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "\ufeff=1", "\uff1d1+1",
    "+", "-", "@home", "-x", "--1", "+49 170", "'=1", "''=1", "'@x", "1=".removeprefix("1"),
]  # fmt: skip
HARMLESS = [
    "", "a=b", "1+1", "-1", "+1", "-1.5", "-1,234.5", "+1e-5", "-10%", "'", "''", "'tis", "''x''",
    "x@y", "1-5",
]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_run_is_marked(cell):
    assert marked(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", HARMLESS)
def test_a_number_or_a_word_stays_as_it_is(cell):
    assert marked(cell) == cell == unmarked(cell)


@given(st.text() | st.text("=+-@'\t 1.x"))
def test_every_cell_comes_back_as_it_was(cell):
    assert unmarked(marked(cell)) == cell
    assert not marked(cell).startswith(("=", "@", "\t", "\r", "\uff1d"))


def test_a_file_of_ours_is_read_as_it_was_written(tmp_path):
    lines = [[cell, str(number)] for number, cell in enumerate([*FORMULAS, *HARMLESS])]
    write_csv(tmp_path / "x.csv", ["label", "n"], lines)
    assert [list(line.values()) for line in read_csv(tmp_path / "x.csv")] == lines
    with (tmp_path / "x.csv").open(newline="") as file:
        assert all(line[0] == marked(cell) for line, (cell, _) in zip(
            list(csv.reader(file))[1:], lines, strict=True
        ))  # fmt: skip
    write_csv(tmp_path / "n.csv", ["n"], [[-1], [-0.5], [True], [math.pi]])
    assert (tmp_path / "n.csv").read_text() == "n\n-1\n-0.5\nTrue\n3.1416\n"


@pytest.mark.parametrize("words", [*FORMULAS, "-1", "'tis", 'a "b", c'])
def test_every_reader_gets_the_words_that_were_written(words, tmp_path, monkeypatch):
    """An override of the gate, a merge, another version: none adds a mark or loses one."""
    monkeypatch.chdir(tmp_path)
    write_override("a", "b", "c", "ann", f"{words} x")
    assert [one.why for one in read_overrides()] == [" ".join(f"{words} x".split())]
    table = Path("table.csv")
    write_csv(table, ["id", "label"], [["1", words], ["1", words]])
    before = table.read_bytes()
    _repair_csv(table, before.decode())
    assert read_csv(table) == [{"id": "1", "label": words}]
    assert Files().lines("table.csv", ["id", "label"]) == [["1", words]]


def test_what_predict_writes_is_run_by_no_spreadsheet(tmp_path):
    chunk = Chunk(
        "in.csv", ["text"], [Record(1, {"text": text}) for text in ("=1+1", "a\rb", "-1")]
    )
    more = pa.RecordBatch.from_pydict({"label": ["@x", "+", "-1"]})
    for suffix in (".csv", ".tsv", ".jsonl"):
        write(tmp_path / f"out{suffix}", [(chunk, more)])
    table = read_csv(tmp_path / "out.csv")
    assert [(row["text"], row["label"]) for row in table] == [
        ("=1+1", "@x"), ("a\rb", "+"), ("-1", "-1")
    ]  # fmt: skip
    assert (tmp_path / "out.csv").read_bytes() == b"text,label\n'=1+1,'@x\n\"a\rb\",'+\n-1,-1\n"
    assert "'" not in (tmp_path / "out.jsonl").read_text()


SEQUENCES = {
    "colour": ("\x1b[31m", "\\x1b[31m"),
    "title": ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
    "one byte": ("\x9b31m", "\\x9b31m"),
    "direction": ("\u202egpj", "\\u202egpj"),
    "isolate": ("\u2066x", "\\u2066x"),
    "zero width": ("a\u200bb", "a\\u200bb"),
    "blank letter": ("a\u3164b", "a\\u3164b"),
    "tag": ("\U000e0041", "\\U000e0041"),
    "carriage return": ("a\rb", "a\\rb"),
    "line separator": ("a\u2028b", "a\\u2028b"),
    "half a character": ("\udce9", "\\udce9"),
    "runner command": ("a\n::error::b", "a\n\\::error::b"),
    "indented runner command": ("  ::stop-commands::x", "  \\::stop-commands::x"),
    "older runner command": ("##[group]x", "\\##[group]x"),
}


@pytest.mark.parametrize(("text", "shown"), SEQUENCES.values(), ids=SEQUENCES)
def test_no_terminal_and_no_runner_obeys_an_error(text, shown):
    assert for_terminal(text) == shown
    assert for_terminal(f"in.csv: {text}") == str(SeedbedError("in.csv", text))
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in shown if one != "\n")


def test_no_terminal_obeys_the_line_of_a_stage(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run("collect", lambda: "2 rows of \x1b[31mred\u202e.csv")
    assert "collect: 2 rows of \\x1b[31mred\\u202e.csv (" in capsys.readouterr().out


def test_json_is_the_same_to_who_reads_it():
    text = json.dumps({"a\u202e\x9b\U000e0041": "é\u200b"}, ensure_ascii=False)
    assert json.loads(for_json(text)) == json.loads(text)
    assert for_json(text).isprintable()
    assert "é" in for_json(text)


PARSER = MarkdownIt("gfm-like", {"html": True, "linkify": False}).disable("linkify")
MARKUP = {
    "script": "<script>x</script>", "image": "![x](http://a.b/c)", "link": "[x](http://a.b)",
    "comment": "<!-- x", "details": "</details>", "heading": "# x", "quote": "> x",
    "list": "- x", "numbered": "1. x", "bracket": "2) x", "rule": "---", "under": "===",
    "cell": "a|b", "escaped cell": "a\\|b", "fence": "```x", "code": "`x`",
    "emphasis": "**x** __y__",
    "strike": "~~x~~", "entity": "&lt;b&gt;", "reference": "[x]: http://a.b", "footnote": "[^1]",
    "auto link": "<http://a.b>",
}  # fmt: skip


@pytest.mark.parametrize("words", MARKUP.values(), ids=MARKUP)
def test_markdown_shows_words_as_they_are(words):
    for text in (quoted(words), markdown(Section("", [words]))):
        first, inline, last = PARSER.parse(text)
        assert (first.type, last.type) == ("paragraph_open", "paragraph_close")
        shown = "".join(token.content for token in inline.children or [])
        assert {token.type for token in inline.children or []} <= {"text", "text_special"}
        assert shown.replace("\u2060", "") == words


@pytest.mark.parametrize("kind", [str, Code])
@pytest.mark.parametrize("words", MARKUP.values(), ids=MARKUP)
def test_a_table_keeps_its_cells(words, kind):
    table = markdown(Section("", [Table(["label", "rows"], [[kind(words), 1]])]))
    tokens = PARSER.parse(table)
    assert [token.type for token in tokens].count("td_open") == 2
    cell = next(token for token in tokens if token.type == "inline" and token.map is None or (
        token.type == "inline" and token.content not in ("label", "rows", "1")
    ))  # fmt: skip
    kinds = {token.type for token in cell.children or []}
    assert kinds <= {"text", "text_special"} or (kinds == {"code_inline"} and kind is Code)


@pytest.mark.parametrize(
    "words", ["@octo/team", "#1", "GH-1", "http://evil.example", "www.evil.example", "a@b.example"]
)
def test_a_forge_links_no_words(words):
    shown = quoted(words)
    assert words not in shown
    assert shown.replace("\u2060", "") == words


@pytest.mark.parametrize(
    "words", [":material/delete:", ":red[x]", ":tada:", "**b**", "$x$", "# h", "[x](http://a.b)"]
)
def test_a_label_is_no_markup_on_the_review_page(words):
    shown = for_streamlit(words)
    assert not {":m", ":r", ":t"} & {shown[at : at + 2] for at in range(len(shown))}
    assert {token.type for token in PARSER.parse(shown)[1].children or []} <= {
        "text", "text_special"
    }  # fmt: skip
