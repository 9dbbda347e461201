"""Rows of YAML documents, as corpora of dialogues are published."""

from collections.abc import Mapping
from typing import Any

from seedbed.core.errors import SourceError
from seedbed.core.files import parse_yaml

MAX_CHARS = 20_000_000  # YAML takes a thousand times as long to read as JSON


def yaml_rows(text: str, place: str) -> list[Any]:
    """Return the rows of a document: the items of a list, or of the one list of objects or lists
    that a mapping has. Where items are lists, as conversations of chatterbot's corpora are, a row
    has one as `conversations`, and the first of the names in `categories` as `category`.

    Raises SourceError where there are none.
    """
    if len(text) > MAX_CHARS:
        raise SourceError(
            place, f"YAML of {len(text):,} characters", f"at most {MAX_CHARS:,}", "save it as JSON"
        )
    content = parse_yaml(text, place, SourceError)
    parts = content if isinstance(content, Mapping) else {"rows": content}
    lists = [one for one in parts.values() if _is_table(one)]
    if len(lists) != 1:
        raise SourceError(place, f"{len(lists)} lists of rows", "one list of objects", "convert it")
    categories = parts.get("categories")
    more = {"category": categories[0]} if isinstance(categories, list) and categories else {}
    return [
        {"conversations": list(map(_as_said, row)), **more} if isinstance(row, list) else row
        for row in lists[0]
    ]


def _is_table(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value)


def _as_said(text: object) -> object:
    """YAML reads an answer such as `42` or `yes` as another thing than text."""
    if isinstance(text, bool):
        return "yes" if text else "no"
    return text if isinstance(text, str | Mapping | list) else str(text)
