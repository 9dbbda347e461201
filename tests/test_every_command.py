"""Every command on a project that never ran, and on one whose run was cut off: one paragraph."""

import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seedbed.cli import COMMANDS, app
from seedbed.core.errors import DamagedError, RowsError, SeedbedError, of_the_machine
from seedbed.gate.compare import dataset_of
from seedbed.gate.promotion import message
from seedbed.scoring.metrics_files import Choice
from seedbed.versions.revisions import Files

ROWS = "text,label\nnew text of a batch about cycling,cycling\n"
# Each command, as it changes nothing where it works: it ends before it writes, or asks.
CALLS = {
    "summary": "summary",
    "add": "add new.csv --source new --batch b --date 2026-01-01 --licence CC0 --dry-run",
    "review": "review --status",
    "review --export": "review --export queue.csv",
    "diff": "diff HEAD",
    "explain": "explain ROW",
    "freeze": "freeze",
    "predict": "predict new.csv out.csv",
    "forget": "forget --id ROW",
    "compare": "compare HEAD",
    "promote": "promote",
    "pr-report": "pr-report HEAD",
    "post-report": "post-report page.md --pr 1 --repo a/b --way own",
    "resolve": "resolve --no-run",
    "check-lock": "check-lock",
    "reproduce": "reproduce",
    "scan": "scan",
    "memo": "memo stats",
}
SLOW = ("predict", "post-report", "compare", "diff", "pr-report")  # they read hardly a report
SAMPLED = ("check-lock", "forget")  # they read all files in one way: one a folder and kind
opened: set[str] = set()


def note_what_is_read(event: str, arguments: tuple) -> None:
    if event == "open" and isinstance(arguments[0], str | os.PathLike):
        opened.add(os.path.relpath(os.path.abspath(os.fsdecode(arguments[0]))))


def said(call: str) -> str:
    """What is wrong with how a call ends, "" if nothing is."""
    done = CliRunner().invoke(app, call.split(), input="n\n")
    error = done.exception
    if "Traceback" in done.output:
        return done.output
    if error is None or isinstance(error, SystemExit | SeedbedError) or of_the_machine(error):
        return ""
    return "".join(traceback.format_exception(error))


def test_an_error_that_a_command_lets_through_is_seen(new_project, monkeypatch):
    def broken() -> None:
        raise KeyError("rows")

    monkeypatch.setattr("seedbed.pipeline.freshness.freshness", broken)
    monkeypatch.chdir(new_project.folder)
    assert "KeyError: 'rows'" in said("check-lock")


@pytest.mark.parametrize("content", ['{"version": "a', "[]"])
def test_a_damaged_dataset_version_is_one_paragraph(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    Path("reports").mkdir()
    Path("reports/dataset.json").write_text(content)
    with pytest.raises(DamagedError, match="dvc repro"):
        dataset_of(Files())
    with pytest.raises(SeedbedError, match="dvc repro"):
        message("champion@v1.0.0", Files(), None, "")
    with pytest.raises(RowsError, match="dvc repro"):
        Files().known("reports/dataset.json", Choice)


def call_of(name: str, row: str) -> str:
    return CALLS[name].replace("ROW", row)


def test_every_command_is_walked():
    names = {command.__name__.replace("_", "-") for command in COMMANDS} | {"memo"}
    assert names == {name.split()[0] for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
def test_a_project_that_never_ran_is_one_paragraph(new_project, tmp_path, monkeypatch, name):
    for file in ("params.yaml", "dvc.yaml", "data/frozen_test.csv", "data/tombstones.csv"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(new_project.folder / file, tmp_path / file)
    (tmp_path / "new.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    assert said(call_of(name, "0123456789abcdef")) == ""


@pytest.fixture(scope="module")
def committed(example, tmp_path_factory) -> Path:
    """A copy of the example, committed."""
    folder = tmp_path_factory.mktemp("committed") / "project"
    shutil.copytree(example.folder, folder, symlinks=True)
    (folder / "new.csv").write_text(ROWS)
    for command in ("add -A", "-c user.name=a -c user.email=a@b.c commit -q -m one"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", [name for name in CALLS if name not in SLOW])
def test_a_file_of_the_run_that_is_gone_or_cut_is_one_paragraph(committed, monkeypatch, name):
    """Each that the command opens, one after the other."""
    monkeypatch.chdir(committed)
    row = next(Path("data/manifest").glob("*.csv")).read_text().split("\n")[1].split(",")[0]
    opened.clear()
    sys.addaudithook(note_what_is_read)
    assert said(call_of(name, row)) == ""
    read = {path for path in opened if path.startswith(("reports/", "data/", "models/"))}
    if name in SAMPLED:
        read = set({(Path(path).parent, Path(path).suffix): path for path in sorted(read)}.values())
        read = {path for path in read if path.startswith(("reports/m", "data/f"))}
    wrong = []
    for path in sorted(read):
        file = Path(path)
        if not file.is_file():
            continue
        content = file.read_bytes()
        file.unlink()
        if told := said(call_of(name, row)):
            wrong.append(f"{path} is gone: {told[-600:]}")
        if content:
            file.write_bytes(content[: len(content) // 2])
            if told := said(call_of(name, row)):
                wrong.append(f"{path} is cut: {told[-600:]}")
        file.write_bytes(content)
    assert wrong == []
