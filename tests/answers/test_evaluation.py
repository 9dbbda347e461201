"""Figures of one approach, pairs of approaches, and rows side by side."""

import numpy as np
import pandas as pd
import pytest
from answers.conftest import predictions, written

from seedbed.core.errors import RowsError
from seedbed.core.files import rounded
from seedbed.core.metrics import write_metrics
from seedbed.core.turns import Turn, write_turns
from seedbed.scoring.answers.evaluation import (
    AnswerParams,
    answer_columns,
    answer_pairs,
    best_seed,
    evaluated,
    judged,
    side_by_side,
)
from seedbed.scoring.metrics_files import AnswerEvaluation, ModelCosts, read_evaluation

COSTS = ModelCosts(megabytes=1.0, trainable_parameters=2, epochs=1, training_tokens=3)
PARAMS = AnswerParams()
TARGETS = ["red", "blue", "green", "black"] * 10
GOOD = predictions(TARGETS, {"0": ["red", "x", "green", "y"] * 10, "1": TARGETS})
BAD = predictions(TARGETS, {"0": ["x"] * 40})


def evaluation(rows=GOOD, columns=None) -> AnswerEvaluation:
    by_seed = judged(rows, PARAMS)
    return evaluated(rows, by_seed, columns or {}, PARAMS, best_seed(by_seed, "token_f1"), COSTS)


def test_the_file_is_read_as_it_was_written(tmp_path):
    columns = {"colour": [("warm",) if target == "red" else ("cold",) for target in TARGETS]}
    found = evaluation(columns=columns)
    assert found.seed_shown == "1"
    assert found["exact_match"].by_seed == {"0": 0.5, "1": 1.0}
    assert found.slices["colour"]["cold"].rows == 30
    write_metrics(tmp_path / "full/test.json", found)
    read = read_evaluation("full", "test", tmp_path)
    assert read is not None
    assert read.model_dump() == rounded(found.model_dump())
    (tmp_path / "full/test.json").write_text('{"run": false}', encoding="utf-8")
    assert read_evaluation("full", "test", tmp_path) is None


def test_rows_that_were_not_asked_are_counted():
    given = written(["", "", "x", "x"] * 10, reasons=["too_long", "no_answer", "", ""] * 10,
                    loss=[np.nan, 1.0, 1.0, 1.0] * 10)  # fmt: skip
    found = evaluation(predictions(TARGETS, {"0": given}))
    assert found.without_answer == {"no_answer": 10, "too_long": 10}
    assert found.without_loss == 10


def test_slices_are_by_what_rows_are():
    rows = pd.DataFrame({
        "source": ["a", "b"], "batch": ["m", "m"], "date": ["2026-01-01", ""],
        "label": ["chat", "chat"], "text": ["Hi", "How are you today?"], "answer": ["Yo", "Well"],
        "context": ["", write_turns([Turn("system", "Be kind.")])],
    })  # fmt: skip
    columns = answer_columns(rows, ["2026-01-01"], ["en", "en"], np.array([0.1, 0.9]))
    assert columns["earlier turns"] == [("none",), ("some",)]
    two = predictions(["Yo", "Well"], {"0": ["Yo", "No"]})
    found = evaluation(two, columns).slices
    assert found["source"]["a"].accuracy == 1
    assert found["source"]["b"].accuracy == 0
    assert set(found) == {"source", "date", "question", "answer", "earlier turns",
                          "nearness to train"}  # fmt: skip


@pytest.mark.parametrize("right", ["token_f1", "exact_match"])
def test_approaches_are_compared_with_the_base_on_the_same_rows(right):
    everything = {"base": BAD, "full": GOOD, "same": BAD}
    figures = {name: judged(rows, PARAMS) for name, rows in everything.items()}
    pairs = answer_pairs("base", figures, {"base": "0", "full": "1", "same": "0"},
                         GOOD.clusters(), right)  # fmt: skip
    assert list(pairs) == ["full", "same"]
    assert pairs["full"].differences["exact_match"].low > 0.5
    assert pairs["full"].mcnemar.only_one_right == 40
    assert pairs["full"].p_holm < 1e-3 < pairs["same"].p_holm == 1
    assert pairs["same"].test.startswith("McNemar" if right == "exact_match" else "a test by")


def test_only_sources_that_allow_it_are_shown_side_by_side():
    targets = [f"answer {index}" for index in range(60)]
    sources = ["open", "private"] * 30
    shown = {name: predictions(targets, {"0": [name] * 60}, sources=sources) for name in "ab"}
    found = side_by_side(shown, {"a": "0", "b": "0"}, {"open"})
    assert len(found) == 20
    assert {int(row.id, 16) % 2 for row in found} == {0}
    assert found[0].answers == {"a": "a", "b": "b"}
    assert found == side_by_side(shown, {"a": "0", "b": "0"}, {"open"})
    assert [row.id for row in found] != sorted(row.id for row in found)  # no order of arrival
    assert side_by_side(shown, {"a": "0", "b": "0"}, set()) == []


def test_no_rows_are_one_paragraph():
    with pytest.raises(RowsError, match="no rows"):
        judged(predictions([], {"0": []}), PARAMS)
