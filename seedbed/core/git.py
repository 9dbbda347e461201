"""The one way to ask git: every command of this project that needs it goes through here."""

import subprocess

from seedbed.core.errors import RevisionError


def git_bytes(*arguments: str, given: str = "") -> bytes:
    """Return what git prints. Raises RevisionError with what git says if it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments], input=given.encode(), capture_output=True, check=True
        )
    except OSError:
        raise RevisionError("git", "is not installed", next_step="install git") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip() or "it failed"
        lines = said.split("\n")
        # Advice of several lines may follow the line that says what is wrong.
        line = next((one for one in lines if one.startswith(("fatal: ", "error: "))), lines[-1])
        step = "see `git status`; run from the top folder of the repository"
        if ".lock'" in line:  # left behind by a git that was killed
            step = "wait for other git commands to end; if there are none, delete that file"
        raise RevisionError(f"git {arguments[0]}", line, next_step=step) from None
    return done.stdout


def git(*arguments: str, given: str = "") -> str:
    """Return what git prints as text. Raises RevisionError if it fails."""
    return git_bytes(*arguments, given=given).decode("utf-8", "surrogateescape")


def git_answer(*arguments: str) -> str:
    """Return what git prints, without white space around it; "" if it fails."""
    try:
        return git(*arguments).strip()
    except RevisionError:
        return ""


def git_paths(*arguments: str) -> list[str]:
    """Return the paths that a git command lists with `-z`, sorted, each once."""
    return sorted(set(filter(None, git(*arguments).split("\0"))))
