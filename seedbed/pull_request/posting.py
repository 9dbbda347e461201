"""A report posted to its pull request by CML, by gh, or directly, and its comment found again."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.core.errors import PostError
from seedbed.pull_request.github_api import Answer, Ask, by_gh, by_urllib, refused

MARKER = "<!-- seedbed-report -->"
PAGE = 100  # comments asked for at once; the most that GitHub gives
ATTEMPTS = 4
LONGEST_WAIT = 60.0  # seconds; a limit that lasts longer is an error at once


class Posted(NamedTuple):
    """Where the comment is; whether it is new; how many other comments hold the marker."""

    address: str
    is_new: bool
    others: int


class Comments:
    """The comments of one pull request."""

    def __init__(
        self, ask: Ask, repository: str, number: int, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """`repository`: OWNER/NAME."""
        self.ask, self.pause = ask, pause
        self.repository, self.number = repository, number

    def post(self, report: str) -> Posted:
        """Change the comment that holds the report, or make one. Raises PostError."""
        body = report if report.startswith(MARKER) else f"{MARKER}\n{report}"
        for attempt in range(ATTEMPTS):
            ours = [one["id"] for one in self._all() if _is_ours(one)]
            for one in ours:
                if found := self._changed(one, body):
                    return Posted(found, False, len(ours) - 1)
            answer = self.ask("POST", self._path, {"body": body})
            if answer.status == 201:
                return Posted(answer.content["html_url"], True, len(ours))
            self._wait(answer, attempt, "make a comment")  # it may be there now: look again
        raise AssertionError  # the last attempt raises

    @property
    def _path(self) -> str:
        return f"repos/{self.repository}/issues/{self.number}/comments"

    def _all(self) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            path = f"{self._path}?per_page={PAGE}&page={page}"
            found = self._asked("GET", path, None, "read the comments")
            yield from found.content
            if len(found.content) < PAGE:
                return
            page += 1

    def _changed(self, comment: int, body: str) -> str:
        """The comment's address once it holds `body`; "" where another user's it is."""
        path = f"repos/{self.repository}/issues/comments/{int(comment)}"
        answer = self._asked("PATCH", path, {"body": body}, "change a comment", passing=(403, 404))
        return answer.content["html_url"] if answer.status == 200 else ""

    def _asked(
        self, method: str, path: str, content: Any, doing: str, passing: tuple[int, ...] = ()
    ) -> Answer:
        """An answer of success, or one that passes; asked again where that may help."""
        for attempt in range(ATTEMPTS):
            answer = self.ask(method, path, content)
            if answer.status == 200:
                return answer
            if answer.status in passing and not answer.is_rate_limited:
                return answer
            self._wait(answer, attempt, doing)
        raise AssertionError  # the last attempt raises

    def _wait(self, answer: Answer, attempt: int, doing: str) -> None:
        """Wait as long as asked, or 1, 2, 4 seconds; raise PostError where waiting cannot help."""
        may_help = answer.status == 0 or answer.status >= 500 or answer.is_rate_limited
        seconds = _retry_after(answer, float(2**attempt))
        if not may_help or attempt == ATTEMPTS - 1 or seconds > LONGEST_WAIT:
            raise refused(answer, doing)
        self.pause(seconds)


def _is_ours(comment: dict[str, Any]) -> bool:
    return str(comment.get("body") or "").startswith(MARKER)


def _retry_after(answer: Answer, otherwise: float) -> float:
    try:
        return max(0.0, float(answer.headers["retry-after"]))
    except (KeyError, ValueError):
        return otherwise


API = "https://api.github.com"
LONGEST = 65_536  # characters of a GitHub comment
REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
WAYS = ("cml", "gh", "own")


def post(file: Path, number: int, repository: str, api: str = API, way: str = "") -> str:
    """Post a report, or change the existing one. Return what was done, in one line.

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
