"""The date column of a new file: its form is found, told, recorded; a guess never stops a file."""

import json
from datetime import date
from pathlib import Path

import pytest
from conftest import yaml
from typer.testing import CliRunner

from seedbed.arrivals.date_column import dating
from seedbed.arrivals.entry import Asked
from seedbed.arrivals.plan import Plan, plan
from seedbed.arrivals.telling import told
from seedbed.cli import app
from seedbed.core.errors import SeedbedError
from seedbed.core.rows import read_rows
from stages import collect

NEWEST = date(2025, 12, 1)


def form_of(*cells: str, **known: str) -> str:
    return dating(cells, NEWEST, **known).date_format


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2024-05-01", "2024-05-02 10:00:00 UTC"], ""),
        (["10/Jun/24 3:10 PM", "Wed Oct 10 20:10:24 +0000 2018"], ""),
        (["20240501"], ""),
        (["03.11.2025", "04.11.2025"], "day_first"),
        (["03/11/2025", "25/11/2025"], "day_first"),
        (["03/11/2025", "11/25/2025"], "month_first"),
        (["2024-05-01", "11/25/2025", "n/a"], "month_first"),
        (["25-11-30", "25-10-31"], "year_first"),
        (["1612011210000", "1612011211000"], "epoch"),
        (["1612011210", ""], "epoch"),
        (["45231", "45232.5"], "excel"),
    ],
)
def test_a_column_shows_its_form(cells, form) -> None:
    found = dating(cells, NEWEST)
    assert (found.date_format, found.other) == (form, "")
    assert found.is_readable


def test_day_and_month_that_nothing_tells_apart_are_doubtful_but_for_dots() -> None:
    found = dating(["03/11/2025", "04/11/2025"], NEWEST)
    assert (found.date_format, found.other) == ("day_first", "month_first")
    assert found.example == "03/11/2025"
    assert dating(["03.11.2025"], NEWEST).other == ""
    assert dating(["11/11/2025", "05/05/2025"], NEWEST).other == ""  # the same day either way
    assert dating(["03-11-25"], NEWEST).short_years == 1


def test_days_after_tomorrow_decide_what_the_cells_leave_open() -> None:
    assert form_of("12/04/2025", "01/05/2025") == "day_first"  # 4 December is after tomorrow
    assert form_of("04/12/2025", "05/01/2025") == "month_first"


def test_an_earlier_file_decides_what_this_one_leaves_open_and_no_more() -> None:
    found = dating(["03/11/2025"], NEWEST, before="month_first")
    assert (found.date_format, found.other) == ("month_first", "")
    assert form_of("03/11/2025", "25/11/2025", before="month_first") == "day_first"
    assert form_of("2025-11-03", before="%d.%m.%Y") == ""
    assert form_of("03.11.2025", before="%d.%m.%Y") == "%d.%m.%Y"


def test_what_a_person_said_stands() -> None:
    found = dating(["03.11.2025", "25.11.2025"], NEWEST, said="month_first")
    assert (found.date_format, found.read) == ("month_first", 1)


@pytest.mark.parametrize("cells", [["1", "2", "3"], ["x", "y"], ["n/a", "?", "2024-05-01"]])
def test_a_count_and_other_things_are_no_dates(cells) -> None:
    assert not dating(cells, NEWEST).is_readable


def test_days_before_1970_and_after_tomorrow_are_doubtful() -> None:
    found = dating(["1912-04-14", "2025-12-02", "2025-12-03", "2025-11-01"], NEWEST)
    assert (found.date_format, found.read, found.doubtful) == ("", 4, 2)


TEXTS = [
    "Great pasta and friendly waiters, will come again",
    "The soup was cold and nobody cared",
    "Average pizza at a fair price",
    "Best tacos in the whole town",
]


def planned(dates: list, column: str = "created_at", **said) -> Plan:
    """The plan of a file of rows with these dates, as if added on 28 November 2026."""
    rows = [
        {"text": text, "label": "cooking", column: day}
        for text, day in zip(TEXTS, dates, strict=False)
    ]
    Path("new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = {"path": "new.jsonl", "source": "food", "licence": "CC0"} | said
    return plan(Asked(**said), "2026-11-28")


def dates_of(found: Plan) -> list[str]:
    assert not found.rehearsal.quarantined
    return [row.date for row in found.rehearsal.read]


@pytest.mark.parametrize(
    ("cells", "form", "days"),
    [
        (["2024-05-01 10:00:00 UTC", "2024-05-02 10:00:00 UTC"], None, "2024-05-01 2024-05-02"),
        (["10/Jun/24 3:10 PM", "11/Jun/24 3:11 PM"], None, "2024-06-10 2024-06-11"),
        (["Wed Oct 10 20:10:24 +0000 2018"], None, "2018-10-10"),
        (["Wed, 10 Oct 2018 20:10:24 +0000"], None, "2018-10-10"),
        (["2024年5月1日", "2024年5月13日"], None, "2024-05-01 2024-05-13"),
        (["03.11.2025", "04.11.2025"], "day_first", "2025-11-03 2025-11-04"),
        (["03.11.25 14:05", "25.11.25 09:00"], "day_first", "2025-11-03 2025-11-25"),
        (["11/3/2025 3:10 PM", "11/25/2025 1:00 AM"], "month_first", "2025-11-03 2025-11-25"),
        ([1612011210000, 1612011211000], "epoch", "2021-01-30 2021-01-30"),
        ([1612011210, 1612011211.5], "epoch", "2021-01-30 2021-01-30"),
        (["1612011210000000"], "epoch", "2021-01-30"),
        ([45231, 45232.25], "excel", "2023-11-01 2023-11-02"),
    ],
)
def test_the_dates_of_exports_are_read_and_their_form_is_recorded(project, cells, form, days):
    found = planned(cells)
    assert dates_of(found) == days.split()
    assert found.entry.get("date_format") == form
    assert found.source.date_guessed
    lines = "\n".join(told(found))
    assert (f"The dates of `created_at` are read as {form}" in lines) == (form is not None)


def test_what_a_guessed_column_holds_never_stops_a_file(project):
    found = planned(["2024-05-01", "2024-05-02", "soon", ""])
    assert dates_of(found) == ["2024-05-01", "2024-05-02", "", ""]
    assert "1 of 3 cells of `created_at` are no dates" in "\n".join(told(found))
    nested = planned([{"$date": 1}, "2024-05-02", "2024-05-03"])
    assert dates_of(nested) == ["", "2024-05-02", "2024-05-03"]


@pytest.mark.parametrize(
    "cells", [["soon", "later", "2024-05-01", "?"], [1, 2, 3], [["a"], ["b"]], [{"$date": 1}]]
)
def test_a_guessed_column_of_other_things_is_left_out_and_told(project, cells):
    found = planned(cells)
    assert found.entry["columns"] == {"text": "text", "label": "label"}
    assert not {"date_format", "date_guessed"} & set(found.entry)
    assert set(dates_of(found)) == {""}
    line = next(line for line in told(found) if "left out" in line)
    assert line.startswith("The column `created_at` is left out: ")
    assert "`--date-format` (one of iso, day_first, " in line
    assert '`--date-column ""` leaves the column out' in line


def test_a_named_column_quarantines_and_names_the_option(project):
    with pytest.raises(SeedbedError, match="bad_date.*`--date-format` \\(one of iso") as error:
        planned(["soon", "later", "2024-05-01"], columns={"date": "created_at"})
    assert '`--date-column ""`' in str(error.value)
    params = yaml.load(Path("params.yaml"))
    params["collect"]["max_quarantine_share"] = 0.9
    yaml.dump(params, Path("params.yaml"))
    found = planned(["soon", "2024-05-02", "2024-05-01"], columns={"date": "created_at"})
    assert [row.reason for row in found.rehearsal.read] == ["bad_date", "", ""]
    assert any(line.startswith("for 1 bad_date: `--date-format`") for line in told(found))
    assert "date_guessed" not in found.entry


def test_day_and_month_in_doubt_are_told_with_the_option(project):
    found = planned(["03/11/2025", "04/11/2025"])
    assert found.entry["date_format"] == "day_first"
    assert (
        "DAY AND MONTH of `created_at` cannot be told apart: 03/11/2025 is read as 2025-11-03, and "
        "could be 2025-03-11: then add `--date-format month_first`"
    ) in told(found)
    said = planned(["03/11/2025", "04/11/2025"], date_format="month_first")
    assert dates_of(said) == ["2025-03-11", "2025-04-11"]
    assert "cannot be told apart" not in "\n".join(told(said))


def test_years_of_two_digits_and_days_that_cannot_be_are_told(project):
    lines = told(planned(["1912-04-14", "2026-11-29", "2026-11-30", "10/Jun/24"]))
    days = "Days before 1970 or after tomorrow in `created_at`: 2 of 4 dates; `--date-format`"
    assert any(line.startswith(days) for line in lines)
    years = "Years of two digits in `created_at` (1 of 4 dates) are read as 1969 to 2068"
    assert years in lines
    plain = told(planned(["2026-11-01", "2026-11-29"]))
    assert not [line for line in plain if "created_at`" in line and "date is" not in line]


def test_a_format_that_is_said_is_taken_and_one_that_is_none_is_refused(project):
    found = planned(["01|05|24"], date_format="%d|%m|%y")
    assert dates_of(found) == ["2024-05-01"]
    assert found.entry["date_format"] == "%d|%m|%y"
    with pytest.raises(SeedbedError, match="--date-format DD.MM.YYYY: no form of a day .*day_fir"):
        planned(["01.05.2024"], date_format="DD.MM.YYYY")
    with pytest.raises(SeedbedError, match="--date-format: no date column .*`--date-column NAME`"):
        planned(["01.05.2024"], column="when", date_format="day_first")


def test_two_that_could_be_the_date_do_not_stop_a_file(project):
    Path("two.csv").write_text(f"text,label,created_at,date\n{TEXTS[1]},cooking,x,2024-05-01\n")
    found = plan(Asked("two.csv", "food", licence="CC0"), "2026-11-28")
    assert dates_of(found) == ["2024-05-01"]
    assert any("`created_at` could be the date, too" in line for line in told(found))


def add(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["add", *arguments, "--yes"])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_collect_reads_what_add_recorded_and_the_next_file_decides_anew(project, monkeypatch):
    monkeypatch.setattr(
        "seedbed.arrivals.adding.dvc",
        lambda *_: Path(f"{_[-1]}.dvc").write_text(
            f"outs:\n- path: x\n  path: {Path(_[-1]).name}\n"
        ),
    )
    monkeypatch.setattr("seedbed.arrivals.adding._has_private_remote", lambda: False)
    rows = "".join(f'"{text}",cooking,{{}}\n' for text in TEXTS[:2])
    Path("a.csv").write_text("text,label,date\n" + rows.format("03/11/2025", "04/11/2025"))
    add("a.csv", "--source", "food", "--licence", "CC0", "--batch", "2026-01-a")
    rows = "".join(f'"{text}",cooking,{{}}\n' for text in TEXTS[2:])
    Path("b.csv").write_text("text,label,date\n" + rows.format("03/11/2025", "11/25/2025"))
    lines = add("b.csv", "--source", "food", "--batch", "2026-01-b")
    assert "read as month_first (03/11/2025 is 11 March); the batch before as day_first" in lines
    rows = TEXTS[0].replace("pasta", "rice and beans")
    Path("c.csv").write_text(f'text,label,date\n"{rows}",cooking,03/11/2025\n')
    add("c.csv", "--source", "food", "--batch", "2026-01-c", "--date-column", "")
    first, second, third = yaml.load(Path("params.yaml"))["sources"][-3:]
    assert (first["date_format"], second["date_format"]) == ("day_first", "month_first")
    assert "date" not in third["columns"]
    assert not {"date_format", "date_guessed"} & set(third)
    collect.main()
    found = read_rows(Path("data/collect"))
    found = found[found["source"] == "food"].set_index("text")["date"].to_dict()
    assert [found[text] for text in [*TEXTS, rows]] == [
        "2025-11-03", "2025-11-04", "2025-03-11", "2025-11-25", "",
    ]  # fmt: skip
