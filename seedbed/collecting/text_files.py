"""Bytes of a file as text: unpacked, and in the encoding that is found in them.

The encoding is a small rule, so that the same bytes are the same text on every machine: a byte
order mark decides; else NUL bytes in every second place mean UTF-16; else each line is UTF-8 where
it is valid UTF-8, and windows-1252 (a superset of the printable Latin-1) where it is not.
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
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from seedbed.core.errors import SourceError

# By suffix: the stream of what is packed in a path or a stream; bytes packed, the same each time.
PACKED: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": lambda packed: io.BufferedReader(pa.CompressedInputStream(packed, "zstd")),
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": partial(gzip.compress, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": partial(pa.Codec("zstd").compress, asbytes=True),
}
DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)  # what unpackers raise
# UTF-32 stands before UTF-16: its little-endian mark begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF8: "",
}
# WHATWG Encoding Standard, windows-1252: bytes 80..9F, five of which are control characters.
WINDOWS_1252 = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
SAMPLE = 65_536  # characters or bytes that are looked at to tell what a file is
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


class Decoded(NamedTuple):
    """Text, and the name of the encoding it was found to be in."""

    text: str
    encoding: str


def read_file(path: Path) -> File:
    """Read a file and unpack it (.gz, .bz2, .xz, .zst). Raises SourceError where it cannot."""
    try:
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if path.suffix.lower() not in PACKED:
            return File(path.name, sha256, data)
        return File(path.stem, sha256, unpacked(data, path.suffix.lower()))
    except DAMAGE as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> SourceError:
    if isinstance(error, OSError) and error.strerror:
        return SourceError(path.as_posix(), error.strerror, "a readable file", "correct it")
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


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a file, with the "\\n" that ends them, as `decode` gives them. They are unpacked
    and decoded as they are asked for, but for UTF-16 and UTF-32, which are decoded as a whole.

    Raises SourceError where the file cannot be read, or is not text.
    """
    opened = PACKED.get(path.suffix.lower(), partial(open, mode="rb"))
    try:
        with opened(path) as stream:
            mark, encoding = _marked(stream.read(SAMPLE))
        if encoding:
            text = text_of(read_file(path).content, str(path)).text
            yield from io.StringIO(text, newline="\n")
            return
        with opened(path) as stream:
            stream.read(len(mark))
            lines = map(_decoded_line, stream)
            start = list(islice(lines, SAMPLE_LINES))
            _check_text("".join(start), str(path))
            yield from chain(start, lines)
    except DAMAGE as error:
        raise _unreadable(path, error) from None


def text_of(content: bytes, place: str, encoding: str = "") -> Decoded:
    """Text and encoding of a whole file. Raises SourceError where it is not text."""
    try:
        decoded = decode(content, encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            place,
            f"byte {error.start} is not {error.encoding}",
            "text in that encoding",
            "correct `encoding` of the source, or leave it out and it is found",
        ) from None
    _check_text(decoded.text, place)
    return decoded


def _check_text(text: str, place: str) -> None:
    if is_binary(text):
        raise SourceError(place, "not text", "a table of text", "correct `path` of the source")


def decode(data: bytes, encoding: str = "") -> Decoded:
    """The text of `data`, without byte order mark, by the rule above or in `encoding`.

    Raises UnicodeDecodeError where the named encoding, or that of the mark, does not fit.
    """
    if encoding:
        return Decoded(data.decode(encoding).removeprefix("\ufeff"), encoding)
    mark, name = _marked(data)
    data = data.removeprefix(mark)
    if name:
        return Decoded(data.decode(name), name)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:  # a file may still be UTF-8 but for a line that was pasted in
        lines = data.split(b"\n")
    texts = list(map(_decoded_line, lines))
    pairs = zip(texts, lines, strict=True)
    has_utf_8 = any(text.encode() == line and not line.isascii() for text, line in pairs)
    found = "utf-8 and windows-1252" if has_utf_8 else "windows-1252"
    return Decoded("\n".join(texts), found)


def _marked(data: bytes) -> tuple[bytes, str]:
    """The byte order mark, and the encoding of the whole file; "" where each line has its own."""
    for mark, name in MARKS.items():
        if data.startswith(mark):
            return mark, name
    half = min(len(data), SAMPLE) // 2
    if not half or len(data) % 2:
        return b"", ""
    even, odd = data[: 2 * half : 2].count(0) / half, data[1 : 2 * half : 2].count(0) / half
    if max(even, odd) < 0.4 or min(even, odd) > 0.05:
        return b"", ""
    return b"", "utf-16-le" if odd > even else "utf-16-be"


def _decoded_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1").translate(WINDOWS_1252)


def is_binary(text: str) -> bool:
    """Whether decoded bytes were an image or the like: more than a tenth control characters."""
    found = len(CONTROL.findall(text[:SAMPLE]))
    return found >= MIN_CONTROL and found > MAX_CONTROL_SHARE * min(len(text), SAMPLE)
