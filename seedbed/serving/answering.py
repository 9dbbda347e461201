"""`seedbed predict` with a model that answers: the last question of each conversation of a file.

Files are read as collect reads conversations, and their texts are cleaned and their personal values
replaced as before training, with one stand-in for a value through the whole conversation. The memo
is not used, so nothing of them is kept. What a row has as the answer to its last question is not
shown to the model. Every row is written, in its order, with the columns `answer`, `ended` (whether
the model ended it by itself) and `reason`, which says why there is no answer.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pyarrow as pa

from seedbed.cleaning.rows import around_code
from seedbed.collecting.conversations import (
    Form,
    as_one_conversation,
    form_to_answer,
    last_question,
)
from seedbed.collecting.messages import Unreadable
from seedbed.collecting.raw_rows import SURROGATE
from seedbed.collecting.table_forms import NOTHING_SAID, Record, TableForm
from seedbed.core.errors import SeedbedError
from seedbed.core.reasons import Reason
from seedbed.core.text_units import for_terminal
from seedbed.core.texts import changed
from seedbed.core.turns import Dialogue, Turn, dialogue, write_turns
from seedbed.private.rows import anonymize_rows
from seedbed.running import memo
from seedbed.scoring.answers.metrics import refuses
from seedbed.serving.chunks import Chunk, check_new_columns, plain_counts, read_chunks
from seedbed.serving.model_folder import AnswerServing, TextPreparation, read_answer_serving
from seedbed.serving.writing import check_target, write
from seedbed.training.models import read_card

if TYPE_CHECKING:  # torch, which a mistake in the command need not wait for
    from seedbed.training.chat.tuning import Answer, Answerer

SHOWN = 5
CELLS = ("context", "text", "answer")


class AnswerOptions(NamedTuple):
    """The column that holds questions or messages ("": its content shows it), a prefix for the
    names of the new columns, the most tokens of an answer (0: those of the model folder), and what
    is given each piece of an answer as it is written (None: answers are written many at once)."""

    column: str = ""
    prefix: str = ""
    max_new_tokens: int = 0
    show: Callable[[str], None] | None = None

    def new(self) -> list[str]:
        """The names of the columns to add."""
        return [self.prefix + name for name in ("answer", "ended", "reason")]


class Answered(NamedTuple):
    """Rows that were written, of these refusals and answers that the model did not end, and rows
    without an answer by reason; place and reason of the first of these; notes on guesses."""

    rows: int
    refused: int
    unfinished: int
    reasons: Counter[str]
    unanswered: list[str]
    notes: tuple[str, ...]

    def in_words(self, target: Path, prefix: str) -> list[str]:
        """What a person must know of it, a line each."""
        refused = f", {self.refused:,} refused" if self.refused else ""
        cut = f", {self.unfinished:,} answers cut at --max-new-tokens" if self.unfinished else ""
        lines = [*self.notes, f"{target}: {self.rows:,} rows{refused}{cut}"]
        if self.reasons:
            counts = plain_counts(self.reasons)
            lines.append(f"Without an answer (column `{prefix}reason`): {counts}; the first:")
        return [*lines, *(f"  {place}" for place in self.unanswered)]


def printed(piece: str) -> None:
    """Print a piece of an answer; what a terminal would take for a command is written out."""
    print(for_terminal(piece), end="", flush=True)


def answer(
    source: Path,
    target: Path,
    folder: Path,
    options: AnswerOptions,
    form: TableForm = NOTHING_SAID,
    chunk_rows: int = 2048,
) -> Answered:
    """Write the rows of `source` to `target` with the new columns; `form`: what was said of how
    `source` is written.

    Raises SeedbedError where a table cannot be read or written, or no row gets an answer, and
    ModelError where the model cannot be loaded.
    """
    check_target(source, target)
    chunks = map(_whole, read_chunks(source, chunk_rows, form))
    first = next(chunks)
    serving, card = read_answer_serving(folder), read_card(folder)
    conversations = form_to_answer(options.column, first.table(), str(source))
    check_new_columns(first, options.new())
    from seedbed.encoding.encoder import precision
    from seedbed.training.chat.approaches import load

    model: Answerer = load(card.approach).load(folder, card, precision(serving.precision))
    counts, reasons = Counter[str](), Counter[str]()
    unanswered: list[str] = []

    def answered_chunks() -> Iterator[tuple[Chunk, pa.RecordBatch]]:
        for chunk in chain([first], chunks):
            check_new_columns(chunk, options.new())
            found = answered(chunk, conversations, model, serving, options)
            for record, one in zip(chunk.records, found, strict=True):
                counts.update(
                    rows=1,
                    refused=not one.reason and refuses(one.text, serving.refusal),
                    unfinished=not one.reason and not one.ended,
                )
                reasons.update([one.reason] if one.reason else [])
                if one.reason and len(unanswered) < SHOWN:
                    unanswered.append(f"{chunk.place(record)} {one.reason}")
            yield chunk, _columns(found, options)
        if counts["rows"] == reasons.total():
            why = f"no row gets an answer, such as {unanswered[0]}"
            step = "correct its rows, name --column or --encoding, or lower --max-new-tokens"
            raise SeedbedError(str(source), why, "conversations, or questions", step)

    write(target, answered_chunks())
    notes = (*first.notes, *conversations.notes)
    refused, unfinished = counts["refused"], counts["unfinished"]
    return Answered(counts["rows"], refused, unfinished, reasons, unanswered, notes)


def _whole(chunk: Chunk) -> Chunk:
    """A document that is one list of messages as the one row that it is."""
    table = as_one_conversation(chunk.table())
    if table.records is chunk.records:
        return chunk
    return chunk._replace(records=table.records)


def answered(
    chunk: Chunk, form: Form, model: "Answerer", serving: AnswerServing, options: AnswerOptions
) -> list["Answer"]:
    """Return the answer to each row of a chunk, or the reason that it has none."""
    from seedbed.training.chat.tuning import Answer

    asked = [_asked(record, form) for record in chunk.records]
    lines = [record.line for record in chunk.records]
    known = [index for index, (_, reason) in enumerate(asked) if not reason]
    rows = prepared(
        [asked[index][0] for index in known], serving.preparation, [lines[one] for one in known]
    )
    found = [Answer("", 0, False, reason) for _, reason in asked]
    ready = []
    for index, row in zip(known, rows, strict=True):
        if row.question.strip():
            ready.append((index, row))
        else:
            found[index] = Answer("", 0, False, Reason.MISSING_TEXT)
    limit = options.max_new_tokens or serving.max_new_tokens
    if options.show is None:
        written = model.answers([row for _, row in ready], limit)
    else:
        places = [chunk.place(chunk.records[index]) for index, _ in ready]
        written = [
            _streamed(model, row, limit, place, options.show)
            for place, (_, row) in zip(places, ready, strict=True)
        ]
    for (index, _), one in zip(ready, written, strict=True):
        found[index] = one
    return found


def _streamed(
    model: "Answerer", row: Dialogue, limit: int, place: str, show: Callable[[str], None]
) -> "Answer":
    show(f"{place}\n")
    pieces = model.stream(row, limit)
    while True:
        try:
            show(next(pieces))
        except StopIteration as end:
            found: Answer = end.value
            show(f"{f'({found.reason})' if found.reason else ''}\n\n")
            return found


def _asked(record: Record, form: Form) -> tuple[Dialogue, str]:
    """The question of a row with what precedes it, and the reason for which it has none."""
    nothing = Dialogue((), "", "")
    if record.reason:
        return nothing, record.reason
    try:
        found = last_question(record.cells, form)
    except Unreadable as problem:
        return nothing, str(problem)
    context = tuple(Turn(turn.role, turn.text) for turn in found.context)
    if SURROGATE.search(found.question + write_turns(context)):
        return nothing, Reason.LONE_SURROGATE
    return Dialogue(context, found.question, ""), ""


def prepared(
    rows: Sequence[Dialogue], preparation: TextPreparation, lines: Sequence[int]
) -> list[Dialogue]:
    """Return conversations as the model would have seen them in training; limits drop rows from
    training only. `lines` name rows in errors.

    Raises SeedbedError where stand-ins depend on a key that is not here.
    """
    if not rows:
        return []
    clean = partial(_cleaned, rules=preparation.rules)
    cells = [
        {
            name: changed(name, cell, clean)
            for name, cell in zip(CELLS, (write_turns(row.context), row.question, ""), strict=True)
        }
        for row in rows
    ]
    table = pd.DataFrame(cells).assign(id=list(map(str, lines)), group="")
    with memo.unused():
        found, _ = anonymize_rows(table, preparation.anonymize, preparation.key())
    return [dialogue(*row) for row in found[["text", "context", "answer"]].to_numpy()]


def _cleaned(text: str, rules: Sequence[str]) -> str:
    return around_code(text, rules)[0]


def _columns(answers: Sequence["Answer"], options: AnswerOptions) -> pa.RecordBatch:
    """The new columns; null where there is no answer, or no reason for none."""
    values = (
        [None if one.reason else one.text for one in answers],
        [None if one.reason else one.ended for one in answers],
        [str(one.reason) or None for one in answers],
    )
    kinds = (pa.string(), pa.bool_(), pa.string())
    arrays = [pa.array(cells, kind) for cells, kind in zip(values, kinds, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=options.new())
