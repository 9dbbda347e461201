"""What anonymizing makes of a text, in the form the memo keeps: most texts stay as they are."""

from collections.abc import Sequence
from typing import NamedTuple

from seedbed.private.detection import Wanted, anonymize, scan
from seedbed.private.stand_ins import Mode


class Change(NamedTuple):
    """The text after, None where it is the same; the values replaced by kind; and what is still
    seen in it, by shape."""

    text: str | None
    counts: dict[str, int]
    residual: dict[str, int]


def changes(texts: Sequence[str], wanted: Wanted, key: bytes, mode: Mode) -> list[Change]:
    """What becomes of each text."""
    results = anonymize(texts, wanted, key, mode)
    residual = scan(result.text for result in results)
    return [
        Change(None if after == text else after, dict(counts), seen)
        for text, (after, counts), seen in zip(texts, results, residual, strict=True)
    ]
