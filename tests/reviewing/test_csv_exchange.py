"""CSV out to those who annotate elsewhere, and back; a spreadsheet runs nothing."""

import csv
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from seedbed.collecting.table_forms import TableForm
from seedbed.core.decisions import read_decisions
from seedbed.core.errors import SeedbedError
from seedbed.core.files import marked, unmarked
from seedbed.reviewing.csv_exchange import HEADER, export, read_back
from seedbed.reviewing.queues import queues_of


def filled(file, labels: dict[str, str], note: str = "") -> None:
    """Fill in `decided` by row id, as a person would."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = list(csv.DictReader(opened))
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, HEADER)
        writer.writeheader()
        for line in lines:
            decided = labels.get(line["id"], "")
            writer.writerow(line | {"decided": decided, "note": note if decided else ""})


def test_a_queue_goes_out_and_its_decisions_come_back(workspace, tmp_path):
    queue, file = queues_of(workspace)["suspects"], tmp_path / "q.csv"
    assert export(queue, workspace, file) == 5
    first, second = queue.items[:2]
    filled(file, {first.id: "post", second.id: "<drop>"}, note='\'=odd, "note"')
    found = read_back(file, "bob", workspace)
    assert [(one.id, one.decided, one.who) for one in found] == [
        (first.id, "post", "bob"), (second.id, "<drop>", "bob")
    ]  # fmt: skip
    assert found[0].digest == first.digest
    assert found[0].given == first.given
    assert found[0].note == '=odd, "note"'
    assert found[0].when < found[1].when
    assert read_decisions(workspace.folder) == []  # nothing is written here


@pytest.mark.parametrize("name", ["test", "validation", "audit"])
def test_nothing_of_a_blind_queue_tells_what_models_think(workspace, tmp_path, name):
    export(queues_of(workspace)[name], workspace, tmp_path / "q.csv")
    with (tmp_path / "q.csv").open(encoding="utf-8-sig", newline="") as opened:
        for line in csv.DictReader(opened):
            assert line["suggested"] == line["score"] == line["reason"] == line["decided"] == ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
def test_nasty_texts_and_notes_make_the_round_trip(workspace, tmp_path, text):
    queue, file = queues_of(workspace)["suspects"], tmp_path / "q.csv"
    row = queue.items[0].id
    workspace.rows.loc[workspace.rows["id"] == row, "text"] = text
    export(queue, workspace, file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert unmarked(lines[0]["text"]) == text
    filled(file, {row: "post"}, note=marked(text))
    assert [one.id for one in read_back(file, "ann", workspace)] == [row]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_file_of_another_program_is_read(workspace, tmp_path, separator):
    lines = ["id,digest,decided", "row01,drow01,bank", "row02,drow02, "]
    text = "\r\n".join(lines).replace(",", separator)
    (tmp_path / "q.csv").write_bytes(text.encode())
    assert [one.id for one in read_back(tmp_path / "q.csv", "ann", workspace)] == ["row01"]


DECIDED = "id,digest,decided,note\nrow01,drow01,bank,süß\nrow02,drow02, ,\n"
OBJECTS = [
    {"id": "row01", "digest": "drow01", "decided": "bank", "note": "süß"},
    {"id": "row02", "digest": "drow02", "decided": None},
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tabs.csv", DECIDED.replace(",", "\t").encode("utf-16")),
        ("western.csv", DECIDED.replace(",", ";").encode("cp1252")),
        ("excel.csv", ("sep=;\n" + DECIDED.replace(",", ";")).encode("utf-8-sig")),
        ("packed.csv.gz", gzip.compress(DECIDED.encode(), mtime=0)),
        ("bars.txt", DECIDED.replace(",", "|").encode()),
        ("trailing.csv", DECIDED.replace("\n", ",,\n").encode()),
        ("list.json", json.dumps(OBJECTS).encode()),
        ("lines.jsonl", "\n".join(map(json.dumps, OBJECTS)).encode()),
    ],
)
def test_what_add_reads_the_import_reads(workspace, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    [decision] = read_back(tmp_path / name, "ann", workspace)
    assert (decision.id, decision.decided, decision.note) == ("row01", "bank", "süß")


def test_what_is_said_of_the_table_is_taken(workspace, tmp_path):
    text = DECIDED.replace("süß", "привет").replace(",", "|")
    (tmp_path / "q.csv").write_bytes(text.encode("cp1251"))
    form = TableForm(encoding="cp1251", separator="|")
    [decision] = read_back(tmp_path / "q.csv", "ann", workspace, form)
    assert decision.note == "привет"


def test_a_cell_that_is_no_text_is_a_bad_line(workspace, tmp_path):
    (tmp_path / "q.jsonl").write_text('{"id": ["a"], "digest": "b", "decided": "bank"}\n')
    with pytest.raises(SeedbedError, match="q.jsonl:1: not_text"):
        read_back(tmp_path / "q.jsonl", "ann", workspace)


def test_all_bad_lines_are_told_together_with_their_place(workspace, tmp_path):
    file = tmp_path / "q.csv"
    lines = [
        "id,digest,decided,text",
        'row01,drow01,bank,"two\nlines"',
        "row99,drow99,bank,x",
        "row02,other,bank,x",
        "row03,drow03,bonk,x",
        "row01,drow01,post,x",
        "row04,drow04",
    ]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(SeedbedError) as error:
        read_back(file, "ann", workspace)
    message = str(error.value)
    assert "5 lines are wrong, so none is imported" in message
    for place in (
        f"{file}:4: no row to review has the id 'row99'",
        f"{file}:5: row row02 has another text now",
        f"{file}:6: label 'bonk'; expected: one of bank, post, <drop> or <ambiguous>",
        f"{file}:7: row row01 has two different decisions",
        f"{file}:8: wrong_column_count",
    ):
        assert place in message


def test_a_file_that_is_no_table_and_a_name_that_is_none_are_refused(workspace, tmp_path):
    file = tmp_path / "q.csv"
    file.write_text("id,label\nrow01,bank\n")
    with pytest.raises(SeedbedError, match="no column digest, decided"):
        read_back(file, "ann", workspace)
    with pytest.raises(SeedbedError):
        read_back(file, "", workspace)
    with pytest.raises(SeedbedError):
        read_back(tmp_path / "none.csv", "ann", workspace)
