"""Days in the forms of exports."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, strategies as st

from seedbed.collecting.dates import FORMS, batch_day, day_of, is_doubtful, names_a_day

MAY = "2024-05-01"


@pytest.mark.parametrize(
    "cell",
    [
        "2024-05-01", "2024-05-01T10:00:00Z", "2024-05-01T23:59:59.123456789-11:00",
        "2024-05-01 10:00:00 UTC", "2024-05-01 10:00:00 America/New_York", "2024/05/01 10:00",
        "2024.05.01", "2024. 5. 1. 오전 10:00", "2024:05:01 10:00:00", "20240501", "202405011000",
        "20240501T100000Z", "2024-W18-3", "1/May/24 3:10 PM", "Wed May 01 20:10:24 +0000 2024",
        "Wed, 1 May 2024 20:10:24 +0000 (UTC)", "May 1, 2024, 3:10:22 PM", "May 1st, 2024",
        "01-MAY-24 10.22.33.000000 AM", "2024-May-01", "May  1 2024 10:00:00:000AM",
        "01/May/2024:13:55:36 -0700", "Wed May  1 10:00:00 UTC 2024",
        "Wed May 01 2024 10:00:00 GMT+0200 (Central European Summer Time)",
        "Mittwoch, 1. Mai 2024 um 10:00 Uhr", "le 1er mai 2024 à 10h30", "1 de mayo de 2024",
        "1º de maio de 2024", "1 maggio 2024", "1 mei 2024", "1 maja 2024", "2024. május 1.",
        "1 мая 2024 г.", "1 травня 2024", "1 Mayıs 2024", "1 Μαΐου 2024", "1 במאי 2024",
        "١ مايو ٢٠٢٤", "1 मई 2024", "1 พฤษภาคม 2567", "2024年5月1日(水) 10時30分", "2024年5月1日",
        "２０２４年５月１日", "令和6年5月1日", "2024년 5월 1일",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["", "day_first", "month_first"])
def test_what_can_be_read_in_one_way_only_is_read_in_every_form(cell, form) -> None:
    assert day_of(cell, form).isoformat() == MAY


@pytest.mark.parametrize(
    ("cell", "form", "day"),
    [
        ("03.11.2025", "day_first", "2025-11-03"),
        ("3. 11. 2025 14.05 Uhr", "day_first", "2025-11-03"),
        ("lun. 03/11/25 14h05", "day_first", "2025-11-03"),
        ("3-11-2025T10:00", "day_first", "2025-11-03"),
        ("3/11/2568 10:00 น.", "day_first", "2025-11-03"),
        ("11/3/2025 3:10 PM", "month_first", "2025-11-03"),
        ("25/11/03", "year_first", "2025-11-03"),
        ("1612011210", "epoch", "2021-01-30"),
        ("1612011210.25", "epoch", "2021-01-30"),
        ("1612011210000", "epoch", "2021-01-30"),
        ("1.61201E+12", "epoch", "2021-01-30"),
        ("1612011210000000", "epoch", "2021-01-30"),
        ("1612011210000000000", "epoch", "2021-01-30"),
        ("45231", "excel", "2023-11-01"),
        ("45231,75", "excel", "2023-11-01"),
        ("01|05|24", "%d|%m|%y", MAY),
    ],
)
def test_what_a_form_says_of_a_cell(cell, form, day) -> None:
    assert day_of(cell, form).isoformat() == day


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("03.11.2025", ""), ("25/11/2025", "month_first"), ("11/25/2025", "day_first"),
        ("1612011210000", ""), ("45231", ""), ("45231", "epoch"), ("1612011210", "excel"),
        ("nan", "epoch"), ("inf", "excel"), ("2024-13-01", ""), ("2024-05", ""), ("May 2024", ""),
        ("last week", ""), ("10:05:01", "day_first"), ("2024-05-01T25:00", ""),
        ("2024-05-01 to 2024-06-01", ""), ("1 May 2024" + " x" * 80, ""), ("01|05|24", ""),
        ("1 Junk 2024 2024", ""), ("3 Ju 2024", ""), ("", ""),
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused(cell, form) -> None:
    with pytest.raises(ValueError, match="."):
        day_of(cell, form)


@given(st.dates(date(1000, 1, 1)), st.sampled_from(["", *FORMS]))
def test_iso_days_are_themselves(day, form) -> None:
    if form not in ("epoch", "excel"):
        assert day_of(day.isoformat(), form) == day
        assert day_of(day.strftime("%Y/%m/%d 10:00"), form) == day


@given(st.dates(date(1000, 1, 1)))
def test_what_is_written_with_the_day_first_is_read_so(day) -> None:
    assert day_of(f"{day.day}.{day.month}.{day.year:04}", "day_first") == day
    assert day_of(f"{day.month}/{day.day}/{day.year:04} 1:00 AM", "month_first") == day


@given(st.text(max_size=90), st.sampled_from(["", *FORMS, "%d/%m/%Y"]))
def test_any_text_is_a_day_or_refused(text, form) -> None:
    with suppress(ValueError):
        assert isinstance(day_of(text, form), date)


@pytest.mark.parametrize(
    ("batch", "day"),
    [
        ("2026-11-28-tickets", date(2026, 11, 28)),
        ("2026-02-tickets", date(2026, 2, 28)),
        ("2026-02", date(2026, 2, 28)),
        ("2026-13-x", date.max),
    ],
)
def test_the_day_of_a_batch(batch, day) -> None:
    assert batch_day(batch) == day
    assert not is_doubtful(date(2026, 2, 28), batch_day(batch))


@pytest.mark.parametrize("form", ["", "day_first", "epoch", "%d/%m/%y", "%a %b %d %H:%M:%S %z %Y"])
def test_formats_of_a_whole_day(form) -> None:
    assert names_a_day(form)


@pytest.mark.parametrize("form", ["DD.MM.YYYY", "%d.%m", "%Q", "day first", "%H:%M"])
def test_formats_that_name_no_day(form) -> None:
    assert not names_a_day(form)
