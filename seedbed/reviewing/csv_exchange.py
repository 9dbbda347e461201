"""Queues as CSV for teams that annotate elsewhere, and their decisions back.

A spreadsheet would run a cell that begins with = + - @ or a control character as a formula: it gets
a leading ' on the way out and loses it on the way in. So does one that begins with ' itself.
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
from seedbed.reviewing.decision_lines import checked_who
from seedbed.reviewing.queues import Queue
from seedbed.reviewing.session import now
from seedbed.reviewing.workspace import Workspace

HEADER = (
    "id", "digest", "split", "text", "text_pair", "given", "suggested", "score", "reason",
    "decided", "note",
)  # fmt: skip
NEEDED = ("id", "digest", "decided")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
SHOWN = 20


def export(queue: Queue, workspace: Workspace, file: Path) -> int:
    """Write the queue's items, whole texts and all, with `decided` and `note` left to fill in; how
    many. UTF-8 with the mark by which spreadsheets know it. Blind items tell no suggestion."""
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
    """The decisions of a filled-in file, in its order; a blank `decided` is none. Nothing is
    written. Columns other than id, digest, decided and note are not looked at.

    Raises DecisionError that tells every bad line with its place, SourceError where the file is no
    table at all.
    """
    checked_who(who)
    records = _records(file)
    given = dict(zip(workspace.rows["id"], workspace.rows["given"], strict=True))
    digests = dict(zip(workspace.rows["id"], workspace.rows["digest"], strict=True))
    moment, decisions, wrong = clock().astimezone(UTC), {}, []
    for record in records:
        cells = {name: unescaped(str(cell)).strip() for name, cell in record.cells.items()}
        if not record.reason and not cells["decided"]:
            continue
        if found := record.reason or _wrong(cells, digests, workspace.classes):
            wrong.append(f"{file}:{record.line}: {found}")
            continue
        before = decisions.get(cells["id"])
        if before and before.decided != cells["decided"]:
            wrong.append(f"{file}:{record.line}: row {cells['id']} is decided twice, otherwise")
            continue
        moment += timedelta(microseconds=1)
        when = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        decisions[cells["id"]] = Decision(
            id=cells["id"], digest=cells["digest"], given=given[cells["id"]],
            decided=cells["decided"], who=who, when=when, note=cells.get("note", ""),
        )  # fmt: skip
    if wrong:
        shown = "".join(f"\n  {one}" for one in wrong[:SHOWN])
        more = f"\n  and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise DecisionError(
            str(file),
            f"{len(wrong)} lines cannot be taken, and none is:{shown}{more}\n",
            "ids and digests as they were exported, and labels that are known",
            "correct the lines, or empty `decided` in them, and import again",
        )
    return list(decisions.values())


def escaped(cell: str) -> str:
    """The cell as no spreadsheet runs it."""
    return f"'{cell}" if cell.startswith(RISKY) else cell


def unescaped(cell: str) -> str:
    """The cell as it was before `escaped`."""
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
    """What is wrong with a line; "" where nothing is."""
    if cells["id"] not in digests:
        return f"no row to review has the id {cells['id']!r} (spreadsheets change long numbers)"
    if cells["digest"] != digests[cells["id"]]:
        return f"row {cells['id']} has another text now, or its digest was changed"
    if cells["decided"] not in (*classes, DROP, AMBIGUOUS):
        known = ", ".join([*classes, DROP, AMBIGUOUS])
        return f"label {cells['decided']!r} is none of {known}"
    return ""
