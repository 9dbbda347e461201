"""Figures on diversity, on rows whose figures a person can count."""

import numpy as np
import pandas as pd
import pytest

from seedbed.collecting.diversity import (
    DistinctNgrams,
    age_by_class,
    collect_metrics,
    counts,
    distinct_ngrams,
    quantiles,
)
from seedbed.core.metrics import RowCounts
from seedbed.encoding.nearest_rows import mean_pairwise_distance, neighbour_distances
from seedbed.reporting.results import thin_classes
from seedbed.tasks import load

ROWS = pd.DataFrame(
    [
        ("1", "a good film", "", "pos", "films", "2026-10", "2026-10-01"),
        ("2", "a good good film", "", "pos", "films", "2026-10", "2026-10-11"),
        ("3", "bad", "", "neg", "films", "2026-10", "2025-10-11"),
        ("4", "meh", "really", "", "mails", "2026-11", ""),
    ],
    columns=["id", "text", "text_pair", "label", "source", "batch", "date"],
)


def figures(rows: pd.DataFrame) -> dict:
    kept = RowCounts(read=len(rows), made=0, kept=len(rows), dropped=0, dropped_by_reason={})
    return collect_metrics(rows, kept, {"utf-8": 2}, load("class")).model_dump()


def test_all_figures() -> None:
    found = figures(ROWS)
    assert found["by_class"] == {"(unlabelled)": 1, "neg": 1, "pos": 2}
    assert found["by_source"] == {"films": 3, "mails": 1}
    assert found["by_batch"] == {"2026-10": 3, "2026-11": 1}
    assert found["chars_by_class"]["pos"]["max"] == 16
    assert found["chars_by_class"]["(unlabelled)"]["min"] == len("meh really")
    assert found["distinct_ngrams"]["all"]["tokens"] == 10
    assert list(found["distinct_ngrams"]["by_class"]) == ["(unlabelled)", "neg", "pos"]


def test_age_counts_from_the_newest_row_not_from_today() -> None:
    ages = age_by_class(ROWS["label"], ROWS["date"])
    assert {label: age.model_dump(exclude_unset=True) for label, age in ages.items()} == {
        "": {"undated": 1},
        "neg": {
            "undated": 0,
            "oldest": "2025-10-11",
            "newest": "2025-10-11",
            "days_behind_newest": 365,
        },
        "pos": {
            "undated": 0,
            "oldest": "2026-10-01",
            "newest": "2026-10-11",
            "days_behind_newest": 0,
        },
    }


def test_quantiles_are_lengths_that_there_are() -> None:
    found = quantiles([10, 20, 30, 40])
    assert found == {
        "min": 10, "p05": 10, "p25": 10, "p50": 20, "p75": 30, "p95": 40, "max": 40
    }  # fmt: skip


def test_distinct_ngrams() -> None:
    found = distinct_ngrams(["A good film", "a GOOD good film"])
    # words a good film; pairs (a good) (good film) (good good), not (film a)
    assert found == DistinctNgrams(tokens=7, distinct_1=3 / 7, distinct_2=3 / 5)


def test_distinct_ngrams_stop_at_the_same_number_of_words() -> None:
    assert distinct_ngrams(["one two three", "four five"], max_tokens=4).tokens == 4
    assert distinct_ngrams(["!!", ""]) == DistinctNgrams(tokens=0, distinct_1=0.0, distinct_2=0.0)


def test_counts_stand_in_the_order_of_names() -> None:
    assert list(counts(pd.Series(["b", "a", "b"])).items()) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 3, 0, 2]])
def test_order_of_rows_changes_nothing_below_the_limit(order: list[int]) -> None:
    assert figures(ROWS.iloc[order]) == figures(ROWS)


def test_mean_pairwise_distance_is_that_of_all_pairs() -> None:
    vectors = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert mean_pairwise_distance(vectors) == pytest.approx((1 + 2 + 1) / 3)
    assert mean_pairwise_distance(np.ones((4, 3))) == pytest.approx(0)
    assert mean_pairwise_distance(np.array([[1.0, 0.0], [0.0, 0.0]])) == pytest.approx(1)
    assert mean_pairwise_distance(np.ones((1, 3))) == 0


def test_thin_classes_lack_rows_up_to_a_share_of_the_median() -> None:
    assert thin_classes({"sport": 100, "art": 40, "tech": 120}) == {"art": 10}
    assert thin_classes({"sport": 100, "art": 100}) == {}


def test_a_lonely_row_is_far_from_its_neighbours() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert neighbour_distances(vectors, 2) == pytest.approx([0, 0, 0, 1])
    assert neighbour_distances(vectors[2:], 5) == pytest.approx([1, 1])
    assert neighbour_distances(vectors[:1], 5) == pytest.approx([0])
