"""Every raw row with its id and digest, and which rows are those to be forgotten."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.collecting.identity import digest_of, identified
from seedbed.collecting.raw_rows import RawRow, raw_rows
from seedbed.collecting.source import RawWay, Source
from seedbed.core.files import is_inside
from seedbed.core.params import read_params
from seedbed.forgetting.raw_files import RawFile, open_raw
from seedbed.forgetting.wanted import Wanted, cells_as_text

RAW = Path("data/raw")


class Found(NamedTuple):
    """A raw row: where it stands, what names it, its texts, and whether it holds the value."""

    source: str
    file: Path
    line: int
    id: str
    digest: str
    texts: tuple[str, str]
    holds: bool


def editable_files(sources: Sequence[Source]) -> list[RawFile]:
    """Every file below data/raw, and what sources read from elsewhere in the project.

    Raises ForgetError for the first one that cannot be edited.
    """
    ways = {path: RawWay(path) for path in _below(RAW)}
    for source in sources:
        if is_inside(source.path):
            ways |= {_here(way.path): way for way in source.raw_files()}
    return [
        open_raw(path, way.dialect, way.encoding, way.is_text) for path, way in sorted(ways.items())
    ]


def _below(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".dvc"
    ]


def _here(path: Path | str) -> Path:
    return Path(os.path.relpath(path))


def find_rows(
    sources: Sequence[Source], files: Sequence[RawFile], wanted: Wanted, key: bytes
) -> list[Found]:
    """Every row that collect would read, in its order, named as collect names it."""
    held = {
        (file.path, line)
        for file in files
        for line, text in file.records.items()
        if wanted.in_text(text)
    }
    rows: list[RawRow] = []
    holds: list[bool] = []
    for row, cells in _read(sources):
        rows.append(row)
        holds.append((_here(row.file), row.line) in held or wanted.in_text(cells))
    return [
        Found(row.source, _here(row.file), row.line, row_id, digest_of(row, key),
              (row.text, row.text_pair), one)
        for row, row_id, one in zip(rows, identified(rows, key), holds, strict=True)
    ]  # fmt: skip


def lines_to_drop(
    files: Sequence[RawFile], rows: Sequence[Found], wanted: Wanted
) -> list[tuple[RawFile, set[int]]]:
    """The files that lose rows, each with the lines of these: those named in `rows`, and every
    one that holds the value though it has no id, being in quarantine or in a file of no source."""
    by_file: dict[Path, set[int]] = {}
    for row in rows:
        by_file.setdefault(row.file, set()).add(row.line)
    found = []
    for file in files:
        named = by_file.get(file.path, set())
        held = {line for line, text in file.records.items() if wanted.in_text(text)}
        if lines := named | held:
            found.append((file, lines))
    return found


def _read(sources: Sequence[Source]) -> Iterator[tuple[RawRow, str]]:
    max_chars = read_params("collect.max_row_chars", int)
    for source in sources:
        for table in source.tables():
            rows = raw_rows(source, table, (), max_chars)
            for row, record in zip(rows, table.table.records, strict=True):
                yield row, cells_as_text(record.cells.values())
