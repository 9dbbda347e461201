"""Rows taken out of raw files, all else left as it stands byte for byte.

CSV, TSV and JSON Lines lose the lines of a row, other text files the line; JSON and Parquet are
written again without the row; a file that is one row goes. Each may be packed.
"""

import json
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.tables import ENDINGS, Dialect, read_table
from seedbed.collecting.text_files import PACKED, File, decode, is_binary, packed, read_file
from seedbed.core.errors import ForgetError, SourceError
from seedbed.forgetting.wanted import cells_as_text

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
    without = raw.without
    return raw._replace(without=lambda lines: packed(without(lines), path.suffix.lower()))


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
