"""The section `sources` of params.yaml, and the rows of all sources together: read in order,
checked, and written under the row contract."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from seedbed.collecting.conversations import Reading, tables_of
from seedbed.collecting.joining import joined, joined_by_key, labels_alike, note_on_empty
from seedbed.collecting.kinds import KINDS
from seedbed.collecting.label_cells import label_cells
from seedbed.collecting.raw_rows import CHOSEN, VERSIONS, RawRow, raw_rows, record_id, with_versions
from seedbed.collecting.source import Source
from seedbed.core.errors import ParamsError, SourceError
from seedbed.core.files import parse_yaml, read_text
from seedbed.core.labels import Unused, unmatched
from seedbed.core.metrics import Drop
from seedbed.core.params import Section, read_params, refusing, unknown_name, validated
from seedbed.core.reasons import Reason
from seedbed.core.stage import progress
from seedbed.tasks import Task

DVC = Path("dvc.yaml")
SHOWN, SHOWN_CHARS = 10, 100
NOTES_SHOWN = 3  # of one source


class CollectParams(Section):
    """params.yaml section `collect`."""

    labels: list[str]  # the classes that may be; empty: any. Another label is quarantined
    join_labels: bool = False  # labels that differ in form alone are one class
    max_row_chars: int = Field(ge=1, le=10**9)  # text and pair; a longer row is quarantined
    max_file_mb: int = Field(2000, ge=1, le=10**6)  # of one file, unpacked
    max_quarantine_share: float = Field(ge=0, le=1)  # of all rows read; more is an error
    not_personal: list[str] = []  # labels, meta values and names of files that only look so
    max_classes: int = Field(ge=2, le=10**6)  # more means that the label column is not one
    turns: Literal["all", "last"] = "all"  # of the assistant that are rows, in task answer


def read_sources() -> list[Source]:
    """Read the section `sources`, in the order (batch, name).

    Raises ParamsError if there is none, or for an entry that is wrong.
    """
    sources = read_entries()
    if not sources:
        raise ParamsError("params.yaml: sources", "no source", "one or more", "add one; see README")
    entries = Counter((source.name, source.batch) for source in sources)
    for (name, batch), times in entries.items():
        if times > 1:
            raise ParamsError(
                "params.yaml: sources",
                f"two are called `{name}` with the batch {batch}",
                "one name each, or one batch each under one name",
                "give the later one a batch of its own, or, if it is another source, a name",
            )
    return sorted(sources, key=lambda source: (source.batch, source.name))


def read_entries() -> list[Source]:
    """Read the entries in their order, which may be none. Raises ParamsError."""
    entries: Any = read_params("sources", object)
    checked = validated("sources", entries or [], list[dict[str, Any]])
    return [parse_source(entry) for entry in checked]


def parse_source(entry: Mapping[str, object]) -> Source:
    """Check an entry by the model of its kind.

    Raises ParamsError that names the source and the key; for an unknown kind it lists the kinds.
    """
    place = f"sources: {str(entry.get('name', 'an entry without a name'))[:SHOWN_CHARS]}"
    kind = str(entry.get("kind", ""))
    if kind not in KINDS:
        raise unknown_name(f"params.yaml: {place}: kind", kind, tuple(KINDS))
    source = validated(place, entry, KINDS[kind])
    with refusing(f"params.yaml: {place}", entry):
        for key, found, expected in source.problems():
            where = f"params.yaml: {place}: {key}"
            raise ParamsError(where, found, expected, "correct the source")
    return source


def check_declared(sources: Sequence[Source]) -> None:
    """Check that stage collect lists every path that it reads, or dvc.lock would not be honest.

    Raises SourceError with the lines to add.
    """
    if not DVC.exists():
        return
    content = parse_yaml(read_text(DVC), "dvc.yaml", SourceError) or {}
    stage = content.get("stages", {}).get("collect", {})
    listed = {Path(path) for path in stage.get("deps", [])}
    for source in sources:
        missing = [path for path in source.declared(listed) if path not in listed]
        if missing:
            raise SourceError(
                "dvc.yaml: stages: collect: deps",
                f"the source {source.name} is not listed",
                "every path that collect reads",
                "add under `deps:`" + "".join(f"\n      - {path.as_posix()}" for path in missing),
            )


def read_all(
    sources: Sequence[Source], params: CollectParams, task: Task, reading: Reading | None = None
) -> tuple[list[RawRow], Counter[str], list[str]]:
    """Every raw row in the order (batch, source, file, line), versions that do not count with
    their reason, the files by encoding, and notes on how they were read."""
    rows: list[RawRow] = []
    labels = frozenset() if params.join_labels else frozenset(params.labels)
    encodings: Counter[str] = Counter()
    notes: list[str] = []
    reading = reading or read_reading(params, task)
    for source in sources:
        before = len(rows)
        told: list[str] = []
        source.at_most(params.max_file_mb * 10**6)
        for read_as, table in progress(tables_of(source, task, reading), source.name):
            cells = label_cells(read_as, table, task)
            rows += raw_rows(cells, table, labels, params.max_row_chars)
            encodings[table.table.encoding or "binary"] += 1
            told += [*table.table.notes, *filter(None, [cells.note])]
        rows[before:], joins = joined_by_key(rows[before:], task)
        told += filter(None, [joins, note_on_empty(rows[before:], source, task)])
        more = len(told) - NOTES_SHOWN
        notes += told[:NOTES_SHOWN] + ([f"and {more:,} more like these"] if more > 0 else [])
        _check_keys(rows[before:])
    if params.join_labels:
        rows = joined(rows, labels_alike(rows, params.labels, task), params.labels, task)
    return with_versions(rows), encodings, notes


def read_reading(params: CollectParams, task: Task) -> Reading:
    """Return how conversations become rows, as params.yaml says. Raises ParamsError."""
    is_chat = task.TARGET == "answer"
    return Reading(params.turns, read_params("negatives.answer", str) if is_chat else "")


def unused_entries(
    rows: Sequence[RawRow], sources: Sequence[Source], labels: Sequence[str], task: Task
) -> Unused:
    """What of the sources, their label maps and the list of labels no row has. A map that goes on
    over batches counts once."""
    used = {(row.source, entry) for row in rows for entry in row.entries}
    found: dict[str, set[str]] = defaultdict(set)  # labels that no map has touched
    for row in rows:
        if not row.entries:
            found[row.source].update(task.members(row.label))
    known = task.classes(row.label for row in rows if not row.reason)
    maps: dict[str, dict[str, None]] = {}
    for source in sources:
        maps.setdefault(source.name, {}).update(dict.fromkeys(source.label_map))
    unused: Unused = {}
    for name, entries in maps.items():
        mine = {entry for source, entry in used if source == name}
        unused |= unmatched(f"sources: {name}: label_map", entries, mine, found[name])
    unused |= unmatched("collect.labels", labels, known)
    unused |= unmatched("sources", maps, {row.source for row in rows if not row.reason})
    for source in sources:
        unused |= unmatched(f"sources: {source.name}", source.idle_keys(), ())
    return unused


def _check_keys(rows: Sequence[RawRow]) -> None:
    """The rows of one batch of a source. The key is not shown: it may be a name or an address."""
    first: dict[str, RawRow] = {}
    for row in rows:
        if row.key and (other := first.setdefault(row.key, row)) is not row:
            raise SourceError(
                f"{row.file}:{row.line}",
                f"this row has the id of {other.file}:{other.line}",
                f"each id once in a batch of the source {row.source}",
                "delete one of the two, or name another column as `id`",
            )


def check_quarantine(bad: Sequence[RawRow], read: int, max_share: float) -> None:
    """Raise SourceError, with the first ten bad rows and what mends most of them, where more than
    `max_share` are bad."""
    if len(bad) <= max_share * read:
        return
    first = "".join(f"\n  {row.file}:{row.line} {row.reason}" for row in bad[:SHOWN])
    repair = Reason(Counter(row.reason for row in bad).most_common(1)[0][0]).repair
    raise SourceError(
        "params.yaml: sources",
        f"{len(bad)} of {read} rows cannot be used, the first of them:{first}\n",
        f"at most collect.max_quarantine_share, {max_share:.2%}",
        f"correct the rows or the source: {repair}",
    )


def check_usable(
    sources: Sequence[Source], rows: Sequence[RawRow], max_classes: int, task: Task
) -> None:
    """Raise SourceError on a source without a usable row, one class only, or far too many. A
    version that does not count is usable: a later batch may send all records anew."""
    kept = [row for row in rows if row.reason in ("", *VERSIONS)]
    usable = {(row.source, row.batch) for row in kept}
    for source in sources:
        if (source.name, source.batch) not in usable:
            raise SourceError(
                f"params.yaml: sources: {source.name}",
                "no usable row",
                "at least one row that is neither quarantined nor dropped",
                "see its rows and `label_map`, or delete the source",
            )
    classes = task.classes({row.label for row in kept})
    found = task.nothing_to_learn({getattr(row, task.TARGET) for row in kept})
    if found or len(classes) > max_classes:
        is_label = task.TARGET == "label"
        raise SourceError(
            "params.yaml: sources",
            f"{found or f'{len(classes)} classes'} in all sources together",
            f"{'2 to' if is_label else 'two answers, in at most'} {max_classes} classes "
            "(collect.max_classes)",
            "correct `label`, `columns.label` or `label_map`, or add a source",
        )


def drops_of(rows: Iterable[RawRow], key: bytes) -> list[Drop]:
    """The rows that are dropped; of a version that does not count the record is the cause."""
    return [
        Drop(row.id, row.reason, record_id(row, key) if row.reason in VERSIONS else "")
        for row in rows
        if row.reason in CHOSEN
    ]
