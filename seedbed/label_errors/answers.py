"""Answers that do not belong to their question, and answers that are empty phrases, in another
language, or cut off: one ranking of rows of task `answer`.

Whether an answer belongs to its question is learned from the rows themselves. Each row's answer is
put after the question of another row; a logistic regression learns, on other folds, to tell these
pairs from the given ones, by signals that do not know which is which:

- the cosine of question and answer by the encoder, as it is and less that of both to their nearest
  others (CSLS; Conneau et al., 2018), because some texts are near to all;
- how like the answer is to those of the nearest other questions, and the question to those of the
  nearest other answers;
- with a language model: by how much the question lowers the loss of the answer, in all, and a token
  as the ratio of both losses, the instruction-following difficulty (Li et al., 2024).

Its odds are the ratio of how likely the signals are in pairs of one row and in random ones, from
which Bayes' rule makes the probability that an answer belongs to its question. A few wrong rows
among the given ones change the regression little.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import regex
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from seedbed.core.reasons import Reason
from seedbed.core.text_units import language_of, length_of, units_of
from seedbed.encoding.nearest_rows import nearest_of, unit_length

NEAREST = 10  # other questions, or answers
WIDTH = 0.2  # of the weight of a neighbour by its cosine, as in seedbed/label_errors/out_of_fold.py
TRIES = 50
EXPECTED = 0.05  # share of answers at another's question, before anything is known of a row
FLAG_ODDS = 5.0  # how many times as likely wrong a phrase, a rare language or a cut makes an answer
SUSPECTED = 0.5  # probability to belong below which an answer is suspected for it alone
DIGITS = 4  # of the score: the last bits differ from processor to processor
FEWEST = 20  # rows that a regression, or a share of rows, can be made from
PHRASE_QUESTIONS, PHRASE_UNITS = 3, 8  # different questions that share an answer of so many words
RARE_LANGUAGE = 0.05  # share of the rows whose question is in the same language
ENDING_SHARE = 0.8  # of the longer answers; where fewer end as sentences do, none is cut off
END = regex.compile(
    r"(?:\p{STerm}|\p{Emoji_Presentation}|[:;][-']?[)(DP]|[\p{Pe}\p{Pf}\"'`*_…~])\s*$"
)
OPEN = regex.compile(r"(?:[,;:(\[{–—-]|\p{Ps}|\p{Pi})\s*$")
FENCE = regex.compile(r"^\s*```", regex.MULTILINE)


class AnswerLosses(NamedTuple):
    """Of each answer, (rows,): its negative log-likelihood in nats after its own question
    (`given`), after the question of another row (`other`, see `other_questions`), and alone; NaN
    where a conversation does not fit. `tokens`: how many it has."""

    given: np.ndarray
    other: np.ndarray
    alone: np.ndarray
    tokens: np.ndarray


class ComparedRows(NamedTuple):
    """Rows as they are judged: last questions and answers, the vectors of both by the encoder,
    (rows, width) each, the fold of each row, and losses if there is a language model."""

    questions: Sequence[str]
    answers: Sequence[str]
    question_vectors: np.ndarray
    answer_vectors: np.ndarray
    folds: np.ndarray
    losses: AnswerLosses | None = None


class AnswerJudgement(NamedTuple):
    """For every row: the reason to suspect its answer ("": none), its quality in [0, 1] (low is
    doubtful), by which rows are ranked, and the probability that it belongs to its question."""

    reason: np.ndarray
    score: np.ndarray
    belongs: np.ndarray


def judge_answers(
    rows: ComparedRows, min_language_chars: int, refusal: str = ""
) -> AnswerJudgement:
    """Judge every answer. Languages are detected from `min_language_chars` on; `refusal`, the text
    of params for questions without an answer, is no empty phrase."""
    belongs = np.full(len(rows.answers), 1 - EXPECTED)
    if len(rows.answers) >= FEWEST:
        belongs = belonging(rows)
    flags = {
        Reason.EMPTY_PHRASE: empty_phrases(rows.questions, rows.answers, refusal),
        Reason.OTHER_LANGUAGE: other_language(rows.questions, rows.answers, min_language_chars),
        Reason.SEEMS_CUT_OFF: cut_off(rows.answers),
    }
    reason = np.where(belongs < SUSPECTED, Reason.ANSWERS_OTHER_QUESTION, "").astype(object)
    score = belongs.copy()
    for name, flagged in flags.items():
        reason = np.where(flagged & (reason == ""), name, reason)
        score = np.where(flagged, score / (score + (1 - score) * FLAG_ODDS), score)
    return AnswerJudgement(reason, score.round(DIGITS), belongs)


def other_questions(questions: Sequence[str], answers: Sequence[str], seed: int = 0) -> np.ndarray:
    """Return for each row the index of a row with another question and another answer, at random:
    (rows,); the row itself where there is none."""
    random, number = np.random.default_rng(seed), len(questions)
    question, answer = map(_numbered, (questions, answers))
    every, other = np.arange(number), random.permutation(number)
    for _ in range(TRIES):
        same = (question == question[other]) | (answer == answer[other])
        if not same.any():
            break
        other[same] = random.integers(0, number, int(same.sum()))
    return np.where((question == question[other]) | (answer == answer[other]), every, other)


def _numbered(texts: Sequence[str]) -> np.ndarray:
    """The same number for texts of the same words: (rows,)."""
    return np.unique([" ".join(units_of(text)) for text in texts], return_inverse=True)[1]


def belonging(rows: ComparedRows) -> np.ndarray:
    """Return the probability that each answer belongs to its question, from models that did not see
    the row: (rows,)."""
    other = other_questions(rows.questions, rows.answers)
    every = np.arange(len(other))
    given, random = _signals(rows, every), _signals(rows, other)
    told = other != every
    odds = np.zeros(len(every))
    for fold in np.unique(rows.folds):
        scored = rows.folds == fold
        seen = ~scored & told if (~scored & told).sum() >= FEWEST else told
        inputs = np.concatenate([given[seen], random[seen]])
        targets = np.repeat([1, 0], int(seen.sum()))
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0))
        odds[scored] = model.fit(inputs, targets).decision_function(given[scored])
    prior = np.log((1 - EXPECTED) / EXPECTED)
    return 1 / (1 + np.exp(-np.clip(odds + prior, -50, 50)))


def _signals(rows: ComparedRows, asked: np.ndarray) -> np.ndarray:
    """The signals of each row's answer after the question of the row `asked`: (rows, signals)."""
    questions, answers = unit_length(rows.question_vectors), unit_length(rows.answer_vectors)
    every = np.arange(len(asked))
    cosine = (questions[asked] * answers).sum(1)
    columns = [
        cosine,
        2 * cosine
        - _hubness(questions[asked], answers, every)
        - _hubness(answers, questions, asked),
        _evidence(questions[asked], questions, answers, answers, asked, every),
        _evidence(answers, answers, questions[asked], questions, asked, every),
    ]
    if rows.losses is not None:
        after = np.where(asked == every, rows.losses.given, rows.losses.other)
        columns += [
            _known(rows.losses.alone - after),
            -_known(after / np.maximum(rows.losses.alone, 1e-6)),
        ]
    return np.stack(columns, axis=1)


def _known(values: np.ndarray) -> np.ndarray:
    """Replace missing values by the median of the others."""
    known = np.isfinite(values)
    return np.where(known, values, np.median(values[known]) if known.any() else 0.0)


def _hubness(vectors: np.ndarray, others: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Mean cosine of each vector to the NEAREST others but its own: (rows,)."""
    products = vectors @ others.T
    products[np.arange(len(own)), own] = -np.inf
    found = nearest_of(products, min(NEAREST, products.shape[1]))[1]
    return np.where(np.isfinite(found), found, 0.0).mean(1)


def _evidence(
    vectors: np.ndarray,
    near: np.ndarray,
    partners: np.ndarray,
    partners_of_near: np.ndarray,
    asked: np.ndarray,
    own: np.ndarray,
) -> np.ndarray:
    """How like a row's partner is to those of the rows nearest to it, on the mean and at most, the
    nearer the more: (rows,). Neither the row itself nor the one whose question was taken counts."""
    products = vectors @ near.T
    for left_out in (asked, own):
        products[np.arange(len(own)), left_out] = -np.inf
    places, cosines = nearest_of(products, min(NEAREST, products.shape[1]))
    weights = np.exp((cosines.astype(np.float64) - 1) / WIDTH)
    alike = np.einsum("rw,rnw->rn", partners, partners_of_near[places])
    total = weights.sum(1)
    return (weights * alike).sum(1) / np.where(total > 0, total, 1)


def empty_phrases(
    questions: Sequence[str], answers: Sequence[str], refusal: str = ""
) -> np.ndarray:
    """Return which answers are few words that answer several different questions, or none at all:
    (rows,) bool."""
    units = [units_of(answer) for answer in answers]
    keys, refused = [" ".join(words) for words in units], " ".join(units_of(refusal))
    pairs = {(key, " ".join(units_of(text))) for key, text in zip(keys, questions, strict=True)}
    asked = Counter(key for key, _ in pairs)
    return np.array([
        not words or (key != refused and len(words) <= PHRASE_UNITS
                      and asked[key] >= PHRASE_QUESTIONS)
        for key, words in zip(keys, units, strict=True)
    ], dtype=bool)  # fmt: skip


def other_language(questions: Sequence[str], answers: Sequence[str], min_chars: int) -> np.ndarray:
    """Return which answers are in another language than their question where questions in this one
    seldom have answers in that: (rows,) bool. Shorter texts are not judged."""
    pairs = [
        (language_of(question), language_of(answer))
        if min(length_of(question), length_of(answer)) >= min_chars
        else None
        for question, answer in zip(questions, answers, strict=True)
    ]
    known = [pair for pair in pairs if pair]
    both, first = Counter(known), Counter(question for question, _ in known)
    return np.array([
        pair is not None and pair[0] != pair[1] and first[pair[0]] >= FEWEST
        and both[pair] < RARE_LANGUAGE * first[pair[0]]
        for pair in pairs
    ], dtype=bool)  # fmt: skip


def cut_off(answers: Sequence[str]) -> np.ndarray:
    """Return which answers end in the middle: (rows,) bool.

    A block of code is not closed, or the text ends with an opening bracket, a comma or a dash; or
    it is longer than the median and does not end as a sentence does, where nearly all of these do.
    """
    lengths = np.array([length_of(answer) for answer in answers])
    ends = np.array([END.search(answer) is not None for answer in answers], dtype=bool)
    opens = np.array([OPEN.search(answer) is not None for answer in answers], dtype=bool)
    unclosed = np.array([len(FENCE.findall(answer)) % 2 == 1 for answer in answers], dtype=bool)
    longer = lengths > np.median(lengths) if len(lengths) else np.zeros(0, dtype=bool)
    if longer.sum() < FEWEST or ends[longer].mean() < ENDING_SHARE:
        longer = np.zeros(len(lengths), dtype=bool)
    return unclosed | ((opens | longer) & ~ends)
