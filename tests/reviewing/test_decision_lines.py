"""Lines are appended whole, whoever else appends, and a name is never a path."""

import fcntl
import multiprocessing
import subprocess
import threading

import pytest

from seedbed.core.decisions import Decision, read_decisions
from seedbed.core.errors import SeedbedError
from seedbed.reviewing.session import append, checked_who, default_who


def decision(row: str, note: str = "") -> Decision:
    return Decision(
        id=row, digest="1", given="a", decided="b", who="ann", when="2026-11-23", note=note
    )


def append_many(folder, name: str, number: int) -> None:
    for count in range(number):
        append(decision(f"{name}{count}", "x" * 9000), folder)


def test_a_line_is_readable_json_in_a_file_of_its_author(tmp_path):
    append(decision("r1", "nö\u2028<script>\n"), tmp_path)
    assert read_decisions(tmp_path) == [decision("r1", "nö\u2028<script>\n")]
    assert "nö" in (tmp_path / "ann.jsonl").read_text()


def test_two_processes_at_once_lose_nothing(tmp_path):
    start = multiprocessing.get_context("spawn").Process
    ones = [start(target=append_many, args=(tmp_path, name, 150)) for name in "pq"]
    for one in ones:
        one.start()
    for one in ones:
        one.join()
        assert one.exitcode == 0
    found = [one.id for one in read_decisions(tmp_path)]
    assert sorted(found) == sorted(f"{name}{n}" for name in "pq" for n in range(150))
    assert [one for one in found if one[0] == "p"] == [f"p{n}" for n in range(150)]


def test_a_line_waits_while_another_process_is_writing(tmp_path):
    # Without the lock a mended end, or half a line that is taken out, could hit another's line.
    append(decision("r1"), tmp_path)
    with (tmp_path / "ann.jsonl").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = threading.Thread(target=append, args=(decision("r2"), tmp_path))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(30)
    assert [one.id for one in read_decisions(tmp_path)] == ["r1", "r2"]


def test_a_file_that_was_left_without_a_line_end_is_mended(tmp_path):
    append(decision("r1"), tmp_path)
    file = tmp_path / "ann.jsonl"
    file.write_text(file.read_text().rstrip("\n"))
    append(decision("r2"), tmp_path)
    assert [one.id for one in read_decisions(tmp_path)] == ["r1", "r2"]


def test_a_disk_that_takes_half_a_line_leaves_none(tmp_path, monkeypatch):
    import os

    append(decision("r1"), tmp_path)
    write = os.write
    monkeypatch.setattr("os.write", lambda file, line: write(file, line[:5]))
    with pytest.raises(OSError, match="half a line"):
        append(decision("r2"), tmp_path)
    assert [one.id for one in read_decisions(tmp_path)] == ["r1"]


@pytest.mark.parametrize("bad", ["", "../ann", "a/b", ".hidden", "a b", "-x", "a\n", "x" * 65])
def test_a_name_that_is_no_file_name_is_refused(bad):
    with pytest.raises(SeedbedError, match="--who NAME"):
        checked_who(bad)


def test_without_a_name_git_says_who(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "config", "user.name", "Ann  Lee-Öz (x)"], check=True)
    assert default_who() == "ann-lee-öz-x"
    subprocess.run(["git", "config", "user.name", "राधिका नमूना"], check=True)
    assert default_who() == "राधिका-नमूना"
    subprocess.run(["git", "config", "user.name", " "], check=True)
    with pytest.raises(SeedbedError, match="nobody"):
        default_who()
