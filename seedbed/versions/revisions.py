"""Small files of the project as they stand in the workspace, or in any revision of git."""

import subprocess
from pathlib import Path, PurePosixPath

from seedbed.errors import RevisionError


class Files:
    """The files of one version of the project, named from its top folder."""

    def __init__(self, revision: str = "") -> None:
        """`revision`: what git calls a commit; "" means the workspace. Raises RevisionError.

        `commit`: its full name, "" of the workspace."""
        self.revision, self.commit = revision, ""
        if revision:
            self.commit = self._git(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            ).strip()

    def read(self, path: str) -> str | None:
        """The text of a file, or None where this version has none."""
        if not self.revision:
            file = Path(path)
            return file.read_text(encoding="utf-8") if file.is_file() else None
        if path not in self.names(PurePosixPath(path).parent.as_posix()):
            return None
        return self._git("show", f"{self.commit}:./{path}")

    def names(self, folder: str) -> list[str]:
        """The paths of the files that stand right in a folder, sorted."""
        if not self.revision:
            return sorted(file.as_posix() for file in Path(folder).glob("*") if file.is_file())
        listed = self._git("ls-tree", "-z", "--name-only", self.commit, f"{folder}/")
        return sorted(path for path in listed.split("\0") if path)

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(["git", *arguments], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            raise RevisionError(
                f"git: {self.revision}",
                "no such revision here",
                "a commit, tag or branch of this repository",
                "see `git log --oneline`; in a shallow clone run `git fetch --unshallow`",
            ) from None
        return done.stdout.decode("utf-8")
