"""Texts of one version's files as lines, records and JSON; what is broken is told by line."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seedbed.core.errors import RowsError

SHOWN = 60  # characters of a broken line


def json_of(texts: Mapping[str, str], path: str, place: str) -> dict[str, Any]:
    """What a JSON file holds, {} where it is not there. Raises RowsError where it is broken."""
    try:
        return json.loads(texts.get(path) or "{}")
    except ValueError:
        raise RowsError(
            f"{place}{path}",
            "no JSON",
            "what a stage wrote",
            "take one side of it, if a merge left both, and run `dvc repro`",
        ) from None


class Texts(NamedTuple):
    """The texts of all files, by path, and what stands before a path in an error."""

    texts: dict[str, str]
    place: str

    def lines(self, path: str, header: Sequence[str]) -> list[list[str]]:
        """The cells of each line, in the order of `header`, which the file must have."""
        if not (text := self.texts.get(path)):
            return []
        lines = list(csv.reader(io.StringIO(text, newline="")))
        if lines[0] != list(header):
            raise self._broken(path, 1, ",".join(lines[0]), header)
        if {*map(len, lines)} != {len(header)}:
            number = next(n for n, line in enumerate(lines) if len(line) != len(header))
            raise self._broken(path, number + 1, ",".join(lines[number]), header)
        return lines[1:]

    def records(self, path: str) -> list[dict[str, str]]:
        """Each line by column, whatever the columns are."""
        text = self.texts.get(path)
        if not text:
            return []
        header = next(csv.reader([text.split("\n", 1)[0]]), [])
        return [dict(zip(header, line, strict=True)) for line in self.lines(path, header)]

    def _broken(self, path: str, line: int, found: str, header: Sequence[str]) -> RowsError:
        conflict = found.startswith(("<<<<<<<", "=======", ">>>>>>>"))
        return RowsError(
            f"{self.place}{path}:{line}",
            "a merge left both sides here" if conflict else f"`{found[:SHOWN]}`",
            f"{len(header)} cells: {','.join(header)}",
            "stages write this file: take one side of it and run `dvc repro`",
        )
