"""Which column of a new file holds what, where its name says so plainly."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seedbed.collecting.raw_rows import COLUMN_NAME
from seedbed.collecting.tables import SEPARATORS, Dialect, Record, Table, as_text, read_table
from seedbed.collecting.text_files import decode, read_file
from seedbed.core.errors import ArrivalError

# Names that mean one thing in tables of texts, in small letters; any other has to be said.
PLAIN = {
    "text": ("text", "body", "message", "content", "sentence", "utterance", "review"),
    "label": ("label", "class", "category", "intent", "target", "queue", "topic"),
    "id": ("id", "key", "uuid", "guid", "ticket_id", "row_id", "message_id"),
    "date": ("date", "created", "created_at", "timestamp", "datetime"),
}
OTHERS = (";", "\t", "|")


def look_at(path: Path, separator: str, encoding: str) -> tuple[Table, str]:
    """The table in a file, read for its columns, and the separator that it needs ("": its ending
    says it). Raises SourceError where it is no table."""
    file = read_file(path)
    if not separator and Path(file.name).suffix.lower() in SEPARATORS:
        separator = _separator(file.content, encoding)
    dialect = Dialect(separator)
    columns = read_table(file, path.as_posix(), (), dialect, encoding).columns
    wanted = [name for name in columns if name.casefold() in PLAIN["id"]]
    return read_table(file, path.as_posix(), wanted, dialect, encoding), separator


def _separator(content: bytes, encoding: str) -> str:
    """Another separator than the comma or tab, where the header holds that one alone."""
    try:
        header = decode(content[:65_536], encoding).text.split("\n", 1)[0]
    except UnicodeDecodeError:
        return ""
    found = [sign for sign in OTHERS if sign in header]
    return found[0] if len(found) == 1 and "," not in header else ""


def inferred(
    table: Table, said: Mapping[str, str], needs_label: bool, place: str
) -> dict[str, str]:
    """The columns by field: what was said, and what has a plain name.

    Raises ArrivalError where text or label stays open, or two columns could be the same.
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
            raise _open(field, found, table.columns, place)
    return columns


def names_rows(column: str, records: Sequence[Record]) -> bool:
    """Whether a column names each row for good: there in all, each once, and no mere count of the
    rows from 0 or 1, which would give other rows the same names in the next file."""
    try:
        values = [as_text(one.cells.get(column)) for one in records if not one.reason]
    except TypeError:
        return False
    counted = [[str(start + n) for n in range(len(values))] for start in (0, 1)]
    return all(values) and len(set(values)) == len(values) and values not in counted


def _open(field: str, found: Sequence[str], columns: Sequence[str], place: str) -> ArrivalError:
    shown = ", ".join(f"`{one}`" for one in columns[:20] if COLUMN_NAME.fullmatch(one))
    several = " and ".join(f"`{name}`" for name in found)
    more = " (or `--label NAME` for one label, or `--unlabelled`)" if field == "label" else ""
    return ArrivalError(
        place,
        f"{several} could be the {field}" if found else f"no column is plainly the {field}",
        f"one of its columns: {shown or 'none with a name'}",
        f"say which with `--{field}-column NAME`{more}",
    )
