"""The entry of `sources:` that a new batch gets: as its source's last one, or as its file says."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from seedbed.arrivals.contents import Asked, inferred, look_at
from seedbed.collecting.collection import parse_source
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.source import Source
from seedbed.collecting.tables import ENDINGS
from seedbed.collecting.text_files import PACKED
from seedbed.core.errors import ArrivalError, ParamsError

RAW = Path("data/raw")
OWN = ("path", "batch", "date")  # what a batch does not take from the one before it


def entry_for(asked: Asked, sources: Sequence[Source], today: str) -> dict[str, Any]:
    """The entry for the file or folder at `asked.path`, with its place below data/raw.

    It takes after the last batch of its source, or, where no source is named, after the last one
    that its columns fit. `today`: YYYY-MM-DD. Raises ArrivalError where something must be said.
    """
    path = Path(asked.path)
    kind = _kind(path)
    table, separator = (None, "")
    if kind == "file":
        table, separator = look_at(path, asked.separator, asked.encoding)
    columns = table.columns if table else None
    before = _before(asked, sources, kind, columns)
    entry: dict[str, Any] = {"name": asked.source or (before.name if before else ""), "kind": kind}
    entry["path"] = ""
    entry["batch"] = ""
    if before and before.kind == kind:
        taken = before.model_dump(exclude_unset=True)
        entry |= {key: value for key, value in taken.items() if key not in {*entry, *OWN}}
    if not entry["name"]:
        raise _unnamed(asked, sources)
    _say(entry, asked, separator)
    if table:
        _set_columns(entry, asked, table, before if before and before.kind == kind else None)
    entry["licence"] = asked.licence or (before.licence if before else "")
    if not entry["licence"]:
        raise ArrivalError(
            asked.path,
            "the licence is missing",
            "what the texts may be used for",
            "add `--licence L`",
        )
    entry["batch"] = _batch(asked, sources, entry["name"], today)
    entry["path"] = (RAW / (entry["batch"] + _ending(path))).as_posix()
    return entry


def as_source(entry: dict[str, Any], place: str) -> Source:
    """Check the entry as params.yaml will be checked. Raises ArrivalError."""
    try:
        return parse_source(entry)
    except ParamsError as error:
        key = error.place.removeprefix("params.yaml: sources: ")
        raise ArrivalError(
            place, f"{key}: {error.found}", error.expected, "change that option, see --help"
        ) from None


def _kind(path: Path) -> str:
    if not path.exists():
        raise ArrivalError(str(path), "no such file or folder", "a table or a folder", "correct it")
    return next(name for name, kind in KINDS.items() if kind.takes(path))


def _before(
    asked: Asked, sources: Sequence[Source], kind: str, columns: Sequence[str] | None
) -> Source | None:
    """The entry that the new one takes after."""
    if asked.source:
        named = [source for source in reversed(sources) if source.name == asked.source]
        return next((source for source in named if source.kind == kind), next(iter(named), None))
    if asked.negative or asked.unlabelled or asked.label:
        return None  # another kind of rows: it needs a name of its own
    for source in reversed(sources):
        is_special = source.negative or source.unlabelled or source.label
        has_columns = set(source.wanted) <= set(columns or source.wanted)
        if source.kind == kind and not is_special and has_columns:
            return source
    return None


def _unnamed(asked: Asked, sources: Sequence[Source]) -> ArrivalError:
    known = ", ".join(dict.fromkeys(one.name for one in sources))
    return ArrivalError(
        asked.path,
        "no source of this shape is there yet",
        "a name for it, which is part of its rows' ids for good",
        f"add `--source NAME`, a new one{f' or one of: {known}' if known else ''}",
    )


def _say(entry: dict[str, Any], asked: Asked, separator: str) -> None:
    """Put in what was said on the command line."""
    said = {
        "date": asked.date, "label": asked.label, "negative": asked.negative,
        "unlabelled": asked.unlabelled, "separator": separator, "encoding": asked.encoding,
        "pattern": asked.pattern,
    }  # fmt: skip
    entry |= {key: value for key, value in said.items() if value}
    if asked.label_map:
        entry["label_map"] = {**entry.get("label_map", {}), **asked.label_map}


def _set_columns(entry: dict[str, Any], asked: Asked, table: Any, before: Source | None) -> None:
    """Columns as said, as in the batch before, or by their plain names."""
    needs_label = not (entry.get("label") or entry.get("unlabelled"))
    if before:
        columns = {**entry.get("columns", {}), **asked.columns}
    else:
        columns = inferred(table, asked.columns, needs_label, asked.path)
    if asked.meta:
        columns["meta"] = list(asked.meta)
    if columns:
        entry["columns"] = columns


def _batch(asked: Asked, sources: Sequence[Source], name: str, today: str) -> str:
    """The name of the batch, which no other has: batches are immutable."""
    taken = {one.batch for one in sources}
    if asked.batch:
        if asked.batch in taken:
            raise ArrivalError(
                f"batch {asked.batch}",
                "this batch already exists",
                "a name of its own, since a batch never changes",
                "name another `--batch`; single labels are corrected by `seedbed review`, and "
                "records with a key of their own by sending them in a new batch",
            )
        return asked.batch
    first = f"{today}-{name}"
    return next(one for n in range(1, 1000) if (one := f"{first}-{n}" if n > 1 else first)
                not in taken)  # fmt: skip


def _ending(path: Path) -> str:
    """What the file's name must keep: how it is packed, and what it is."""
    if path.is_dir():
        return ""
    packed = path.suffix.lower() if path.suffix.lower() in PACKED else ""
    inner = PurePath(path.stem if packed else path.name).suffix.lower()
    return (inner if inner in ENDINGS else "") + packed
