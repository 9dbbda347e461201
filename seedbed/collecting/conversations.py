"""Conversations in tables: which form a table has them in, and each answer as a row of its own.

Four forms, known by what cells hold and not by the ending of a file: a list of messages with roles
(OpenAI: role and content; ShareGPT: from and value; or texts that alternate), Alpaca's instruction,
input and output, and columns of questions and answers. A row is one turn of the assistant: the user
turn before it is its text, all that precedes that turn its context. What gives no row is a row in
quarantine with its reason (`seedbed/collecting/messages.py`).
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from seedbed.collecting.label_cells import SURROGATE
from seedbed.collecting.messages import (
    CUT,
    FINISH,
    IMAGES,
    Exchange,
    Said,
    Unreadable,
    exchanges,
    first_of,
    listed,
    messages_in,
    text_in,
)
from seedbed.collecting.source import (
    ANSWER,
    CONTEXT,
    GROUP,
    KEY,
    QUESTION,
    REASON,
    Columns,
    Source,
    SourceTable,
)
from seedbed.collecting.streams import StreamedTable
from seedbed.collecting.tables import Record, Table, as_text
from seedbed.core.errors import ParamsError, SourceError
from seedbed.core.reasons import Reason
from seedbed.core.turns import Turn, write_turns
from seedbed.tasks import Task

# Names of columns, in lower case, as data sets have them.
MESSAGES = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "chat")
PAIRS = (
    ("instruction", "output"),  # Alpaca's, with `input` below the instruction
    ("question", "answer"), ("prompt", "completion"), ("prompt", "response"),
    ("instruction", "response"), ("query", "response"), ("question", "response"),
    ("input", "output"), ("text", "answer"),
)  # fmt: skip
BEFORE = ("system", "system_prompt", "context")  # a text that instructs the assistant
NAMES = (
    *MESSAGES,
    *{name for pair in PAIRS for name in pair},
    *BEFORE,
    *FINISH,
    *IMAGES,
    "history",
)
SAMPLE = 50
RESERVED = (QUESTION, ANSWER, CONTEXT, KEY, GROUP, REASON)


class Reading(NamedTuple):
    """How conversations become rows: of every turn of the assistant or of the last one alone; and
    the answer to questions of negative sources (`negatives.answer`)."""

    turns: Literal["all", "last"] = "all"
    refusal: str = ""


class Form(NamedTuple):
    """The columns of one form: of messages, or of a question and an answer."""

    messages: str = ""
    question: str = ""
    answer: str = ""
    more: str = ""  # below the question
    system: str = ""
    history: str = ""  # earlier turns, as messages or pairs
    notes: tuple[str, ...] = ()


def tables_of(source: Source, task: Task, reading: Reading) -> Iterator[tuple[Source, SourceTable]]:
    """Yield each table of a source with the source that describes its columns: of task answer the
    one whose records are answers, else both as they are.

    Raises ParamsError for keys of another task, SourceError for a table without conversations.
    """
    columns = source.columns
    named = {name: getattr(columns, name) for name in ("messages", "answer", "context")}
    if task.TARGET != "answer":
        for name in filter(named.get, named):
            raise _of_another_task(source, name, "task answer", "set `task: {kind: answer}`")
        yield from ((source, table) for table in source.tables())
        return
    if columns.text_pair:
        raise _of_another_task(source, "text_pair", "`answer`", "name the column as `answer`")
    if source.negative and not reading.refusal.strip():
        raise ParamsError(
            "params.yaml: negatives.answer",
            "nothing",
            f"the answer to questions of the source {source.name}, which is negative",
            "write how the assistant says that it cannot answer",
        )
    for table in source.also_reading(NAMES).tables():
        yield unfolded(source, table, reading)


def _of_another_task(source: Source, name: str, expected: str, step: str) -> ParamsError:
    place = f"params.yaml: sources: {source.name}: columns.{name}"
    return ParamsError(place, f"`{getattr(source.columns, name)}`", expected, step)


def unfolded(source: Source, table: SourceTable, reading: Reading) -> tuple[Source, SourceTable]:
    """Return a table with a record for each answer, and the source that describes its columns. Its
    category is the source's name where no column or label is named."""
    found = table.table
    whole = as_one_conversation(found.whole() if isinstance(found, StreamedTable) else found)
    form = form_of(source.columns, whole, table.file, bool(source.unlabelled or source.negative))
    records = [one for record in whole.records for one in _answers(record, form, source, reading)]
    columns = {"text": QUESTION, "answer": ANSWER, "context": CONTEXT, "group": GROUP}
    changes: dict[str, Any] = {
        "columns": source.columns.model_copy(
            update=columns | {"id": KEY if source.columns.id else ""}
        )
    }
    if not source.unlabelled and "label" not in source.columns.model_fields_set:
        changes["label"] = source.label or source.name
    new = whole._replace(
        columns=[*whole.columns, *RESERVED], records=records, notes=(*whole.notes, *form.notes)
    )
    return source.model_copy(update=changes), table._replace(table=new)


def as_one_conversation(table: Table) -> Table:
    """Return the table; of a document that is one list of messages, with one record of them."""
    lists = [one for one in MESSAGES if one in table.columns]
    is_message = {"role", "from"} & set(table.columns) and {"content", "value"} & set(table.columns)
    if table.kind != "json" or not is_message or lists:
        return table
    messages = [record.cells for record in table.records if not record.reason]
    return table._replace(columns=["messages"], records=[Record(1, {"messages": messages})])


def form_of(named: Columns, table: Table, place: str, lacks_answers: bool = False) -> Form:
    """Return the form that a table has conversations in: as its source says, else by its content.
    If it `lacks_answers`, a column of questions is enough.

    Raises SourceError where there is none.
    """
    known = {name.casefold(): name for name in reversed(table.columns)}
    system = next((known[name] for name in BEFORE if name in known), "")
    if named.answer or named.messages:
        return Form(
            messages=named.messages,
            question="" if named.messages else named.text,
            answer=named.answer,
            system=named.context or (system if named.messages else ""),
        )
    history = known.get("history", "")
    sample = [one.cells for one in table.records if not one.reason][:SAMPLE]
    first = [known[name] for name in MESSAGES if name in known]
    for column in dict.fromkeys([*first, *table.columns]):
        cells = [cell for one in sample if (cell := one.get(column)) not in (None, "")]
        if 2 * sum(map(_holds_turns, cells)) > len(cells) > 0 and column != history:
            note = () if column in first else (f"conversations of {place} are in `{column}`",)
            return Form(column, system=system, notes=note)
    for question, answer in PAIRS:
        if question in known and answer in known:
            more = known.get("input", "") if question == "instruction" else ""
            system = "" if known.get("context") == system and named.context == "" else system
            return Form("", known[question], known[answer], more, system, history)
    if lacks_answers:
        named_question = [named.text] if "text" in named.model_fields_set else []
        for name in (*named_question, *(question for question, _ in PAIRS)):
            if name in table.columns or name in known:
                return Form("", known.get(name, name), "", "", system, history)
    if first:
        return Form(first[0], system=system)
    if not table.columns and all(record.reason for record in table.records):
        return Form("messages")  # nothing could be read: the reasons say more than the columns
    raise SourceError(
        place,
        f"no conversations in {len(table.columns)} columns",
        "messages with roles, instruction and output, or a question and an answer",
        "name them in `columns` of the source: `messages`, or `text` and `answer`",
    )


def form_to_answer(named: str, table: Table, place: str) -> Form:
    """Return the form of conversations whose last question is to be answered. `named`: the column
    that a person names for questions, or messages; "" if its content shows it.

    Raises SourceError where there is none.
    """
    known = {name.casefold(): name for name in reversed(table.columns)}
    system = next((known[name] for name in BEFORE[:2] if name in known), "")
    if named:
        if named not in table.columns:
            expected = f"one of {', '.join(table.columns)}"
            raise SourceError(place, f"no column `{named}`", expected, "correct `--column`")
        cells = [one.cells.get(named) for one in table.records[:SAMPLE] if not one.reason]
        if 2 * sum(map(_holds_turns, cells)) > len(cells):
            return Form(named, system=system)
        return Form(question=named, system=system, history=known.get("history", ""))
    try:
        return form_of(Columns(), table, place)
    except SourceError:
        name = next((name for name, _ in PAIRS if name in known), "")
        if not name:
            raise SourceError(
                place,
                f"no questions in the columns {', '.join(table.columns)}",
                "messages with roles, or a column of questions",
                "name it: `--column COLUMN`",
            ) from None
        more = known.get("input", "") if name == "instruction" else ""
        return Form("", known[name], "", more, system, known.get("history", ""))


def last_question(cells: Mapping[str, Any], form: Form) -> Exchange:
    """Return the last question of a record with what precedes it; an answer that the record has to
    it is left out. Raises Unreadable."""
    turns = _turns(cells, form._replace(answer=""))
    if turns and turns[-1].role == "assistant":
        turns = turns[:-1]
    found = exchanges(turns, True)[-1]
    if not found.question.strip():
        raise Unreadable(Reason.MISSING_TEXT)
    if not all(turn.text.strip() for turn in found.context):
        raise Unreadable(Reason.EMPTY_TURN)
    return found


def _holds_turns(cell: object) -> bool:
    """Whether a cell is a list of messages; one that is wrong in itself is one all the same."""
    try:
        found = listed(cell)
    except Unreadable:
        return False
    return bool(found) and all(
        isinstance(one, str)
        or (isinstance(one, dict) and first_of(one, ("role", "from")) is not None)
        for one in found
    )


def _answers(record: Record, form: Form, source: Source, reading: Reading) -> Iterator[Record]:
    """Yield a record for each answer of one; a conversation that gives none with the reason."""
    if record.reason:
        yield record
        return
    try:
        turns = _turns(record.cells, form)
        asked = exchanges(turns, bool(source.unlabelled or source.negative))
    except Unreadable as problem:
        yield Record(record.line, record.cells, str(problem))
        return
    if reading.turns == "last" or source.unlabelled or source.negative:
        asked = asked[-1:]
    group = _group(record.cells, source, turns, len(asked) > 1)
    for one in asked:
        answer = "" if source.unlabelled else one.answer
        answer = answer or (reading.refusal if source.negative else "")
        context = write_turns(Turn(turn.role, turn.text) for turn in one.context)
        reason = one.reason if answer.strip() or source.unlabelled else Reason.EMPTY_ANSWER
        if SURROGATE.search(context):  # no reader of turns takes it
            context, reason = "", Reason.LONE_SURROGATE
        number = one.number if form.messages or form.history else 0
        key = _key_of(record.cells.get(source.columns.id), number)
        values = (one.question, answer, context, key, group, reason)
        yield Record(record.line, record.cells | dict(zip(RESERVED, values, strict=True)))


def _key_of(cell: object, number: int) -> object:
    try:
        key = as_text(cell)
    except TypeError:
        return cell  # which has no text as a key in any form
    return f"{key}#{number}" if key and number else key


def _group(
    cells: Mapping[str, object], source: Source, turns: Sequence[Said], is_shared: bool
) -> object:
    """What rows of one conversation have in common: its own group, else its key or its texts. A row
    alone has its question and earlier turns in common with rows that answer them otherwise, so
    that one question is on one side."""
    columns = source.columns
    named = cells.get(columns.group) if columns.group else None
    if named not in (None, ""):
        return named
    key = cells.get(columns.id) if columns.id and is_shared else None
    last = len(turns) if is_shared or turns[-1].role == "user" else -1
    parts = [turn.text for turn in turns[:last] if is_shared or turn.role != "system"]
    folded = [" ".join(unicodedata.normalize("NFKC", part).casefold().split()) for part in parts]
    return key or sha256("\0".join(folded).encode("utf-8", "surrogatepass")).hexdigest()


def _turns(cells: Mapping[str, object], form: Form) -> list[Said]:
    """The turns of a record. Raises Unreadable."""
    if any(cells.get(name) for name in IMAGES):
        raise Unreadable(Reason.HAS_MEDIA)
    system = text_in(cells.get(form.system)) if form.system else ""
    first = [Said("system", system)] if system.strip() else []
    cut = any(cells.get(name) in CUT for name in FINISH)
    if form.messages:
        cell = cells.get(form.messages)
        said = messages_in([] if cell in (None, "") else listed(cell))
        first = [] if said and said[0].role == "system" else first
        last = [said[-1]._replace(is_cut=said[-1].is_cut or cut)] if said else []
        return [*first, *said[:-1], *last]
    earlier = cells.get(form.history) if form.history else None
    question, more = (
        text_in(cells.get(form.question)),
        text_in(cells.get(form.more) if form.more else ""),
    )
    said = messages_in(listed(earlier)) if earlier else []
    asked = "\n\n".join(filter(str.strip, (question, more)))
    return [
        *first,
        *said,
        Said("user", asked),
        Said("assistant", text_in(cells.get(form.answer)), cut),
    ]
