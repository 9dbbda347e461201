"""How a table is written: what was said of it, and what its content shows of the rest."""

from typing import NamedTuple


class TableForm(NamedTuple):
    """How a table is written. "" and None: nothing was said, and the content decides."""

    encoding: str = ""  # of the text
    separator: str = ""  # of CSV
    quote: str | None = None  # of CSV; "": quotes are characters like any other
    escape: str | None = None  # of CSV: the character before a quote that belongs to the text
    header: bool | None = None  # False: the first line is a row, columns are called "1", "2" ...
    sheet: str = ""  # of a workbook
