"""The members of a zip, which is what an .xlsx, .docx or .npz is, with a limit against bombs."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator

ZIP_BEGINS = b"PK\x03\x04"
MAX_UNPACKED_BYTES = 1 << 30
MAX_DEPTH = 4  # zips in zips; a zip can hold itself
DAMAGED = (
    zipfile.BadZipFile,
    RuntimeError,  # a password
    NotImplementedError,  # a way of packing that Python lacks
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
)


def unzipped(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of each member, those of zips inside too. The content is None where it
    cannot be had: damaged, locked, or past MAX_UNPACKED_BYTES more than the zip itself."""
    left = len(data) + MAX_UNPACKED_BYTES
    waiting = [("", data, 0)]
    while waiting:
        above, packed, depth = waiting.pop()
        for name, content in _members(packed, left):
            name = f"{above}{name}"
            if content is None:
                yield name, None
                continue
            left -= len(content)
            if not content.startswith(ZIP_BEGINS):
                yield name, content
            elif depth + 1 < MAX_DEPTH:
                yield name, b""
                waiting.append((f"{name}/", content, depth + 1))
            else:
                yield name, None


def _members(data: bytes, left: int) -> Iterator[tuple[str, bytes | None]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
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
