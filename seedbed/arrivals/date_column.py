"""The date column of a new file: which form its dates are in, and what `seedbed add` shows of it.

A column that was named must be read. One that was chosen by its name is a guess: a cell that is no
date leaves its row without one, and a column of other things is left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import NamedTuple, cast

from seedbed.collecting.dates import FORMS, ISO, KNOWN, day_of, is_doubtful, names_a_day, read_day
from seedbed.collecting.tables import Record, as_text
from seedbed.core.errors import SeedbedError

ORDERS = ("day_first", "month_first", "year_first")
NUMBERS = ("epoch", "excel")
DOTS = re.compile(r"\D*\d{1,2}\s*\.")
CHANGE = f'`--date-format` ({KNOWN}) sets the form, `--date-column ""` leaves the column out'


class Dating(NamedTuple):
    """How a column of dates is read, and what that leaves open; numbers are of cells."""

    date_format: str  # as a source has it; "" for ISO
    filled: int = 0
    read: int = 0
    doubtful: int = 0  # read as a day before 1970, or after tomorrow
    short_years: int = 0
    example: str = ""  # a cell that another form reads as another day, where both forms fit
    other: str = ""  # that form

    @property
    def is_readable(self) -> bool:
        """Whether at least half of the cells are dates in this form."""
        return 2 * self.read >= self.filled


def dating(cells: Iterable[str], newest: date, before: str = "", said: str = "") -> Dating:
    """Find the form that reads most of a column as days that can be, from 1970 to tomorrow.

    `newest`: the last day that can be; `before`: the form of an earlier file, which counts where
    several fit; `said`: the form, by a person. Of day and month the day is first where nothing
    says otherwise, without doubt where dots are between them.
    """
    counts = Counter(cell for cell in map(str.strip, cells) if cell)
    names = [said] if said else list(dict.fromkeys(filter(None, (before, *FORMS))))
    found = {names[0]: _under(names[0], counts, newest)}
    if said or found[names[0]].read - found[names[0]].doubtful == counts.total():
        return found[names[0]]
    found |= {name: _under(name, counts, newest) for name in names[1:]}
    best = max(names, key=lambda name: (found[name].read - found[name].doubtful, found[name].read))
    if best in NUMBERS and 2 * found[best].doubtful > found[best].read:
        best = ISO  # they count something else
    result = found[best]
    if best == before or best not in ORDERS:
        return result
    for other in ORDERS:
        if other == best or found[other][1:4] != result[1:4]:
            continue
        for cell in counts:
            has_dots = bool(DOTS.match(cell))
            if not (has_dots and other == "month_first") and _differ(cell, best, other):
                return result._replace(example=" ".join(cell.split()), other=other)
    return result


def _under(name: str, counts: Counter[str], newest: date) -> Dating:
    read = doubtful = short = 0
    for cell, times in counts.items():
        with suppress(ValueError):
            day, is_short = read_day(cell, name)
            read += times
            short += is_short * times
            doubtful += is_doubtful(day, newest) * times
    return Dating("" if name == ISO else name, counts.total(), read, doubtful, short)


def _differ(cell: str, one: str, other: str) -> bool:
    try:
        return day_of(cell, one) != day_of(cell, other)
    except ValueError:
        return False


def choose_dates(
    entry: dict[str, object], records: Sequence[Record], said: Mapping[str, str], today: date
) -> list[str]:
    """Set in the entry of a source how its date column is read, or leave the column out; return
    the lines to show.

    `entry`: as its columns were found, or as the batch before has it. `said`: the options `column`
    and `format`, where a person gave them. Raises SeedbedError for a format that is none, or has no
    column.
    """
    if not names_a_day(said.get("format", "")):
        raise SeedbedError(f"--date-format {said['format']}", "no form of a day", KNOWN)
    columns = cast(dict[str, str], entry["columns"])
    name, before = columns.get("date", ""), str(entry.pop("date_format", ""))
    is_said = bool(said.get("column") or said.get("format"))
    is_guess = bool(entry.pop("date_guessed", False)) and not is_said
    if not name:
        if said.get("format"):
            step = "name it with `--date-column NAME`"
            raise SeedbedError("--date-format", "no date column", "one", step)
        return []
    cells = [_cell(record, name) for record in records if not record.reason]
    found = dating(cells, today, before, said.get("format", ""))
    if is_guess and not found.is_readable:
        del columns["date"]
        unread = f"{found.filled - found.read:,} of {found.filled:,}"
        return [f"The column `{name}` is left out: {unread} cells are no dates; {CHANGE}"]
    if found.date_format and found.filled:
        entry["date_format"] = found.date_format
    elif before and not found.filled:
        entry["date_format"] = before
    if is_guess:
        entry["date_guessed"] = True
    return list(_notes(name, found, before, is_guess))


def _cell(record: Record, name: str) -> str:
    try:
        return as_text(record.cells.get(name))
    except TypeError:
        return "?"  # a list or an object: no date


def _notes(name: str, found: Dating, before: str, is_guess: bool) -> Iterable[str]:
    form = found.date_format
    if form:
        example = f" ({FORMS[form].example})" if form in FORMS else ""
        earlier = f"; the batch before as {before or ISO}" if before not in ("", form) else ""
        yield f"The dates of `{name}` are read as {form}{example}{earlier}"
    if found.other:
        yield (
            f"DAY AND MONTH of `{name}` are ambiguous: {found.example} is read as "
            f"{day_of(found.example, form)}, and could be {day_of(found.example, found.other)}: "
            f"then add `--date-format {found.other}`"
        )
    if found.short_years:
        yield (
            f"Years of two digits in `{name}` ({found.short_years:,} of {found.read:,} dates) are "
            "read as 1969 to 2068"
        )
    if found.doubtful:
        yield (
            f"Days before 1970 or after tomorrow in `{name}`: {found.doubtful:,} of "
            f"{found.read:,} dates; {CHANGE}"
        )
    if is_guess and (unread := found.filled - found.read):
        yield (
            f"{unread:,} of {found.filled:,} cells of `{name}` are no dates, so that their rows "
            f"have none of their own; {CHANGE}"
        )
