"""The raw files that hold rows: which can be edited, and how rows are taken out of them."""

import bz2
import codecs
import gzip
import io
import json
import lzma
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting import encodings, text_files
from seedbed.collecting.collection import CollectParams, read_reading
from seedbed.collecting.conversations import tables_of
from seedbed.collecting.label_cells import label_cells
from seedbed.collecting.raw_rows import RawRow, identified, raw_rows
from seedbed.collecting.source import RawWay, Source
from seedbed.collecting.table_forms import ENDINGS, Record
from seedbed.collecting.tables import Table, json_rows, read_table
from seedbed.core.errors import SeedbedError, SourceError
from seedbed.core.files import is_inside
from seedbed.core.params import read_params
from seedbed.core.texts import CONTEXT, texts_of
from seedbed.core.turns import read_turns
from seedbed.forgetting.wanted import Wanted, cells_as_text
from seedbed.tasks.named import read_task

# By suffix; bytes packed, the same each time.
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": partial(gzip.compress, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": partial(pa.Codec("zstd").compress, asbytes=True),
    ".zip": lambda data: _zipped(data),
}


RAW = Path("data/raw")
BIG_ENDIAN = (codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
ANY_LINE = r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+"
JSON_LINE = r"[^\n]*\n|[^\n]+"  # as the reader of JSON Lines: no other character ends a line


class RawFile(NamedTuple):
    """A raw file: what each of its rows holds, by the line (or row) it begins in, and what `left`
    gives of its unpacked content without some of them."""

    path: Path
    records: dict[int, str]
    left: Callable[[Collection[int]], bytes | None]
    packing: str = ""

    def without(self, lines: Collection[int]) -> bytes | None:
        """The bytes that are left without these rows, None where that is no file at all."""
        content = self.left(lines)
        pack = PACKERS.get(self.packing, bytes)
        return None if content is None else pack(content)


def open_raw(path: Path, way: RawWay) -> RawFile:
    """Read a raw file in the way that its source does.

    Raises SeedbedError for a format that cannot be edited.
    """
    try:
        file = text_files.read_file(path)
        if way.is_text:
            text = encodings.decode(file.content, way.form.encoding).text
            return RawFile(path, {1: f"{path.as_posix()}\0{text}"}, lambda _: None)
        return _opened(path, file, way)._replace(packing=text_files.packing_of(path))
    except (SourceError, UnicodeDecodeError, pa.ArrowException, ValueError) as error:
        raise _no_editing(path, type(error).__name__) from None


def _no_editing(path: Path, found: str) -> SeedbedError:
    return SeedbedError(
        path.as_posix(),
        f"a format that this command can neither look into nor edit ({found})",
        "text, CSV, JSON, JSON Lines or Parquet, packed or not",
        "nothing was changed; convert the file, or look into it yourself and move it out of "
        "data/raw meanwhile",
    )


def _opened(path: Path, file: text_files.File, way: RawWay) -> RawFile:
    ending = Path(file.name).suffix.lower()
    is_sheet = text_files.is_workbook(file.content)
    is_table = way.is_table or is_sheet or ending in ENDINGS
    table = read_table(file, path.as_posix(), (), way.form) if is_table else Table([], [])
    if table.kind == "parquet":
        return _parquet(path, file.content)
    if table.kind in ("workbook", "yaml"):
        return _not_edited(path, table)
    text = encodings.decode(file.content, way.form.encoding).text
    if table.kind == "json":
        return _json(path, text, way.form.encoding)
    if not is_table and text_files.is_binary(text):
        raise _no_editing(path, ending or "no text")
    pattern = JSON_LINE if table.kind == "jsonl" else ANY_LINE
    mark, parts = _lines(path, file.content, way.form.encoding, pattern)
    text_lines = re.findall(pattern, text)
    records = table.records
    if not is_table:
        records = [Record(line, {}) for line in range(1, len(text_lines) + 1)]
    # Each record goes on to where the next one begins, the last one to the end.
    starts = [record.line for record in records]
    end_of = dict(zip(starts, [*starts[1:], len(parts) + 1], strict=False))
    texts = {
        start: "".join(text_lines[start - 1 : end_of[start] - 1])
        + "\0"
        + cells_as_text(record.cells.values())
        for start, record in zip(starts, records, strict=True)
    }

    def left(lines: Collection[int]) -> bytes:
        gone = {line for start in end_of.keys() & lines for line in range(start, end_of[start])}
        return mark + b"".join(part for line, part in enumerate(parts, 1) if line not in gone)

    return RawFile(path, texts, left)


def _lines(path: Path, data: bytes, named: str, pattern: str) -> tuple[bytes, list[bytes]]:
    """The byte order mark and the lines of a file as bytes. Raises SeedbedError where they would
    not give the file back."""
    text, encoding = encodings.decode(data, named)
    name = codecs.lookup(encoding.split()[0]).name
    if not name.startswith(("utf-16", "utf-32")):
        # In every other encoding the bytes of line ends are a part of no other character.
        return b"", re.findall(pattern.encode(), data)
    if name in ("utf-16", "utf-32"):  # named so, it would put a mark before each line
        encoding = f"{name}-{'be' if data.startswith(BIG_ENDIAN) else 'le'}"
    parts = [line.encode(encoding, "replace") for line in re.findall(pattern, text)]
    mark = data[: max(0, len(data) - sum(map(len, parts)))]
    if mark + b"".join(parts) != data or len(mark) > len(b"\xff\xfe\0\0"):
        raise _no_editing(path, "its encoding")
    return mark, parts


def _json(path: Path, text: str, encoding: str) -> RawFile:
    items = json_rows(text, path.as_posix())
    by_row = dict(enumerate(items, 1))
    records = {row: json.dumps(item, ensure_ascii=False) for row, item in by_row.items()}

    def left(lines: Collection[int]) -> bytes:
        kept = [item for row, item in by_row.items() if row not in lines]
        # In ASCII, which is the same in every encoding that was named.
        written = json.dumps(kept, ensure_ascii=bool(encoding), indent=1) + "\n"
        return written.encode(encoding or "utf-8")

    return RawFile(path, records, left)


def _not_edited(path: Path, table: Table) -> RawFile:
    records = {one.line: cells_as_text(one.cells.values()) for one in table.records}

    def left(_: Collection[int]) -> bytes:
        what, save = (
            ("YAML", "it as JSON") if table.kind == "yaml" else ("a workbook", "its sheet as CSV")
        )
        raise _no_editing(path, f"{what} that holds it; save {save}")

    return RawFile(path, records, left)


def _parquet(path: Path, content: bytes) -> RawFile:
    table = pq.read_table(pa.BufferReader(content))
    rows = enumerate(table.to_pylist(), 1)
    records = {row: cells_as_text(cells.values()) for row, cells in rows}

    def left(lines: Collection[int]) -> bytes:
        sink = pa.BufferOutputStream()
        kept = pa.array([row not in lines for row in records], pa.bool_())
        pq.write_table(table.filter(kept), sink, compression="zstd")
        return sink.getvalue().to_pybytes()

    return RawFile(path, records, left)


class Found(NamedTuple):
    """A raw row, its file in this project, what identifies it, and whether it holds the value."""

    row: RawRow
    file: Path
    id: str
    digest: str
    holds: bool


def editable_files(sources: Sequence[Source]) -> list[RawFile]:
    """Every file below data/raw, and what sources read from elsewhere in the project.

    Raises SeedbedError for the first one that cannot be edited.
    """
    below = [path for path in RAW.rglob("*") if path.is_file()]
    hidden = [path for path in below if path.name.startswith(".") or path.suffix == ".dvc"]
    ways = {path: RawWay(path) for path in set(below).difference(hidden)}
    for source in sources:
        if not source.outside or is_inside(source.path):
            ways |= {_here(way.path): way for way in source.raw_files()}
    return [open_raw(path, way) for path, way in sorted(ways.items())]


def _here(path: Path | str) -> Path:
    return Path(os.path.relpath(path))


def held_lines(files: Sequence[RawFile], wanted: Wanted) -> dict[Path, set[int]]:
    """The lines of each file where rows begin that hold what is wanted."""
    return {
        file.path: {
            line
            for line, text in file.records.items()
            if wanted.in_text(text, file.path.as_posix())
        }
        for file in files
    }


def find_rows(
    sources: Sequence[Source], held: Mapping[Path, Collection[int]], wanted: Wanted, key: bytes
) -> list[Found]:
    """Every row that collect would read, in its order, named as collect names it; `held` are the
    lines of each raw file that hold what is wanted."""
    params, task = read_params("collect", CollectParams), read_task()
    reading = read_reading(params, task)
    rows: list[RawRow] = []
    holds: list[bool] = []
    own: list[bool] = []
    for source in sources:
        for read_as, table in tables_of(source, task, reading):
            read = raw_rows(label_cells(read_as, table, task), table, (), params.max_row_chars)
            for row, record in zip(read, table.table.records, strict=True):
                file = _here(row.file)
                # The lines of a file that can be edited have been counted.
                place = "" if file in held else f"source {source.name}"
                in_file = row.line in held.get(file, ())
                cells = cells_as_text(record.cells.values())
                rows.append(row)
                holds.append(in_file or wanted.in_text(cells, place))
                own.append(holds[-1] and wanted.in_text(cells_as_text(_cells_of(row))))
    # Turns of a conversation before the one with the value are rows that do not hold it. What no
    # row has, such as a last question without an answer, counts for the last one, which has all
    # that precedes it.
    at = [(row.file, row.line) for row in rows]
    owners = {one for one, is_own in zip(at, own, strict=True) if is_own}
    last = {one: number for number, one in enumerate(at)}
    for number, one in enumerate(at):
        holds[number] &= own[number] if one in owners else last[one] == number
    return [
        Found(row, _here(row.file), row.id, row.digest, one)
        for row, one in zip(identified(rows, key), holds, strict=True)
    ]


def _cells_of(row: RawRow) -> list[str]:
    texts = [row.text, row.text_pair, row.context, row.answer]
    return [*texts, row.label, row.key, row.group, *row.meta.values()]


def with_later_turns(
    every: list[Found], ids: Collection[str], digests: Collection[str]
) -> tuple[list[Found], list[Found]]:
    """Return the rows to forget, by what they hold or by id or digest, and the others. The rows of
    a conversation after one of them have what it says as context."""
    rows: list[Found] = []
    others: list[Found] = []
    begun: set[tuple[Path, int]] = set()
    for one in every:
        place = (one.file, one.row.line)
        is_target = one.holds or (one.id and (one.id in ids or one.digest in digests))
        if is_target or place in begun:
            rows.append(one)
            begun.add(place)
        else:
            others.append(one)
    return rows, others


def own_texts(row: Mapping[str, str]) -> list[str]:
    """Return the texts of a row but that of the system, which all conversations may share."""
    turns = [turn.text for turn in read_turns(row.get(CONTEXT, "")) if turn.role != "system"]
    return turns + texts_of({**row, CONTEXT: ""})


def _zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        archive.writestr(ZipInfo("table"), data, ZIP_DEFLATED)
    return buffer.getvalue()
