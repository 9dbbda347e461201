"""A source: what every entry of `sources:` in params.yaml has, whatever its kind.

Each kind is one file of `seedbed/collecting/kinds`, with a class that extends Source by its own
keys and says how its rows are read, which paths dvc.yaml has to list, which files `seedbed forget`
edits, and what `seedbed add` makes an entry of.
"""

import datetime
import os
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import Field, PrivateAttr, field_validator

from seedbed.collecting import dates
from seedbed.collecting.source_files import table_files, text_files
from seedbed.collecting.streams import StreamedTable, stream_table
from seedbed.collecting.table_forms import TableForm
from seedbed.collecting.tables import Record, Table
from seedbed.collecting.text_files import MAX_BYTES, is_encoding, read_file, text_of
from seedbed.core.errors import SourceError
from seedbed.core.files import is_inside
from seedbed.core.params import Section
from seedbed.core.reasons import Reason
from seedbed.core.rows import SIDES
from seedbed.core.text_units import for_terminal

SAVED_DATASET = ("dataset_dict.json", "state.json")  # what `save_to_disk` writes to a folder

INSIDE = "a path that stays inside, or `outside: true` in the entry"
DVC_OBJECT = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}(\.dir/.*)?$")

Problem = tuple[str, str, str]  # a key, what it has, what was expected

# Columns of a table of answers that conversations were unfolded to; no file has such names.
QUESTION, ANSWER, CONTEXT = "\0question", "\0answer", "\0context"
KEY, GROUP, REASON = "\0key", "\0group", "\0reason"


def stays_inside(path: Path, folder: Path = Path()) -> bool:
    """Whether a path stays in a folder once links are followed. DVC's cache may lie elsewhere, and
    links into it are its own."""
    is_dvc = path.is_symlink() and bool(DVC_OBJECT.search(path.resolve().as_posix()))
    return is_dvc or is_inside(path, folder)


class Columns(Section):
    """Which column of the source holds what. Text folders have the columns text, label, path."""

    text: str = Field(default="text", min_length=1)
    text_pair: str = ""  # second text of a pair task
    # In task answer, where the content does not show them: conversations, a list of messages; or
    # the answer to the question in `text`, and what the assistant is given besides.
    messages: str = ""
    answer: str = ""
    context: str = ""
    # In task labels also columns of 0 and 1, one a label, or the prefix of their names: topic_*
    label: str | list[str] = "label"
    id: str = ""  # the source's own key: the row keeps its id when its text or label changes
    date: str = ""  # a day, written as `date_format` says
    group: str = ""  # author, thread, customer: rows of one group share a side
    split: str = ""  # the side that the source itself gives: train, validation, test
    meta: list[str] = []  # columns that are safe to keep as they are; they leave the private zone


class SourceTable(NamedTuple):
    """The rows of one file: its name in provenance, the SHA-256 of its bytes, its table."""

    file: str
    sha256: str
    table: Table | StreamedTable


class RawWay(NamedTuple):
    """A file that holds rows of a source, and how to read it: as a table, as a text that is one
    row, or else by its ending."""

    path: Path
    form: TableForm = TableForm()
    is_text: bool = False
    is_table: bool = False


class Source(Section, ABC):
    """The keys that entries of every kind have."""

    # Part of every id: never rename it. A continued source has an entry per batch under one name.
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    kind: str
    path: str = Field(min_length=1)
    outside: bool = False  # the path may lead out of the repository; the report shows an alarm
    batch: str = Field(pattern=r"^\d{4}-\d{2}[A-Za-z0-9._-]*$")  # one arrival; starts with a date
    licence: str = Field(min_length=1)  # what the texts may be used for, as the source states it
    date: str = ""  # YYYY-MM-DD, of rows without a date of their own
    # How the date column is written, if not as ISO 8601 or with months by name: day_first,
    # month_first, year_first, epoch, excel, or a strptime format such as %d/%m/%y.
    date_format: str = ""
    # The date column was chosen by its name: a cell that is no date leaves its row without a date.
    date_guessed: bool = False
    columns: Columns = Columns()
    label: str = ""  # one label for every row
    label_separator: str | None = None  # of labels in a cell; null: found; empty: one name a cell
    # What a cell without labels means: none (no label is right) or missing (not labelled yet). By
    # default empty text is missing, and an empty list, or 0 in all columns of labels, is none.
    empty_label: Literal["", "none", "missing"] = ""
    # Rename, merge; null drops the row, or in task labels the label from its set; keys in quotes.
    label_map: dict[str, str | None] = {}
    split: str = Field("", pattern=f"^({'|'.join(SIDES)})?$")  # one split for every row
    # Examples that belong to no class: close to the classes' subjects, or of any subject (true
    # means general).
    negative: bool | Literal["in_domain", "general"] = False
    unlabelled: bool = False  # rows without a label, for domain-adaptive training
    show_text: bool = False  # whether pull-request reports may quote these texts

    about: ClassVar[str] = ""  # one sentence on the kind, for the reference
    _max_bytes: int = PrivateAttr(MAX_BYTES)  # of one file, unpacked
    _also: Sequence[str] = PrivateAttr(())  # columns to read where a file has them

    def at_most(self, max_bytes: int) -> Self:
        """Return the source, which from now on reads no file that unpacks to more."""
        self._max_bytes = max_bytes
        return self

    def also_reading(self, columns: Sequence[str]) -> Self:
        """Return the source, which from now on reads these columns, too, where a file has them."""
        self._also = columns
        return self

    @property
    def read_columns(self) -> list[str]:
        """The columns that are read from a file that holds them apart."""
        return [*self.wanted, *self._also]

    @field_validator("batch", "date", mode="before")
    @classmethod
    def _day_as_text(cls, value: object) -> object:
        # YAML reads 2026-11-03 without quotes as a date.
        return value.isoformat() if isinstance(value, datetime.date) else value

    @field_validator("date")
    @classmethod
    def _is_day(cls, value: str) -> str:
        return value and datetime.date.fromisoformat(value).isoformat()

    @field_validator("label_map")
    @classmethod
    def _composed(cls, value: dict[str, str | None]) -> dict[str, str | None]:
        return {unicodedata.normalize("NFC", old): new for old, new in value.items()}

    @property
    def wanted(self) -> list[str]:
        """The columns this source must have."""
        named = self.columns
        split = "" if self.split else named.split
        chat = [named.messages, named.answer, named.context]
        single = [named.text, named.text_pair, *chat, named.id, named.date, named.group, split]
        return [name for name in [*single, *self.label_columns, *named.meta] if name]

    @property
    def named(self) -> list[str]:
        """Those of the columns it must have that its entry names."""
        columns = self.columns
        free = [columns.text] if "text" not in columns.model_fields_set else []
        free += self.label_columns if "label" not in columns.model_fields_set else []
        return [name for name in self.wanted if name not in free]

    @property
    def label_columns(self) -> list[str]:
        """The columns that its labels are read from, or the prefix of their names."""
        if self.label or self.unlabelled:
            return []
        named = self.columns.label
        return named if isinstance(named, list) else [named]

    def keys_of_sets(self) -> list[str]:
        """The keys of the entry that only sets of labels have."""
        keys = {
            "label_separator": self.label_separator is not None,
            "empty_label": self.empty_label,
            "columns.label": isinstance(self.columns.label, list),
        }
        return [key for key, is_there in keys.items() if is_there]

    def idle_keys(self) -> list[str]:
        """The keys that another key of the entry makes idle."""
        columns, named = self.columns, self.columns.model_fields_set
        idle = {
            "date_format": self.date_format and not columns.date,
            "columns.label": "label" in named and (self.label or self.unlabelled),
            "label_separator": self.label_separator and not self.label_columns,
            "empty_label": self.empty_label and not self.label_columns,
            "columns.split": columns.split and self.split,
        }
        return [key for key, is_idle in idle.items() if is_idle]

    def check_inside(self, file: Path, root: Path = Path()) -> None:
        """Raise SourceError for a file that lies outside, by a link or a glob."""
        if self.outside and not Path(self.path).is_dir():
            return
        homes = [root, *([Path(self.path)] if self.outside else [])]
        if not any(stays_inside(file, home) for home in homes):
            found = f"`{file}` leads out of the repository, to `{file.resolve()}`"
            raise SourceError(self.place, found, INSIDE, "copy the file to data/raw")

    @property
    def place(self) -> str:
        """Where params.yaml has the path of this source, for messages."""
        return f"params.yaml: sources: {self.name}: path"

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the entry as a whole."""
        if self.unlabelled and (self.label or self.negative):
            yield "unlabelled", "with `label` or `negative`", "rows with a label or without"
        if not (self.label or self.unlabelled or self.columns.label):
            yield "columns.label", "nothing", "a column, or `label`, or `unlabelled: true`"
        if not dates.names_a_day(self.date_format):
            yield "date_format", f"`{self.date_format}`", dates.KNOWN
        if not (self.outside or stays_inside(Path(self.path))):
            yield "path", f"`{self.path}` leads out of the repository", INSIDE

    @abstractmethod
    def tables(self) -> Iterator[SourceTable]:
        """Yield every file of the source, sorted by name, with its rows.

        Raises SourceError if the source is missing, or one of its files cannot be read at all.
        """

    def declared(self, listed: Collection[Path]) -> list[Path]:
        """The paths that dvc.yaml has to list for this source; `listed` are those that it does."""
        return [Path(self.path)]

    def raw_files(self) -> list[RawWay]:
        """The files of the project that hold rows of this source, for `seedbed forget` to edit.

        Raises SeedbedError if there are some that it cannot edit.
        """
        return []

    @classmethod
    def takes(cls, path: Path) -> bool:
        """Whether `seedbed add PATH` makes an entry of this kind."""
        return False


class WithTables(Source):
    """The keys of kinds that read tables from files."""

    encoding: str = ""  # of the text; empty: found for each file
    separator: str = ""  # of CSV; empty: found for each file
    quote: str | None = None  # of CSV; null: found; empty: quotes are characters like any other
    escape: str | None = None  # of CSV: the character before a quote in the text; null: found
    header: bool = True  # false: the first line is a row, and columns are called "1", "2" ...
    sheet: str = ""  # of a workbook; empty: the only one that has rows

    @property
    def form(self) -> TableForm:
        """What the entry says of how its tables are written."""
        return TableForm(
            self.encoding, self.separator, self.quote, self.escape, self.header, self.sheet
        )

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the entry as a whole."""
        yield from super().problems()
        yield from encoding_problems(self.encoding)
        if any(len(sign or "") > 1 for sign in (self.separator, self.quote, self.escape)):
            expected = "one character each"
            yield "separator, quote, escape", "more than one character", expected

    def tables(self) -> Iterator[SourceTable]:
        """Yield the table of each file."""
        return self.read_tables()

    def read_tables(self, root: Path = Path()) -> Iterator[SourceTable]:
        """Yield the table of each file at `path` below `root`."""
        for path in table_files(self.path, self.place, root):
            self.check_inside(path, root)
            shown = _shown(path, root.parent)
            of_file = stream_table(path, shown, self.read_columns, self.form, self._max_bytes)
            yield SourceTable(shown, *of_file)


def encoding_problems(encoding: str) -> Iterator[Problem]:
    """Yield a problem if Python does not know the encoding, or it is none of texts."""
    if encoding and not is_encoding(encoding):
        yield "encoding", f"`{encoding}`", "an encoding of texts that Python knows"


def _shown(path: Path, root: Path) -> str:
    """The name of a file in provenance, relative to `root`; bytes that are not UTF-8 are written
    out."""
    inside = path.relative_to(root) if root != Path() else path
    return os.fsencode(inside.as_posix()).decode("utf-8", "backslashreplace")


@lru_cache(maxsize=1024)
def shown_name(file: str) -> str:
    """Return the name of a file as provenance, CSV files and logs may show it: on one line."""
    return for_terminal(file).replace("\n", "\\n").replace("\t", "\\t")


def read_texts(
    source: Source, pattern: str, encoding: str, root: Path = Path()
) -> Iterator[SourceTable]:
    """Yield each text file below a folder as a table of one row, whose label is the first folder
    below it. Names in provenance are relative to the folder above `root`."""
    folder = root / source.path
    for path in text_files(folder, pattern, source.place):
        source.check_inside(path, root)
        file, inside = read_file(path, source._max_bytes), path.relative_to(folder)
        label = inside.parts[0] if len(inside.parts) > 1 else None
        shown, found, note = _shown(path, root.parent), "", ""
        cells = dict[str, object](text="", label=label, path=inside.as_posix())
        try:
            cells["text"], found, note = text_of(file.content, shown, encoding)
            record = Record(1, cells)
        except SourceError as error:
            # One file of many: the others are read.
            is_text = "encoding" in error.expected
            record = Record(1, {}, Reason.BAD_ENCODING if is_text else Reason.NOT_TEXT)
            note = str(error) if is_text else ""
        table = Table(list(cells), [record], found, notes=(note,) if note else ())
        yield SourceTable(shown, file.sha256, table)
