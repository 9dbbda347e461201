"""One way to read and write rows."""

import pandas as pd
import pyarrow as pa
import pytest

from seedbed.core.errors import RowsError
from seedbed.core.metrics import Drop, RowCounts, read_ledger
from seedbed.core.parquet import CELL_BYTES, cells_of, decoded_bytes
from seedbed.core.rows import (
    SCHEMA,
    read_rows,
    rows_to_choose_by,
    write_results,
    write_rows,
)


def rows(**columns) -> pd.DataFrame:
    frame = {
        "id": ["b", "a"],
        "digest": ["1", "2"],
        "text": ["None", "NA"],
        "label": ["x", "y"],
        "source": "s",
        "batch": ["2026-02-two", "2026-01-one"],
        "provenance": "{}",
    }
    return pd.DataFrame(frame | columns)


def test_one_file_a_batch_and_what_says_none_stays_text(tmp_path):
    write_rows(tmp_path / "rows", rows())
    files = sorted(file.name for file in (tmp_path / "rows").iterdir())
    assert files == ["2026-01-one.parquet", "2026-02-two.parquet"]
    back = read_rows(tmp_path / "rows")
    assert list(back.columns) == SCHEMA.names
    assert list(back["id"]) == ["a", "b"]
    assert list(back["text"]) == ["NA", "None"]
    assert list(back["weight"]) == [1.0, 1.0]


def test_the_same_rows_in_any_order_give_the_same_bytes(tmp_path):
    write_rows(tmp_path / "one", rows())
    write_rows(tmp_path / "two", rows().iloc[::-1])
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_private_files_are_for_their_owner_alone(tmp_path):
    write_rows(tmp_path / "rows", rows(), private=True)
    modes = {oct(file.stat().st_mode)[-3:] for file in (tmp_path / "rows").iterdir()}
    assert modes == {"600"}
    assert oct((tmp_path / "rows").stat().st_mode)[-3:] == "700"


def test_other_files_are_for_everyone_to_read_and_for_nobody_to_run(tmp_path):
    write_rows(tmp_path / "rows", rows())
    modes = {oct(file.stat().st_mode)[-3:] for file in (tmp_path / "rows").iterdir()}
    assert modes == {"644"}


@pytest.mark.parametrize(
    ("negatives", "used"), [("threshold", ["a", "b"]), ("class", ["a", "b", "c"])]
)
def test_choices_read_no_test_row_and_no_negative_that_a_threshold_detects(negatives, used):
    splits = ["train", "validation", "train", "test", "test"]
    frame = pd.DataFrame({"id": [*"abcde"], "split": splits, "label": [*"xy", "none", "x", "none"]})
    chosen = rows_to_choose_by(frame, negatives, "none")
    assert list(chosen["id"]) == used
    assert list(chosen.index) == [*range(len(used))]


@pytest.mark.parametrize("number", [1, 3, 100])
def test_a_value_that_parquet_names_once_counts_for_every_row_that_has_it(tmp_path, number):
    """Ten letters by any number of rows: the file has them once, a reader makes them all."""
    file = tmp_path / "a.parquet"
    pd.DataFrame({"text": ["abcdefghij"] * number}).to_parquet(file)
    whole = number * (CELL_BYTES + 10)
    assert decoded_bytes(file, None, 10**9) == whole
    assert decoded_bytes(file, None, 10**9, rows=7) == whole


def test_no_more_is_counted_than_the_limit_needs(tmp_path):
    file = tmp_path / "a.parquet"
    pd.DataFrame({"text": ["abcdefghij"] * 10_000}).to_parquet(file)
    a_row = CELL_BYTES + 10
    assert decoded_bytes(file, None, 2000 * a_row, rows=1000) == 3000 * a_row


def test_what_is_empty_or_missing_is_an_error(tmp_path):
    with pytest.raises(RowsError, match="0 rows are left"):
        write_rows(tmp_path / "rows", rows().iloc[:0])
    assert not (tmp_path / "rows").exists()
    with pytest.raises(RowsError, match="no rows here"):
        read_rows(tmp_path / "rows")


def test_an_id_that_stands_twice_is_an_error(tmp_path):
    write_rows(tmp_path / "rows", rows(id=["a", "a"]))
    with pytest.raises(RowsError, match="id a is listed twice"):
        read_rows(tmp_path / "rows")


def test_another_schema_is_an_error(tmp_path):
    (tmp_path / "rows").mkdir()
    pd.DataFrame({"id": ["a"]}).to_parquet(tmp_path / "rows" / "x.parquet")
    with pytest.raises(RowsError, match="the row contract"):
        read_rows(tmp_path / "rows")


def test_results_are_rows_ledger_and_metrics_or_some_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counts = RowCounts(read=3, made=0, kept=2, dropped=1, dropped_by_reason={"too_short": 1})
    write_results("clean", counts)
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]
    assert (tmp_path / "reports/metrics/clean.json").exists()
    write_results("clean", counts, rows(), [Drop("c", "too_short")], private=True)
    assert list(read_rows(tmp_path / "data/clean")["id"]) == ["a", "b"]
    assert (tmp_path / "data/clean").stat().st_mode & 0o777 == 0o700
    assert read_ledger(tmp_path / "data/ledger/clean.csv") == [Drop("c", "too_short")]


def test_a_cell_that_python_cannot_hold_leaves_the_others_readable():
    far = pa.array([7_000_000, 0], pa.int32()).cast(pa.date32())
    read = cells_of(pa.table({"when": far, "text": ["a", "b"]}))
    assert [list(row) for row in read] == [["when", "text"]] * 2
    assert [row["text"] for row in read] == ["a", "b"]
    assert not isinstance(read[0]["when"], str)


def test_an_interrupted_write_leaves_what_was_there(tmp_path, monkeypatch):
    write_rows(tmp_path / "rows", rows())
    before = {file.name: file.read_bytes() for file in (tmp_path / "rows").iterdir()}

    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("seedbed.core.parquet.pq.ParquetWriter.write_table", fail)
    with pytest.raises(KeyboardInterrupt):
        write_rows(tmp_path / "rows", rows(text=["other", "words"]))
    assert {file.name: file.read_bytes() for file in (tmp_path / "rows").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]
