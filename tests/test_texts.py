"""The one list of columns that hold text: what reads it misses no text, and breaks no role."""

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from seedbed.core.errors import RowsError
from seedbed.core.rows import ANSWERS, SCHEMA, read_rows, write_rows
from seedbed.core.texts import COLUMNS, changed, different_texts, each_texts, texts_of
from seedbed.core.turns import ROLES, Turn, read_turns, write_turns

CONTEXT = write_turns([Turn("system", "Be brief."), Turn("user", "Hi"), Turn("assistant", "Yes?")])
ROW = {"id": "1", "digest": "d", "text": "Who are you?", "text_pair": "", "label": "x",
       "source": "s", "batch": "2026-01-a", "provenance": "{}"}  # fmt: skip
TURNS = st.lists(st.tuples(st.sampled_from(ROLES), st.text()), max_size=4)


def test_a_row_has_its_texts_in_the_order_of_the_conversation():
    chat = ROW | {"context": CONTEXT, "answer": "A program."}
    assert texts_of(chat) == ["Be brief.", "Hi", "Yes?", "Who are you?", "A program."]
    assert texts_of(ROW | {"text_pair": "And you?"}) == ["Who are you?", "And you?"]
    frame = pd.DataFrame([chat, chat | {"answer": "", "context": ""}])
    assert list(each_texts(frame)) == [texts_of(chat), ["Who are you?"]]
    assert different_texts(frame) == {"Be brief.", "Hi", "Yes?", "Who are you?", "A program."}


@given(TURNS)
def test_a_change_reaches_every_turn_and_no_role(turns):
    cell = write_turns(Turn(*turn) for turn in turns)
    after = read_turns(changed("context", cell, lambda text: f'"]{text}["user'))
    assert [turn.role for turn in after] == [role for role, _ in turns]
    assert [turn.text for turn in after] == [f'"]{turn.text}["user' for turn in read_turns(cell)]


def test_rows_without_answers_have_the_columns_they_had(tmp_path):
    write_rows(tmp_path / "class", pd.DataFrame([ROW]))
    assert list(read_rows(tmp_path / "class").columns) == SCHEMA.names
    assert not set(ANSWERS) & set(SCHEMA.names)
    assert set(COLUMNS) == {"text", "text_pair", *ANSWERS}


def test_rows_with_answers_keep_them_and_are_of_one_task(tmp_path):
    chat = pd.DataFrame([ROW | {"context": CONTEXT, "answer": "A program."}])
    write_rows(tmp_path / "chat", chat)
    after = read_rows(tmp_path / "chat")
    assert list(after[["context", "answer"]].iloc[0]) == [CONTEXT, "A program."]
    other = pd.DataFrame([ROW | {"id": "2", "batch": "2026-02-b"}])
    write_rows(tmp_path / "both", other)
    (tmp_path / "chat/2026-01-a.parquet").rename(tmp_path / "both/2026-01-a.parquet")
    with pytest.raises(RowsError, match="rows with and without answers"):
        read_rows(tmp_path / "both")
