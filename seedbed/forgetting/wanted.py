"""What is to be forgotten, and whether a text or a file holds it.

A value is found in any case, spacing and Unicode form, as words of their own ("Ann" is not in
"planned"), and as JSON, CSV and HTML write it. Another way to write it (a telephone number with
other dashes) is another value: forget it too.
"""

import html
import io
import json
import lzma
import re
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.encodings import SAMPLE, decode
from seedbed.collecting.text_files import BEGINS, is_binary, unpacked

MIN_VALUE_CHARS = 4
MIN_TEXT_CHARS = 20  # a shorter text of a row ("thank you") stands in many places by chance
PARQUET_BEGINS = b"PAR1"
JSON_SPACE = re.compile(r"\\[nrtbf]")
ZIP_BEGINS = b"PK\x03\x04"
MAX_UNPACKED_BYTES = 1 << 30
MAX_DEPTH = 4  # zips in zips; a zip can hold itself
# RuntimeError: a password, or a way of packing that Python lacks.
DAMAGED = (BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)


def folded(text: str) -> str:
    """A text without what does not make it another one: case, spacing, Unicode form."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def written(value: str) -> set[str]:
    """The ways in which text, JSON, CSV and HTML write a value."""
    in_json = {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {value, value.replace('"', '""'), html.escape(value), *in_json}


class Wanted:
    """A value and rows: by their ids, and by their texts where these are long enough.

    `not_opened`: the files looked into so far with a zip in them that could not be opened whole.
    """

    def __init__(
        self, value: str = "", ids: Collection[str] = (), texts: Collection[str] = ()
    ) -> None:
        self.value, self.ids = value, frozenset(ids)
        self.texts = frozenset(text for text in texts if len(folded(text)) >= MIN_TEXT_CHARS)
        self.not_opened: set[str] = set()

        values = {value, *self.texts} - {""}
        ways = "|".join(
            re.escape(way)
            for way in sorted({folded(way) for one in values for way in written(one)})
        )
        self._pattern = re.compile(rf"(?<!\w)(?:{ways})(?!\w)") if ways else None
        # Arrow writes strings one after the other, so there are no words to look for.
        parts = b"|".join(re.escape(one.encode()) for one in sorted({value, *self.ids} - {""}))
        self._bytes = re.compile(parts, re.IGNORECASE) if parts else None

    def in_text(self, text: str) -> bool:
        """Whether a text holds the value or a row's text."""
        if self._pattern is None:
            return False
        ways = {text, JSON_SPACE.sub(" ", text)}
        return any(self._pattern.search(folded(way)) for way in ways)

    def in_file(self, path: Path) -> bool:
        """Whether a file's content holds the value or a row: packed, zip, Parquet or other."""
        return self.in_bytes(path.read_bytes(), path.as_posix())

    def in_bytes(self, data: bytes, place: str) -> bool:
        """Whether the content of a file holds the value or a row; `place` names the file."""
        data = _bare(data)
        if data.startswith(ZIP_BEGINS):
            for name, content in unzipped(data):
                if content is None:
                    self.not_opened.add(place)
                if self.in_text(name) or (content and self._in_content(_bare(content))):
                    return True
        return self._in_content(data)

    def _in_content(self, data: bytes) -> bool:
        if data.startswith(PARQUET_BEGINS):
            try:
                return self._in_table(pq.read_table(pa.BufferReader(data)))
            except (pa.ArrowException, OSError):
                pass  # cut off: looked at as bytes
        try:
            if not is_binary(decode(data[:SAMPLE]).text):
                text = decode(data).text
                return self.in_text(text) or any(row_id in text for row_id in self.ids)
        except UnicodeDecodeError:
            pass
        return bool(self._bytes and self._bytes.search(data))

    def _in_table(self, table: pa.Table) -> bool:
        for name, column in zip(table.column_names, table.columns, strict=True):
            # Fractions and vectors of them hold no value.
            if pa.types.is_floating(getattr(column.type, "value_type", column.type)):
                continue
            cells = column.to_pylist()
            if name in ("id", "parent") and not self.ids.isdisjoint(cells):
                return True
            if self.in_text(cells_as_text(cells)):
                return True
        return False


def cells_as_text(cells: Iterable[object]) -> str:
    """Cells as one text, with a sign between them that is in no value."""
    return "\0".join(str(cell) for cell in cells if cell is not None)


def _bare(data: bytes) -> bytes:
    """The content of a packed file; of a damaged one the bytes as they are."""
    for begin, suffix in BEGINS.items():
        if data.startswith(begin) and begin != ZIP_BEGINS:
            try:
                return unpacked(data, suffix)
            except DAMAGED:
                break
    return data


def unzipped(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of each member, those of zips inside too. The content is None where it
    cannot be had: damaged, locked, or past MAX_UNPACKED_BYTES more than the zip itself."""
    left = len(data) + MAX_UNPACKED_BYTES
    waiting = [("", data, 1)]
    while waiting:
        above, packed, depth = waiting.pop()
        for name, content in _members(packed, left):
            if content is not None:
                left -= len(content)
                if content.startswith(ZIP_BEGINS):
                    if depth < MAX_DEPTH:
                        waiting.append((f"{above}{name}/", content, depth + 1))
                    content = b"" if depth < MAX_DEPTH else None
            yield above + name, content


def _members(data: bytes, left: int) -> Iterator[tuple[str, bytes | None]]:
    try:
        archive = ZipFile(io.BytesIO(data))
    except DAMAGED:
        yield "", None
        return
    for info in archive.infolist():
        if info.is_dir():
            continue
        try:
            with archive.open(info) as opened:
                content = opened.read(left + 1)  # a zip may lie about its sizes
        except DAMAGED:
            yield info.filename, None
            continue
        if len(content) > left:
            yield info.filename, None
            return
        left -= len(content)
        yield info.filename, content
