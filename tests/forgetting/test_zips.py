"""Zips are looked into, zips in them too, and none of them fills the memory."""

import io
import zipfile

import pytest

from seedbed.forgetting import wanted
from seedbed.forgetting.wanted import Wanted, unzipped


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_members_and_those_of_zips_inside() -> None:
    found = dict(unzipped(zipped(one=b"first", inner=zipped(two=b"second"))))
    assert found == {"one": b"first", "inner": b"", "inner/two": b"second"}


def test_a_bomb_is_not_unpacked(monkeypatch) -> None:
    monkeypatch.setattr(wanted, "MAX_UNPACKED_BYTES", 1000)
    bomb = zipped(one=b"first", two=bytes(100_000), three=b"last")
    assert dict(unzipped(bomb)) == {"one": b"first", "two": None}
    halves = zipped(one=zipped(a=bytes(900)), two=zipped(a=bytes(900)))
    assert [content for _, content in unzipped(halves)].count(None) == 1


def test_zips_in_zips_have_an_end() -> None:
    data = b"core"
    for _ in range(wanted.MAX_DEPTH + 1):
        data = zipped(a=data)
    assert [content for _, content in unzipped(data)][-1] is None


@pytest.mark.parametrize("damage", ["cut", "locked"])
def test_what_cannot_be_opened_is_remembered(damage: str) -> None:
    data = zipped(one=b"a text about nobody " * 9)
    if damage == "cut":
        data = data[: len(data) // 2]
    else:  # the flag of a password, in the member's header and in the list at the end
        central = data.index(b"PK\x01\x02")
        data = bytearray(data)
        data[6] |= 1
        data[central + 8] |= 1
    wanted = Wanted("Jane Planted")
    assert not wanted.in_bytes(bytes(data), "letters.zip")
    assert wanted.not_opened == {"letters.zip"}


def test_a_value_in_a_member_or_its_name() -> None:
    wanted = Wanted("Jane Planted")
    assert wanted.in_bytes(zipped(one=b"nobody", two=b"to JANE  planted"), "a.xlsx")
    assert wanted.in_bytes(zipped(**{"to Jane Planted.txt": b"nobody"}), "a.zip")
    assert not wanted.in_bytes(zipped(one=b"Janet Plantedly"), "b.xlsx")
    assert wanted.not_opened == set()
