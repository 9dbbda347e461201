"""The entry of `sources:` that a new batch gets: as its source's last one, or as its file says, and
as a person said of its options, columns and labels."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from seedbed.arrivals.columns import choose_conversations, choose_labels, inferred
from seedbed.arrivals.date_column import choose_dates
from seedbed.arrivals.file_form import (
    PLAIN,
    form_before,
    look_at,
    stored_ending,
    stored_form,
)
from seedbed.collecting import tables
from seedbed.collecting.collection import parse_source
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.raw_rows import RawRow
from seedbed.collecting.source import Source, WithTables
from seedbed.collecting.table_forms import NOTHING_SAID, TableForm
from seedbed.core.errors import ParamsError, SeedbedError
from seedbed.core.labels import (
    Unused,
    alike,
    in_line,
    map_option,
    nearest,
    option,
    shown,
    unmatched,
)
from seedbed.core.params import read_params
from seedbed.tasks import Task

RAW = Path("data/raw")
SAID = ("date", "label", "negative", "unlabelled", "pattern", "outside", "empty_label")
OWN = ("path", "batch", "date", "outside")  # what a batch does not take from the one before it
SHOWN = 10

Negative = Literal["", "in_domain", "general"]
Entry = dict[str, object]  # keys and values as params.yaml has them; each kind has keys of its own


class Asked(NamedTuple):
    """A file or folder and what was said of it; "" where nothing was said."""

    path: str
    source: str = ""  # its name: part of every keyed id
    batch: str = ""
    date: str = ""  # of rows without a date of their own
    licence: str = ""
    # Which column is text, text_pair, label, id, date, group; "": none.
    columns: dict[str, str] = {}
    meta: tuple[str, ...] = ()
    label: str = ""  # one for every row
    label_separator: str | None = None  # of labels in a cell
    empty_label: str = ""  # what a cell without labels means: none or missing
    label_map: dict[str, str | None] = {}
    new_labels: tuple[str, ...] = ()  # labels that may be new classes
    negative: Negative = ""
    unlabelled: bool = False
    form: TableForm = TableForm()
    pattern: str = ""  # which files of a folder are rows
    date_format: str = ""  # of the date column
    is_url: bool = False  # fetched, and kept as it is
    outside: bool = False  # data/raw may be a link out of the repository


class Arrival(NamedTuple):
    """The entry of a new file or folder, what `add` reports of guesses, and how the file, if it
    is one, is written."""

    entry: Entry
    notes: list[str]
    form: TableForm | None


def entry_for(asked: Asked, sources: Sequence[Source], today: str, task: Task) -> Arrival:
    """The entry for the file or folder at `asked.path`, with its place below data/raw.

    It takes after the last batch of its source, or, where no source is named, after the last one
    that its columns fit. `today`: YYYY-MM-DD. Raises SeedbedError where something must be said.
    """
    path = Path(asked.path)
    if not path.exists():
        raise SeedbedError(str(path), "no such file or folder", "a table or a folder", "correct it")
    kind = next((name for name, kind in KINDS.items() if kind.takes(path)), "file")
    is_file = kind == "file"
    table = look_at(path, asked.form, form_before(asked.source, sources)) if is_file else None
    before = _before(asked, sources, kind, table.columns if table else None, task)
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
    said = asked._asdict()
    entry |= {key: said[key] for key in SAID if said[key]}
    ending = stored_ending(path, table, asked.is_url)
    if table:
        form = stored_form(table, ending, asked.form)
        entry = {key: value for key, value in entry.items() if key not in form._fields}
        pairs = zip(form._fields, form, NOTHING_SAID, strict=True)
        entry |= {key: value for key, value, nothing in pairs if value != nothing}
    elif asked.form.encoding:
        entry["encoding"] = asked.form.encoding
    if asked.label_map:
        entry["label_map"] = {**entry.get("label_map", {}), **asked.label_map}
    notes = [] if table is None else list(table.notes)
    if table:
        entry["columns"], more = _columns(asked, table, entry, alike, task)
        more += choose_labels(entry, table, task, asked.label_separator, asked.path)
        said = {"column": asked.columns.get("date", ""), "format": asked.date_format}
        notes += more + choose_dates(entry, table.records, said, date.fromisoformat(today))
    elif asked.date_format:
        entry["date_format"] = asked.date_format
    entry["licence"] = asked.licence or (before.licence if before else "")
    if not entry["licence"]:
        expected = "what the texts may be used for"
        raise SeedbedError(asked.path, "the licence is missing", expected, "add `--licence L`")
    entry["batch"] = _batch(asked, {one.batch for one in sources}, f"{today}-{name}")
    entry["path"] = (RAW / (entry["batch"] + ending)).as_posix()
    return Arrival(entry, notes, table.form._replace(encoding=form.encoding) if table else None)


def _columns(
    asked: Asked, table: tables.Table, entry: Entry, alike: Source | None, task: Task
) -> tuple[dict[str, Any], list[str]]:
    """Which column is what, as in the batch before or as their names say, and notes on that. Names
    of a batch that had a header say nothing of one that has none, nor the other way round."""
    notes: list[str] = []
    has_header = isinstance(alike, WithTables) and alike.header
    if alike and has_header == (table.form.header is not False):
        before = cast(dict[str, Any], entry.get("columns", {}))
        columns = {field: name for field, name in {**before, **asked.columns}.items() if name}
        if entry.get("date_guessed") and columns.get("date") not in table.columns:
            columns.pop("date", "")
    else:
        needs_label = not (entry.get("label") or entry.get("unlabelled"))
        said = asked.columns
        if task.TARGET == "answer":
            lacks_answers = bool(entry.get("unlabelled") or entry.get("negative"))
            said, notes = choose_conversations(
                said, table, asked.path, not needs_label, lacks_answers
            )
        columns = {**inferred(table, said, needs_label, asked.path, task)}
        entry["date_guessed"] = True
        notes += [
            f"`{name}` could be the date, too: `--date-column {name}` takes it"
            for name in table.columns
            if name.casefold() in PLAIN["date"] and "date" not in asked.columns
            if name not in columns.values()
        ]
    if asked.meta:
        columns["meta"] = list(asked.meta)
    return columns, notes


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
    asked: Asked, sources: Sequence[Source], kind: str, columns: Sequence[str] | None, task: Task
) -> Source | None:
    """The entry that the new one takes after."""
    if asked.source:
        named = [source for source in reversed(sources) if source.name == asked.source]
        return next((source for source in named if source.kind == kind), next(iter(named), None))
    if asked.negative or asked.unlabelled or asked.label:
        return None  # another kind of rows: it needs a name of its own
    for source in reversed(sources):
        is_special = source.negative or source.unlabelled or source.label
        wanted = source.wanted
        if task.TARGET == "answer":  # where nothing is named, content alone shows what a file is
            wanted = source.named or [""]
        has_columns = all(tables.named_by([name], columns or [name]) for name in wanted)
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


def check_labels(
    rows: Sequence[RawRow],
    classes: Counter[str],
    asked: Asked,
    listed: list[str],
    negative: str,
    task: Task,
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
    usable = [name for row in rows if not row.reason for name in task.members(row.label)]
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


def unused_options(
    rows: Sequence[RawRow], asked: Asked, classes: Collection[str], task: Task
) -> Unused:
    """Options that no row of the batch has, and params of prompts that name no class."""
    found = task.classes(row.label for row in rows if not row.entries)
    entries = {entry for row in rows for entry in row.entries}
    unused = unmatched("--map", asked.label_map, entries, found)
    labels = task.classes(row.label for row in rows)
    unused |= unmatched("--new-label", asked.new_labels, labels, found)
    prompt: Any = read_params("approaches", object)
    prompt = prompt.get("prompt", {})
    is_read = prompt.get("run") and task.TARGET == "label"
    for key in ("descriptions", "words") if is_read else ():
        place = f"approaches.prompt.{key} (finetune stops there)"
        unused |= unmatched(place, prompt.get(key) or (), classes)
    return unused
