"""Line coverage of seedbed/ and stages/ by the test suite, and by the processes that tests start.

Each part of the suite is a process with the tests of a folder, two of them at a time; properties
have fewer examples, so that it takes half an hour. Stages that run in a copy of the project count
for its lines. Python starts the measurement in every process (COVERAGE_PROCESS_START); one that a
test kills leaves nothing. `make coverage` installs what is needed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from seedbed.pages.document import Table
from tests.trust.outcome import Outcome

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".seedbed/coverage"
GOAL = 0.92
FEW = 0.8  # a module with a lower share of its lines is named
FILES = 12  # of tests/ itself in a part
AT_ONCE = 2  # parts
LAST = ("trust",)
# Tests of the linter; those that need chromium; one that fills the disk for counts of lines, too.
NO_PRODUCT = ("lint", "browser", "test_kill.py")
PYTEST = (
    "import pytest, sys; from tests.trust.mutation import FewExamples; "
    "sys.exit(pytest.main(sys.argv[1:], plugins=[FewExamples()]))"
)
SETTINGS = """[run]
include =
    */seedbed/*
    */stages/*
omit =
    */tests/*
    */site-packages/*
parallel = True
patch = subprocess
concurrency =
    thread
    multiprocessing
data_file = {folder}/data
[paths]
seedbed =
    {root}/seedbed
    */seedbed
stages =
    {root}/stages
    */stages
[report]
exclude_also =
    if TYPE_CHECKING:
"""


class Lines(NamedTuple):
    """Lines with a statement of a module, and those of them that no test runs."""

    module: str
    statements: int
    missing: list[int]

    @property
    def place(self) -> str:
        """`stages`, or the folder of seedbed/."""
        return str(Path(self.module).parent)

    @property
    def share(self) -> float:
        return 1 - len(self.missing) / max(1, self.statements)


def parts(tests: Path) -> Iterator[list[Path]]:
    """The test files of each process."""
    folders = sorted({file.parent for file in tests.rglob("test_*.py")} - {tests})
    folders.sort(key=lambda folder: folder.name in LAST)
    own = sorted(tests.glob("test_*.py"))
    yield from (own[start : start + FILES] for start in range(0, len(own), FILES))
    for folder in folders:
        if folder.name not in NO_PRODUCT:
            yield [f for f in sorted(folder.glob("test_*.py")) if f.name not in NO_PRODUCT]


def run(files: list[Path], folder: Path, settings: Path) -> str:
    """Run tests; give their last lines if one fails. One run of the example is for all parts, which
    lies next to `folder`, that of this part."""
    environment = os.environ | {
        "COVERAGE_PROCESS_START": str(settings), "PYTEST_XDIST_WORKER": "coverage",
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-c", PYTEST, "-q", "-p", "no:cacheprovider",
               "-W", "ignore::pytest.PytestAssertRewriteWarning", f"--basetemp={folder}",
               *map(str, files)]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.stdout[-2000:] + done.stderr[-500:] if done.returncode else ""


def prepared(folder: Path) -> Path:
    """The settings, in a folder where nothing was measured."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = folder / "settings"
    settings.write_text(SETTINGS.format(folder=folder, root=ROOT), encoding="utf-8")
    return settings


def measured(settings: Path) -> list[Lines]:
    """What all processes have run, by module; of no lines where a module was never imported."""
    from coverage import Coverage

    found = Coverage(config_file=str(settings))
    found.combine(keep=True)
    files = sorted([*(ROOT / "seedbed").rglob("*.py"), *(ROOT / "stages").glob("*.py")])
    lines = []
    for file in files:
        _, statements, _, missing, _ = found.analysis2(str(file))
        lines.append(Lines(file.relative_to(ROOT).as_posix(), len(statements), missing))
    return lines


def measure(scale: float, seed: int) -> Outcome:
    """Run the suite, or below scale 1 the first parts of it; count lines."""
    settings = prepared(FOLDER)
    every = list(parts(ROOT / "tests"))
    (FOLDER / "parts").mkdir()

    def told_of(number: int) -> str:
        told = run(every[number], FOLDER / f"parts/{number}", settings)
        print(f"coverage: part {number + 1} of {len(every)} {told}", file=sys.stderr, flush=True)
        return told

    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = list(pool.map(told_of, range(max(1, round(len(every) * scale)))))
    return outcome(measured(settings), [told for told in said if told])


def outcome(lines: list[Lines], failed: list[str]) -> Outcome:
    """Shares by folder, the modules of which few lines are run, and what misses the goal."""
    rows = []
    for place in sorted({one.place for one in lines}):
        here = [one for one in lines if one.place == place and one.statements]
        few = [f"{Path(one.module).name} {one.share:.0%}" for one in here if one.share < FEW]
        rows.append([place, *_counted(here), ", ".join(few)])
    statements, run, share = counted = _counted(lines)
    missed = [f"tests failed: {told[-300:]}" for told in failed]
    if run / statements < GOAL:
        missed.append(f"{share} of the lines are run, goal {GOAL:.0%}")
    return Outcome(
        "Line coverage",
        f"Lines of seedbed/ and stages/ that `make test` runs, in its own processes and in those "
        f"that tests start: {share} (goal {GOAL:.0%}). Modules under {FEW:.0%} are named.",
        Table(["folder", "lines", "run", "share", f"under {FEW:.0%}"],
              [*rows, ["all", *counted, ""]]),
        missed,
    )  # fmt: skip


def _counted(lines: list[Lines]) -> tuple[int, int, str]:
    statements = sum(one.statements for one in lines)
    run = statements - sum(len(one.missing) for one in lines)
    return statements, run, f"{run / max(1, statements):.1%}"
