"""GitHub's REST API as far as a comment needs it: a request, its answer, what a refusal means.

A token is given to the API's own host alone, over https (or to this machine, for tests), and is
in no error. Redirects are not followed: a repository that has moved is an error.
"""

import http.client
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from seedbed.core.errors import PostError

SECONDS = 30  # for one answer
LOCAL = ("127.0.0.1", "localhost", "::1")
VERSION = "2022-11-28"


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


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token must not travel to another address."""

    def redirect_request(self, *_: Any) -> None:
        return None


def by_urllib(api: str, token: str) -> Ask:
    """Requests by the standard library. Raises PostError where the address is not https."""
    address = urlsplit(api)
    if address.scheme != "https" and address.hostname not in LOCAL:
        raise PostError("--api", f"{api} is not https", "an https address", "correct it")
    opener = urllib.request.build_opener(_NoRedirect)

    def ask(method: str, path: str, content: Any = None) -> Answer:
        request = urllib.request.Request(
            f"{api.rstrip('/')}/{path}",
            None if content is None else json.dumps(content).encode(),
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": VERSION,
                "User-Agent": "seedbed",
            },
            method=method,
        )
        try:
            with opener.open(request, timeout=SECONDS) as response:
                return _answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, dict(error.headers), error.read())
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, {}, str(getattr(error, "reason", error)) or type(error).__name__)

    return ask


def by_gh() -> Ask:
    """Requests by `gh api`, which has a token of its own."""

    def ask(method: str, path: str, content: Any = None) -> Answer:
        command = ["gh", "api", "--include", "--method", method, path]
        given = b"" if content is None else json.dumps(content).encode()
        if content is not None:
            command += ["--input", "-"]
        done = subprocess.run(command, input=given, capture_output=True, check=False)
        head, _, body = done.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")
        first, *lines = head.decode("utf-8", "replace").split("\n")
        status = first.split()[1] if first.startswith("HTTP/") else ""
        if not status.isdigit():
            return Answer(0, {}, done.stderr.decode("utf-8", "replace"))
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        return _answer(int(status), {name: value.strip() for name, value in pairs}, body)

    return ask


def _answer(status: int, headers: dict[str, str], body: bytes) -> Answer:
    try:
        content = json.loads(body) if body.strip() else {}
    except ValueError:
        content = body.decode("utf-8", "replace")
    return Answer(status, {name.lower(): value for name, value in headers.items()}, content)


def refused(answer: Answer, doing: str) -> PostError:
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
    return PostError(f"GitHub: {doing}", f"{status}{answer.message}".strip(), expected, step)
