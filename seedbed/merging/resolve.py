"""A merge completed: inputs of both branches, and what the stages make of them.

What people wrote is merged (params.yaml and dvc.yaml by meaning, decisions and the like by union).
What stages wrote is not: one side's is kept, and `dvc repro` makes it anew from the merged inputs,
so that the result is that of a run from scratch on both branches' data.

A union keeps the lines of both sides: a header twice, a line twice if both sides wrote it. Each is
kept once, and rows by id are sorted, as their writers do. A row that was frozen with two texts is
left to a person.
"""

import csv
import io
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seedbed.core.decisions import parse_decisions
from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_text, unmarked, write_csv, write_text
from seedbed.core.git import git, git_paths
from seedbed.core.params import check_file
from seedbed.merging.yaml_merge import merged_yaml
from seedbed.pages.document import listed
from seedbed.pipeline.dvc import LOCK, PIPELINE, command_of, opened_pipeline, tracked_data
from seedbed.splitting.sides import FROZEN

BY_MEANING = ("params.yaml", PIPELINE)
SHOWN = 10
MERGING = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


class Resolved(NamedTuple):
    """What was done: files merged by meaning, files repaired after a union, how many files of
    stages were restored to our side, and whether a merge waits for its commit."""

    merged: list[str]
    repaired: list[str]
    put_back: int
    is_merging: bool


def resolve() -> Resolved:
    """Merge what people wrote and restore what stages wrote; run no stage.

    Raises SeedbedError if a person has to choose. Nothing is written before both params.yaml and
    dvc.yaml can be merged; it may be called again after a person has fixed what it names.
    """
    conflicts = _unmerged()
    merging = bool(conflicts) or is_merging()
    merged = {
        path: merged_yaml(path, *_versions(path, conflicts[path]))
        for path in BY_MEANING
        if path in conflicts
    }
    for path, text in merged.items():
        write_text(Path(path), text)
        git("add", "--", path)
    by_union = merged_by_union()
    union = [path for path in by_union if repaired(path)]
    if there := [path for path in by_union if merging and Path(path).is_file()]:
        git("add", "--", *there)  # also one that a run which was stopped has repaired
    put_back = 0
    if merging:
        put_back = _take_ours([*_written_by_stages(), LOCK])
    elif Path(LOCK).exists() and "<<<<<<< " in read_text(Path(LOCK)):
        Path(LOCK).unlink()  # committed in conflict: DVC writes another
        put_back = 1
    if left := sorted(_unmerged()):
        raise SeedbedError(
            "git merge",
            f"in conflict: {listed(left, SHOWN)}",
            "no conflict but in what stages write, params.yaml and dvc.yaml (those are resolved)",
            "fix these files, `git add` them, then run `make resolve` again",
        )
    return Resolved(list(merged), union, put_back, merging)


def is_merging() -> bool:
    """Whether a merge, a rebase or the like waits for a person."""
    return any(Path(git("rev-parse", "--git-path", head).strip()).exists() for head in MERGING)


def _unmerged() -> dict[str, set[int]]:
    """Return the paths in conflict, with the versions that git has: 1 base, 2 ours, 3 theirs."""
    versions: dict[str, set[int]] = defaultdict(set)
    for entry in filter(None, git("ls-files", "--unmerged", "-z").split("\0")):
        head, path = entry.split("\t", 1)
        versions[path].add(int(head.split()[2]))
    return dict(versions)


def _versions(path: str, known: set[int]) -> Iterator[str | None]:
    for number in (1, 2, 3):
        yield git("show", f":{number}:./{path}") if number in known else None


def merged_by_union() -> list[str]:
    """Return the files that .gitattributes has git merge by union."""
    fields = git("check-attr", "--stdin", "-z", "merge", given=git("ls-files", "-z")).split("\0")
    values = zip(fields[::3], fields[2::3], strict=False)  # path, attribute, value and so on
    return sorted({path for path, value in values if value == "union"})


def repaired(path: str) -> bool:
    """Repair one file of a union in place. Return whether there was anything to repair.

    Raises SeedbedError with file and line if a person has to fix a line.
    """
    file = Path(path)
    if not file.is_file():
        return False
    before = read_text(file)
    if file.suffix == ".csv":
        _repair_csv(file, before)
    else:
        lines = [line for line in before.split("\n") if line.strip()]
        after = "".join(f"{line}\n" for line in dict.fromkeys(lines))
        if file.suffix == ".jsonl" and file.parent.name == "decisions":
            parse_decisions(after, path)
        if after != before:
            write_text(file, after)
    return read_text(file) != before


def _repair_csv(file: Path, text: str) -> None:
    lines = [[*map(unmarked, line)] for line in csv.reader(io.StringIO(text)) if line]
    if not lines:
        return
    header = lines[0]
    seen: dict[tuple[str, ...], None] = {}
    first: dict[str, list[str]] = {}
    for number, line in enumerate(lines[1:], start=2):
        if line == header:
            continue
        if len(line) != len(header):
            raise SeedbedError(
                f"{file}:{number}",
                f"{len(line)} cells",
                f"{len(header)}: {', '.join(header)}",
                "fix the line, then run `make resolve` again",
            )
        seen[tuple(line)] = None
        other = first.setdefault(line[0], line)
        if file.name == FROZEN.name and other != line:
            raise SeedbedError(
                f"{file}:{number}",
                f"row {line[0]} is frozen with two digests, {other[1]} and {line[1]}",
                "one: the two branches have different texts of it",
                "delete the wrong line, then run `make resolve` again",
            )
    write_csv(file, header, sorted(seen) if header[0] == "id" else seen)


def _take_ours(paths: list[str]) -> int:
    """Restore files, and files below folders, to our side, in the index and on the disk.

    What only their side has is deleted.
    """

    def below(*arguments: str) -> set[str]:
        return set(git_paths(*arguments, "--", *paths))

    ours = below("ls-tree", "-r", "-z", "--name-only", "HEAD")
    index = below("ls-files", "-z")
    changed = below("diff", "--relative", "--name-only", "-z", "HEAD")
    changed |= (index - ours) | (index & _unmerged().keys())
    if gone := sorted(index - ours):
        git("rm", "--quiet", "--force", "--ignore-unmatch", "--", *gone)
    if kept := sorted(changed & ours):
        git("checkout", "--quiet", "HEAD", "--", *kept)
    return len(changed)


def _written_by_stages() -> list[str]:
    with opened_pipeline() as pipeline:
        return pipeline.outputs_in_git()


def rerun() -> None:
    """Run `dvc repro` on the merged inputs, then add everything that it wrote to the index.

    Raises SeedbedError if DVC ends with an error, or would at a name that is no text.
    """
    check_file()
    missing = [path for path in tracked_data() if not Path(path).exists()]
    # What is not in the cache of this machine is pulled.
    if missing and subprocess.call(command_of("checkout", *missing)):
        subprocess.call(command_of("pull", *missing))
    if subprocess.call(command_of("repro")):
        raise SeedbedError(
            "dvc repro",
            "ended with an error",
            next_step="see its last lines; fix that, then run `make resolve` again",
        )
    if is_merging():
        written = [path for path in [*_written_by_stages(), LOCK] if Path(path).exists()]
        git("add", "--", *written)
