"""Workers share one run of the example, whatever becomes of the worker that makes it."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

from tests.once import in_turn

WORKER = """
import os, sys, time
from pathlib import Path
from tests.once import made_once

def make(folder):
    with open(folder.parent / "runs", "a") as runs:
        runs.write("run\\n")
    (folder / "half").touch()
    {}
    (folder / "rest").touch()

try:
    made = made_once(Path(sys.argv[1]) / "made", make)
except AssertionError as error:
    sys.exit(str(error))
print(sorted(file.name for file in made.iterdir()))
"""


def workers(folder: Path, act: str) -> list[tuple[int, str]]:
    """Exit status and words of two workers that ask at the same time for one folder."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER.format(act), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        for _ in range(2)
    ]
    return [(one.wait(timeout=60), one.communicate()[0].strip()) for one in started]


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


def test_two_workers_share_one_run(tmp_path):
    assert workers(tmp_path, "time.sleep(0.5)") == [(0, "['half', 'rest']")] * 2
    assert runs(tmp_path) == 1


def test_a_failed_run_fails_in_each_worker_with_its_words_and_is_not_tried_again(tmp_path):
    words = "ERROR: failed to reproduce 'clean'"
    found = workers(tmp_path, f"time.sleep(0.5); raise AssertionError({words!r})")
    assert sorted(found) == [(1, words), (1, f"in another worker: {words}")]
    assert runs(tmp_path) == 1


def test_a_run_that_was_killed_is_made_anew(tmp_path):
    """Nothing half made is used, and nobody waits for a worker that is gone."""
    act = "os.kill(os.getpid(), 9) if len(open(folder.parent / 'runs').readlines()) == 1 else 0"
    assert sorted(workers(tmp_path, act)) == [(-9, ""), (0, "['half', 'rest']")]
    assert runs(tmp_path) == 2


def test_no_other_file_waits_for_the_run():
    files = [Path(name) for name in "a b1 c d1 e f f1 e".split()]
    waiting = {file for file in files if file.name.endswith("1")}
    place = in_turn(files, waiting)
    assert [file.name for file in place] == ["b1", "a", "c", "d1", "f1", "e", "f"]
    assert list(place.values()) == list(range(7))
    assert list(in_turn(files[:1], waiting)) == files[:1]
