"""Review on a terminal, driven by keys that are given, on a screen that is read."""

import io
import os
import pty
import select
import subprocess
import sys

import pytest
from conftest import ROOT
from rich.console import Console
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.decisions import read_decisions
from seedbed.core.errors import SeedbedError
from seedbed.reviewing.queues import queues_of
from seedbed.reviewing.session import Session
from seedbed.reviewing.terminal import COMMANDS, Review


def reviewed(workspace, keys: str, queue: str = "suspects", answers: tuple[str, ...] = ()) -> str:
    """What the screen shows after these keys and answers."""
    screen, keys_left, answers_left = io.StringIO(), iter(keys), iter(answers)

    def key() -> str:
        for one in keys_left:
            return one
        raise EOFError

    console = Console(file=screen, width=300, highlight=False, force_terminal=False)
    session = Session(workspace, queues_of(workspace)[queue], "ann")
    Review(session, console, key, lambda _: next(answers_left)).run()
    return screen.getvalue()


def decided(workspace) -> list[str]:
    return [one.decided for one in read_decisions(workspace.folder)]


def test_one_key_a_decision_and_all_is_shown(workspace):
    screen = reviewed(workspace, "atdmq")
    first = queues_of(workspace)["suspects"]
    assert first.name == "suspects"
    for words in (
        "Suspects in train", "0 decided, 0 skipped, 5 left", "given     ", "suggested ", "reason  ",
        "models that never saw it find another label more likely", "label quality 0.010", "near ",
        "letters.csv:", "batch 2026-01-letters", "[a]ccept [t]ake",
    ):  # fmt: skip
        assert words in screen, words
    assert len(decided(workspace)) == 4
    assert decided(workspace)[2:] == ["<drop>", "<ambiguous>"]
    assert "4 of 5 decided" in screen


def test_a_hostile_text_shows_as_text(workspace):
    place = [item.id for item in queues_of(workspace)["audit"].items].index("row07")
    screen = reviewed(workspace, "s" * place + "wq", "audit")
    shown = "Ring \\x1b[31mme\\x1b[0m at [bold]noon[/bold] <script>alert(1)</script> \\u202etfel"
    assert screen.count(shown) == 2
    assert "\x1b" not in screen
    assert "\u202e" not in screen


def test_another_label_a_note_and_undo(workspace):
    screen = reviewed(workspace, "nouaq", answers=("a stamp is named", "2"))
    lines = read_decisions(workspace.folder)
    assert [one.decided for one in lines] == ["post", "<withdrawn>", lines[2].given]
    assert [one.note for one in lines] == ["a stamp is named", "", ""]
    assert "undone: post" in screen


def test_a_slip_of_the_finger_says_what_to_do_and_decides_nothing(workspace):
    screen = reviewed(workspace, "xu?ooq", answers=("9", ""))
    assert "'x' is not a command" in screen
    assert "nothing to undo" in screen
    assert "'9' is no number from 1 to 2" in screen
    for key, (what, _) in COMMANDS.items():
        assert f"{key}  {what}" in screen
    assert decided(workspace) == []


def test_a_blind_queue_tells_nothing_of_the_models(workspace):
    screen = reviewed(workspace, "tisssq", "test")
    assert "a blind queue shows none" in screen
    assert "not shown in a blind queue" in screen
    for word in ("suggested", "reason  ", "near  ", "[t]ake", "likelier"):
        assert word not in screen, word
    assert decided(workspace) == []


def test_the_end_of_the_queue_can_still_be_undone(workspace):
    screen = reviewed(workspace, "aaaaauaq")
    assert "End of the queue" in screen
    assert len(decided(workspace)) == 7
    assert "5 of 5 decided" in screen


def test_an_empty_queue_says_so(workspace):
    assert "This queue is empty." in reviewed(workspace, "", "disagreements")


def test_input_that_ends_leaves_what_was_decided(workspace):
    assert "2 of 5 decided" in reviewed(workspace, "aa")
    assert len(decided(workspace)) == 2


def test_a_real_terminal_takes_a_key_without_enter(project):
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "seedbed.cli", "review", "--terminal", "--who", "ann"]
    done = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    os.close(slave)
    os.write(master, b"as")  # typed ahead
    screen, asked = b"", False
    while select.select([master], [], [], 60)[0]:
        try:
            screen += os.read(master, 4096)
        except OSError:  # the other end is closed
            break
        if b"1 decided, 1 skipped, 3 left" in screen and not asked:
            asked = os.write(master, b"q") == 1
    os.close(master)
    assert done.wait(60) == 0
    assert b"1 of 5 decided, 1 skipped" in screen
    assert len(read_decisions(project / "data/decisions")) == 1


def test_the_command_reviews_exports_imports_and_tells(project):
    run = CliRunner()
    done = run.invoke(app, ["review", "--terminal", "--who", "ann"], input="a\no\n2\nq\n")
    assert done.exit_code == 0, done.output
    assert len(read_decisions(project / "data/decisions")) == 2
    done = run.invoke(app, ["review", "--export", "q.csv", "--queue", "conflicts"])
    assert "2 rows of the queue conflicts" in done.output
    text = (
        (project / "q.csv").read_text(encoding="utf-8-sig").replace("label_conflict,,", "x,post,")
    )
    (project / "q.csv").write_text(text)
    done = run.invoke(app, ["review", "--import", "q.csv", "--who", "bob"])
    assert "2 decisions of bob taken" in done.output
    done = run.invoke(app, ["review", "--status"])
    assert "ann: 2 rows" in done.output
    assert "bob: 2 rows" in done.output
    assert "conflicts      0 to decide" in done.output


def test_a_bad_import_writes_nothing(project):
    (project / "q.csv").write_text("id,digest,decided\nrow01,drow01,bank\nrow02,drow02,bonk\n")
    done = CliRunner().invoke(app, ["review", "--import", "q.csv", "--who", "bob"])
    assert "q.csv:3: label 'bonk'" in str(done.exception)
    assert not (project / "data/decisions").exists()


def test_what_cannot_be_asked_for_is_refused(project, monkeypatch):
    run = CliRunner()
    assert run.invoke(app, ["review", "--status", "--terminal"]).exit_code == 2
    done = run.invoke(app, ["review", "--terminal", "--queue", "x", "--who", "ann"])
    assert isinstance(done.exception, SeedbedError)
    done = run.invoke(app, ["review", "--terminal", "--who", "../ann"])
    assert isinstance(done.exception, SeedbedError)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = run.invoke(app, ["review", "--who", "ann"])
    with pytest.raises(SeedbedError, match=r"pip install -e .\[review\]"):
        raise done.exception
