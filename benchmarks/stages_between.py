"""What each stage costs on banking77 beside what it costs at another commit.

DATA=FOLDER python -m benchmarks.stages_between COMMIT -> benchmarks/results/stages_between.json

HEAD and the commit are checked out into temporary worktrees, and each becomes a project of the
10,003 train questions of banking77 with the feature approach alone, the memo off. A stage runs by
turns with the code of each version, in a process of its own, one thread; processor seconds with
start-up. The figure is the median of the rounds' ratios.
"""

import os
import resource
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from benchmarks.marks import met
from benchmarks.one_source import make_project
from benchmarks.public_sets import data_folder
from benchmarks.speed_between import checked_out, interval
from benchmarks.turns import ENVIRONMENT
from seedbed.approaches import NAMES
from seedbed.core.files import read_json, write_json
from seedbed.core.git import git
from seedbed.core.stage import STAGES
from seedbed.pages.rendering import table

RESULT = Path("benchmarks/results/stages_between.json")
APPROACH, LAST = "feature", "evaluate"
ROUNDS, FEWEST = 7, 3
ENOUGH = 150.0  # processor seconds of a stage, after which FEWEST rounds do
REACH = 1.03
FILE = "data/raw/banking77.csv"


def prepared(tree: Path, data: Path) -> None:
    """Make a worktree a project of these questions."""

    def change(content: dict[str, Any]) -> None:
        if "threads" in content["encoder"]:  # older versions have none, and read OMP_NUM_THREADS
            content["encoder"]["threads"] = 1
        for approach in NAMES:
            content["approaches"][approach]["run"] = approach == APPROACH
        content["approaches"]["prompt"]["descriptions"] = {}

    columns = {"text": "text", "label": "label"}
    source = {"name": "banking77", "kind": "file", "path": FILE, "columns": columns,
              "batch": "2020-03-banking77", "licence": "CC BY 4.0"}  # fmt: skip
    make_project(tree, source, change)
    rows = pd.read_csv(data / "banking77/train.csv", keep_default_na=False, dtype=str)
    rows[["text", "label"]].to_csv(tree / FILE, index=False)


def cost(tree: Path, stage: str) -> float:
    """Processor seconds of one run of a stage. Raises CalledProcessError where it fails."""
    arguments = [APPROACH] if stage in ("finetune", "evaluate") else []
    environment = {**os.environ, **ENVIRONMENT, "SEEDBED_MEMO": "off", "PYTHONPATH": str(tree)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", *arguments],
        cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compared(trees: tuple[Path, Path], stage: str) -> dict[str, Any]:
    """Figures of one stage: ours (the first version) beside the other."""
    seconds: list[list[float]] = [[], []]
    for turn in range(ROUNDS):
        for side in (0, 1) if turn % 2 else (1, 0):
            seconds[side].append(cost(trees[side], stage))
        if turn + 1 >= FEWEST and sum(map(sum, seconds)) > ENOUGH:
            break
    ratios = [ours / other for ours, other in zip(*seconds, strict=True)]
    low, high = interval(ratios)
    return {
        "rounds": len(ratios), "ratio": round(median(ratios), 3),
        "low": round(low, 3), "high": round(high, 3),
        "cpu_seconds": [round(median(one), 2) for one in seconds],
    }  # fmt: skip


def section(found: dict[str, Any]) -> str:
    """The section of benchmarks/speed.md: a table for each commit that HEAD was compared with."""
    if not found:
        return "Not measured yet. `DATA=FOLDER python -m benchmarks.stages_between COMMIT`."
    return "\n\n".join(_table(commit, stages) for commit, stages in found.items())


def _table(commit: str, stages: dict[str, Any]) -> str:
    header = ("stage", "processor s", f"at {commit}", "ratio [95 % interval]", "rounds")
    lines = [
        [
            stage,
            *(f"{seconds:.1f}" for seconds in one["cpu_seconds"]),
            f"{one['ratio']:.2f} [{one['low']:.2f}, {one['high']:.2f}]",
            str(one["rounds"]),
        ]
        for stage, one in stages.items()
    ]
    ours, other = (sum(one["cpu_seconds"][side] for one in stages.values()) for side in (0, 1))
    lines.append(["all", f"{ours:.1f}", f"{other:.1f}", f"{ours / other:.3f}", ""])
    return f"{table(header, lines)}\n\nAll within 3 % of {commit}: {met(ours / other <= REACH)}."


def main(commit: str) -> None:
    data, name = data_folder(), git("rev-parse", "--short=7", commit).strip()
    result: dict[str, Any] = read_json(RESULT) if RESULT.exists() else {}
    result[name] = {}
    with ExitStack() as stack:
        trees = tuple(stack.enter_context(checked_out(one)) for one in ("HEAD", commit))
        for tree in trees:
            prepared(tree, data)
        for stage in STAGES:
            found = compared((trees[0], trees[1]), stage.name)
            result[name][stage.name] = found
            print(f"{stage.name}: {found['ratio']} [{found['low']}, {found['high']}]", flush=True)
            write_json(RESULT, result)
            if stage.name == LAST:
                return


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: DATA=FOLDER python -m benchmarks.stages_between COMMIT")
    main(sys.argv[1])
