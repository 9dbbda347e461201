"""A batch is put in whole or not at all, whatever fails and whenever it is killed."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from seedbed.arrivals import adding
from seedbed.arrivals.adding import JOURNAL, LOCK, add, alone, undo
from seedbed.core.errors import SeedbedError

NEW = "key,text,label\nx1,The wind turned to the north.,weather\n"
TARGET = Path("data/raw/2026-11-letters.csv")


class Killed(BaseException):
    """What no `except Exception` catches, as a signal is."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("sources: before\n")
    Path("dvc.yaml").write_text("stages: before\n")
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/old.csv").write_text("old")
    Path("new.csv").write_text(NEW)
    Path("folder/post").mkdir(parents=True)
    Path("folder/post/one.txt").write_text("a letter")

    def dvc(command: str, *arguments: str) -> None:
        target = Path(arguments[-1])
        if command == "import-url":
            target.write_text(Path(arguments[-2]).read_text())
        tracked = target.with_name(target.name + ".dvc")
        text = tracked.read_text()
        # From here on DVC has the texts in its cache, and a push might take them.
        assert "  push: false\n" in text or "  remote: private\n" in text
        tracked.write_text(f"{text}  md5: 1\n  size: 2\n")

    monkeypatch.setattr(adding, "dvc", dvc)
    monkeypatch.setattr(adding, "_has_private_remote", lambda: False)
    return monkeypatch


def test_what_dvc_says_of_an_error_is_told_and_the_client_that_lacks_is_named(monkeypatch):
    said = "Collecting\nERROR: unexpected error - {}\n\nHaving any troubles? Hit us up\n"

    def run(command, **_):
        assert "--quiet" not in command  # or DVC would say nothing
        return subprocess.CompletedProcess(command, 255, "", said.format(words))

    monkeypatch.setattr(subprocess, "run", run)
    words = "s3 is supported, but requires 'dvc-s3' to be installed: No module named 'dvc_s3'"
    with pytest.raises(SeedbedError) as error:
        adding.dvc("get-url", "s3://bucket/x.csv", "x.csv")
    assert str(error.value).startswith("dvc get-url: s3 is supported")
    assert "`pip install -c requirements.lock dvc-s3`, and again" in str(error.value)
    words = 'Could not connect to the endpoint URL: "http://127.0.0.1:9/incoming"'
    with pytest.raises(SeedbedError, match="dvc get-url: Could not connect") as error:
        adding.dvc("get-url", "s3://bucket/x.csv", "x.csv")
    assert "pip install" not in str(error.value)


def files() -> dict[str, str]:
    return {
        path.as_posix(): path.read_text()
        for path in sorted(Path().rglob("*"))
        if path.is_file() and path not in (JOURNAL, LOCK)
    }


def put(origin=Path("new.csv"), sha256: str = "") -> None:
    add(origin, TARGET, "sources: after\n", "stages: after\n", sha256)


def test_all_of_it_is_there_private_and_for_the_private_remote_alone(here):
    put()
    assert TARGET.read_text() == NEW
    assert TARGET.stat().st_mode & 0o777 == 0o600
    assert "  push: false\n" in Path(f"{TARGET}.dvc").read_text()  # there is no such remote
    assert Path("params.yaml").read_text() == "sources: after\n"
    assert Path("dvc.yaml").read_text() == "stages: after\n"
    assert not JOURNAL.exists()


def test_where_there_is_a_private_remote_it_may_go_there(here):
    here.setattr(adding, "_has_private_remote", lambda: True)
    put()
    assert "  remote: private\n" in Path(f"{TARGET}.dvc").read_text()


def test_a_folder_is_copied_whole(here):
    add(Path("folder"), Path("data/raw/2026-11-letters"), "sources: after\n", "stages: after\n")
    copied = Path("data/raw/2026-11-letters/post/one.txt")
    assert copied.read_text() == "a letter"
    assert copied.stat().st_mode & 0o777 == 0o600


STEPS = ["_only_to_private", "_copy", "dvc", "write_text"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_an_error_at_any_step_leaves_all_as_it_was(here, step, after):
    before = files()
    fail_at(here, step, after, RuntimeError)
    with pytest.raises(RuntimeError):
        put()
    assert files() == before
    assert not JOURNAL.exists()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_after_a_kill_the_next_command_undoes_it_and_no_run_saw_it(here, step, after):
    """A kill runs no `except`: here undo() is taken away until the process has ended."""
    before = files()
    fail_at(here, step, after, Killed)
    with here.context() as killed:
        killed.setattr(adding, "undo", lambda: None)
        with pytest.raises(Killed):
            put()
    # Nothing names the batch in params.yaml: a run now reads what it read before.
    assert Path("params.yaml").read_text() == before["params.yaml"]
    assert undo()
    assert files() == before
    assert not undo()


def test_a_kill_after_the_last_write_leaves_it_whole(here):
    write = adding.write_text

    def killed(path: Path, text: str) -> None:
        write(path, text)
        if path == adding.PARAMS:
            raise Killed

    with here.context() as at_the_end:
        at_the_end.setattr(adding, "undo", lambda: None)
        at_the_end.setattr(adding, "write_text", killed)
        with pytest.raises(Killed):
            put()
    whole = files()
    assert undo()  # the journal goes, nothing else
    assert files() == whole
    assert Path("params.yaml").read_text() == "sources: after\n"


def test_what_a_url_gives_must_be_what_was_looked_at(here):
    before = files()
    with pytest.raises(SeedbedError, match="it changed while it was looked at"):
        put("new.csv", sha256="0" * 64)
    assert files() == before
    put("new.csv", hashlib.sha256(NEW.encode()).hexdigest())
    assert TARGET.read_text() == NEW


def test_a_second_one_at_the_same_time_is_refused_and_the_next_is_not(here):
    with alone(), pytest.raises(SeedbedError, match="another `seedbed add` is at work"), alone():
        pass
    with alone():
        put()


def test_nothing_is_written_over(here):
    TARGET.write_text("mine")
    before = files()
    with pytest.raises(SeedbedError, match="already exists"):
        put()
    assert files() == before


def fail_at(here, name: str, after: bool, error: type[BaseException]) -> None:
    """Fail before or after the first time that a step is done."""
    step = getattr(adding, name)
    times = []

    def failing(*arguments, **more):
        times.append(name)
        if after:
            step(*arguments, **more)
        if len(times) == 1:
            raise error
        return None if after else step(*arguments, **more)

    here.setattr(adding, name, failing)
