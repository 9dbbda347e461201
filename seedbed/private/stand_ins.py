"""The stand-in of a personal value: a pure function of its kind, the value and the key.

A stand-in comes from an HMAC of the value's normal form alone, so one value has one stand-in in
every row, batch and run. Small ranges repeat: the 762 IPv4 addresses and 80,000 phone numbers are
shared by whatever hashes to them.
"""

import re
from collections.abc import Sequence
from typing import Literal

from seedbed.core.files import keyed_hash
from seedbed.private.kinds import KIND_OF_NAME, KINDS, Kind, Span

Mode = Literal["placeholder", "pseudonym", "hash", "redact"]
REDACTED = "█████"
FORMS = (
    r"<[A-Z][A-Z0-9_]{1,40}(?::[0-9a-f]{12})?>",
    REDACTED,
    r"(?<![\w-])[A-Z][A-Z0-9_]{1,40}-0x[0-9a-f]{12}(?![\w-])",
    *(kind.pseudonym.form for kind in KINDS if kind.pseudonym is not None),
)
STAND_IN = re.compile("|".join(dict.fromkeys(FORMS)))


def _kind(name: str) -> Kind:
    """Return an entry of KINDS; one without more for a kind that a project adds in params.yaml."""
    return KIND_OF_NAME.get(name) or Kind(name)


def normalised(kind: str, value: str) -> str:
    """Return a value without what does not change whom it identifies, such as case and spaces."""
    return _kind(kind).normal(value)


def stand_in(kind: str, value: str, key: bytes, mode: Mode) -> str:
    """Return the one stand-in of a value under a key."""
    if mode == "placeholder":
        return f"<{kind.upper()}>"
    if mode == "redact":
        return REDACTED
    digest = keyed_hash(key, "stand-in", kind, normalised(kind, value))
    if mode == "hash":
        return f"<{kind.upper()}:{digest[:12]}>"
    pseudonym = _kind(kind).pseudonym
    return pseudonym.make(value, digest) if pseudonym else f"{kind.upper()}-0x{digest[:12]}"


def replace(text: str, spans: Sequence[Span], key: bytes, mode: Mode) -> str:
    """Return a text with every span replaced; spans are sorted and do not overlap.

    A space separates a stand-in from a neighbour with which it would read as another value.
    """
    parts, end = [""], 0
    for span in spans:
        parts.append(text[end : span.start])
        before = "".join(parts[-2:])[-1:]
        after = stand_in(span.kind, text[span.start : span.end], key, mode)
        if not _stands_alone(before, after, ""):
            parts.append(" ")
        parts.append(after)
        if not _stands_alone("", after, text[span.end : span.end + 2]):
            parts.append(" ")
        end = span.end
    return "".join([*parts, text[end:]])


def _stands_alone(before: str, after: str, behind: str) -> bool:
    match = STAND_IN.search(before + after + behind)
    return match is not None and match[0] == after
