"""The gate of answers: three verdicts, each limit can fail alone, chance does not."""

import numpy as np
import pytest
from answers.conftest import REFUSAL, written

from seedbed.core.errors import GateError
from seedbed.gate import page
from seedbed.gate.answers import AnswerGateParams, BothModels, compare_answers, judged_answers
from seedbed.gate.compare import FAIL, PASS, Comparison

SHARED = {"false_fail": 0.05, "power": 0.8, "must_see_drop": 0.5}
ROWS = 200
TARGETS = ["the red fox"] * ROWS


def params(**limits) -> AnswerGateParams:
    return AnswerGateParams(**{**SHARED, **(limits or {"max_drop_token_f1": 0.0})})


def both(wrong_base=(), wrong_head=(), clusters=None, targets=TARGETS) -> BothModels:
    """Two models that are right but for the rows named."""
    texts = [[*targets], [*targets]]
    for said, wrong in zip(texts, (wrong_base, wrong_head), strict=True):
        for row in wrong:
            said[row] = "a red hen"
    clusters = np.arange(len(targets)) if clusters is None else clusters
    return BothModels.of(targets, *map(written, texts), clusters, REFUSAL, 20)


def compared(found: BothModels, limits: AnswerGateParams) -> Comparison:
    comparison = Comparison("HEAD")
    compare_answers(comparison, found, limits)
    return comparison


def test_a_clear_drop_fails_and_says_of_what():
    found = compared(both((), range(30)), params(right="token_f1", max_drop_token_f1=0.01))
    assert found.verdict == found.measured == FAIL
    assert found.reasons[0].startswith("Token F1 fell by 7.5 points, from 1.000 to 0.925")
    assert "drop in token F1" in found.notes[0]
    assert "Token F1 fell" in page.as_markdown(found)
    assert "token F1: 1.000" in page.text(found)


@pytest.mark.parametrize("right", ["token_f1", "exact_match"])
def test_the_same_answers_and_a_better_model_pass(right):
    limits = params(right=right, max_drop_token_f1=0.0, max_drop_exact_match=0.0)
    assert compared(both(range(10), range(10)), limits).verdict == PASS
    better = compared(both(range(30), ()), limits)
    assert better.verdict == PASS
    assert better.figures.difference[right].low > 0


def test_what_may_be_chance_passes_and_is_named():
    found = compared(both(range(15), range(13, 31)), params(max_drop_exact_match=0.0))
    assert found.verdict == PASS
    assert found.reasons[1].startswith("Within what chance would bring: Exact match fell by")


def test_rows_of_one_group_are_one_piece_of_evidence():
    clusters = np.repeat(np.arange(10), 20)
    limits = params(max_drop_exact_match=0.0, must_see_drop=1.0)
    assert judged_answers(both((), range(40)), limits).failed
    assert not judged_answers(both((), range(40), clusters), limits).failed


def test_a_floor_fails_where_the_rows_show_it():
    limits = params(min_chrf=0.9)
    assert [one.measure for one in judged_answers(both((), range(120)), limits).failed] == ["chrf"]
    assert not judged_answers(both((), range(10)), limits).failed


def test_refusals_are_a_ratio_of_their_own():
    targets = [REFUSAL] * 40 + ["the red fox"] * 160
    limits = params(max_drop_refusal_recall=0.0, max_drop_exact_match=0.5)
    found = judged_answers(both((), range(12), targets=targets), limits)
    assert [one.measure for one in found.failed] == ["refusal_recall"]
    assert found.failed[0].found == pytest.approx(12 / 40)
    assert found.failed[0].sees is None
    assert not judged_answers(both((), range(40, 52), targets=targets), limits).failed


def test_a_limit_on_what_no_row_counts_for_is_no_pass():
    with pytest.raises(GateError, match="refusal recall: a limit on what no test row counts for"):
        judged_answers(both(), params(min_refusal_recall=0.5))


def test_rows_that_could_not_show_a_drop_are_no_pass():
    with pytest.raises(GateError, match="the smallest drop in token F1 that it shows is"):
        compared(both((0,), (1,)), params(max_drop_token_f1=0.0, must_see_drop=0.001))
    with pytest.raises(GateError, match="every limit is off"):
        compared(both(), AnswerGateParams(**SHARED))


def test_as_good_models_seldom_fail():
    """Two models that are alike, on rows of their own chance: at most 5 % fail."""
    random, failed = np.random.default_rng(0), 0
    limits = params(max_drop_token_f1=0.0, max_drop_exact_match=0.0, max_drop_ended=0.0)
    for _ in range(40):
        wrong = [np.flatnonzero(random.random(ROWS) < 0.3) for _ in range(2)]
        failed += bool(judged_answers(both(*wrong), limits).failed)
    assert failed <= 5
