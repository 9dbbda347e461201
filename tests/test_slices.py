"""Parts of the rows, and how right the model is there."""

import numpy as np
import pandas as pd
import pytest

from seedbed.scoring.evaluation import columns_of, periods, slices, thirds
from seedbed.scoring.metrics import Scored
from seedbed.tasks import class_task


def test_thirds_are_of_as_many_rows():
    assert thirds([30, 10, 20, 60, 50, 40], "short middle long") == [
        "middle third", "short third", "short third", "long third", "long third", "middle third",
    ]  # fmt: skip
    assert thirds([5, 5, 5], "far middle near") == ["far third", "middle third", "near third"]
    assert thirds([], "far middle near") == []


@pytest.mark.parametrize(
    ("every", "found"),
    [
        (["2026-11-01", "2026-11-02", ""], ["2026-11-01", "no date"]),
        ([f"2026-11-{day:02}" for day in range(1, 10)], ["2026-11", "no date"]),
        ([f"2025-{month:02}-01" for month in range(1, 10)], ["2026", "no date"]),
        ([f"{year}-01-01" for year in range(2000, 2020)], ["2026", "no date"]),
    ],
)
def test_periods_are_as_fine_as_eight_of_them_allow(every, found):
    assert periods(["2026-11-01", ""], every) == found


def test_a_row_stands_in_one_part_of_every_column():
    rows = pd.DataFrame(
        {"source": ["web", "app", "app"], "batch": "b", "date": "2026-11-01",
         "text": ["a", "abc", "ab"], "label": ["cat", "dog", "cat"]}
    )  # fmt: skip
    languages, cosines = ["en", "en", "de"], np.array([0.9, 0.1, 0.5])
    found = columns_of(class_task, rows, ["2026-11-01"], languages, cosines)
    assert {name: [value for (value,) in values] for name, values in found.items()} == {
        "source": ["web", "app", "app"],
        "batch": ["b"] * 3,
        "date": ["2026-11-01"] * 3,
        "length": ["short third", "long third", "middle third"],
        "language": ["en", "en", "de"],
        "class": ["cat", "dog", "cat"],
        "nearness to train": ["near third", "far third", "middle third"],
    }


def test_accuracy_rows_and_interval_of_each_part():
    right = np.array([True, True, False, True])
    scored = Scored.of(class_task, np.zeros(4, int), np.where(right, 0, 1))
    columns = {"source": [("web",), ("app",), ("app",), ("app",)], "batch": [("1",)] * 4}
    found = slices(scored, columns)
    assert list(found) == ["source"]  # a column of one value says nothing
    assert found["source"]["app"].accuracy == pytest.approx(2 / 3)
    assert found["source"]["app"].rows == 3
    assert 0 <= found["source"]["app"].low < 2 / 3 < found["source"]["app"].high <= 1
    assert found["source"]["web"].model_dump() == {
        "accuracy": 1, "low": pytest.approx(0.05), "high": 1, "rows": 1,
    }  # fmt: skip
