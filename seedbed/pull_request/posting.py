"""A report posted to its pull request by CML or directly, and its comment found again.

A token is given to the API's own host alone, over https (or to this machine, for tests), and is
in no error. Redirects are not followed: a repository that has moved is an error.
"""

import itertools
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from seedbed.core.errors import SeedbedError
from seedbed.core.files import read_text

MARKER = "<!-- seedbed-report -->"
PAGE = 100  # comments asked for at once; the most that GitHub gives
ATTEMPTS = 4
LONGEST_WAIT = 60.0  # seconds; a limit that lasts longer is an error at once
SECONDS = 30  # for one answer
LOCAL = ("127.0.0.1", "localhost", "::1")
VERSION = "2022-11-28"
API = "https://api.github.com"
LONGEST = 65_536  # characters of a GitHub comment
REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
DOING = {"GET": "read the comments", "PATCH": "change a comment", "POST": "make a comment"}
WAYS = ("cml", "own")


class Answer(NamedTuple):
    """Status (0: no answer came), headers by lower-case name, JSON content, or what went wrong."""

    status: int
    headers: dict[str, str]
    content: Any

    @property
    def message(self) -> str:
        """What the API says of a refusal."""
        said = self.content.get("message", "") if isinstance(self.content, dict) else self.content
        return " ".join(str(said).split())[:300]

    @property
    def is_rate_limited(self) -> bool:
        """Whether asking later helps; a token that may only read gets 403, too."""
        spent = self.headers.get("x-ratelimit-remaining") == "0"
        told = "retry-after" in self.headers or "rate limit" in self.message.lower()
        return self.status == 429 or (self.status == 403 and (spent or told))


Ask = Callable[[str, str, Any], Answer]  # method, path below the API, content


def by_requests(api: str, token: str) -> Ask:
    """Requests to the API of GitHub. Raises SeedbedError where the address is not https."""
    address = urlsplit(api)
    if address.scheme != "https" and address.hostname not in LOCAL:
        raise SeedbedError("--api", f"{api} is not https", "an https address", "correct it")

    def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"  # as a header, .netrc would win
        return request

    def ask(method: str, path: str, content: Any = None) -> Answer:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}
        try:
            got = requests.request(
                method, f"{api.rstrip('/')}/{path}", json=content, headers=headers, auth=signed,
                timeout=SECONDS, allow_redirects=False,
            )  # fmt: skip
        except requests.RequestException as error:
            return Answer(0, {}, str(error))
        try:
            content = got.json()
        except ValueError:
            content = got.text
        return Answer(got.status_code, {n.lower(): v for n, v in got.headers.items()}, content)

    return ask


def refused(answer: Answer, doing: str) -> SeedbedError:
    """The paragraph that a person reads when the API does not do what was asked."""
    expected, step = {
        0: ("an answer", "see whether the address of the API can be reached from here"),
        401: ("a token that holds", "set GITHUB_TOKEN to one that has not run out"),
        403: (
            "a token that may write to pull requests",
            "the token of a fork's pull request may only read: post from a `workflow_run` job with "
            "`pull-requests: write`, as .github/workflows/post-report.yml does",
        ),
        404: ("the pull request", "see --repo and --pr, and whether the token may see them"),
        422: (
            "a comment that GitHub takes (65,536 characters at most)",
            "make the report with `seedbed pr-report`, which keeps to 60,000",
        ),
    }.get(answer.status, ("success", "try again later; the report is in the file all the same"))
    if answer.is_rate_limited:
        expected, step = "requests left", "the token's rate limit is spent: try again later"
    if answer.status in (301, 302, 307, 308):
        expected, step = "the repository at this address", "it has moved: correct --repo"
    status = f"{answer.status} " if answer.status else ""
    return SeedbedError(f"GitHub: {doing}", f"{status}{answer.message}".strip(), expected, step)


@dataclass
class Comments:
    """The comments of one pull request of `repository`, OWNER/NAME."""

    ask: Ask
    repository: str
    number: int
    pause: Callable[[float], None] = time.sleep

    def post(self, report: str) -> str:
        """Change the comment that holds the report, or make one; return what was done, in one line.

        Raises SeedbedError.
        """
        body = report if report.startswith(MARKER) else f"{MARKER}\n{report}"
        for attempt in range(ATTEMPTS):
            ours = [one["id"] for one in self._all() if (one.get("body") or "").startswith(MARKER)]
            for one in ours:
                path = self._path(f"comments/{int(one)}")
                answer = self._asked("PATCH", path, {"body": body}, passing=(403, 404))
                if answer.status == 200:  # else it is another user's
                    return _done("changed", answer, len(ours) - 1)
            answer = self.ask("POST", self._path(f"{self.number}/comments"), {"body": body})
            if answer.status == 201:
                return _done("made", answer, len(ours))
            self._wait(answer, attempt, "POST")  # it may be there now: look again
        raise AssertionError  # the last attempt raises

    def _path(self, rest: str) -> str:
        return f"repos/{self.repository}/issues/{rest}"

    def _all(self) -> Iterator[dict[str, Any]]:
        for page in itertools.count(1):
            path = self._path(f"{self.number}/comments?per_page={PAGE}&page={page}")
            found = self._asked("GET", path).content
            yield from found
            if len(found) < PAGE:
                return

    def _asked(
        self, method: str, path: str, content: Any = None, passing: tuple[int, ...] = ()
    ) -> Answer:
        """An answer of success, or one that passes; asked again where that may help."""
        for attempt in range(ATTEMPTS):
            answer = self.ask(method, path, content)
            if answer.status == 200 or (answer.status in passing and not answer.is_rate_limited):
                return answer
            self._wait(answer, attempt, method)
        raise AssertionError  # the last attempt raises

    def _wait(self, answer: Answer, attempt: int, method: str) -> None:
        """Wait as long as asked, or 1, 2, 4 seconds; raise an error where waiting cannot help."""
        may_help = answer.status == 0 or answer.status >= 500 or answer.is_rate_limited
        try:
            seconds = max(0.0, float(answer.headers["retry-after"]))
        except (KeyError, ValueError):
            seconds = float(2**attempt)
        if not may_help or attempt == ATTEMPTS - 1 or seconds > LONGEST_WAIT:
            raise refused(answer, DOING[method])
        self.pause(seconds)


def post(file: Path, number: int, repository: str, api: str = API, way: str = "") -> str:
    """Post a report, or change the existing one. Return what was done, in one line.

    `way`: one of WAYS; "" takes the first that this machine has. Raises SeedbedError.
    """
    report = read_text(file, "run `seedbed pr-report` again") if file.is_file() else ""
    if not report.strip():
        found = "nothing in it" if file.is_file() else "no such file"
        raise SeedbedError(str(file), found, "a report", "run `seedbed pr-report` first")
    if not REPOSITORY.fullmatch(repository):
        raise SeedbedError("--repo", f"`{repository}`", "OWNER/NAME", "correct it")
    way = way or ("cml" if shutil.which("cml") and api == API else "own")  # CML knows that one
    if way not in WAYS:
        raise SeedbedError("--way", f"`{way}`", f"one of {', '.join(WAYS)}", "correct it")
    if way == "cml":
        return _by_cml(file, len(report), number, repository)
    return Comments(by_requests(api, _token(api)), repository, number).post(report)


def _done(what: str, answer: Answer, others: int) -> str:
    rest = f"; {others} other comments hold the marker" if others else ""
    return f"Comment {what}: {answer.content['html_url']}{rest}"


def _token(api: str) -> str:
    """From the environment, else the one that `gh` is logged in with."""
    token = next(filter(None, (os.environ.get(name, "").strip() for name in TOKENS)), "")
    if not token and shutil.which("gh"):
        host = urlsplit(api).hostname or ""
        command = ["gh", "auth", "token", "--hostname", host.removeprefix("api.")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        token = done.stdout.strip()
    if token:
        return token
    raise SeedbedError(
        "environment", "no token", f"one in {' or '.join(TOKENS)}, or `gh auth login`",
        "set it; it is never shown",
    )  # fmt: skip


def _by_cml(file: Path, chars: int, number: int, repository: str) -> str:
    command = ["cml", "comment", "update", f"--target=pr/{number}",
               f"--repo=https://github.com/{repository}", os.fspath(file)]  # fmt: skip
    if chars + len(MARKER) > LONGEST:  # CML does not look
        raise SeedbedError(
            str(file), "too long", f"{LONGEST:,} characters", "run `seedbed pr-report`"
        )
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise SeedbedError(
            "cml comment update", f"exit code {done.returncode}", "0",
            "run it by hand to see what it says, or post with `--way own`",
        )  # fmt: skip
    return "Comment made or changed by cml"
