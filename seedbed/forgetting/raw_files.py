"""The raw files that hold rows: which can be edited, and how rows are taken out of them."""

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.raw_rows import RawRow, digest_of, identified, raw_rows
from seedbed.collecting.source import RawWay, Source
from seedbed.collecting.tables import ENDINGS, Dialect, read_table
from seedbed.collecting.text_files import PACKED, PACKERS, File, decode, is_binary, read_file
from seedbed.core.errors import ForgetError, SourceError
from seedbed.core.files import is_inside
from seedbed.core.params import read_params
from seedbed.forgetting.wanted import Wanted, cells_as_text

ANY_LINE = r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+"
JSON_LINE = r"[^\n]*\n|[^\n]+"  # as the reader of JSON Lines: no other character ends a line
BYTE_LINES = ("utf-8", "windows-1252", "utf-8 and windows-1252")


class RawFile(NamedTuple):
    """A raw file: what each of its rows holds, by the line (or row) it begins in, and the bytes
    that are left without some of them, None where that is no file at all."""

    path: Path
    records: dict[int, str]
    without: Callable[[Collection[int]], bytes | None]


def open_raw(path: Path, dialect: Dialect, encoding: str, one_row: bool) -> RawFile:
    """Read a raw file; `one_row`: the whole file is a row of a text folder.

    Raises ForgetError for a format that cannot be edited.
    """
    try:
        file = read_file(path)
        if one_row:
            text = decode(file.content, encoding).text
            return RawFile(path, {1: f"{path.as_posix()}\0{text}"}, lambda _: None)
        raw = _opened(path, file, dialect, encoding)
    except (SourceError, UnicodeDecodeError, pa.ArrowException, ValueError) as error:
        raise _no_editing(path, type(error).__name__) from None
    if path.suffix.lower() not in PACKED:
        return raw

    def without(lines: Collection[int]) -> bytes | None:
        content = raw.without(lines)
        return None if content is None else PACKERS[path.suffix.lower()](content)

    return raw._replace(without=without)


def _no_editing(path: Path, found: str) -> ForgetError:
    return ForgetError(
        path.as_posix(),
        f"a format that this command can neither look into nor edit ({found})",
        f"text, or one of {', '.join(ENDINGS)}, packed or not",
        "nothing was changed; convert the file, or look into it yourself and move it out of "
        "data/raw meanwhile",
    )


def _opened(path: Path, file: File, dialect: Dialect, encoding: str) -> RawFile:
    ending = Path(file.name).suffix.lower()
    if ending == ".parquet":
        return _parquet(path, file.content)
    if ending == ".json":
        return _json(path, file.content)
    if ending not in ENDINGS:
        text = decode(file.content, encoding).text
        if is_binary(text):
            raise _no_editing(path, ending or "no text")
        _, parts = _lines(path, file.content, text, ANY_LINE)
        texts = dict(enumerate(re.findall(ANY_LINE, text), 1))
        return RawFile(path, texts, lambda lines: _left(b"", parts, texts, lines))
    table = read_table(file, path.as_posix(), (), dialect, encoding)
    text = decode(file.content, encoding).text
    pattern = JSON_LINE if ending in (".jsonl", ".ndjson") else ANY_LINE
    mark, parts = _lines(path, file.content, text, pattern)
    text_lines = re.findall(pattern, text)
    starts = [record.line for record in table.records]
    spans = {
        record.line: "".join(text_lines[record.line - 1 : end - 1])
        + "\0"
        + cells_as_text(record.cells.values())
        for record, end in zip(table.records, [*starts[1:], len(parts) + 1], strict=False)
    }
    return RawFile(path, spans, lambda lines: _left(mark, parts, spans, lines))


def _lines(path: Path, data: bytes, text: str, pattern: str) -> tuple[bytes, list[bytes]]:
    """The byte order mark and the lines of a file as bytes. Raises ForgetError where they would
    not give the file back."""
    encoding = decode(data).encoding
    if encoding in BYTE_LINES and decode(data).text == text:
        mark, parts = b"", re.findall(pattern.encode(), data)
    else:
        parts = [line.encode(encoding, "replace") for line in re.findall(pattern, text)]
        mark = data[: max(0, len(data) - sum(map(len, parts)))]
    if mark + b"".join(parts) != data or len(mark) > len(b"\xff\xfe\0\0"):
        raise _no_editing(path, "its encoding")
    return mark, parts


def _left(
    mark: bytes, parts: list[bytes], records: dict[int, str], lines: Collection[int]
) -> bytes:
    """The file without the records that begin in `lines`; each goes on to where the next one
    begins, the last one to the end."""
    starts = sorted(records)
    gone: set[int] = set()
    for start, end in zip(starts, [*starts[1:], len(parts) + 1], strict=True):
        if start in lines:
            gone.update(range(start, end))
    return mark + b"".join(part for line, part in enumerate(parts, 1) if line not in gone)


def _json(path: Path, content: bytes) -> RawFile:
    items: Any = json.loads(decode(content).text)
    if not isinstance(items, list):
        raise _no_editing(path, "JSON, but no list")
    records = {row: json.dumps(item, ensure_ascii=False) for row, item in enumerate(items, 1)}

    def without(lines: Collection[int]) -> bytes:
        left = [item for row, item in enumerate(items, 1) if row not in lines]
        return (json.dumps(left, ensure_ascii=False, indent=1) + "\n").encode()

    return RawFile(path, records, without)


def _parquet(path: Path, content: bytes) -> RawFile:
    table = pq.read_table(pa.BufferReader(content))
    rows = enumerate(table.to_pylist(), 1)
    records = {row: cells_as_text(cells.values()) for row, cells in rows}

    def without(lines: Collection[int]) -> bytes:
        sink = pa.BufferOutputStream()
        kept = pa.array([row not in lines for row in records], pa.bool_())
        pq.write_table(table.filter(kept), sink, compression="zstd")
        return sink.getvalue().to_pybytes()

    return RawFile(path, records, without)


RAW = Path("data/raw")


class Found(NamedTuple):
    """A raw row: where it is, what identifies it, its texts, and whether it holds the value."""

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
