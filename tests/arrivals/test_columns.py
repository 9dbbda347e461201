"""Which column is which: plain names alone, anything else is asked for."""

from pathlib import Path

import pytest

from seedbed.arrivals.columns import inferred
from seedbed.arrivals.file_form import look_at
from seedbed.collecting.table_forms import TableForm
from seedbed.core.errors import SeedbedError
from seedbed.tasks import class_task


def columns(content: str, said: dict | None = None, needs_label: bool = True) -> dict[str, str]:
    Path("new.csv").write_text(content)
    table = look_at(Path("new.csv"), TableForm())
    return inferred(table, said or {}, needs_label, "new.csv", class_task)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_plain_names_in_any_case():
    found = columns("Ticket_ID,Created_At,Body,Queue\nT-7,2026-11-01,hello,post\nT-9,,bye,bank\n")
    assert found == {"text": "Body", "label": "Queue", "id": "Ticket_ID", "date": "Created_At"}


def test_another_separator_is_found_in_the_header():
    Path("new.csv").write_text("text;label\na, b;post\n")
    table = look_at(Path("new.csv"), TableForm())
    assert (table.columns, table.form.separator) == (["text", "label"], ";")


def test_two_that_could_be_it_and_none_that_is_are_asked_for():
    with pytest.raises(SeedbedError, match="`text` and `body` could be the text"):
        columns("text,body,label\na,b,post\n")
    with pytest.raises(SeedbedError, match="no column is plainly the label.*--label-column"):
        columns("text,mood\na,b\n")
    said = {"text": "body", "label": "mood"}
    assert columns("text,body,mood\na,b,c\n", said) == said
    assert columns("text\na\n", needs_label=False) == {"text": "text"}


@pytest.mark.parametrize("ids", [("0", "1"), ("1", "2"), ("7", "7"), ("7", "")])
def test_a_count_of_the_rows_and_a_column_that_names_no_row_are_no_keys(ids):
    rows = "".join(f"{one},text {n},post\n" for n, one in enumerate(ids))
    assert "id" not in columns(f"id,text,label\n{rows}")
    assert columns("id,text,label\n17,a,post\n12,b,post\n")["id"] == "id"
