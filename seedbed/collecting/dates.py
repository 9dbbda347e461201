"""Days as exports write them: one table of forms.

A cell that can be read in one way only (year first, month by name) is read in every form. A form
says the rest: whether 03/11/2025 is in March or November, and what a bare number counts. It is
decided once, by the whole column, when `seedbed add` looks at a file, and is then `date_format` of
the source, so that collect guesses nothing.

The day is the one that is written: hours and zones are left out. Days of an epoch are UTC.
"""

import calendar
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import NamedTuple

import regex

ISO = "iso"
OLDEST = date(1970, 1, 1)  # exports write 0, or a date that was never set, as days before
PIVOT = 69  # POSIX: years 69 to 99 are of the twentieth century, 00 to 68 of this one
MAX_CHARS = 80
EXCEL_DAY_0 = date(1899, 12, 30)  # Excel counts a 29 February 1900, so that 1 is 1 January 1900
PER_SECOND = {1e8: 1.0, 1e11: 1e3, 1e14: 1e6, 1e17: 1e9}  # units of an epoch, from this size on
ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}  # year 1, less one

# A word is a month if it is one of these, a beginning of one, or one with another ending.
MONTHS = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
januari februari maart april mei juni juli augustus september oktober november december
januari februari maret april maj juni juli agustus setiembre oktober november desember
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
január február március április május június július augusztus szeptember október november december
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου
νοεμβρίου δεκεμβρίου
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม
""".split()
OTHER_MONTHS = {"mrt": 3, "май": 5}
MIN_LETTERS, MAX_ENDING = 3, 4


def _folded(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in letters if unicodedata.category(one) != "Mn")


@cache
def _months() -> dict[str, int]:
    """Month by folded name or beginning of names; without beginnings that two months share."""
    names = {_folded(name): index % 12 + 1 for index, name in enumerate(MONTHS)}
    begins: dict[str, set[int]] = {}
    for name, month in names.items():
        for end in range(min(MIN_LETTERS, len(name)), len(name)):
            begins.setdefault(name[:end], set()).add(month)
    single = {begin: next(iter(months)) for begin, months in begins.items() if len(months) == 1}
    return single | {_folded(name): month for name, month in OTHER_MONTHS.items()} | names


def _month(word: str) -> int:
    """The number of a month. Raises ValueError for another word."""
    if word.isdecimal():
        return int(word)
    folded = _folded(word).removeprefix("ב")  # Hebrew writes "in" and the month as one word
    shortest = max(MIN_LETTERS, len(folded) - MAX_ENDING)
    for end in range(len(folded), min(shortest, len(folded)) - 1, -1):
        if folded[:end] in _months():
            return _months()[folded[:end]]
    raise ValueError("no month")


# Before a date: a weekday, an article. After it: an hour, a zone by name or offset.
_BEFORE = r"\[?(?:[\p{L}\p{M}]++[\s.,()]*+){0,2}?"
_BETWEEN = r"\s*[-‐–−/.,\s年月년월]\s*"
_WORDS = r"[\p{L}\p{M}\s,.;()\[\]/_|-]*"
_HOUR = r"(?:[01]?\d|2[0-4])(?:[:.h時时点點시分분]\s?\d{1,3}){0,3}(?:[.,]\d{1,9})?"
_OFFSET = r"[+-]\d{1,2}(?::?\d{2}){0,2}"
_AFTER = rf"(?!\d):?{_WORDS}(?:{_HOUR})?{_WORDS}(?:{_OFFSET})?{_WORDS}"
_DAY, _YEAR, _FULL_YEAR = r"(?P<d>\d{1,2})", r"(?P<y>\d{4}|\d{2}(?![\d:]))", r"(?P<y>\d{4})"
_NUMBER = r"(?P<m>\d{1,2})"
_NAME = r"(?<![\p{L}\p{M}])(?P<m>\p{L}[\p{L}\p{M}]*)"
_TH = r"(?:st|nd|rd|th|er|[oa°])?"
_OF = r"[-\s/.,]*(?:(?:de|del|of|do|di)\s+)?"


def _pattern(*parts: str) -> regex.Pattern[str]:
    return regex.compile(_BEFORE + "".join(parts) + _AFTER)


# Year first: also 20240501, 202405011000, 20240501T100000Z.
_COMPACT = regex.compile(
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"
    rf"(?:t?(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?(?:[.,]\d+)?(?:z|{_OFFSET})?)?"
)
PLAIN = (
    _COMPACT,
    _pattern(_FULL_YEAR, rf"(?:{_BETWEEN}|:)", _NUMBER, rf"(?:{_BETWEEN}|:)", _DAY),
    _pattern(_DAY, _TH, _OF, _NAME, _OF, _YEAR),
    _pattern(_NAME, r"[-\s/.,]*", _DAY, _TH, r"[-\s/.,]+", _YEAR),
    _pattern(_NAME, r"\s+", _DAY, r"\s+", _HOUR, _WORDS, rf"(?:{_OFFSET}\s+)?", _FULL_YEAR),
    _pattern(_FULL_YEAR, r"[-\s/.,]*", _NAME, r"[-\s/.,]*", _DAY),
    _pattern(rf"(?P<era>{'|'.join(ERAS)})", r"(?P<y>\d{1,3}|元)", _BETWEEN, _NUMBER, "月", _DAY),
)
BUDDHIST = 543  # years that Thai calendars are ahead
THAI = regex.compile(r"\p{Thai}")


def _written(cell: str, order: regex.Pattern[str] | None = None) -> tuple[date, bool]:
    """The day that a cell names, and whether its year has two digits. Raises ValueError."""
    if cell[4:5] == "-":
        with suppress(ValueError):
            return datetime.fromisoformat(cell).date(), False
    cell = cell.lower()
    for pattern in (*PLAIN, order) if len(cell) <= MAX_CHARS else ():
        match = pattern and pattern.fullmatch(cell)
        if not match:
            continue
        parts = match.groupdict()
        year = 1 if parts["y"] == "元" else int(parts["y"])
        is_short = len(parts["y"]) == 2 and "era" not in parts
        if "era" in parts:
            year += ERAS[parts["era"]]
        elif is_short:
            year += 1900 if year >= PIVOT else 2000
        elif year > 1900 + BUDDHIST and THAI.search(cell):
            year -= BUDDHIST
        with suppress(ValueError):
            return date(year, _month(parts["m"]), int(parts["d"])), is_short
    raise ValueError("no day that can be read in one way only")


def _number(cell: str, least: float, most: float) -> float:
    number = float(cell.replace(",", "."))
    if not least <= number < most:
        raise ValueError(f"not from {least} to {most}")
    return number


def _of_epoch(cell: str) -> tuple[date, bool]:
    number = _number(cell, min(PER_SECOND), 1e20)
    per_second = max(size for start, size in PER_SECOND.items() if number >= start)
    return datetime.fromtimestamp(number / per_second, UTC).date(), False


def _of_excel(cell: str) -> tuple[date, bool]:
    return EXCEL_DAY_0 + timedelta(days=int(_number(cell, 1, 2_958_466))), False


def _order(*parts: str) -> Callable[[str], tuple[date, bool]]:
    first, second, third = parts
    return partial(_written, order=_pattern(first, _BETWEEN, second, _BETWEEN, third))


class Form(NamedTuple):
    """How days are written: an example with its meaning, and the reader of a cell, which gives the
    day and whether its year has two digits, and raises ValueError."""

    example: str
    read: Callable[[str], tuple[date, bool]]


FORMS = {
    ISO: Form("2024-05-01T10:00Z, 10/Jun/24 3:10 PM, 2024年5月1日", _written),
    "day_first": Form("03/11/2025 is 3 November", _order(_DAY, _NUMBER, _YEAR)),
    "month_first": Form("03/11/2025 is 11 March", _order(_NUMBER, _DAY, _YEAR)),
    "year_first": Form("03/11/25 is 25 November 2003", _order(_YEAR, _NUMBER, _DAY)),
    "epoch": Form("1612011210, also in ms, µs, ns by size", _of_epoch),
    "excel": Form("45231.5, days as Excel counts them", _of_excel),
}
KNOWN = f"one of {', '.join(FORMS)}, or a strptime format such as `%d/%m/%y %H:%M`"


def day_of(cell: str, date_format: str = "") -> date:
    """The day in a cell, by the name of a form ("": ISO) or a strptime format.

    Raises ValueError where it has none.
    """
    return read_day(cell, date_format)[0]


def read_day(cell: str, date_format: str) -> tuple[date, bool]:
    """The day in a cell as `day_of`, and whether its year has two digits."""
    cell = unicodedata.normalize("NFKC", cell).strip()
    if "%" in date_format:
        return datetime.strptime(cell, date_format).date(), "%y" in date_format
    return FORMS[date_format or ISO].read(cell)


def names_a_day(date_format: str) -> bool:
    """Whether this is a form, or a strptime format that has a whole day."""
    if "%" not in date_format:
        return date_format in ("", *FORMS)
    day = datetime(2024, 5, 17, 10, 30, tzinfo=UTC)
    try:
        return datetime.strptime(day.strftime(date_format), date_format).date() == day.date()
    except ValueError:
        return False


def is_doubtful(day: date, newest: date) -> bool:
    """Whether a day is before 1970, or more than a day (of zones) after `newest`."""
    return day < OLDEST or day - newest > timedelta(days=1)


def batch_day(batch: str) -> date:
    """The day with which the name of a batch begins, or the last of its month."""
    with suppress(ValueError):
        return date.fromisoformat(batch[:10])
    with suppress(ValueError):
        year, month = map(int, batch[:7].split("-"))
        return date(year, month, calendar.monthrange(year, month)[1])
    return date.max
