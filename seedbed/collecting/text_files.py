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
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import pyarrow as pa

from seedbed.collecting.encodings import (
    SAMPLE,
    decode,
    excerpt,
    judged,
    likeliest,
    name_of,
    not_text,
    odd_in,
)
from seedbed.core.errors import SeedbedError, SourceError

# By suffix: the stream of what is packed in a path or a stream.
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
# What unpackers raise; RuntimeError: a password, or a way of packing that Python lacks.
DAMAGE = (OSError, EOFError, ValueError, RuntimeError, BadZipFile, zlib.error, lzma.LZMAError)
# A file may unpack to 2 GB (reading takes up to eight times that of memory), and one that is more
# than 64 MB to 200 times its size: texts take ten, what is made to fill a memory thousands.
MAX_BYTES = 2_000_000_000
START = 8  # bytes by which files are known
MAX_RATIO, ALWAYS, STEP = 200, 64_000_000, 1 << 20
NO_TEXT = ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd]")
MAX_CONTROL_SHARE = 0.1
MIN_CONTROL = 16  # so few control characters are damage in a text, not the sign of an image


class File(NamedTuple):
    """A file: its name without the ending of a compression, the SHA-256 of its bytes on disk, its
    unpacked content, and the most bytes it may hold."""

    name: str
    sha256: str
    content: bytes
    max_bytes: int = MAX_BYTES


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


class TooLargeError(ValueError):
    """A file that holds, or unpacks to, more bytes than it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit / 1e6:,.0f} MB")


def limit_of(packed: int, max_bytes: int) -> int:
    """The bytes to which a file of `packed` bytes may unpack."""
    return min(max_bytes, max(ALWAYS, MAX_RATIO * packed))


@contextmanager
def reading_source(place: str) -> Iterator[None]:
    """Raise SourceError, which names the file, for whatever a library raises while it is read."""
    try:
        yield
    except (SeedbedError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except TooLargeError as error:
        raise SourceError(
            place,
            f"it holds {error} when it is unpacked",
            f"at most `collect.max_file_mb`, and {MAX_RATIO} times the size of the file from "
            f"{ALWAYS // 10**6} MB on",
            "unpack it by hand if you trust it, split it, and name the parts; or raise the limit",
        ) from None
    except BaseException as error:  # a panic of Rust is no Exception
        found, step = f"not readable ({type(error).__name__})", "copy it again, or save it as CSV"
        raise SourceError(place, found, "a whole file", step) from None


def packing_of(data: bytes | Path) -> str:
    """How a file is packed by its first bytes, as a suffix; "" for one that is not."""
    start = data[:START] if isinstance(data, bytes) else start_of(data)
    suffix = next((suffix for begin, suffix in BEGINS.items() if start.startswith(begin)), "")
    return "" if suffix == ".zip" and is_workbook(data) else suffix


def start_of(path: Path) -> bytes:
    """The first bytes of a file as it lies on disk."""
    with _checked(path).open("rb") as file:
        return file.read(START)


def is_workbook(data: bytes | Path) -> bool:
    """Whether a file is a workbook of Excel or OpenDocument, new or old."""
    start = data[:START] if isinstance(data, bytes) else start_of(data)
    if start.startswith(b"\xd0\xcf\x11\xe0"):  # compound file: .xls
        return True
    if not start.startswith(b"PK\x03\x04"):
        return False
    try:
        names = ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data).namelist()
    except Exception:  # damage has many names: the reader of zips says what it is
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


def read_file(path: Path, max_bytes: int = MAX_BYTES) -> File:
    """Read a file and unpack it (gzip, bzip2, xz, Zstandard, a zip with one file) whatever it is
    called. Raises SourceError where it cannot, or where it holds more than `max_bytes` or more than
    `limit_of` allows."""
    with reading_source(path.as_posix()):
        try:
            if _checked(path).stat().st_size > max_bytes:
                raise TooLargeError(max_bytes)
            data = path.read_bytes()
            sha256, suffix = hashlib.sha256(data).hexdigest(), packing_of(data)
            limit = limit_of(len(data), max_bytes)
            content = unpacked(data, suffix, limit) if suffix else data
            return File(bare_name(path), sha256, content, max_bytes)
        except TooLargeError:
            raise
        except DAMAGE as error:
            raise _unreadable(path, error) from None


def _checked(path: Path) -> Path:
    """Raise SourceError for a pipe or a device, which may never end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise SourceError(path.as_posix(), "a pipe or a device", "a file", "save it to a file")
    return path


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


def unpacked(data: bytes, suffix: str, limit: int = MAX_BYTES) -> bytes:
    """The bytes that were packed under this suffix. Raises what the unpacker raises, and
    TooLargeError where they are more than `limit`."""
    parts = []
    with PACKED[suffix](io.BytesIO(data)) as stream:
        while part := stream.read(STEP):
            parts.append(part)
            limit -= len(part)
            if limit < 0:
                raise TooLargeError(limit + sum(map(len, parts)))
    return b"".join(parts)


class _Limited(io.RawIOBase):
    """A stream that ends with TooLargeError after so many bytes."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream, self._limit, self._left = stream, limit, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read(len(buffer))
        self._left -= len(part)
        if self._left < 0:
            raise TooLargeError(self._limit)
        buffer[: len(part)] = part
        return len(part)


@contextmanager
def opened(path: Path, max_bytes: int) -> Iterator[Any]:
    """The unpacked bytes of a file as a stream. Raises SourceError where it cannot be read, or
    unpacks to more than `max_bytes` or `limit_of` allows."""
    with reading_source(path.as_posix()):
        try:
            packing = packing_of(_checked(path))
            size = path.stat().st_size
            if size > max_bytes:
                raise TooLargeError(max_bytes)
            with PACKED.get(packing, partial(open, mode="rb"))(path) as stream:
                limit = limit_of(size, max_bytes)
                yield io.BufferedReader(_Limited(stream, limit), STEP) if packing else stream
        except TooLargeError:
            raise
        except DAMAGE as error:
            raise _unreadable(path, error) from None


def text_of(content: bytes, place: str, encoding: str = "", before: str = "") -> Text:
    """Text and encoding of a whole file; `before`: the encoding of the batch before, which is taken
    for bytes that are no Unicode where it is likely. Raises SourceError where it is not text, or in
    an encoding that has to be named."""
    if not encoding and (odd := odd_in(content)).lines:
        with suppress(UnicodeDecodeError):
            likely = likeliest(odd.sample)[:2] if before else []
            if before and odd.sample.decode(before) in map(odd.sample.decode, likely):
                text = content.decode(before)
                return Text(text, before, f"{place} is {before}, as before: {excerpt(text)}")
        note = judged(odd, place)  # before all of it is decoded
        return Text(decode(content).text, name_of(odd), note)
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
    check_text(text, place)
    is_unicode = codecs.lookup(found).name.startswith(("utf-8", "utf-16"))
    return Text(text, found, "" if is_unicode else f"{place} is {found}: {excerpt(text[:SAMPLE])}")


def is_encoding(name: str) -> bool:
    """Whether Python decodes texts in this encoding, unlike in codecs of names or escapes."""
    try:
        codec = codecs.lookup(name)
        return codec._is_text_encoding and codec.name not in NO_TEXT
    except (LookupError, ValueError):
        return False


def check_text(text: str, place: str) -> None:
    """Raise SourceError for bytes of an image or the like."""
    if is_binary(text):
        raise not_text(place)


def is_binary(text: str) -> bool:
    """Whether decoded bytes were an image or the like: more than a tenth control characters."""
    found = len(CONTROL.findall(text[:SAMPLE]))
    return found >= MIN_CONTROL and found > MAX_CONTROL_SHARE * min(len(text), SAMPLE)
