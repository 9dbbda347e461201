"""Small files of the project as they stand in the workspace, or in any revision of git."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from seedbed.core.errors import RevisionError

MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
SHALLOW = "see `git log --oneline`; in a shallow clone run `git fetch --unshallow`"


class Files:
    """The files of one version of the project, named from its top folder."""

    def __init__(self, revision: str = "") -> None:
        """`revision`: what git calls a commit; "" means the workspace. Raises RevisionError.

        `commit`: its full name, "" of the workspace."""
        self.revision, self.commit = revision, ""
        self._listed: dict[str, dict[str, str]] = {}
        if revision:
            self.commit = self._git(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            ).strip()

    @property
    def place(self) -> str:
        """What stands before a path in an error: nothing, or the revision and a colon."""
        return f"{self.revision}:" if self.revision else ""

    def read(self, path: str) -> str | None:
        """The text of a file, or None where this version has none."""
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> dict[str, str]:
        """The texts of those of the files that this version has, by path: one call of git for all
        of them."""
        wanted = list(dict.fromkeys(paths))
        if not self.revision:
            there = [path for path in wanted if Path(path).is_file()]
            return {path: self._decoded(path, Path(path).read_bytes()) for path in there}
        blobs = {path: blob for path in wanted if (blob := self._blob(path))}
        contents = _contents(self._git_bytes("cat-file", "--batch", given=blobs.values()))
        pairs = zip(blobs, contents, strict=True)
        return {path: self._decoded(path, content) for path, content in pairs}

    def _decoded(self, path: str, content: bytes) -> str:
        try:
            return content.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError:
            raise RevisionError(
                f"{self.place}{path}", "not UTF-8", "a text", "restore it with `git checkout`"
            ) from None

    def names(self, folder: str) -> list[str]:
        """The paths of the files that stand right in a folder, sorted."""
        if not self.revision:
            return sorted(file.as_posix() for file in Path(folder).glob("*") if file.is_file())
        return sorted(self._tree(folder))

    def _blob(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        return self._tree(folder).get(path, "")

    def _tree(self, folder: str) -> dict[str, str]:
        """The object of each file right in a folder, by path."""
        if folder not in self._listed:
            where = [f"{folder}/"] if folder else []
            listed = self._git("ls-tree", "-z", self.commit, *where)
            entries = [entry.split("\t", 1) for entry in listed.split("\0") if entry]
            self._listed[folder] = {
                path: kind.split()[2] for kind, path in entries if kind.split()[1] == "blob"
            }
        return self._listed[folder]

    def _git(self, *arguments: str) -> str:
        return self._git_bytes(*arguments).decode("utf-8")

    def _git_bytes(self, *arguments: str, given: Iterable[str] = ()) -> bytes:
        try:
            return _git(arguments, "".join(f"{line}\n" for line in given))
        except (OSError, subprocess.CalledProcessError):
            raise RevisionError(
                f"git: {self.revision}",
                "no such revision here",
                "a commit, tag or branch of this repository",
                SHALLOW,
            ) from None


def base_revision() -> str:
    """What a branch is compared with: the commit where it left the main branch, full name.

    On the main branch itself that is its last commit that the remote has. Raises RevisionError
    where there is no main branch, or its history does not reach back to where the two met.
    """
    for main in MAIN:
        if not _answer("rev-parse", "--verify", "--quiet", f"{main}^{{commit}}"):
            continue
        if met := _answer("merge-base", main, "HEAD"):
            return met
        raise RevisionError(
            f"git: {main} and HEAD",
            "no commit that both come from",
            "a history that reaches back to where the branch left",
            "fetch it (`git fetch --unshallow`; in CI `fetch-depth: 0`), or name BASE",
        )
    raise RevisionError(
        "git",
        "no main branch, and no repository of that name beside it",
        f"one of {', '.join(MAIN)}",
        "name BASE: a commit, tag or branch",
    )


def _answer(*arguments: str) -> str:
    """What git says, or "" where it says no."""
    try:
        return _git(arguments).decode("utf-8").strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(arguments: Sequence[str], given: str = "") -> bytes:
    command = ["git", *arguments]
    return subprocess.run(command, input=given.encode(), capture_output=True, check=True).stdout


def _contents(answer: bytes) -> list[bytes]:
    """The objects in what `git cat-file --batch` gives: a line `<object> blob <size>` each."""
    found, start = [], 0
    while start < len(answer):
        end = answer.index(b"\n", start)
        size = int(answer[start:end].split()[2])
        found.append(answer[end + 1 : end + 1 + size])
        start = end + 1 + size + 1
    return found
