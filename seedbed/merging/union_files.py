"""Files that git merges by union of their lines, repaired.

A union keeps the lines of both sides: a header twice, a line twice if both sides wrote it. Each is
kept once, and rows by id are sorted, as their writers do. A row that was frozen with two texts is
left to a person.
"""

import csv
import io
from pathlib import Path

from seedbed.core.decisions import parse_decisions
from seedbed.core.errors import MergeError
from seedbed.core.files import write_csv, write_text
from seedbed.splitting.frozen_test import FROZEN


def repaired(path: str) -> bool:
    """Repair one file in place. Return whether there was anything to repair.

    Raises MergeError or DecisionError with file and line if a person has to fix a line.
    """
    file = Path(path)
    if not file.is_file():
        return False
    before = file.read_text(encoding="utf-8")
    if file.suffix == ".csv":
        _repair_csv(file, before)
    else:
        lines = [line for line in before.split("\n") if line.strip()]
        after = "".join(f"{line}\n" for line in dict.fromkeys(lines))
        if file.suffix == ".jsonl" and file.parent.name == "decisions":
            parse_decisions(after, path)
        if after != before:
            write_text(file, after)
    return file.read_text(encoding="utf-8") != before


def _repair_csv(file: Path, text: str) -> None:
    lines = [line for line in csv.reader(io.StringIO(text)) if line]
    if not lines:
        return
    header = lines[0]
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(lines[1:], start=2):
        if line != header:
            if len(line) != len(header):
                raise MergeError(
                    f"{file}:{number}",
                    f"{len(line)} cells",
                    f"{len(header)}: {', '.join(header)}",
                    "fix the line, then run `make resolve` again",
                )
            seen.setdefault(tuple(line), number)
    if file.name == FROZEN.name:
        _refuse_two_texts(file, seen)
    write_csv(file, header, sorted(seen) if header[0] == "id" else seen)


def _refuse_two_texts(file: Path, seen: dict[tuple[str, ...], int]) -> None:
    first: dict[str, tuple[str, ...]] = {}
    for row, number in seen.items():
        if (other := first.setdefault(row[0], row)) != row:
            raise MergeError(
                f"{file}:{number}",
                f"row {row[0]} is frozen with two digests, {other[1]} and {row[1]}",
                "one: the two branches have different texts of it",
                "delete the wrong line, then run `make resolve` again",
            )
