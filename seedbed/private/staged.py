"""Personal data and secrets in what git would commit: files as the index holds them."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from seedbed.core.files import read_text
from seedbed.core.git import git_bytes, git_paths
from seedbed.private.detection import detect
from seedbed.private.kinds import Wanted
from seedbed.private.named_values import KNOWN_TOKEN
from seedbed.private.patterns import Span
from seedbed.private.published import SECRETS, STRONG

ALLOWED = Path(".seedbed-allow")  # a path or pattern of paths a line
ALLOW_MARK = "seedbed:allow"  # in a line that is meant to be as it is
WITH_PERSONAL = ("data/", "reports/", "params.yaml")  # people's words and notes; elsewhere secrets
CODE = (".py", ".pyi", ".ipynb", ".js", ".ts")
MAX_BYTES = 10_000_000


class Finding(NamedTuple):
    """A value that should not be in git: where it is and of which kind, and never the value."""

    path: str
    line: int
    kind: str


def staged() -> list[str]:
    """Return the paths that the next commit adds or changes. Raises RevisionError without git."""
    return git_paths("diff", "--cached", "--name-only", "--diff-filter=ACMR", "-z")


def findings(paths: Sequence[str]) -> Iterator[Finding]:
    """Yield what is found in files of the index; binary files and those over 10 MB are left out."""
    lines = read_text(ALLOWED).split("\n") if ALLOWED.exists() else []
    allowed = [line.strip() for line in lines if line.strip() and line[0] != "#"]
    for path in paths:
        if any(fnmatch(path, pattern) for pattern in allowed):
            continue
        content = git_bytes("cat-file", "blob", f":{path}")
        if b"\0" in content or len(content) > MAX_BYTES:
            continue
        wanted = Wanted(STRONG if path.startswith(WITH_PERSONAL) else SECRETS)
        texts = content.decode("utf-8", "replace").split("\n")
        is_code = path.endswith(CODE)  # in which `token = ...` is rarely one
        found = map(_tokens, texts) if is_code else detect(texts, wanted)
        for number, (text, spans) in enumerate(zip(texts, found, strict=True), 1):
            if ALLOW_MARK not in text:
                yield from (Finding(path, number, span.kind) for span in spans)


def _tokens(text: str) -> list[Span]:
    return [Span("api_key", *match.span()) for match in KNOWN_TOKEN.finditer(text)]
