"""Queues as CSV for teams that annotate elsewhere, and their decisions back.

A spreadsheet would run a cell that begins with = + - @ or a control character as a formula, so the
export puts a ' before it, and the import removes it.

Of task `answer` a file has the conversation and the answer; who writes `<rewrite>` as decision and
another text into the column `answer` rewrites it.
"""

import csv
import io
from datetime import timedelta
from pathlib import Path

from seedbed.collecting.table_forms import NOTHING_SAID, TableForm
from seedbed.collecting.tables import Record, as_text, read_table
from seedbed.collecting.text_files import read_file
from seedbed.core.decisions import AMBIGUOUS, DROP, Decision, keep_rewrite, rewrite_of
from seedbed.core.errors import SeedbedError
from seedbed.core.files import marked, unmarked, write_bytes
from seedbed.core.reasons import Reason
from seedbed.core.turns import read_turns
from seedbed.pages.document import listed
from seedbed.reviewing.queues import Queue, Workspace, item_of
from seedbed.reviewing.session import checked_who, decision_on, now, rewritten

HEADER = (
    "id", "digest", "split", "text", "text_pair", "given", "suggested", "score", "reason",
    "decided", "note",
)  # fmt: skip
OF_ANSWERS = ("context", "text", "answer")  # in place of the two texts
REWRITE = "<rewrite>"
NEEDED = ("id", "digest", "decided")
READ = (*NEEDED, "note", "answer")
SHOWN = 20


def export(queue: Queue, workspace: Workspace, file: Path) -> int:
    """Write the items of a queue, with `decided` and `note` left to fill in; return their number.

    Texts are written whole, in UTF-8 with the mark by which spreadsheets recognise it. Blind items
    have no suggestion.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(_header(workspace))
    for item in queue.items:
        row = workspace.row(item.id)
        score = "" if item.score is None else f"{item.score:.6f}"
        texts = [row["text"], row["text_pair"]]
        if workspace.task.TARGET == "answer":
            said = (f"{turn.role}: {turn.text}" for turn in read_turns(row["context"]))
            texts = ["\n".join(said), row["text"], row["answer"]]
        cells = (
            item.id, item.digest, item.split, *texts, item.given,
            item.suggested, score, item.reason, "", "",
        )  # fmt: skip
        writer.writerow(map(marked, cells))
    write_bytes(file, buffer.getvalue().encode("utf-8-sig"))
    return len(queue.items)


def _header(workspace: Workspace) -> tuple[str, ...]:
    if workspace.task.TARGET != "answer":
        return HEADER
    first = HEADER.index("text")
    return (*HEADER[:first], *OF_ANSWERS, *HEADER[first + 2 :])


def read_back(
    file: Path, who: str, workspace: Workspace, form: TableForm = NOTHING_SAID
) -> list[Decision]:
    """Read the decisions of a filled-in file, in its order; a blank `decided` is no decision.
    `form`: what was said of how the file is written.

    No decision is written; texts of rewritten answers are, once all lines are right. Columns other
    than id, digest, decided, note and, where an answer is rewritten, answer are ignored. Raises
    SeedbedError that lists the bad lines, SourceError if the file is no table.
    """
    checked_who(who)
    moment, wrong, answers = now(), [], []
    decisions: dict[str, Decision] = {}
    for record in _records(file, form):
        try:
            cells = {name: unmarked(as_text(record.cells.get(name))).strip() for name in READ}
        except TypeError:
            record = record._replace(reason=Reason.NOT_TEXT)
        if not record.reason and not cells["decided"]:
            continue
        problem = record.reason or _unknown(cells, workspace)
        if not problem and cells["decided"] == REWRITE:
            try:
                answers.append(rewritten(workspace.row(cells["id"]), cells["answer"]))
                cells["decided"] = rewrite_of(answers[-1])
            except SeedbedError as error:
                problem = error.found
        if problem := problem or _wrong(cells, workspace, decisions):
            wrong.append(f"{file}:{record.line}: {problem}")
            continue
        moment += timedelta(microseconds=1)
        item = item_of(workspace, cells["id"])
        decided, note = cells["decided"], cells["note"]
        decisions[item.id] = decision_on(item, decided, who, moment, note)
    if wrong:
        lines = listed(wrong, SHOWN, "\n  ", "\n  and {} more")
        raise SeedbedError(
            str(file),
            f"{len(wrong)} lines are wrong, so none is imported:\n  {lines}\n",
            "ids and digests as they were exported, and labels that are known",
            "correct the lines, or empty `decided` in them, and import again",
        )
    for answer in answers:
        keep_rewrite(answer)
    return list(decisions.values())


def _records(file: Path, form: TableForm) -> list[Record]:
    table = read_table(read_file(file), str(file), READ, form)
    if missing := [name for name in NEEDED if name not in table.columns]:
        raise SeedbedError(
            f"{file}:1",
            f"no column {', '.join(missing)}",
            f"the columns {', '.join(NEEDED)}",
            "keep the first line of the export as it is, or name --separator or --encoding",
        )
    return table.records


def _unknown(cells: dict[str, str], workspace: Workspace) -> str:
    """Return why a line is of no row to review, "" if it is of one."""
    row = cells["id"]
    if row not in workspace:
        return f"no row to review has the id {row!r} (spreadsheets change long numbers)"
    if cells["digest"] != workspace.row(row)["digest"]:
        return f"row {row} has another text now, or its digest was changed"
    return ""


def _wrong(cells: dict[str, str], workspace: Workspace, before: dict[str, Decision]) -> str:
    """Return what is wrong with the decision of a line, "" if nothing is; `before`: decisions of
    earlier lines."""
    row, decided = cells["id"], cells["decided"]
    if fault := workspace.fault(decided):
        form = workspace.task.form(workspace.classes)
        return f"{fault}; expected: {form}, {DROP} or {AMBIGUOUS}"
    if row in before and before[row].decided != decided:
        return f"row {row} has two different decisions"
    return ""
