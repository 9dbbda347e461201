"""Queues as CSV for teams that annotate elsewhere, and their decisions back.

A spreadsheet would run a cell that begins with = + - @ or a control character as a formula, so the
export puts a ' before it, and the import removes it. The same holds for a cell that begins with '.
"""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seedbed.collecting.tables import Dialect, Record, read_table
from seedbed.collecting.text_files import read_file
from seedbed.core.decisions import AMBIGUOUS, DROP, Decision
from seedbed.core.errors import DecisionError
from seedbed.core.files import write_bytes
from seedbed.reviewing.queues import Queue
from seedbed.reviewing.session import checked_who, now
from seedbed.reviewing.workspace import Workspace

HEADER = (
    "id", "digest", "split", "text", "text_pair", "given", "suggested", "score", "reason",
    "decided", "note",
)  # fmt: skip
NEEDED = ("id", "digest", "decided")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
SHOWN = 20


def export(queue: Queue, workspace: Workspace, file: Path) -> int:
    """Write the items of a queue, with `decided` and `note` left to fill in; return their number.

    Texts are written whole, in UTF-8 with the mark by which spreadsheets recognise it. Blind items
    have no suggestion.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADER)
    for item in queue.items:
        row = workspace.row(item.id)
        score = "" if item.score is None else f"{item.score:.6f}"
        cells = (
            item.id, item.digest, item.split, row["text"], row["text_pair"], item.given,
            item.suggested, score, item.reason, "", "",
        )  # fmt: skip
        writer.writerow([escaped(cell) for cell in cells])
    write_bytes(file, buffer.getvalue().encode("utf-8-sig"))
    return len(queue.items)


def read_back(
    file: Path, who: str, workspace: Workspace, clock: Callable[[], datetime] = now
) -> list[Decision]:
    """Read the decisions of a filled-in file, in its order; a blank `decided` is no decision.

    Nothing is written. Columns other than id, digest, decided and note are ignored. Raises
    DecisionError that lists the bad lines, SourceError if the file is no table.
    """
    checked_who(who)
    records = _records(file)
    given = dict(zip(workspace.rows["id"], workspace.rows["given"], strict=True))
    digests = dict(zip(workspace.rows["id"], workspace.rows["digest"], strict=True))
    moment, wrong = clock().astimezone(UTC), []
    decisions: dict[str, Decision] = {}
    for record in records:
        cells = {name: unescaped(str(cell)).strip() for name, cell in record.cells.items()}
        if not record.reason and not cells["decided"]:
            continue
        before = decisions.get(cells.get("id", ""))
        problem = record.reason or _wrong(cells, digests, workspace.classes)
        if not problem and before and before.decided != cells["decided"]:
            problem = f"row {cells['id']} has two different decisions"
        if problem:
            wrong.append(f"{file}:{record.line}: {problem}")
            continue
        moment += timedelta(microseconds=1)
        when = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        decisions[cells["id"]] = Decision(
            id=cells["id"], digest=cells["digest"], given=given[cells["id"]],
            decided=cells["decided"], who=who, when=when, note=cells.get("note", ""),
        )  # fmt: skip
    if wrong:
        listed = "".join(f"\n  {line}" for line in wrong[:SHOWN])
        more = f"\n  and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise DecisionError(
            str(file),
            f"{len(wrong)} lines are wrong, so none is imported:{listed}{more}\n",
            "ids and digests as they were exported, and labels that are known",
            "correct the lines, or empty `decided` in them, and import again",
        )
    return list(decisions.values())


def escaped(cell: str) -> str:
    """Return a cell that no spreadsheet runs."""
    return f"'{cell}" if cell.startswith(RISKY) else cell


def unescaped(cell: str) -> str:
    """Return the cell that `escaped` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(RISKY) else cell


def _records(file: Path) -> list[Record]:
    content = read_file(file)
    first = content.content.split(b"\n", 1)[0]
    # Spreadsheets write semicolons where the comma is the decimal sign.
    separator = ";" if first.count(b";") > first.count(b",") else ""
    table = read_table(content, str(file), NEEDED, Dialect(separator=separator))
    if missing := [name for name in NEEDED if name not in table.columns]:
        raise DecisionError(
            f"{file}:1",
            f"no column {', '.join(missing)}",
            f"the columns {', '.join(NEEDED)}",
            "keep the first line of the export as it is",
        )
    return table.records


def _wrong(cells: dict[str, str], digests: dict[str, str], classes: list[str]) -> str:
    """Return what is wrong with a line, "" if nothing is."""
    if cells["id"] not in digests:
        return f"no row to review has the id {cells['id']!r} (spreadsheets change long numbers)"
    if cells["digest"] != digests[cells["id"]]:
        return f"row {cells['id']} has another text now, or its digest was changed"
    if cells["decided"] not in (*classes, DROP, AMBIGUOUS):
        known = ", ".join([*classes, DROP, AMBIGUOUS])
        return f"label {cells['decided']!r} is not one of {known}"
    return ""
