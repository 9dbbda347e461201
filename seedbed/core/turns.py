"""Conversations as cells of a row: the turns before the last question in `context`, that question
in `text`, and what the assistant wrote in `answer`.

Turns have one canonical form, so that equal conversations are equal cells: a JSON list of
[role, text] pairs without spaces, letters as themselves, and lines that end with LF. No turns are
an empty cell.
"""

import json
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from pydantic import TypeAdapter, ValidationError

from seedbed.core.errors import RowsError

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = get_args(Role)


class Turn(NamedTuple):
    """What one side of a conversation says at once; a system text instructs the assistant."""

    role: Role
    text: str


class Dialogue(NamedTuple):
    """A row of answers: earlier turns and a system text, the last question, the answer to it."""

    context: tuple[Turn, ...]
    question: str
    answer: str

    def messages(self) -> list[dict[str, str]]:
        """Return the conversation in the form of OpenAI's API, the answer last."""
        return [*self.prompt(), {"role": "assistant", "content": self.answer}]

    def prompt(self) -> list[dict[str, str]]:
        """Return what precedes the answer, in the same form."""
        turns = [*self.context, Turn("user", self.question)]
        return [{"role": turn.role, "content": turn.text} for turn in turns]


# Of lists, since JSON has no tuples; `strict` refuses numbers where a text belongs.
_TURNS = TypeAdapter(list[tuple[Role, str]])


def read_turns(cell: str) -> tuple[Turn, ...]:
    """Return the turns of a cell that `write_turns` wrote.

    Raises RowsError, which shows nothing of the cell, where it has another form.
    """
    if not cell:
        return ()
    try:
        pairs = _TURNS.validate_json(cell, strict=True)
    except ValidationError as error:
        found = f"a cell of {len(cell)} characters: {error.errors()[0]['msg']}"
        expected = 'a JSON list of [role, text], with the roles "system", "user" and "assistant"'
        raise RowsError("column context", found, expected, "run `dvc repro`") from None
    return tuple(Turn(role, text) for role, text in pairs)


def write_turns(turns: Iterable[Turn]) -> str:
    """Return turns in their canonical form, "" if there are none."""
    pairs = [[role, _with_lf(text)] for role, text in turns]
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":")) if pairs else ""


def dialogue(text: str, context: str, answer: str) -> Dialogue:
    """Return the dialogue of a row's cells. Raises RowsError for a damaged `context`."""
    return Dialogue(read_turns(context), text, answer)


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
