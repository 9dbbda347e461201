"""The texts of a row: the one list of columns that hold text, for whatever reads or changes them.

Cleaning, anonymizing, forgetting and comparing go through it, so that a text is in no column that
one of them overlooks. A cell of `context` is several texts, one a turn; only these are changed, so
that neither a role nor the form of the cell can break. Rows of other tasks than `answer` lack the
columns of conversations.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import SupportsIndex, overload

import numpy as np
import pandas as pd

from seedbed.core.errors import WorkError
from seedbed.core.turns import Turn, read_turns, write_turns

CONTEXT = "context"
TEXTS_AT_ONCE = 50_000
COLUMNS = (CONTEXT, "text", "text_pair", "answer")  # in the order of a conversation


def columns_of(names: Iterable[str]) -> list[str]:
    """Return those of COLUMNS that a table has."""
    known = set(names)
    return [name for name in COLUMNS if name in known]


def texts_in(column: str, cell: str) -> list[str]:
    """Return the texts of a cell; an empty cell has none."""
    if column == CONTEXT:
        return [turn.text for turn in read_turns(cell)]
    return [cell] if cell else []


def texts_of(row: Mapping[str, str]) -> list[str]:
    """Return the texts of a row in the order of the conversation, without empty cells."""
    return [text for column in columns_of(row) for text in texts_in(column, row[column])]


def each_texts(rows: pd.DataFrame) -> Iterator[list[str]]:
    """Yield what `texts_of` returns of each row."""
    columns = columns_of(rows.columns)
    for cells in zip(*(rows[column] for column in columns), strict=True):
        yield [
            text
            for column, cell in zip(columns, cells, strict=True)
            for text in texts_in(column, cell)
        ]


class TextColumn(Sequence[str]):
    """The texts of a column, in the order of `places` if these are given. They are made as they are
    asked for: as Python's own objects all of them take twice the memory of the column."""

    def __init__(self, column: pd.Series, places: np.ndarray | None = None) -> None:
        self._column = column
        self._places = np.arange(len(column)) if places is None else places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> str | list[str]:
        found = self._column.iloc[self._places[place]]
        return list(found) if isinstance(place, slice) else found

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), TEXTS_AT_ONCE):
            yield from self[start : start + TEXTS_AT_ONCE]


def different_texts(rows: pd.DataFrame) -> set[str]:
    """Return every text of the rows once, without empty ones."""
    found: set[str] = set()
    for column in columns_of(rows.columns):
        for cell in rows[column].unique():
            found.update(texts_in(column, cell))
    return found - {""}


@contextmanager
def naming_rows(rows: pd.DataFrame) -> Iterator[None]:
    """Name in a WorkError of the block the row that has the text it fails on."""
    try:
        yield
    except WorkError as error:
        pairs = zip(rows["id"], each_texts(rows), strict=True)
        row = next((row for row, texts in pairs if error.item in texts), None)
        raise error if row is None else error.of_row(row) from error.__cause__


def changed(column: str, cell: str, change: Callable[[str], str]) -> str:
    """Return a cell with each of its texts changed; roles and an empty cell stay as they are."""
    if column != CONTEXT:
        return change(cell) if cell else cell
    return write_turns(Turn(role, change(text)) for role, text in read_turns(cell))
