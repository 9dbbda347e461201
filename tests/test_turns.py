"""Conversations as cells: one canonical form, read back as it was written."""

import json

import pytest
from hypothesis import given, settings, strategies as st

from seedbed.core.errors import RowsError
from seedbed.core.turns import ROLES, Turn, dialogue, read_turns, write_turns

CONTEXT = '[["system","Be brief."],["user","Is it café or cafe?"],["assistant","Both\\nare used."]]'


def test_turns_have_one_form():
    turns = [Turn("system", "Be brief."), Turn("user", "Is it café or cafe?")]
    assert write_turns([*turns, Turn("assistant", "Both\r\nare used.")]) == CONTEXT
    assert write_turns([]) == ""
    assert read_turns("") == ()


def test_a_row_is_a_conversation_that_ends_with_the_answer():
    row = dialogue("And in English?", CONTEXT, "Café.")
    assert row.context[1] == Turn("user", "Is it café or cafe?")
    assert row.prompt() == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Is it café or cafe?"},
        {"role": "assistant", "content": "Both\nare used."},
        {"role": "user", "content": "And in English?"},
    ]
    assert row.messages() == [*row.prompt(), {"role": "assistant", "content": "Café."}]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=50)
@given(st.lists(st.builds(Turn, st.sampled_from(ROLES), texts), max_size=4))
def test_what_is_written_is_read_and_written_again_the_same(turns):
    cell = write_turns(turns)
    read = read_turns(cell)
    assert write_turns(read) == cell
    assert [turn.role for turn in read] == [turn.role for turn in turns]
    assert "\r" not in "".join(turn.text for turn in read)
    assert not cell or json.loads(cell) == [list(turn) for turn in read]


@pytest.mark.parametrize(
    "cell",
    ["secret", '{"role": "user"}', '[["user"]]', '[["tool","secret"]]', '[["user",7]]',
     '[["user","secret"]', '"user"'],
)  # fmt: skip
def test_another_form_is_an_error_that_shows_no_text(cell):
    with pytest.raises(RowsError, match="column context: .*expected a JSON list") as error:
        read_turns(cell)
    assert "secret" not in str(error.value)
