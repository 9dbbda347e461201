"""What a person says of a new batch on the command line."""

from typing import Literal, NamedTuple

Negative = Literal["", "in_domain", "general"]


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
