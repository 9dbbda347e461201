"""The small files of one version of the project: in the workspace, or in any revision of git."""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from seedbed.core.errors import RevisionError, RowsError, reading
from seedbed.core.files import unmarked
from seedbed.core.git import git_answer, git_bytes, git_paths
from seedbed.core.metrics import Metrics
from seedbed.pipeline.dvc import LOCK, cached_object, parse_lock

MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
SHALLOW = "see `git log --oneline`; in a shallow clone run `git fetch --unshallow`"
SHOWN = 60  # characters of a broken line
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?")
CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


class Known(Metrics, extra="ignore"):
    """Base of what is read of a metrics file of any version.

    An old version's file may be that of another version of Seedbed, so that other keys are ignored
    and missing ones have a default. Tests compare the keys with those of the full models.
    """


AnyKnown = TypeVar("AnyKnown", bound=Known)


class Files:
    """The files of one version of the project, named from its top folder; each is read once."""

    def __init__(self, revision: str = "") -> None:
        """`revision` is any name that git has for a commit; "" means the workspace.

        `commit` is its full name, "" for the workspace. Raises RevisionError for an unknown one.
        """
        self.revision, self.commit = revision, ""
        self._texts: dict[str, str | None] = {}
        if revision:
            name = ("--quiet", "--end-of-options", f"{revision}^{{commit}}")
            self.commit = git_answer("rev-parse", "--verify", *name)
            if not self.commit:
                raise RevisionError(
                    f"git: {revision}",
                    "no such revision here",
                    "a commit, tag or branch of this repository",
                    SHALLOW,
                )

    @property
    def place(self) -> str:
        """The prefix of a path in an error: nothing, or the revision and a colon."""
        return f"{self.revision}:" if self.revision else ""

    def read(self, path: str) -> str | None:
        """Return the text of a file, or None if this version does not have it."""
        return self.read_many([path]).get(path)

    def read_many(self, paths: Collection[str]) -> dict[str, str]:
        """Return the texts of the files that this version has, by path, in one call of git."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._texts]
        for path, content in zip(wanted, self._contents(wanted), strict=True):
            try:
                text = None if content is None else content.decode().replace("\r\n", "\n")
            except UnicodeDecodeError:
                raise RevisionError(
                    f"{self.place}{path}", "not UTF-8", "a text", "restore it with `git checkout`"
                ) from None
            self._texts[path] = text
        return {path: text for path in paths if (text := self._texts[path]) is not None}

    def _contents(self, paths: list[str]) -> Iterator[bytes | None]:
        if not self.revision:
            yield from (Path(one).read_bytes() if Path(one).is_file() else None for one in paths)
            return
        # `./`: from this folder, which may be below the top of the repository
        given = "".join(f"{self.commit}:./{path}\n" for path in paths)
        # Each content comes after `<type> <size>`, or "missing".
        reader = io.BytesIO(
            git_bytes("cat-file", "--batch=%(objecttype) %(objectsize)", given=given)
        )
        for head in iter(reader.readline, b""):
            if head.endswith(b" missing\n"):
                yield None
            else:
                kind, size = head.split()
                content = reader.read(int(size))
                reader.readline()
                yield content if kind == b"blob" else None

    def names(self, folder: str) -> list[str]:
        """Return the paths of what is directly in a folder, sorted."""
        if not self.revision:
            return sorted(file.as_posix() for file in Path(folder).glob("*"))
        return git_paths("ls-tree", "-z", "--name-only", self.commit, f"{folder}/")

    def parquet(self, stage: str) -> list[Path]:
        """Return the Parquet files of data/STAGE: in the workspace, or, by dvc.lock, in DVC's
        cache. All of them, or none if one is missing here."""
        if not self.revision and (files := sorted(Path("data", stage).glob("*.parquet"))):
            return files
        locked = parse_lock(self.read(LOCK) or "", f"{self.place}{LOCK}").get(stage)
        digest = locked.outputs.get(f"data/{stage}", "") if locked else ""
        if not digest or not (listing := cached_object(digest)).is_file():
            return []
        with reading(listing, f"`rm {listing}`, then `dvc fetch --all-commits data/{stage}`"):
            entries = json.loads(listing.read_text(encoding="utf-8"))
            parquet = [entry for entry in entries if entry["relpath"].endswith(".parquet")]
            paths = [cached_object(entry["md5"]) for entry in parquet]
        return paths if all(path.is_file() for path in paths) else []

    def lines(self, path: str, header: Sequence[str]) -> list[list[str]]:
        """Return the cells of each line below `header`, which the file, if there is one, must have.

        Raises RowsError, with file and line, if the file is broken.
        """
        if not (text := self.read(path)):
            return []
        lines: list[list[str]] = []
        reader, found, number = csv.reader(io.StringIO(text, newline=""), strict=True), "", 1
        try:
            for line in reader:
                number = reader.line_num
                if len(line) != len(header) or (not lines and line != list(header)):
                    found = ",".join(line)
                    break
                lines.append([*map(unmarked, line)])
        except csv.Error as error:
            found, number = str(error), number + 1
        if found or not lines:
            raise RowsError(
                f"{self.place}{path}:{number}",
                "a merge left both sides here"
                if found.startswith(CONFLICT)
                else f"`{found[:SHOWN]}`",
                f"{len(header)} cells: {','.join(header)}",
                "take one side of this file, which stages write, and run `dvc repro`",
            )
        return lines[1:]

    def records(
        self, path: str, needed: Sequence[str], numbers: Sequence[str] = ()
    ) -> list[dict[str, str]]:
        """Return each line by column; a version may have more than are `needed`.

        `numbers`: columns whose cells are numbers. Raises RowsError, with file and line, if the
        file, if there is one, is broken or has other cells.
        """
        first = (self.read(path) or "").split("\n", 1)[0]
        header = next(csv.reader([first]), [])
        lines = [dict(zip(header, line, strict=True)) for line in self.lines(path, header)]
        wrong = [f"the header {first[:SHOWN]}"] if header and not {*needed} <= {*header} else []
        found = (line[name] for line in ([] if wrong else lines) for name in numbers)
        wrong += [f"`{cell[:SHOWN]}`" for cell in found if not NUMBER.fullmatch(cell)]
        if wrong:
            raise RowsError(
                f"{self.place}{path}",
                wrong[0],
                f"the columns {', '.join(needed)}"
                + (f", and numbers in {', '.join(numbers)}" if numbers else ""),
                "run `dvc repro`, which writes this file, or `git restore` it",
            )
        return lines

    def known(self, path: str, model: type[AnyKnown]) -> AnyKnown:
        """Return what is known of a metrics file; all defaults if it is missing.

        Raises RowsError if it is not JSON.
        """
        try:
            return model.model_validate(json.loads(self.read(path) or "{}"))
        except (ValueError, RecursionError):
            raise RowsError(
                f"{self.place}{path}",
                "not JSON, or not that of a metrics file",
                next_step="take one side of it, if a merge left both, and run `dvc repro`",
            ) from None


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


def cells(
    paths: Iterable[Path], columns: list[str], wanted: tuple[str, str, object] | None = None
) -> Iterator[tuple[str, ...]]:
    """Yield the cells of these columns of Parquet files, row by row.

    `wanted`: a condition on the rows, such as ("id", "in", ids). A column that a file lacks has
    empty cells.
    """
    import pyarrow.parquet as pq  # only for data that is not in git

    for path in paths:
        in_file = pq.read_schema(path).names
        known = [name for name in columns if name in in_file]
        table = pq.read_table(path, columns=known, filters=[wanted] if wanted else None)
        empty = [""] * len(table)
        parts = (table[name].to_pylist() if name in known else empty for name in columns)
        yield from zip(*parts, strict=True)
