"""A sample of kills, full disks and damage, and that faults which are planted are reported. The
whole run is `python -m tests.trust kill`."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seedbed.core.stage import STAGE_NAMES
from tests.trust import kill, workload
from tests.trust.kill import Finding
from tests.trust.workload import Server, Work


def test_nothing_is_lost_on_a_sample(example):
    sample = ("collect", "decision", "freeze", "resolve", "promote")
    found = kill.measured(example.folder, 0.05, 1, sample)
    assert list(found.missed) == []
    results = {row[0]: row[2] for row in found.table.rows}
    assert set(kill.KINDS.values()) <= results.keys()
    assert "killed" in results["killed at a write"]
    assert "one paragraph" in results["disk full at a write"]


def write_in_place() -> None:
    """The fault: a writer without a temporary name."""
    from seedbed.core import files

    def in_place(path: Path, content: bytes, mode: int = 0o644) -> None:
        with path.open("wb") as file:
            for start in range(0, len(content), 100):
                file.write(content[start : start + 100])
                file.flush()

    files.write_bytes = in_place


def read_as_it_comes() -> None:
    """The fault: a reader that lets a library's error through."""
    from contextlib import nullcontext

    from seedbed.core import rows

    rows.reading = nullcontext


def trouble_is_a_bug() -> None:
    """The fault: a full disk keeps its traceback."""
    from seedbed.core import stage

    stage.of_the_machine = lambda error: None


@pytest.mark.parametrize(
    ("stage", "plant", "kind", "moment", "problem"),
    [
        ("report", write_in_place, "cut", 3000, "is not whole"),
        ("collect", trouble_is_a_bug, "full", 1, "no paragraph"),
        ("collect", trouble_is_a_bug, "quota", 10, "no paragraph"),
    ],
)
def test_a_fault_that_is_planted_is_reported(
    example, tmp_path, stage, plant: Callable[[], None], kind, moment, problem
):
    project = tmp_path.resolve() / "project"
    shutil.copytree(example.folder, project, symlinks=True)
    whole = workload.state(project)
    work = Work(stage, ("stage", stage), whole, whole, 10, 10)
    assert problem in kill.disturbed(Server(plant), project, work, kind, moment).problem


def test_a_reader_without_a_paragraph_is_reported(example, tmp_path):
    project = tmp_path.resolve() / "project"
    shutil.copytree(example.folder, project, symlinks=True)
    whole = workload.state(project)
    work = Work("clean", ("stage", "clean"), whole, whole, 10, 10)
    path = next(path for path in whole if path.startswith("data/collect/"))
    found = kill.damaged(Server(read_as_it_comes), project, work, path, "half", 1)
    assert found.result == "traceback"
    assert found.problem.startswith(f"clean, half of {path}")


def test_what_people_made_may_not_be_lost():
    frozen, data = "data/frozen_test.csv", "data/clean/a.parquet"
    work = Work("x", ("stage", "x"), {frozen: b"a", data: b"b"}, {frozen: b"a", data: b"b"}, 1, 1)
    assert kill.not_whole(work, {frozen: b"a"}) == []
    assert kill.not_whole(work, {data: b"b"}) == [f"{frozen} is lost"]
    forget = work._replace(
        name="forget", before={"data/raw/a": b"1", "data/tombstones.csv": b"0"},
        after={"data/raw/a": b"2", "data/tombstones.csv": b"1"},
    )  # fmt: skip
    assert kill.not_whole(forget, {"data/raw/a": b"1", "data/tombstones.csv": b"1"}) == []
    assert kill.not_whole(forget, {"data/raw/a": b"2", "data/tombstones.csv": b"0"})


def test_the_table_counts_what_broke():
    found = kill.outcome(
        [Finding("clean", "kill", "killed"), Finding("clean", "kill", "killed", "x")], 1
    )
    assert found.table.rows == [["killed at a write", 2, "1 killed, 1 killed (broken)"]]
    assert found.missed == ["x"]


def test_every_stage_and_command_is_disturbed(example):
    names = [name.split("@")[0] for name, _, _ in workload.stages(example.folder)]
    assert set(names) == set(STAGE_NAMES)
    assert set(workload.commands(example.folder)) == {"decision", "freeze", "forget", "add"}
    assert os.path.exists(example.folder / "data/manifest")
