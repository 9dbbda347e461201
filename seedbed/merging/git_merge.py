"""What git knows of a merge under way: the three versions of a file, and which side is ours."""

import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from seedbed.core.errors import RevisionError


class Versions(NamedTuple):
    """A file in conflict: as both sides had it before, as ours and as theirs; None: not there."""

    base: str | None
    ours: str | None
    theirs: str | None


def git(*arguments: str, text: str = "") -> str:
    """What git answers. Raises RevisionError with its own words where it refuses."""
    try:
        done = subprocess.run(
            ["git", *arguments], input=text.encode(), capture_output=True, check=True
        )
    except OSError:
        raise RevisionError("git", "not installed", "git", "install git") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        raise RevisionError(
            f"git {arguments[0]}", said or "failed", "a repository with commits", "see `git status`"
        ) from None
    return done.stdout.decode("utf-8", "surrogateescape")


def names(*arguments: str) -> list[str]:
    """The paths that a git command lists with `-z`, sorted, each once."""
    return sorted(set(filter(None, git(*arguments).split("\0"))))


def is_merging() -> bool:
    """Whether a merge, a rebase or the like waits for a person."""
    heads = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
    return any(Path(git("rev-parse", "--git-path", head).strip()).exists() for head in heads)


def unmerged() -> dict[str, set[int]]:
    """Paths in conflict, with the versions there are: 1 base, 2 ours, 3 theirs."""
    found: dict[str, set[int]] = defaultdict(set)
    for entry in filter(None, git("ls-files", "--unmerged", "-z").split("\0")):
        head, path = entry.split("\t", 1)
        found[path].add(int(head.split()[2]))
    return dict(found)


def versions(path: str, there: set[int]) -> Versions:
    """The three versions of a path in conflict."""
    texts = [git("show", f":{one}:./{path}") if one in there else None for one in (1, 2, 3)]
    return Versions(*texts)


def take_ours(paths: Iterable[str]) -> int:
    """Put files, and files below folders, back to what our side has, in the index and on the disk;
    what only their side has goes. Gives how many files were in the way."""
    wanted = sorted(paths)
    ours = set(_below("ls-tree", "-r", "-z", "--name-only", "HEAD", wanted=wanted))
    index = set(_below("ls-files", "-z", wanted=wanted))
    changed = set(_below("diff", "--relative", "--name-only", "-z", "HEAD", wanted=wanted))
    changed |= (index - ours) | (index & unmerged().keys())
    gone = sorted(index - ours)
    if gone:
        git("rm", "--quiet", "--force", "--ignore-unmatch", "--", *gone)
    kept = sorted(changed & ours)
    if kept:
        git("checkout", "--quiet", "HEAD", "--", *kept)
    return len(changed)


def _below(*arguments: str, wanted: list[str]) -> list[str]:
    return names(*arguments, "--", *wanted) if wanted else []


def merged_by_union() -> list[str]:
    """Files that .gitattributes has git merge by union."""
    listed = git("ls-files", "-z")
    fields = git("check-attr", "--stdin", "-z", "merge", text=listed).split("\0")
    values = zip(fields[::3], fields[2::3], strict=False)  # path, attribute, value and so on
    return sorted({path for path, value in values if value == "union"})
