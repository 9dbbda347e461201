"""What `seedbed diff --format json` prints: everything, complete, in lists sorted by row id.

as_json(changes: Changes, rows: int | None = None) -> dict
"""

from typing import Any

from pydantic import BaseModel

from seedbed.versions.changes import Changes


def as_json(changes: Changes, rows: int | None = None) -> dict[str, Any]:
    """`rows`: entries of each list at most; `left_out` counts the others."""
    found = changes.rows
    lists = {name: part for name, part in found._asdict().items() if isinstance(part, list)}
    cut = {name: part[:rows] for name, part in lists.items()}
    left_out = {name: len(part) - len(cut[name]) for name, part in lists.items()}
    return {
        "base": changes.base,
        "head": changes.head,
        "alarms": found.alarms,
        "notes": changes.notes,
        "counts": {name: len(part) for name, part in lists.items()},
        "rows": {
            label: {side: _pair(pair) for side, pair in by_side.items()}
            for label, by_side in found.rows.items()
        },
        "batches": {name: _pair(pair) for name, pair in found.batches.items()},
        "stages": {name: _pair(pair) for name, pair in found.stages.items()},
        "params": [one._asdict() for one in changes.params],
        "code": changes.code,
        "drift": _plain(changes.drift),
        "changes": {
            name: [_with_text(_plain(one), changes) for one in part] for name, part in cut.items()
        },
        "left_out": {name: number for name, number in left_out.items() if number},
    }


def _pair(pair: tuple[Any, Any]) -> dict[str, Any]:
    return {"before": pair[0], "after": pair[1]}


def _plain(value: Any) -> Any:
    """Named tuples as dicts, all the way down."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if hasattr(value, "_asdict"):
        return {name: _plain(inner) for name, inner in value._asdict().items()}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _with_text(entry: Any, changes: Changes) -> Any:
    if isinstance(entry, dict):
        if entry["id"] in changes.texts:
            entry["text"] = changes.texts[entry["id"]]
        if entry["id"] in changes.texts_before:
            entry["text_before"] = changes.texts_before[entry["id"]]
    return entry
