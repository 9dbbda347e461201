"""Unpacking files and finding their encoding."""

import bz2
import gzip
import hashlib
import lzma

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from seedbed.collecting.encodings import decode
from seedbed.collecting.text_files import is_binary, read_file
from seedbed.core.errors import SourceError

GERMAN = "Größe: 5 €\nübel – “so”"


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (GERMAN.encode("utf-8"), "utf-8"),
        (GERMAN.encode("utf-8-sig"), "utf-8"),
        (b"\xff\xfe" + GERMAN.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + GERMAN.encode("utf-16-be"), "utf-16-be"),
        (GERMAN.encode("utf-16-le"), "utf-16-le"),
        (GERMAN.encode("utf-16-be"), "utf-16-be"),
        (b"\xff\xfe\x00\x00" + GERMAN.encode("utf-32-le"), "utf-32-le"),
        (GERMAN.encode("cp1252"), "windows-1252"),
    ],
)
def test_finds_the_encoding(data: bytes, encoding: str) -> None:
    assert decode(data) == (GERMAN, encoding)


def test_one_latin_1_line_does_not_spoil_a_utf_8_file() -> None:
    data = "schön\n".encode() + "über\n".encode("latin-1") + "süß".encode()
    assert decode(data) == ("schön\nüber\nsüß", "utf-8 and windows-1252")


def test_a_mark_does_not_make_every_line_utf_8() -> None:
    data = b"\xef\xbb\xbf" + "schön\n".encode() + "über".encode("latin-1")
    assert decode(data) == ("schön\nüber", "utf-8 and windows-1252")


def test_named_encoding_is_obeyed() -> None:
    assert decode("жар".encode("cp1251"), "cp1251").text == "жар"
    with pytest.raises(UnicodeDecodeError):
        decode(b"\xff", "utf-8")


def test_few_nul_bytes_stay_in_the_text() -> None:
    assert decode(b"a good\x00 film, and long enough").text == "a good\x00 film, and long enough"


@given(st.text())
def test_utf_8_with_a_mark_comes_back_whole(text: str) -> None:
    assert decode(b"\xef\xbb\xbf" + text.encode()).text == text


@given(st.binary())
def test_any_bytes_without_a_mark_can_be_decoded(data: bytes) -> None:
    marks = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00\x00\xfe\xff")
    if not data.startswith(marks) and data.count(0) < len(data) / 5:
        decode(data)


def test_an_image_is_binary_and_a_damaged_text_is_not() -> None:
    image = b"\x89PNG\r\n\x1a\n" + hashlib.sha512(b"pixels").digest() * 20
    assert is_binary(decode(image).text)
    assert not is_binary("Bad\x00ly dam\x00aged \x01text, but text")
    assert not is_binary("مرحبا 👋 שלום")


@pytest.mark.parametrize("ending", PACKERS)
def test_unpacks(ending: str, tmp_path) -> None:
    path = tmp_path / f"a.csv{ending}"
    path.write_bytes(PACKERS[ending](b"text,label\n"))
    file = read_file(path)
    assert (file.name, file.content) == ("a.csv", b"text,label\n")
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("ending", PACKERS)
def test_damaged_compression_is_an_error(ending: str, tmp_path) -> None:
    path = tmp_path / f"a.csv{ending}"
    whole = PACKERS[ending](b"text,label\n" * 100)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="damaged or cut off"):
        read_file(path)


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        read_file(tmp_path / "none.csv")
