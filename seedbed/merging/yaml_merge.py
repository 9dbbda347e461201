"""params.yaml and dvc.yaml of two branches merged by their content and not by their lines.

If one side alone changed a value, its value counts. Lists whose entries have a name (sources,
paths, stages' outputs) become the union of both sides' entries, less what a side deleted. A value
that both sides changed, each in its own way, is left to a person.
"""

import copy
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter

from seedbed.core.errors import SeedbedError

MISSING = object()  # a key that a side does not have


class _PlainNull(RoundTripRepresenter):
    """Writes `null`, where ruamel.yaml would write nothing."""


_PlainNull.add_representer(
    type(None), lambda self, _: self.represent_scalar("tag:yaml.org,2002:null", "null")
)


def merged_yaml(path: str, before: str | None, ours: str | None, theirs: str | None) -> str:
    """Return the merged text, with the comments of ours and of theirs' new entries.

    `before`: as both sides had the file; None: no file. Raises SeedbedError that names each key
    that both changed, or if a side is not YAML.
    """
    yaml = YAML()
    yaml.width, yaml.preserve_quotes, yaml.Representer = 4096, True, _PlainNull
    yaml.indent(mapping=2, sequence=4, offset=2)
    if ours is None or theirs is None:
        raise SeedbedError(
            path, "one side deleted it", "a file", f"restore it and `git add {path}`"
        )
    base, mine, other = (_loaded(yaml, path, text) for text in (before, ours, theirs))
    clashes: list[str] = []
    result = _merged("", base, mine, other, clashes)
    if clashes:
        raise SeedbedError(
            path,
            "; ".join(clashes),
            "one value each",
            f"choose: edit {path}, `git add {path}`, then run `make resolve` again",
        )
    buffer = io.StringIO()
    yaml.dump(result, buffer)
    return buffer.getvalue()


def _loaded(yaml: YAML, path: str, text: str | None) -> Any:
    try:
        return CommentedMap() if text is None else yaml.load(text) or CommentedMap()
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else path
        raise SeedbedError(
            place, "a side of the merge is not YAML", "YAML", f"edit {path} by hand, `git add` it"
        ) from None


def _shown(value: Any) -> str:
    if value is MISSING:
        return "missing"
    if isinstance(value, dict):
        return f"a section with {', '.join(map(str, value))}"
    return f"`{list(value) if isinstance(value, list) else value}`"


def _merged(place: str, base: Any, ours: Any, theirs: Any, clashes: list[str]) -> Any:
    if _same(ours, theirs) or _same(base, theirs):
        return ours
    if _same(base, ours):
        return theirs
    if isinstance(ours, CommentedMap) and isinstance(theirs, CommentedMap):
        return _merged_maps(place, base, ours, theirs, clashes)
    if isinstance(ours, CommentedSeq) and isinstance(theirs, CommentedSeq):
        sides = (base if isinstance(base, CommentedSeq) else (), ours, theirs)
        named = [entries for entries in map(_by_name, sides) if entries is not None]
        if len(named) == len(sides):
            return _merged_lists(place, named, ours, clashes)
    clashes.append(f"{place}: {_shown(ours)} in ours, {_shown(theirs)} in theirs")
    return ours


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _merged_maps(
    place: str, base: Any, ours: CommentedMap, theirs: CommentedMap, clashes: list[str]
) -> CommentedMap:
    before = base if isinstance(base, CommentedMap) else {}
    inside = f"{place}." if place else ""
    for key, value in _changes(lambda key: f"{inside}{key}", before, ours, theirs, clashes):
        if value is MISSING:
            del ours[key]
            continue
        is_new = key not in ours
        ours[key] = copy.deepcopy(value)
        if is_new and key in theirs.ca.items:
            ours.ca.items[key] = copy.deepcopy(theirs.ca.items[key])
    return ours


def _changes(
    place_of: Callable[[str], str], base: Any, ours: Any, theirs: Any, clashes: list[str]
) -> Iterator[tuple[str, Any]]:
    """Yield each entry of ours that changes, by name, with its merged value."""
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        mine = ours.get(name, MISSING)
        before, other = base.get(name, MISSING), theirs.get(name, MISSING)
        value = _merged(place_of(name), before, mine, other, clashes)
        if value is not mine:
            yield name, value


def _by_name(entries: Iterable[Any]) -> dict[str, Any] | None:
    """Return the entries of a list by name; None if an entry has none, or two have the same.

    That is their `name` (of a source with its `batch`, since its batches share one name), the one
    key of `path: options`, or the text that the entry is.
    """
    by_name: dict[str, Any] = {}
    for entry in entries:
        name: Any = entry
        if isinstance(entry, CommentedMap):
            name = entry.get("name") or (next(iter(entry)) if len(entry) == 1 else None)
            if isinstance(name, str) and "batch" in entry:
                name = f"{name}, {entry['batch']}"
        if not isinstance(name, str) or name in by_name:
            return None
        by_name[name] = entry
    return by_name


def _merged_lists(
    place: str, named: list[dict[str, Any]], ours: CommentedSeq, clashes: list[str]
) -> CommentedSeq:
    base, mine, other = named
    for name, value in _changes(lambda name: f"{place}[{name}]", base, mine, other, clashes):
        if name not in mine:
            ours.append(copy.deepcopy(value))
            continue
        index = next(i for i, known in enumerate(ours) if known is mine[name])
        if value is MISSING:
            del ours[index]
        else:
            ours[index] = copy.deepcopy(value)
    return ours
