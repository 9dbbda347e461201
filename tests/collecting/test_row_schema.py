"""The schema of collected rows names the broken rule and never the private value."""

import pandas as pd
import pytest

from seedbed.collecting.contract import check_collected
from seedbed.core.errors import RowsError

ROW = {
    "id": "0123456789abcdef",
    "digest": "0123456789abcdef",
    "text": "good film",
    "text_pair": "",
    "label": "pos",
    "source": "films",
    "batch": "2026-11",
    "date": "2026-11-03",
    "group": "",
    "split": "",
    "origin": "original",
    "provenance": '{"file":"a.csv","licence":"x","line":2,"sha256":"ab"}',
    "meta": "{}",
}


def test_a_good_row_passes() -> None:
    check_collected(pd.DataFrame([ROW]))
    check_collected(pd.DataFrame([ROW | {"context": '[["user","Hi"]]', "answer": "Hello"}]))


def test_a_context_has_its_canonical_form() -> None:
    row = ROW | {"context": '[["user", "Hi"]]', "answer": "Hello"}
    with pytest.raises(RowsError, match=r"context: turns in their canonical form \(1 rows\)"):
        check_collected(pd.DataFrame([row]))


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("id", "ann@example.org", "16 hex digits"),
        ("text", " ", "not empty"),
        ("text", None, "not empty"),
        ("batch", "films", "year and month"),
        ("date", "03.11.2026", "ISO 8601 day"),
        ("group", "ann@example.org", "16 hex digits"),
        ("split", "exam", "a split"),
        ("origin", "augmented", "original or negative"),
        ("provenance", '{"file":"a.csv","key":"ann@example.org"}', "file, line, licence, sha256"),
        ("meta", "[1]", "JSON object"),
        ("meta", "{", "JSON object"),
    ],
)
def test_a_broken_rule_is_named(column: str, value: str | None, rule: str) -> None:
    with pytest.raises(RowsError, match=f"{column}: .*{rule}") as error:
        check_collected(pd.DataFrame([ROW | {column: value}]))
    assert "example.org" not in str(error.value)


def test_ids_stand_once_and_no_column_is_unknown() -> None:
    with pytest.raises(RowsError, match=r"id: .*unique.* \(2 rows\)"):
        check_collected(pd.DataFrame([ROW, ROW]))
    with pytest.raises(RowsError, match="columns: "):
        check_collected(pd.DataFrame([ROW | {"author": "ann@example.org"}]))
