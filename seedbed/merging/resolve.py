"""A merge completed: inputs of both branches, and what the stages make of them.

What people wrote is merged (params.yaml and dvc.yaml by meaning, decisions and the like by union).
What stages wrote is not: one side's is kept, and `dvc repro` makes it anew from the merged inputs,
so that the result is that of a run from scratch on both branches' data.
"""

import subprocess
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import MergeError
from seedbed.core.files import write_text
from seedbed.core.git import git, git_paths
from seedbed.merging.union_files import repaired
from seedbed.merging.yaml_merge import Versions, merged_yaml
from seedbed.pipeline.dvc import LOCK, PIPELINE, command_of, opened_pipeline, tracked_data

BY_MEANING = ("params.yaml", PIPELINE)
MARKER = "<<<<<<< "
SHOWN = 10
MERGING = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")

Run = Callable[[Sequence[str]], int]


class Resolved(NamedTuple):
    """What was done: files merged by meaning, files repaired after a union, how many files of
    stages were restored to our side, and whether a merge waits for its commit."""

    merged: list[str]
    repaired: list[str]
    put_back: int
    is_merging: bool


def resolve() -> Resolved:
    """Merge what people wrote and restore what stages wrote; run no stage.

    Raises MergeError if a person has to choose. Nothing is written before both params.yaml and
    dvc.yaml can be merged; it may be called again after a person has fixed what it names.
    """
    conflicts = unmerged()
    merging = bool(conflicts) or is_merging()
    merged = {
        path: merged_yaml(path, versions_of(path, conflicts[path]))
        for path in BY_MEANING
        if path in conflicts
    }
    for path, text in merged.items():
        write_text(Path(path), text)
        git("add", "--", path)
    union = [path for path in merged_by_union() if repaired(path)]
    if union and merging:
        git("add", "--", *union)
    put_back = _put_back(merging)
    _refuse_what_is_left()
    return Resolved(list(merged), union, put_back, merging)


def is_merging() -> bool:
    """Whether a merge, a rebase or the like waits for a person."""
    return any(Path(git("rev-parse", "--git-path", head).strip()).exists() for head in MERGING)


def unmerged() -> dict[str, set[int]]:
    """Return the paths in conflict, with the versions that git has: 1 base, 2 ours, 3 theirs."""
    versions: dict[str, set[int]] = defaultdict(set)
    for entry in filter(None, git("ls-files", "--unmerged", "-z").split("\0")):
        head, path = entry.split("\t", 1)
        versions[path].add(int(head.split()[2]))
    return dict(versions)


def versions_of(path: str, known: set[int]) -> Versions:
    """Return the three versions of a path in conflict."""
    return Versions(
        *(git("show", f":{number}:./{path}") if number in known else None for number in (1, 2, 3))
    )


def merged_by_union() -> list[str]:
    """Return the files that .gitattributes has git merge by union."""
    fields = git("check-attr", "--stdin", "-z", "merge", given=git("ls-files", "-z")).split("\0")
    values = zip(fields[::3], fields[2::3], strict=False)  # path, attribute, value and so on
    return sorted({path for path, value in values if value == "union"})


def _put_back(merging: bool) -> int:
    """Restore what stages wrote to one side: ours, whole. Return the number of files changed."""
    if merging:
        return _take_ours([*written_by_stages(), LOCK])
    if Path(LOCK).exists() and MARKER in Path(LOCK).read_text(encoding="utf-8"):
        Path(LOCK).unlink()  # committed in conflict: DVC writes another
        return 1
    return 0


def _take_ours(paths: list[str]) -> int:
    """Restore files, and files below folders, to our side, in the index and on the disk.

    What only their side has is deleted.
    """

    def below(*arguments: str) -> set[str]:
        return set(git_paths(*arguments, "--", *paths))

    ours = below("ls-tree", "-r", "-z", "--name-only", "HEAD")
    index = below("ls-files", "-z")
    changed = below("diff", "--relative", "--name-only", "-z", "HEAD")
    changed |= (index - ours) | (index & unmerged().keys())
    if gone := sorted(index - ours):
        git("rm", "--quiet", "--force", "--ignore-unmatch", "--", *gone)
    if kept := sorted(changed & ours):
        git("checkout", "--quiet", "HEAD", "--", *kept)
    return len(changed)


def written_by_stages() -> list[str]:
    """Return the files and folders in git that stages write, by dvc.yaml."""
    with opened_pipeline() as pipeline:
        return pipeline.outputs_in_git()


def _refuse_what_is_left() -> None:
    left = sorted(unmerged())
    if left:
        more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
        raise MergeError(
            "git merge",
            f"in conflict: {', '.join(left[:SHOWN])}{more}",
            "no conflict but in what stages write, params.yaml and dvc.yaml (those are resolved)",
            "fix these files, `git add` them, then run `make resolve` again",
        )


def rerun(run: Run) -> None:
    """Run `dvc repro` on the merged inputs, then add everything that it wrote to the index.

    `run` returns the exit code of a command. Raises MergeError if DVC ends with an error.
    """
    missing = [path for path in tracked_data() if not Path(path).exists()]
    if missing and run(command_of("checkout", *missing)):  # not in the cache of this machine
        run(command_of("pull", *missing))
    if run(command_of("repro")):
        raise MergeError(
            "dvc repro",
            "ended with an error",
            next_step="see its last lines; fix that, then run `make resolve` again",
        )
    if is_merging():
        written = [path for path in [*written_by_stages(), LOCK] if Path(path).exists()]
        git("add", "--", *written)


def shown_on_the_terminal(command: Sequence[str]) -> int:
    """Run a command whose output a person sees."""
    return subprocess.run(command, check=False).returncode
