"""How the file of a new batch is written, and what its entry has to say of that."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from seedbed.collecting.source import Source, WithTables
from seedbed.collecting.table_forms import ENDINGS, NOTHING_SAID, QUOTE, SEPARATORS, TableForm
from seedbed.collecting.tables import Table, read_table
from seedbed.collecting.text_files import PACKED, bare_name, packing_of, read_file

# Names that mean one thing in tables of texts, in small letters; any other has to be said.
PLAIN = {
    "text": ("text", "body", "message", "content", "sentence", "utterance", "review"),
    "label": ("label", "class", "category", "intent", "target", "queue", "topic"),
    "id": ("id", "key", "uuid", "guid", "ticket_id", "row_id", "message_id"),
    "date": ("date", "created", "created_at", "timestamp", "datetime"),
}


def form_before(name: str, sources: Sequence[Source]) -> TableForm:
    """How the last file of the source of this name is written; of "" the last file of any."""
    files = [one for one in sources if isinstance(one, WithTables)]
    named = [one for one in files if name in ("", one.name)]
    return named[-1].form if named else NOTHING_SAID


def stored_ending(path: Path, table: Table | None, is_url: bool) -> str:
    """The ending that says what the file is, and how it is packed; a folder has none. A sheet of a
    workbook is stored as CSV, which can be edited where someone has to be forgotten."""
    if not table:
        return ""
    if table.kind == "workbook":
        return path.suffix.lower() if is_url else ".csv"
    inner = PurePath(bare_name(path)).suffix.lower()
    if table.kind == "csv":
        inner = ".tsv" if table.form.separator == "\t" else ".csv"
    elif ENDINGS.get(inner) != table.kind:
        inner = f".{table.kind}"
    return inner + packing_of(path)


def look_at(path: Path, form: TableForm, before: TableForm = NOTHING_SAID) -> Table:
    """The table in a file and how it is written: as `form` says, else as its content shows, else as
    the batch before. Raises SourceError where it is no table."""
    file, place = read_file(path), path.as_posix()
    if form.header is None and before.header is False:
        columns = read_table(file, place, (), form, before).columns
        named = {name.casefold() for name in columns}
        form = form._replace(header=sum(map(named.isdisjoint, PLAIN.values())) < len(PLAIN) - 1)
    table = read_table(file, place, (), form, before)
    packed = packing_of(path)
    if table.kind == "parquet":  # columns have to be asked for
        table = read_table(file, place, table.columns, form, before)
    ending = path.suffix.lower()
    if ending in PACKED and ending != packed:
        found = f"packed as {packed}" if packed else "not packed"
        table = table._replace(
            notes=(*table.notes, f"{place} is {found}, whatever its ending says")
        )
    return table


def stored_form(table: Table, ending: str, said: TableForm) -> TableForm:
    """What an entry has to say of a table for it to be read as it was, from a file of this ending:
    what was said by a person, and what is not usual."""
    if table.kind == "workbook" and ending == ".csv":
        return TableForm(header=False if table.form.header is False else None)
    usual = TableForm("utf-8", SEPARATORS.get(ending, ","), QUOTE, "", True)
    parts = zip(TableForm._fields, table.form, usual, said, NOTHING_SAID, strict=True)
    left_open: dict[str, Any] = {
        name: nothing
        for name, value, one, by_person, nothing in parts
        if value == one and by_person == nothing
    }
    found = table.form._replace(**left_open)
    # Found again, whatever else the file holds: not all of these names are encodings.
    is_plain = not said.encoding and found.encoding.startswith(("utf-8", "utf-16", "utf-32"))
    return found._replace(encoding="") if is_plain else found


def other_form(table: Table) -> str:
    """What else may be wrong where a column is not found in CSV: the separator or, where no name of
    a column is a plain one, that the first line is a row."""
    if table.kind not in ("csv", "workbook"):
        return ""
    if len(table.columns) < 2:
        return (
            "; where another sign is between its cells: `--separator SIGN`; where its first line "
            "is a row: `--no-header`"
        )
    has_names = any(name.casefold() in names for name in table.columns for names in PLAIN.values())
    if has_names and table.form.header is not False:
        return ""
    rows = [list(record.cells.values()) for record in table.records if not record.reason]
    columns = [[str(cell) for cell in column] for column in zip(*rows, strict=True)]
    if not columns:
        return "; where its first line is a row: `--no-header`"
    text = max(range(len(columns)), key=lambda n: sum(map(len, columns[n])))
    others = [n for n in range(len(columns)) if n != text]
    label = min(others, key=lambda n: len(set(columns[n])))
    options = f"--text-column {text + 1} --label-column {label + 1}"
    if table.form.header is False:
        return f", such as `{options}`"
    return f"; where its first line is a row: `--no-header {options}`"
