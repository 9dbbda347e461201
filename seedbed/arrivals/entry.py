"""The entry of `sources:` that a new batch gets: as its source's last one, or as its file says, and
as a person said of its options, columns and labels."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePath
from typing import Any, Literal, NamedTuple

from seedbed.collecting import tables
from seedbed.collecting.collection import parse_source
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.raw_rows import COLUMN_NAME, RawRow
from seedbed.collecting.source import Source
from seedbed.collecting.text_files import PACKED, SAMPLE, decode, read_file
from seedbed.core.errors import ParamsError, SeedbedError
from seedbed.core.labels import alike, in_line, map_option, nearest, option, shown

RAW = Path("data/raw")
SAID = ("date", "label", "negative", "unlabelled", "separator", "encoding", "pattern")
OWN = ("path", "batch", "date")  # what a batch does not take from the one before it
SHOWN = 10
# Names that mean one thing in tables of texts, in small letters; any other has to be said.
PLAIN = {
    "text": ("text", "body", "message", "content", "sentence", "utterance", "review"),
    "label": ("label", "class", "category", "intent", "target", "queue", "topic"),
    "id": ("id", "key", "uuid", "guid", "ticket_id", "row_id", "message_id"),
    "date": ("date", "created", "created_at", "timestamp", "datetime"),
}

Negative = Literal["", "in_domain", "general"]
Entry = dict[str, object]  # keys and values as params.yaml has them; each kind has keys of its own


class Asked(NamedTuple):
    """A file or folder and what was said of it; "" where nothing was said."""

    path: str
    source: str = ""  # its name: part of every keyed id
    batch: str = ""
    date: str = ""  # of rows without a date of their own
    licence: str = ""
    columns: dict[str, str] = {}  # which column is text, text_pair, label, id, date, group
    meta: tuple[str, ...] = ()
    label: str = ""  # one for every row
    label_map: dict[str, str | None] = {}
    new_labels: tuple[str, ...] = ()  # labels that may be new classes
    negative: Negative = ""
    unlabelled: bool = False
    separator: str = ""
    encoding: str = ""
    pattern: str = ""  # which files of a folder are rows


def entry_for(asked: Asked, sources: Sequence[Source], today: str) -> Entry:
    """The entry for the file or folder at `asked.path`, with its place below data/raw.

    It takes after the last batch of its source, or, where no source is named, after the last one
    that its columns fit. `today`: YYYY-MM-DD. Raises SeedbedError where something must be said.
    """
    path = Path(asked.path)
    if not path.exists():
        raise SeedbedError(str(path), "no such file or folder", "a table or a folder", "correct it")
    kind = next(name for name, kind in KINDS.items() if kind.takes(path))
    is_file = kind == "file"
    table, separator = look_at(path, asked.separator, asked.encoding) if is_file else (None, "")
    before = _before(asked, sources, kind, table.columns if table else None)
    name = asked.source or (before.name if before else "")
    entry: dict[str, Any] = {"name": name, "kind": kind, "path": "", "batch": ""}
    alike = before if before and before.kind == kind else None
    if alike:
        entry |= alike.model_dump(exclude_unset=True, exclude={*entry, *OWN})
    if not name:
        known = ", ".join(dict.fromkeys(one.name for one in sources))
        raise SeedbedError(
            asked.path,
            "no source of this shape is there yet",
            "a name for it, which is part of its rows' ids for good",
            f"add `--source NAME`, a new one{f' or one of: {known}' if known else ''}",
        )
    said = asked._replace(separator=separator)._asdict()
    entry |= {key: said[key] for key in SAID if said[key]}
    if asked.label_map:
        entry["label_map"] = {**entry.get("label_map", {}), **asked.label_map}
    columns: dict[str, Any] = {}
    if table and alike:
        columns = {**entry.get("columns", {}), **asked.columns}
    elif table:
        needs_label = not (entry.get("label") or entry.get("unlabelled"))
        columns = {**inferred(table, asked.columns, needs_label, asked.path)}
    if table and asked.meta:
        columns["meta"] = list(asked.meta)
    if columns:
        entry["columns"] = columns
    entry["licence"] = asked.licence or (before.licence if before else "")
    if not entry["licence"]:
        expected = "what the texts may be used for"
        raise SeedbedError(asked.path, "the licence is missing", expected, "add `--licence L`")
    entry["batch"] = _batch(asked, {one.batch for one in sources}, f"{today}-{name}")
    entry["path"] = (RAW / (entry["batch"] + _ending(path))).as_posix()
    return entry


def as_source(entry: Entry, place: str) -> Source:
    """Check the entry as params.yaml will be checked. Raises SeedbedError."""
    try:
        return parse_source(entry)
    except ParamsError as error:
        key = error.place.removeprefix("params.yaml: sources: ")
        raise SeedbedError(
            place, f"{key}: {error.found}", error.expected, "change that option, see --help"
        ) from None


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


def _batch(asked: Asked, taken: set[str], first: str) -> str:
    """The name of the batch, which no other has: batches are immutable."""
    if not asked.batch:
        names = (first if number == 1 else f"{first}-{number}" for number in count(1))
        return next(name for name in names if name not in taken)
    if asked.batch in taken:
        raise SeedbedError(
            f"batch {asked.batch}",
            "this batch already exists",
            "a name of its own, since a batch never changes",
            "name another `--batch`; single labels are corrected by `seedbed review`, and "
            "records with a key of their own by sending them in a new batch",
        )
    return asked.batch


def _ending(path: Path) -> str:
    """What the file's name must keep: how it is packed, and what it is."""
    if path.is_dir():
        return ""
    packed = path.suffix.lower() if path.suffix.lower() in PACKED else ""
    inner = PurePath(path.stem if packed else path.name).suffix.lower()
    return (inner if inner in tables.ENDINGS else "") + packed


def look_at(path: Path, separator: str, encoding: str) -> tuple[tables.Table, str]:
    """The table in a file, read for its columns, and the separator that it needs ("": its ending
    says it). Raises SourceError where it is no table."""
    file = read_file(path)
    if not separator and Path(file.name).suffix.lower() in tables.SEPARATORS:
        with suppress(UnicodeDecodeError):
            start = decode(file.content[:SAMPLE], encoding).text
            separator = tables.found_separator(start.split("\n", 1)[0])
    dialect = tables.Dialect(separator)
    columns = tables.read_table(file, path.as_posix(), (), dialect, encoding).columns
    wanted = [name for name in columns if name.casefold() in PLAIN["id"]]
    return tables.read_table(file, path.as_posix(), wanted, dialect, encoding), separator


def inferred(
    table: tables.Table, said: Mapping[str, str], needs_label: bool, place: str
) -> dict[str, str]:
    """The columns by field: what was said, and what has a plain name.

    Raises SeedbedError where text or label stays open, or two columns could be the same.
    """
    columns = {field: name for field, name in said.items() if name}
    for field in PLAIN:
        if field in columns or (field == "label" and not needs_label):
            continue
        free = [name for name in table.columns if name not in columns.values()]
        found = [name for name in free if name.casefold() in PLAIN[field]]
        if field == "id":
            found = [name for name in found if names_rows(name, table.records)]
        if len(found) == 1:
            columns[field] = found[0]
        elif found or field in ("text", "label"):
            named = [f"`{one}`" for one in table.columns[:20] if COLUMN_NAME.fullmatch(one)]
            several = " and ".join(f"`{name}`" for name in found)
            more = " (or `--label NAME` for one label, or `--unlabelled`)"
            raise SeedbedError(
                place,
                f"{several} could be the {field}" if found else f"no column is plainly the {field}",
                f"one of its columns: {', '.join(named) or 'none with a name'}",
                f"say which with `--{field}-column NAME`{more if field == 'label' else ''}",
            )
    return columns


def names_rows(column: str, records: Sequence[tables.Record]) -> bool:
    """Whether a column names each row for good: there in all, each once, and no mere count of the
    rows from 0 or 1, which would give other rows the same names in the next file."""
    try:
        values = [tables.as_text(one.cells.get(column)) for one in records if not one.reason]
    except TypeError:
        return False
    counted = [[str(start + n) for n in range(len(values))] for start in (0, 1)]
    return all(values) and len(set(values)) == len(values) and values not in counted


def check_labels(
    rows: Sequence[RawRow], classes: Counter[str], asked: Asked, listed: list[str], negative: str
) -> None:
    """Raise SeedbedError where labels are new and nobody said so.

    `classes`: those there are. `listed`: `collect.labels`; what these lack goes to quarantine.
    `negative`: the label of rows without a right answer, which a batch of negatives may bring.
    """
    if late := [one for one in asked.new_labels if listed and one not in listed]:
        raise SeedbedError(
            "params.yaml: collect.labels", f"`{shown(late[0])}` is not listed",
            "every class that may be", "add it there first; a class is a decision for everyone",
        )  # fmt: skip
    if listed or not classes:
        return
    known = {*classes, *asked.new_labels, *([negative] if asked.negative else [])}
    usable = [row.label for row in rows if row.label and not row.reason]
    found = Counter(label for label in usable if label not in known)
    if not found:
        return
    forms = alike(classes + found, known)
    joins = join_options({old: new for old, new in forms.items() if old in found})
    first = min(found, key=lambda label: (label in forms, label))
    steps = [
        f"`{map_option(first, 'CLASS')}` renames them, `{map_option(first, '')}` drops their rows, "
        f"`{option('--new-label', first)}` makes a class of them"
    ]
    if joins:
        steps.insert(0, f"join those that differ in form alone by {joins}")
    if negative in found:
        steps.append(
            f"rows without a right answer are a source of their own: `seedbed add FILE --source "
            f"NAME {option('--label', negative)} --negative in_domain`"
        )
    raise SeedbedError(
        asked.path,
        f"{in_rows(found.total())} with labels that the dataset has not: {_in_words(found, known)}",
        f"one of {in_line(sorted(classes))}",
        "; ".join(steps),
    )


def join_options(forms: Mapping[str, str]) -> str:
    """The options that give labels the names of those that they differ from in form alone, the
    first of many."""
    options = [map_option(old, new) for old, new in sorted(forms.items())[:SHOWN]]
    more = f", and {len(forms) - SHOWN:,} more" if len(forms) > SHOWN else ""
    return f"`{' '.join(options)}`{more}" if options else ""


def _in_words(found: Counter[str], known: set[str]) -> str:
    """Labels with their counts and the known label that each looks like."""
    parts = []
    for label, rows in sorted(found.items(), key=lambda one: (-one[1], one[0]))[:SHOWN]:
        near = nearest(label, known)
        parts.append(f"{shown(label)} ({rows:,}{f', near {shown(near)}' if near else ''})")
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(parts) + more


def in_rows(number: int) -> str:
    """1 row, 2 rows."""
    return "1 row" if number == 1 else f"{number:,} rows"
