"""The small files of one version of the project: in the workspace, or in any revision of git."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.core.errors import RevisionError, RowsError
from seedbed.core.git import git_answer, git_bytes
from seedbed.pipeline.dvc import LOCK, cached_object, parse_lock

MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
SHALLOW = "see `git log --oneline`; in a shallow clone run `git fetch --unshallow`"
SHOWN = 60  # characters of a broken line
CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


class Files:
    """The files of one version of the project, named from its top folder."""

    def __init__(self, revision: str = "") -> None:
        """`revision` is any name that git has for a commit; "" means the workspace.

        `commit` is its full name, "" for the workspace. Raises RevisionError for an unknown one.
        """
        self.revision, self.commit = revision, ""
        self._listed: dict[str, dict[str, str]] = {}
        if revision:
            self.commit = self._git(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            ).strip()

    @property
    def place(self) -> str:
        """The prefix of a path in an error: nothing, or the revision and a colon."""
        return f"{self.revision}:" if self.revision else ""

    def read(self, path: str) -> str | None:
        """Return the text of a file, or None if this version does not have it."""
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the texts of the files that this version has, by path, in one call of git."""
        wanted = list(dict.fromkeys(paths))
        if not self.revision:
            existing = [path for path in wanted if Path(path).is_file()]
            return {path: self._decoded(path, Path(path).read_bytes()) for path in existing}
        blobs = {path: blob for path in wanted if (blob := self._blob(path))}
        given = "".join(f"{blob}\n" for blob in blobs.values())
        contents = _contents(self._git_bytes("cat-file", "--batch", given=given))
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
        """Return the paths of the files directly in a folder, sorted."""
        if not self.revision:
            return sorted(file.as_posix() for file in Path(folder).glob("*") if file.is_file())
        return sorted(self._tree(folder))

    def _blob(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        return self._tree(folder).get(path, "")

    def _tree(self, folder: str) -> dict[str, str]:
        """Return the object of each file directly in a folder, by path."""
        if folder not in self._listed:
            where = [f"{folder}/"] if folder else []
            listed = self._git("ls-tree", "-z", self.commit, *where)
            entries = [entry.split("\t", 1) for entry in listed.split("\0") if entry]
            self._listed[folder] = {
                path: kind.split()[2] for kind, path in entries if kind.split()[1] == "blob"
            }
        return self._listed[folder]

    def parquet(self, stage: str) -> list[Path]:
        """Return the Parquet files of data/STAGE: in the workspace, or, by dvc.lock, in DVC's
        cache. All of them, or none if one is missing here."""
        if not self.revision and (files := sorted(Path("data", stage).glob("*.parquet"))):
            return files
        locked = parse_lock(self.read(LOCK) or "", f"{self.place}{LOCK}").get(stage)
        digest = locked.outputs.get(f"data/{stage}", "") if locked else ""
        if not digest or not (listing := cached_object(digest)).is_file():
            return []
        entries = json.loads(listing.read_text(encoding="utf-8"))
        parquet = [entry for entry in entries if entry["relpath"].endswith(".parquet")]
        paths = [cached_object(entry["md5"]) for entry in parquet]
        return paths if all(path.is_file() for path in paths) else []

    def _git(self, *arguments: str) -> str:
        return self._git_bytes(*arguments).decode("utf-8")

    def _git_bytes(self, *arguments: str, given: str = "") -> bytes:
        try:
            return git_bytes(*arguments, given=given)
        except RevisionError:
            raise RevisionError(
                f"git: {self.revision}",
                "no such revision here",
                "a commit, tag or branch of this repository",
                SHALLOW,
            ) from None


class VersionTables(NamedTuple):
    """The texts of a version's files by path, read as tables; `place` prefixes paths in errors."""

    texts: Mapping[str, str]
    place: str

    def lines(self, path: str, header: Sequence[str]) -> list[list[str]]:
        """Return the cells of each line below `header`, which the file must have.

        Raises RowsError, with file and line, if the file is broken.
        """
        if not (text := self.texts.get(path)):
            return []
        lines = list(csv.reader(io.StringIO(text, newline="")))
        if lines[0] != list(header):
            raise self._broken(path, 1, lines[0], header)
        if {*map(len, lines)} != {len(header)}:
            index = next(i for i, line in enumerate(lines) if len(line) != len(header))
            raise self._broken(path, index + 1, lines[index], header)
        return lines[1:]

    def records(self, path: str) -> list[dict[str, str]]:
        """Return each line by column, whatever the columns are."""
        text = self.texts.get(path)
        if not text:
            return []
        header = next(csv.reader([text.split("\n", 1)[0]]), [])
        return [dict(zip(header, line, strict=True)) for line in self.lines(path, header)]

    def json(self, path: str) -> dict[str, Any]:
        """Return the content of a JSON file, {} if it is missing. Raises RowsError if broken."""
        try:
            return json.loads(self.texts.get(path) or "{}")
        except ValueError:
            raise RowsError(
                f"{self.place}{path}",
                "not JSON",
                next_step="take one side of it, if a merge left both, and run `dvc repro`",
            ) from None

    def _broken(
        self, path: str, number: int, cells: Sequence[str], header: Sequence[str]
    ) -> RowsError:
        line = ",".join(cells)
        return RowsError(
            f"{self.place}{path}:{number}",
            "a merge left both sides here" if line.startswith(CONFLICT) else f"`{line[:SHOWN]}`",
            f"{len(header)} cells: {','.join(header)}",
            "take one side of this file, which stages write, and run `dvc repro`",
        )


def base_revision() -> str:
    """Return the full name of the commit where this branch left the main branch.

    On the main branch itself that is its last commit that the remote has. Raises RevisionError if
    there is no main branch, or if the history does not reach back to where the two met.
    """
    for main in MAIN:
        if not git_answer("rev-parse", "--verify", "--quiet", f"{main}^{{commit}}"):
            continue
        if met := git_answer("merge-base", main, "HEAD"):
            return met
        raise RevisionError(
            f"git: {main} and HEAD",
            "no common ancestor in this clone",
            next_step="run `git fetch --unshallow` (in CI `fetch-depth: 0`), or name BASE",
        )
    raise RevisionError(
        "git",
        "no main branch, here or in a remote `origin`",
        f"one of {', '.join(MAIN)}",
        "name BASE: a commit, tag or branch",
    )


def _contents(answer: bytes) -> list[bytes]:
    """Return the objects that `git cat-file --batch` gives, each after `<object> blob <size>`."""
    contents, start = [], 0
    while start < len(answer):
        end = answer.index(b"\n", start)
        size = int(answer[start:end].split()[2])
        contents.append(answer[end + 1 : end + 1 + size])
        start = end + 1 + size + 1
    return contents
