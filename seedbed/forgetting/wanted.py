"""What is to be forgotten, and whether a text or a file holds it.

A value is found as `spellings` says it may be written. Where it is whole it counts ("Ann" is not in
"planned"); where it is part of a longer word, or has other accents, a person decides. Another
spelling (a telephone number without its country) is another value.
"""

import io
import lzma
import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
import pyarrow.parquet as pq

from seedbed.collecting.encodings import SAMPLE, decode
from seedbed.collecting.text_files import BEGINS, is_binary, unpacked
from seedbed.core.text_units import GLUED, length_of
from seedbed.forgetting.spellings import folded, in_bytes, in_wrong_encodings, readings, spelling

MIN_TEXT_CHARS = 20  # a shorter text of a row ("thank you") stands in many places by chance
PARQUET_BEGINS = b"PAR1"
ZIP_BEGINS = b"PK\x03\x04"
PACKED_BEGINS = tuple(begin for begin in BEGINS if begin != ZIP_BEGINS)
MAX_UNPACKED_BYTES = 1 << 30
MAX_DEPTH = 4  # zips in zips; a zip can hold itself
# RuntimeError: a password, or a way of packing that Python lacks.
DAMAGED = (BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)


class Wanted:
    """A value and rows: by their ids, and by their texts where these are long enough.

    `inside`: the value counts as part of a longer word, too. Where it does not, `doubtful` has the
    lengths of such words by place, one for each text looked at so far. `not_opened`: the
    files looked into so far with a zip in them that could not be opened whole.
    """

    def __init__(
        self,
        value: str = "",
        ids: Collection[str] = (),
        texts: Collection[str] = (),
        inside: bool = False,
    ) -> None:
        self.value, self.ids, self.inside = value, frozenset(ids), inside
        by_form = {folded(text): text for text in texts}
        self.texts = frozenset(
            text for form, text in by_form.items() if length_of(form) >= MIN_TEXT_CHARS
        )
        self.not_opened: set[str] = set()
        self.doubtful: defaultdict[str, list[int]] = defaultdict(list)

        self._value = spelling(value) if value else None
        self._texts = _any_of(sorted(map(folded, self.texts)), r"\w")
        self._wrong = _any_of(sorted(in_wrong_encodings(value)), "[A-Za-z0-9]")
        # Arrow writes strings one after the other, so there are no words to look for.
        parts = b"|".join(re.escape(one.encode()) for one in sorted({value, *self.ids} - {""}))
        self._bytes = re.compile(parts, re.IGNORECASE) if parts else None
        self._forms = sorted(in_bytes(value)) if not value.isascii() else []

    def in_text(self, text: str, place: str = "") -> bool:
        """Whether a text holds the value or a row's text. Where it may hold the value, that is
        noted in `doubtful` of the place."""
        run = 0
        for form in map(folded, readings(text)):
            if self._texts and self._texts.search(form):
                return True
            around = self._value.around(form) if self._value else 0
            if around and self._value and (self.inside or self._value.whole.search(form)):
                return True
            run = run or around
        if self._wrong and not text.isascii() and self._wrong.search(text):
            return True
        if run and place:
            self.doubtful[place].append(run)
        return False

    def in_file(self, path: Path) -> bool:
        """Whether a file's content holds the value or a row: packed, zip, Parquet or other."""
        return self.in_bytes(path.read_bytes(), path.as_posix())

    def in_bytes(self, data: bytes, place: str) -> bool:
        """Whether the content of a file holds the value or a row; `place` names the file."""
        packed, data = data, _bare(data)
        if packed is data and data.startswith(PACKED_BEGINS):
            self.not_opened.add(place)
        if data.startswith(ZIP_BEGINS):
            for name, content in unzipped(data):
                if content is None:
                    self.not_opened.add(place)
                if self.in_text(name) or (content and self._in_content(_bare(content), place)):
                    return True
        return self._in_content(data, place)

    def _in_content(self, data: bytes, place: str) -> bool:
        if data.startswith(PARQUET_BEGINS):
            try:
                return self._in_table(pq.read_table(pa.BufferReader(data)), place)
            except (pa.ArrowException, OSError):
                pass  # cut off: looked at as bytes
        try:
            if not is_binary(decode(data[:SAMPLE]).text):
                text = decode(data).text
                return self.in_text(text, place) or any(row_id in text for row_id in self.ids)
        except UnicodeDecodeError:
            pass
        if self._bytes and self._bytes.search(data):
            return True
        return any(form in data for form in self._forms)

    def _in_table(self, table: pa.Table, place: str) -> bool:
        for name, column in zip(table.column_names, table.columns, strict=True):
            # Fractions and vectors of them hold no value.
            if pa.types.is_floating(getattr(column.type, "value_type", column.type)):
                continue
            cells = column.to_pylist()
            if name in ("id", "parent") and not self.ids.isdisjoint(cells):
                return True
            if self.in_text(cells_as_text(cells), place):
                return True
        return False


def _any_of(texts: list[str], letter: str) -> re.Pattern[str] | None:
    """A pattern of any of the texts; where one ends with a letter, no other one follows."""

    def at_end(end: str, pattern: str) -> str:
        return pattern.format(letter) if re.match(letter, end) and not GLUED.match(end) else ""

    ways = [
        at_end(text[0], "(?<!{})") + re.escape(text) + at_end(text[-1], "(?!{})") for text in texts
    ]
    return re.compile("|".join(ways)) if ways else None


def cells_as_text(cells: Iterable[object]) -> str:
    """Cells as one text, with a sign between them that is in no value."""
    return "\0".join(str(cell) for cell in cells if cell is not None)


def _bare(data: bytes) -> bytes:
    """The content of a packed file; of a damaged one the bytes as they are."""
    for begin, suffix in BEGINS.items():
        if data.startswith(begin) and begin != ZIP_BEGINS:
            try:
                return unpacked(data, suffix, len(data) + MAX_UNPACKED_BYTES)
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
