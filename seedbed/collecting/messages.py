"""Messages of a conversation as turns, and its answers: what a list of messages may hold, and in
which order its roles make sense.

Roles are those of OpenAI, ShareGPT and their like. Turns of tools, and images, are no text, so that
a conversation with one of them gives no row.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seedbed.collecting.tables import as_text
from seedbed.core.reasons import Reason
from seedbed.core.turns import Role

ROLES: dict[str, Role] = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot", "ai"), "assistant"),
}
TOOLS = {
    "tool", "function", "function_call", "function-call", "function_response", "tool_call",
    "tool_response", "observation", "ipython",
}  # fmt: skip
CALLS = ("tool_calls", "function_call")  # keys of a message
ROLE_KEYS = ("role", "from")
FINISH = ("finish_reason", "stop_reason")  # keys of a message or a record
CUT = ("length", "max_tokens")
IMAGES = ("images", "image", "videos", "audios")
FENCE = "```"
UNFINISHED = (",", "(", "[", "{")  # an answer does not end so, unless it is short
MIN_CHARS_CUT = 40


class Said(NamedTuple):
    """A turn as it was read: whether it is cut off, and whether it is to be learned."""

    role: Role
    text: str
    is_cut: bool = False
    is_learned: bool = True


class Exchange(NamedTuple):
    """A question with what precedes it, its answer, and what is wrong with it."""

    context: tuple[Said, ...]
    question: str
    answer: str
    reason: str = ""
    number: int = 1  # of the turns of the assistant


class Unreadable(Exception):
    """A conversation that gives no row; its argument is the reason."""


def listed(cell: object) -> list[Any]:
    """The messages of a cell: a list, one in JSON, or columns of them as Parquet may store it."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            raise Unreadable(Reason.MESSAGES_ARE_NO_LIST) from None
    if isinstance(cell, dict) and cell and all(isinstance(one, list) for one in cell.values()):
        parts = list(cell.values())
        if len({len(part) for part in parts}) == 1:
            cell = [dict(zip(cell, row, strict=True)) for row in zip(*parts, strict=True)]
    if not isinstance(cell, list):
        raise Unreadable(Reason.MESSAGES_ARE_NO_LIST)
    return cell


def exchanges(turns: Sequence[Said], may_lack_answer: bool) -> list[Exchange]:
    """Return each question of a conversation with its answer, in order; those whose answer is not
    to be learned are left out. A last question without an answer is one if it `may_lack_answer`.

    Raises Unreadable where roles do not alternate, or there is no answer.
    """
    start = bool(turns) and turns[0].role == "system"
    roles = [turn.role for turn in turns[start:]]
    wanted = ["user", "assistant"] * (len(roles) // 2 + 1)
    if roles != wanted[: len(roles)]:
        raise Unreadable(Reason.ROLE_ORDER)
    if not roles:
        raise Unreadable(Reason.MISSING_TEXT)
    found = []
    for index in range(start, len(turns) - 1, 2):
        context, question, answer = tuple(turns[:index]), turns[index], turns[index + 1]
        reason = (
            Reason.EMPTY_TURN if not all(turn.text.strip() for turn in context)
            else Reason.ANSWER_CUT_OFF if answer.is_cut or is_cut_off(answer.text)
            else ""
        )  # fmt: skip
        if answer.is_learned:
            number = (index - start) // 2 + 1
            found.append(Exchange(context, question.text, answer.text, reason, number))
    if may_lack_answer and roles[-1] == "user":
        context = tuple(turns[:-1])
        found.append(Exchange(context, turns[-1].text, "", "", (len(roles) + 1) // 2))
    if not found and len(roles) > 1:
        raise Unreadable(Reason.NOTHING_TO_LEARN)
    return found or [Exchange(tuple(turns[:-1]), turns[-1].text, "", Reason.EMPTY_ANSWER)]


def is_cut_off(answer: str) -> bool:
    """Whether an answer ends in a block of code that is not closed, or where no sentence does."""
    fences = sum(line.lstrip().startswith(FENCE) for line in answer.split("\n"))
    end = answer.rstrip()
    return fences % 2 == 1 or (len(end) >= MIN_CHARS_CUT and end.endswith(UNFINISHED))


def messages_in(found: Sequence[Any]) -> list[Said]:
    """Messages as turns. Raises Unreadable."""
    if found and all(isinstance(one, str) for one in found):
        roles: list[Role] = ["user", "assistant"]
        return [Said(roles[number % 2], text_in(text)) for number, text in enumerate(found)]
    said: list[Said] = []
    for one in found:
        if isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one):
            role = ROLES.get(one[0].strip().casefold())
            pair = [Said("user", text_in(one[0])), Said("assistant", text_in(one[1]))]
            said += [Said(role, text_in(one[1]))] if role else pair
        elif isinstance(one, dict):
            said.append(_message(one))
        else:
            raise Unreadable(Reason.MESSAGES_ARE_NO_LIST)
    return said


def _message(message: Mapping[str, Any]) -> Said:
    role = first_of(message, ROLE_KEYS)
    if not isinstance(role, str):
        raise Unreadable(Reason.MESSAGES_ARE_NO_LIST)
    name = role.strip().casefold()
    if name in TOOLS or any(message.get(key) for key in CALLS):
        raise Unreadable(Reason.CALLS_TOOLS)
    if name not in ROLES:
        raise Unreadable(Reason.UNKNOWN_ROLE)
    is_cut = any(message.get(key) in CUT for key in FINISH)
    text = text_in(first_of(message, ("content", "value", "text")))
    # OpenAI's fine-tuning files: an answer of weight 0 is context alone.
    is_learned = message.get("weight") not in (0, 0.0) or isinstance(message.get("weight"), bool)
    return Said(ROLES[name], text, is_cut, is_learned)


def first_of(message: Mapping[str, Any], names: Sequence[str]) -> Any:
    """What a message has under the first of these names that it has."""
    return next((message[name] for name in names if message.get(name) is not None), None)


def text_in(content: Any) -> str:
    """The text of a message, with LF as line end; of several parts, all of them. Raises
    Unreadable for what is no text."""
    if isinstance(content, list):
        parts = [one if isinstance(one, dict) else {"type": "text", "text": one} for one in content]
        if not all(one.get("type") == "text" for one in parts):
            raise Unreadable(Reason.HAS_MEDIA)
        content = "\n".join(_plain(one.get("text")) for one in parts)
    return _plain(content).replace("\r\n", "\n").replace("\r", "\n")


def _plain(content: Any) -> str:
    try:
        return as_text(content)
    except TypeError:
        raise Unreadable(Reason.MESSAGES_ARE_NO_LIST) from None
