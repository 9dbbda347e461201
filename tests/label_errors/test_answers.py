"""Answers that do not belong to their question, on rows whose subject a vector shows, and phrases,
languages and cuts on texts that a person can read."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import average_precision_score

from seedbed.core.reasons import Reason
from seedbed.label_errors.answers import (
    AnswerLosses,
    ComparedRows,
    belonging,
    cut_off,
    empty_phrases,
    judge_answers,
    other_language,
    other_questions,
)

ROWS, SWAPPED, SUBJECTS = 200, 12, 20
ENGLISH = "The committee will meet again on the first Monday of the month to decide."
GERMAN = "Der Ausschuss trifft sich am ersten Montag des Monats wieder, um zu entscheiden."


def rows(losses: bool = False, noise: float = 1.0) -> tuple[ComparedRows, np.ndarray]:
    """Questions and answers near their subject's vectors; some answers are those of other rows."""
    random = np.random.default_rng(0)
    subject = np.arange(ROWS) % SUBJECTS
    centres = random.normal(size=(2, SUBJECTS, 16))
    swapped = random.choice(ROWS, SWAPPED, replace=False)
    of_answer = subject.copy()
    of_answer[swapped] = np.roll(subject[swapped], 1)
    wrong = of_answer != subject
    vectors = [
        centres[side][which] + noise * random.normal(size=(ROWS, 16))
        for side, which in enumerate((subject, of_answer))
    ]
    questions = [f"Question {index} on {subject[index]}?" for index in range(ROWS)]
    answers = [f"Answer {index} on {of_answer[index]}." for index in range(ROWS)]
    found = None
    if losses:
        asked = subject[other_questions(questions, answers)]
        alone = random.gamma(20, 1, ROWS)
        lowered = [np.where(which == of_answer, 6.0, 0.0) for which in (subject, asked)]
        after = [alone - part + random.normal(size=ROWS) for part in lowered]
        found = AnswerLosses(*after, alone, np.full(ROWS, 10))
    return ComparedRows(questions, answers, *vectors, np.arange(ROWS) % 5, found), wrong


def precision(found: ComparedRows, wrong: np.ndarray) -> float:
    return float(average_precision_score(wrong, 1 - judge_answers(found, 40).score))


def test_swapped_answers_are_found_from_the_other_rows_alone():
    """No question is like its own answer here: only other pairs show what goes together."""
    found, wrong = rows(noise=0.5)
    cosines = (found.question_vectors * found.answer_vectors).sum(1)
    assert average_precision_score(wrong, -cosines) < 0.3
    assert precision(found, wrong) > 0.8
    judged = judge_answers(found, 40)
    suspected = judged.reason == Reason.ANSWERS_OTHER_QUESTION
    assert wrong[suspected].mean() > 0.6
    assert suspected[wrong].mean() > 0.5


def test_losses_add_what_vectors_do_not_show():
    found, wrong = rows(losses=True, noise=1.2)
    assert precision(found, wrong) > precision(found._replace(losses=None), wrong) + 0.1


def test_a_row_without_a_loss_is_judged_by_the_rest():
    found, _ = rows(losses=True)
    given = found.losses.given.copy()
    given[:5] = np.nan
    belongs = belonging(found._replace(losses=found.losses._replace(given=given)))
    assert np.isfinite(belongs).all()


def test_the_same_rows_give_the_same_bits():
    found, _ = rows(losses=True)
    np.testing.assert_array_equal(judge_answers(found, 40).score, judge_answers(found, 40).score)


def test_too_few_rows_are_judged_by_their_texts_alone():
    vectors = np.eye(3, 4)
    few = ComparedRows(["a?", "b?", "c?"], ["One.", "", "Three."], vectors, vectors, np.arange(3))
    judged = judge_answers(few, 40)
    assert judged.reason.tolist() == ["", Reason.EMPTY_PHRASE, ""]
    assert judged.score.tolist() == [0.95, 0.7917, 0.95]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=12))
def test_another_question_has_neither_the_same_question_nor_answer(pairs):
    questions, answers = zip(*pairs, strict=True)
    for row, other in enumerate(other_questions(questions, answers)):
        if row != other:
            assert questions[row] != questions[other]
            assert answers[row] != answers[other]


def test_a_phrase_for_several_different_questions_is_empty():
    questions = ["Where?", "When?", "Who?", "who", "How?", "Why?", "What?"]
    answers = ["Good question!", "good question", "In May.", "In May.", "In May.", "No.", "?!"]
    assert empty_phrases(questions, answers).tolist() == [False] * 6 + [True]
    several = ["Good question!", "good question", "Good question", *answers[3:]]
    found = empty_phrases(questions, several)
    assert found.tolist() == [True, True, True, False, False, False, True]
    assert not empty_phrases(questions, several, "Good question.")[:3].any()


def test_a_rare_language_is_another_one_and_a_usual_one_is_not():
    questions, answers = [ENGLISH] * 40, [ENGLISH] * 39 + [GERMAN]
    assert other_language(questions, answers, 40).nonzero()[0].tolist() == [39]
    half = [ENGLISH] * 20 + [GERMAN] * 20  # a task of translation
    assert not other_language(questions, half, 40).any()
    assert not other_language(questions, answers, 400).any()


@pytest.mark.parametrize(
    ("answer", "is_cut"),
    [
        ("It is the capital of France.", False),
        ("It is the capital of", True),
        ("Take the first, the second,", True),
        ("東京は日本の首都です。", False),
        ("यह भारत की राजधानी है।", False),
        ("Run it:\n```\nprint(1)\n```", False),
        ("Run it:\n```\nprint(1)", True),
        ("He said: “Go.”", False),
        ("See you soon 🙂", False),
        ("Yes", False),  # short: no sentence
    ],
)
def test_an_answer_that_ends_in_the_middle_is_cut_off(answer, is_cut):
    others = ["It is a whole sentence."] * 25 + ["No"] * 25 + ["Just a few words"] * 10
    assert cut_off([*others, answer])[-1] == is_cut


def test_where_few_answers_end_as_sentences_none_is_cut_off_for_that():
    assert not cut_off(["the capital of France"] * 30 + ["It is a sentence."] * 10).any()
