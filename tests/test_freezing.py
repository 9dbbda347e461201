"""`seedbed freeze`: what a person sees, what is written, what is refused."""

import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from seedbed.core.errors import RowsError, SeedbedError
from seedbed.core.rows import DEDUPLICATE, SPLIT, write_rows
from seedbed.splitting.sides import FROZEN, read_frozen, write_frozen


def rows(*sides: str) -> pd.DataFrame:
    ids = [f"{n:02d}" for n in range(len(sides))]
    return pd.DataFrame(
        {"id": ids, "digest": [f"d{i}" for i in ids], "text": "a text nobody may see",
         "label": "cat", "source": "s", "batch": "2026-01-a", "provenance": "{}",
         "split": list(sides)}
    )  # fmt: skip


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_frozen({})
    write_rows(SPLIT, rows("train", "test", "validation", "test"))


def freeze(*options: str, answer: str = ""):
    done = CliRunner().invoke(app, ["freeze", *options], input=answer)
    assert "nobody may see" not in done.output
    return done


def test_it_shows_what_is_added_asks_and_writes_the_test_side():
    done = freeze(answer="n\n")
    assert "2 rows added: 01, 03" in done.output
    assert read_frozen() == {}
    assert freeze(answer="y\n").exit_code == 0
    assert FROZEN.read_text() == "id,digest\n01,d01\n03,d03\n"


def test_a_second_time_there_is_nothing_to_do_and_no_question():
    freeze("--yes")
    done = freeze()
    assert done.exit_code == 0
    assert "already contains the test rows" in done.output


def test_new_test_rows_are_added_to_those_that_stand():
    freeze("--yes")
    write_rows(SPLIT, rows("train", "test", "validation", "test", "test"))
    assert "1 rows added: 04" in freeze("--yes").output
    assert list(read_frozen()) == ["01", "03", "04"]


def test_rows_are_removed_or_changed_with_replace_alone():
    write_frozen({"00": "d00", "01": "before"})
    before = FROZEN.read_text()
    done = freeze("--yes")
    assert isinstance(done.exception, SeedbedError)
    assert "1 frozen rows would be removed, 1 changed: 00, 01" in str(done.exception)
    assert FROZEN.read_text() == before
    done = freeze("--replace", "--yes")
    assert "1 rows removed: 00" in done.output
    assert "1 rows with another text: 01" in done.output
    assert read_frozen() == {"01": "d01", "03": "d03"}


@pytest.mark.parametrize(
    ("frozen", "refused"),
    [
        ({"00": "d00"}, "1 frozen rows would be removed, 0 changed: 00"),
        ({"01": "before"}, "0 frozen rows would be removed, 1 changed: 01"),
    ],
)
def test_a_row_that_is_removed_or_one_that_changed_alone_is_refused(frozen, refused):
    write_frozen(frozen)
    assert refused in str(freeze("--yes").exception)
    assert read_frozen() == frozen


def test_many_ids_are_shown_in_part():
    write_rows(SPLIT, rows(*["test"] * 12))
    shown = freeze("--yes").output
    assert "12 rows added: 00, 01, 02" in shown
    assert "09 and 2 more" in shown


def test_a_frozen_test_with_an_id_twice_is_refused():
    FROZEN.write_text("id,digest\n01,d01\n01,d01\n02,d02\n")
    with pytest.raises(RowsError, match="1 repeated ids"):
        read_frozen()


def test_where_split_refused_the_frozen_test_replace_takes_what_is_left():
    write_frozen({"01": "d01", "02": "before", "99": "gone"})
    shutil.rmtree(SPLIT)
    write_rows(DEDUPLICATE, rows("", "", "", ""))
    assert isinstance(freeze("--yes").exception, RowsError)
    assert freeze("--replace", "--yes").exit_code == 0
    assert read_frozen() == {"01": "d01", "02": "d02"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("row,digest\n01,d\n", "the header row,digest"),
        ("id,digest\n01,d\n01,e\n", "1 repeated ids"),
    ],
)
def test_a_file_that_cannot_be_is_refused(content, message):
    FROZEN.write_text(content)
    with pytest.raises(SeedbedError, match=message):
        read_frozen()
