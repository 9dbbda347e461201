"""Bytes of a file as text: unpacked, and in the encoding that is found in them.

How a file is packed is seen from its first bytes, whatever it is called.
"""

import bz2
import codecs
import gzip
import hashlib
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

import pyarrow as pa

from seedbed.collecting.encodings import (
    SAMPLE,
    WESTERN,
    decode,
    decoded_line,
    excerpt,
    judged,
    likeliest,
    marked,
    name_of,
    not_text,
    odd_lines,
)
from seedbed.core.errors import SourceError

# By suffix: the stream of what is packed in a path or a stream; bytes packed, the same each time.
PACKED: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": lambda packed: io.BufferedReader(pa.CompressedInputStream(packed, "zstd")),
    ".zip": lambda packed: _only_member(ZipFile(packed)),
}
BEGINS = {
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\xfd7zXZ": ".xz",
    b"\x28\xb5\x2f\xfd": ".zst",
    b"PK\x03\x04": ".zip",
}
WORKBOOKS = ("xl/", "content.xml")  # members of zips that are Excel or OpenDocument
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": partial(gzip.compress, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": partial(pa.Codec("zstd").compress, asbytes=True),
    ".zip": lambda data: _zipped(data),
}
# What unpackers raise; RuntimeError: a password, or a way of packing that Python lacks.
DAMAGE = (OSError, EOFError, ValueError, RuntimeError, BadZipFile, zlib.error, lzma.LZMAError)
SAMPLE_LINES = 1_000
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd]")
MAX_CONTROL_SHARE = 0.1


MIN_CONTROL = 16  # so few control characters are damage in a text, not the sign of an image


class File(NamedTuple):
    """One file that was read: its name without the ending of a compression, the SHA-256 of its
    bytes as they lie on disk, and its content, unpacked."""

    name: str
    sha256: str
    content: bytes


class Text(NamedTuple):
    """A text, its encoding, and a note where that is not Unicode."""

    text: str
    encoding: str
    note: str


class Lines(NamedTuple):
    """The lines of a text, its encoding, and a note where that is not Unicode."""

    lines: Iterator[str]
    encoding: str
    note: str


class SeveralFilesError(ValueError):
    """A zip with more than one file, or none."""


def packing_of(data: bytes | Path) -> str:
    """How a file is packed by its first bytes, as a suffix; "" for one that is not."""
    start = data[:8] if isinstance(data, bytes) else start_of(data)
    suffix = next((suffix for begin, suffix in BEGINS.items() if start.startswith(begin)), "")
    return "" if suffix == ".zip" and is_workbook(data) else suffix


def start_of(path: Path) -> bytes:
    """The first bytes of a file as it lies on disk."""
    with path.open("rb") as file:
        return file.read(8)


def is_workbook(data: bytes | Path) -> bool:
    """Whether a file is a workbook of Excel or OpenDocument, new or old."""
    start = data[:8] if isinstance(data, bytes) else start_of(data)
    if start.startswith(b"\xd0\xcf\x11\xe0"):  # compound file: .xls
        return True
    if not start.startswith(b"PK\x03\x04"):
        return False
    try:
        names = ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data).namelist()
    except (BadZipFile, OSError):
        return False
    return any(name.startswith(WORKBOOKS) for name in names)


def _only_member(archive: ZipFile) -> Any:
    """The stream of the one file in a zip. Raises SeveralFilesError where there are more."""
    names = [
        one.filename
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    if len(names) != 1:
        raise SeveralFilesError(f"a zip with {len(names)} files")
    return archive.open(names[0])


def _zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        archive.writestr(ZipInfo("table"), data, ZIP_DEFLATED)
    return buffer.getvalue()


def read_file(path: Path) -> File:
    """Read a file and unpack it (gzip, bzip2, xz, Zstandard, a zip with one file) whatever it is
    called. Raises SourceError where it cannot."""
    try:
        data = path.read_bytes()
        sha256, suffix = hashlib.sha256(data).hexdigest(), packing_of(data)
        content = unpacked(data, suffix) if suffix else data
        return File(bare_name(path), sha256, content)
    except DAMAGE as error:
        raise _unreadable(path, error) from None


def bare_name(path: Path) -> str:
    """The name of a file without the ending that says how it is packed."""
    return path.stem if path.suffix.lower() in PACKED else path.name


def _unreadable(path: Path, error: Exception) -> SourceError:
    if isinstance(error, OSError) and error.strerror:
        return SourceError(path.as_posix(), error.strerror, "a readable file", "correct it")
    if isinstance(error, SeveralFilesError):
        step = "unpack it, and name the file that is the table"
        return SourceError(path.as_posix(), str(error), "one file in it", step)
    return SourceError(
        path.as_posix(),
        "the compressed data is damaged or cut off",
        f"a whole {path.suffix} file",
        "copy or download the file again",
    )


def unpacked(data: bytes, suffix: str) -> bytes:
    """The bytes that were packed under this suffix. Raises what the unpacker raises."""
    with PACKED[suffix](io.BytesIO(data)) as stream:
        return stream.read()


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The unpacked bytes of a file as a stream. Raises SourceError where it cannot be read."""
    try:
        with PACKED.get(packing_of(path), partial(open, mode="rb"))(path) as stream:
            yield stream
    except DAMAGE as error:
        raise _unreadable(path, error) from None


def text_lines(path: Path, encoding: str = "") -> Lines:
    """The lines of a file, with the "\n" that ends them, as `decode` gives them. They are unpacked
    and decoded as they are asked for, but for UTF-16 and UTF-32, which are decoded as a whole.

    Raises SourceError where the file cannot be read, or is not text.
    """
    place = str(path)
    with _opened(path) as stream:
        mark, found = marked(stream.read(SAMPLE))
    if found or encoding:
        text, name, note = text_of(read_file(path).content, place, encoding)
        return Lines(io.StringIO(text, newline="\n"), name, note)
    with _opened(path) as stream:
        odd = odd_lines(stream)
    return Lines(_lines(path, len(mark)), name_of(odd), judged(odd, place))


def _lines(path: Path, skipped: int) -> Iterator[str]:
    with _opened(path) as stream:
        stream.read(skipped)
        lines = map(decoded_line, stream)
        start = list(islice(lines, SAMPLE_LINES))
        _check_text("".join(start), str(path))
        yield from chain(start, lines)


def text_of(content: bytes, place: str, encoding: str = "", before: str = "") -> Text:
    """Text and encoding of a whole file; `before`: the encoding of the batch before, which is taken
    for bytes that are no Unicode where it is likely. Raises SourceError where it is not text, or in
    an encoding that has to be named."""
    try:
        text, found = decode(content, encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            place,
            f"byte {error.start} is not {error.encoding}",
            "text in that encoding",
            "name another with `--encoding`, in params.yaml `encoding` of the source, or none: "
            "then it is found",
        ) from None
    if not encoding and found.endswith(WESTERN):
        odd = odd_lines(content.split(b"\n"))
        with suppress(UnicodeDecodeError):
            if before and odd.sample.decode(before) in map(
                odd.sample.decode, likeliest(odd.sample)[:2]
            ):
                text = content.decode(before)
                return Text(text, before, f"{place} is {before}, as before: {excerpt(text)}")
        return Text(text, found, judged(odd, place))
    _check_text(text, place)
    is_unicode = codecs.lookup(found).name.startswith(("utf-8", "utf-16"))
    return Text(text, found, "" if is_unicode else f"{place} is {found}: {excerpt(text[:SAMPLE])}")


def _check_text(text: str, place: str) -> None:
    if is_binary(text):
        raise not_text(place)


def is_binary(text: str) -> bool:
    """Whether decoded bytes were an image or the like: more than a tenth control characters."""
    found = len(CONTROL.findall(text[:SAMPLE]))
    return found >= MIN_CONTROL and found > MAX_CONTROL_SHARE * min(len(text), SAMPLE)
