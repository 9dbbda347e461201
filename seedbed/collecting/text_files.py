"""Bytes of a file as text: unpacked, and in the encoding that is found in them.

The encoding is a small rule, so that the same bytes are the same text on every machine: a byte
order mark decides; else NUL bytes in every second place mean UTF-16; else each line is UTF-8 where
it is valid UTF-8, and windows-1252 (a superset of the printable Latin-1) where it is not.
"""

import bz2
import codecs
import gzip
import hashlib
import lzma
import re
import zlib
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from seedbed.core.errors import SourceError

PACKED = (".gz", ".bz2", ".xz", ".zst")
# UTF-32 stands before UTF-16: its little-endian mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# WHATWG Encoding Standard, windows-1252: bytes 80..9F, five of which are control characters.
WINDOWS_1252 = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
SAMPLE = 65_536  # characters or bytes that are looked at to tell what a file is
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
    except OSError as error:
        raise SourceError(
            path.as_posix(), error.strerror or "cannot be read", "a readable file", "correct it"
        ) from None
    sha256 = hashlib.sha256(data).hexdigest()
    if path.suffix.lower() not in PACKED:
        return File(path.name, sha256, data)
    try:
        return File(path.stem, sha256, unpacked(data, path.suffix.lower()))
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        raise SourceError(
            path.as_posix(),
            "the compressed data is damaged or cut off",
            f"a whole {path.suffix} file",
            "copy or download the file again",
        ) from None


def unpacked(data: bytes, suffix: str) -> bytes:
    """The bytes that were packed under this suffix. Raises what the unpacker raises."""
    if suffix == ".gz":
        return gzip.decompress(data)
    if suffix == ".bz2":
        return bz2.decompress(data)
    if suffix == ".xz":
        return lzma.decompress(data)
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        return stream.read()


def packed(data: bytes, suffix: str) -> bytes:
    """The bytes packed as the suffix says, the same each time."""
    if suffix == ".gz":
        return gzip.compress(data, mtime=0)
    if suffix == ".bz2":
        return bz2.compress(data)
    if suffix == ".xz":
        return lzma.compress(data)
    return pa.Codec("zstd").compress(data, asbytes=True)


def decode(data: bytes, encoding: str = "") -> Decoded:
    """The text of `data`, without byte order mark, by the rule above or in `encoding`.

    Raises UnicodeDecodeError where the named encoding, or that of the mark, does not fit.
    """
    if encoding:
        return Decoded(data.decode(encoding).removeprefix("\ufeff"), encoding)
    for mark, name in MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(name), name)
    marked = data.startswith(codecs.BOM_UTF8)
    data = data.removeprefix(codecs.BOM_UTF8)
    if not marked and (name := _unmarked_utf_16(data)):
        return Decoded(data.decode(name), name)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _line_by_line(data)


def _unmarked_utf_16(data: bytes) -> str:
    sample = data[:SAMPLE]
    half = len(sample) // 2
    if not half or len(data) % 2:
        return ""
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) < 0.4 or min(even, odd) > 0.05:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _line_by_line(data: bytes) -> Decoded:
    """A file that is not UTF-8 as a whole may still be so but for a line that was pasted in."""
    lines, has_utf_8 = [], False
    for line in data.split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
            has_utf_8 = has_utf_8 or not line.isascii()
        except UnicodeDecodeError:
            lines.append(line.decode("latin-1").translate(WINDOWS_1252))
    return Decoded("\n".join(lines), "utf-8 and windows-1252" if has_utf_8 else "windows-1252")


def is_binary(text: str) -> bool:
    """Whether decoded bytes were an image or the like: more than a tenth control characters."""
    found = len(CONTROL.findall(text[:SAMPLE]))
    return found >= MIN_CONTROL and found > MAX_CONTROL_SHARE * min(len(text), SAMPLE)
