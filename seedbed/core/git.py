"""The one way to ask git: every command of this project that needs it goes through here."""

import subprocess

from seedbed.core.errors import RevisionError


def git_bytes(*arguments: str, given: str = "") -> bytes:
    """Return what git prints. Raises RevisionError with git's last line if it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments], input=given.encode(), capture_output=True, check=True
        )
    except OSError:
        raise RevisionError("git", "is not installed", next_step="install git") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
        raise RevisionError(
            f"git {arguments[0]}",
            lines[-1],
            next_step="see `git status`; run from the top folder of the repository",
        ) from None
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
