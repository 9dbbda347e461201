"""A merge made whole: inputs of both branches, and what the stages make of them.

What people wrote is merged (params.yaml and dvc.yaml by meaning, decisions and the like by union).
What stages wrote is not: one side's stays, and `dvc repro` makes it anew from the merged inputs,
so that the result is that of a run from scratch on both branches' data.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import MergeError
from seedbed.core.files import write_text
from seedbed.merging.git_merge import (
    git,
    is_merging,
    merged_by_union,
    take_ours,
    unmerged,
    versions,
)
from seedbed.merging.union_files import repaired
from seedbed.merging.yaml_merge import merged_yaml
from seedbed.pipeline.definition import PIPELINE, opened_pipeline, tracked_data
from seedbed.pipeline.lock import LOCK

BY_MEANING = ("params.yaml", PIPELINE)
MARKER = "<<<<<<< "
SHOWN = 10

Run = Callable[[Sequence[str]], int]


class Resolved(NamedTuple):
    """What was done: files merged by meaning, files repaired after a union, how many stage-written
    files were put back to our side, and whether a merge waits for its commit."""

    merged: list[str]
    repaired: list[str]
    put_back: int
    is_merging: bool


def resolve() -> Resolved:
    """Merge what people wrote and put back what stages wrote; run no stage.

    Raises MergeError where a person has to choose. Nothing is written before both params.yaml and
    dvc.yaml can be merged; it may be called again after a person has mended what it names.
    """
    conflicts = unmerged()
    merging = bool(conflicts) or is_merging()
    found = {path: merged_yaml(path, versions(path, conflicts[path]))
             for path in BY_MEANING if path in conflicts}  # fmt: skip
    for path, text in found.items():
        write_text(Path(path), text)
        git("add", "--", path)
    union = [path for path in merged_by_union() if repaired(path)]
    if union and merging:
        git("add", "--", *union)
    put_back = _put_back(merging)
    _refuse_what_is_left()
    return Resolved(list(found), union, put_back, merging)


def _put_back(merging: bool) -> int:
    """One side of what stages wrote: ours, whole."""
    if merging:
        return take_ours([*written_by_stages(), LOCK])
    if Path(LOCK).exists() and MARKER in Path(LOCK).read_text(encoding="utf-8"):
        Path(LOCK).unlink()  # committed in conflict: DVC writes another
        return 1
    return 0


def written_by_stages() -> list[str]:
    """Files and folders in git that stages write, as dvc.yaml says."""
    with opened_pipeline() as pipeline:
        stages = pipeline.stages
    return sorted(one.path for stage in stages for one in stage.outputs if one.in_git)


def _refuse_what_is_left() -> None:
    left = sorted(unmerged())
    if left:
        more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
        raise MergeError(
            "git merge",
            f"in conflict: {', '.join(left[:SHOWN])}{more}",
            "no conflict but in what stages write, params.yaml and dvc.yaml (those are resolved)",
            "mend these files, `git add` them, then run `make resolve` again",
        )


def rerun(run: Run) -> None:
    """`dvc repro` on the merged inputs, then everything into the index that it wrote.

    `run` gives the exit code of a command. Raises MergeError where DVC ends with an error.
    """
    missing = [path for path in tracked_data() if not Path(path).exists()]
    if missing and run(_dvc("checkout", *missing)):  # not in the cache of this machine
        run(_dvc("pull", *missing))
    if run(_dvc("repro")):
        raise MergeError(
            "dvc repro", "ended with an error", "a run on both branches' data",
            "see its last lines; mend that, then run `make resolve` again",
        )  # fmt: skip
    if is_merging():
        there = [path for path in [*written_by_stages(), LOCK] if Path(path).exists()]
        git("add", "--", *there)


def _dvc(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dvc", *arguments]


def shown_on_the_terminal(command: Sequence[str]) -> int:
    """Run a command whose output a person sees."""
    return subprocess.run(command, check=False).returncode
