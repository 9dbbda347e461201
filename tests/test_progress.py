"""A bar on a terminal; elsewhere one plain line a stage."""

import json
import os
import pty
import subprocess
import sys

import pytest

from seedbed.core.errors import RowsError
from seedbed.core.stage import last_costs, progress, run

LONG_WORK = """
import time
from seedbed.core.stage import progress
for _ in progress(range(20), "embed", 20):
    time.sleep(0.05)
"""


def test_off_a_terminal_there_is_no_bar(capsys):
    assert list(progress([1, 2, 3], "embed", 3)) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_there_is_a_bar_with_count_and_time_left():
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", LONG_WORK], stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    assert b"embed" in shown
    assert b"/20" in shown
    assert b"0:00:0" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1024)
    except OSError:  # the other end is closed
        return b""


def test_a_stage_says_one_line_and_its_cost_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run("clean", lambda: "3 of 3 rows kept")
    shown = capsys.readouterr().out
    assert shown.startswith("clean: 3 of 3 rows kept (")
    assert len(shown.splitlines()) == 1
    assert last_costs()["clean"]["peak_mb"] > 10
    line = (tmp_path / ".seedbed/costs.jsonl").read_text()
    assert json.loads(line)["stage"] == "clean"


def test_a_person_s_mistake_is_a_paragraph_and_a_bug_keeps_its_trace(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def mistaken() -> str:
        raise RowsError("data/split", "no rows", "rows", "run `dvc repro`")

    with pytest.raises(SystemExit) as end:
        run("embed", mistaken)
    assert end.value.code == 1
    assert "embed: data/split: no rows (expected rows); run `dvc repro`" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        run("embed", lambda: 1 / 0)
    assert not last_costs()
