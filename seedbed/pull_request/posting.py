"""Which way a report goes to its pull request: CML where it is there, else gh, else our own."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from seedbed.core.errors import PostError
from seedbed.pull_request.comments import MARKER, Comments
from seedbed.pull_request.github_api import by_gh, by_urllib

API = "https://api.github.com"
LONGEST = 65_536  # characters of a GitHub comment
REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
WAYS = ("cml", "gh", "own")


def post(file: Path, number: int, repository: str, api: str = API, way: str = "") -> str:
    """Post a report, or change the one that is there; what was done, in one line.

    `way`: one of WAYS; "" takes the first that this machine has. Raises PostError.
    """
    report = _read(file)
    if not REPOSITORY.fullmatch(repository):
        raise PostError("--repo", f"`{repository}`", "OWNER/NAME", "correct it")
    way = way or chosen_way(api)
    if way not in WAYS:
        raise PostError("--way", f"`{way}`", f"one of {', '.join(WAYS)}", "correct it")
    if way == "cml":
        return _by_cml(file, number, repository)
    ask = by_gh() if way == "gh" else by_urllib(api, _token(os.environ))
    posted = Comments(ask, repository, number).post(report)
    done = "made" if posted.is_new else "changed"
    others = f"; {posted.others} other comments hold the marker" if posted.others else ""
    return f"Comment {done} by {way}: {posted.address}{others}"


def chosen_way(api: str) -> str:
    """CML and gh know GitHub's own address alone."""
    found = [name for name in ("cml", "gh") if shutil.which(name)]
    return found[0] if found and api == API else "own"


def _read(file: Path) -> str:
    if not file.is_file():
        raise PostError(str(file), "no such file", "a report", "run `seedbed pr-report` first")
    report = file.read_text(encoding="utf-8")
    if not report.strip():
        raise PostError(str(file), "nothing in it", "a report", "run `seedbed pr-report` first")
    return report


def _token(environment: Mapping[str, str]) -> str:
    for name in TOKENS:
        if token := environment.get(name, "").strip():
            return token
    raise PostError(
        "environment", "no token", f"one in {' or '.join(TOKENS)}", "set it; it is never shown"
    )


def _by_cml(file: Path, number: int, repository: str) -> str:
    command = ["cml", "comment", "update", f"--target=pr/{number}",
               f"--repo=https://github.com/{repository}", os.fspath(file)]  # fmt: skip
    if len(file.read_text(encoding="utf-8")) + len(MARKER) > LONGEST:  # CML does not look
        raise PostError(str(file), "too long", f"{LONGEST:,} characters", "run `seedbed pr-report`")
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise PostError(
            "cml comment update", f"exit code {done.returncode}", "0",
            "run it by hand to see what it says, or post with `--way gh` or `--way own`",
        )  # fmt: skip
    return "Comment made or changed by cml"
