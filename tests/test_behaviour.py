"""Edits that should not matter, before and after; and plain cases."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from seedbed.core.errors import RowsError
from seedbed.scoring.behaviour import (
    NAMES,
    cases_of,
    drawn_indices,
    edited,
    invariance_of,
    read_cases,
)
from seedbed.scoring.metrics import Scored
from seedbed.scoring.metrics_files import Invariance
from seedbed.tasks import class_task

TEXT = "Sarah wrote to <EMAIL>, then called Peter: the well-known and/or rule, 3.5 times."


def edits_of(text: str, row: str = "0" * 16, seed: int = 0) -> dict[str, str]:
    return {name: versions[0] for name, versions in edited([text], [row], seed).items()}


def test_what_each_edit_does():
    found = edits_of(TEXT)
    assert found["case"] == TEXT.lower().replace("<email>", "<EMAIL>")
    assert (
        found["punctuation"]
        == "Sarah wrote to <EMAIL>, then called Peter the well-known and/or rule 3.5 times"
    )
    assert sum(a != b for a, b in zip(found["typos"], TEXT, strict=True)) == 1
    first, second = re.fullmatch(r"(\w+) wrote.* called (\w+):.*", found["names"]).groups()
    assert {first, second} <= set(NAMES)
    assert first != "Sarah"
    assert second != "Peter"


def test_a_text_in_small_letters_gets_capitals():
    assert edits_of("rain today")["case"] == "RAIN TODAY"


def test_what_an_edit_has_nothing_to_do_with_stays():
    found = edits_of("rain today")
    assert found["punctuation"] == found["names"] == "rain today"


def test_edits_depend_on_seed_and_id_alone():
    texts = [TEXT, "Rain fell on John and on Maria."]
    both = edited(texts, ["a", "b"], 7)
    assert edited(texts[1:], ["b"], 7)["names"] == both["names"][1:]
    assert edits_of(TEXT, seed=1)["names"] != edits_of(TEXT, seed=2)["names"]


@given(st.text())
def test_any_text_can_be_edited(text):
    assert set(edits_of(text)) == {"case", "punctuation", "typos", "names"}


def test_rows_are_drawn_by_hash_and_stay_in_order():
    ids = [f"{number:016x}" for number in range(50)]
    some = drawn_indices(ids, 10, 0)
    assert len(some) == 10
    assert list(some) == sorted(some)
    taken = {ids[place] for place in some}
    others = [row for row in ids if row in taken or row < ids[25]]
    assert taken <= {others[place] for place in drawn_indices(others, 10, 0)}
    assert list(drawn_indices(ids[:3], 10, 0)) == [0, 1, 2]
    assert len(drawn_indices(ids, 0, 0)) == 0


def test_only_rows_that_an_edit_changed_count():
    rows = pd.DataFrame(
        {"text": ["It rains.", "Fry it.", "It snows.", "2026"], "text_pair": ""}, index=list("abcd")
    )
    labels = np.array([0, 1, 2, 0])
    asked = {}

    def predict(texts: list[str], pairs: list[str], label: str) -> np.ndarray:
        asked[label] = texts
        return labels[: len(texts)] * (np.arange(len(texts)) < 2)  # the third is 0, and was 2

    found = invariance_of(predict, rows, Scored.of(class_task, labels, labels), 4, 0)
    assert asked["edited: case"] == ["it rains.", "fry it.", "it snows."]
    assert found["names"] == Invariance(rows=0)
    assert found["case"].rows == 3
    assert found["case"].stays == pytest.approx(2 / 3)
    assert found["case"].low < 2 / 3 < found["case"].high
    assert invariance_of(predict, rows, Scored.of(class_task, labels, labels), 0, 0) == {}


def test_cases_are_counted_by_capability_and_failures_named_without_text(tmp_path):
    (tmp_path / "a.csv").write_text(
        "text,label,capability\nIt rains.,weather,one topic\nFry it.,cooking,one topic\n"
        "Fry it in the rain.,cooking,mixed\nA match,sport,one topic\n"
    )
    classes = ["cooking", "weather"]
    found = cases_of(lambda texts, pairs, label: np.array([1, 1, 0]), class_task, classes, tmp_path)
    assert found.model_dump(exclude_unset=True) == {
        "of_other_classes": 1,
        "other_classes": ["sport"],
        "rows": 3,
        "passed": 2,
        "by_capability": {
            "mixed": {"rows": 1, "passed": 1},
            "one topic": {"rows": 2, "passed": 1},
        },
        "failed": ["a.csv:2"],
    }
    none = cases_of(lambda *_: pytest.fail("no case to run"), class_task, ["other"], tmp_path)
    gone = ["cooking", "sport", "weather"]
    assert none.model_dump() == none.model_copy().model_dump()
    assert (none.of_other_classes, none.other_classes, none.rows) == (4, gone, 0)


def test_cases_of_all_files_are_read(tmp_path):
    (tmp_path / "b.csv").write_text("text,label\nFry it.,cooking\n")
    (tmp_path / "a.csv").write_text("text,label,capability\nIt rains.,weather,one topic\n")
    (tmp_path / "test_it.py").write_text("no case")
    assert read_cases(tmp_path).to_numpy().tolist() == [
        ["It rains.", "weather", "one topic", "a.csv:1"],
        ["Fry it.", "cooking", "general", "b.csv:1"],
    ]


@pytest.mark.parametrize("content", ["text,label\nIt rains.,\n", "words,label\nIt rains.,a\n"])
def test_a_case_without_text_or_label_is_an_error(tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(RowsError, match=r"a.csv, row 1: no text or no label"):
        read_cases(tmp_path)
