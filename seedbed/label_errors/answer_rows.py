"""Rows of task `answer` judged: what find_label_errors writes of them.

A row whose answer is the refusal of params is not judged: nobody wrote it, and nothing about it can
be wrong but the question's place among the negatives.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.errors import ParamsError
from seedbed.core.text_units import units_of
from seedbed.label_errors.answers import (
    DIGITS,
    AnswerLosses,
    ComparedRows,
    judge_answers,
    other_questions,
)
from seedbed.label_errors.out_of_fold import check_whole_set, near_rows, order_of_arrival

NEAREST = 5  # rows with the nearest questions that are shown of a suspect
# From rows, and the index of the row whose question each is asked instead, to losses.
Losses = Callable[[pd.DataFrame, np.ndarray], AnswerLosses]


class AnswerVectors(NamedTuple):
    """Vectors of the rows' questions and answers by the encoder: (rows, width) each."""

    questions: np.ndarray
    answers: np.ndarray


def check_policy_of_answers(policy: str) -> None:
    """Raise ParamsError for a policy that answers cannot have."""
    if policy == "relabel":
        raise ParamsError(
            "params.yaml: find_label_errors.policy",
            "relabel, and task answer",
            "flag, drop or weight: no model suggests another answer",
            "set one of them; `seedbed review` is where people rewrite answers",
        )


def judged_rows(
    rows: pd.DataFrame,
    vectors: AnswerVectors,
    losses: Losses | None,
    min_language_chars: int,
    refusal: str,
) -> tuple[pd.DataFrame, float | None]:
    """Return the rows in their order with id, split, label, suggested (""), score, reason, nearest
    (ids of rows with the nearest questions, of suspects), judged, self_confidence (the probability
    that the answer belongs to its question), uncertainty (its entropy in bits), outlier and
    outlier_score (of the question); and the p-value of "the order of arrival is random".

    `losses`: None without a language model. `refusal`, `min_language_chars`: see `judge_answers`.
    """
    refused = units_of(refusal)
    judged = np.array([units_of(answer) != refused for answer in rows["answer"]], dtype=bool)
    reason = np.full(len(rows), "", dtype=object)
    score, belongs = np.ones(len(rows)), np.ones(len(rows))
    if judged.any():
        part, (questions, answers) = rows[judged], vectors
        texts = list(part["text"]), list(part["answer"])
        known = losses(part, other_questions(*texts)) if losses else None
        compared = ComparedRows(
            *texts, questions[judged], answers[judged], part["fold"].to_numpy(), known
        )
        found = judge_answers(compared, min_language_chars, refusal)
        reason[judged], score[judged], belongs[judged] = found
    near = near_rows(vectors.questions, list(rows["batch"]))
    outlier, outlier_score, non_iid_p = check_whole_set(near, order_of_arrival(rows))
    ids, nearest = rows["id"].to_numpy(dtype=object), np.full(len(rows), "", dtype=object)
    for row in np.flatnonzero(reason != ""):
        nearest[row] = " ".join(ids[near.rows[row, :NEAREST]])
    table = rows[["id", "split", "label"]].assign(
        suggested="",
        score=score,
        reason=reason,
        nearest=nearest,
        judged=judged,
        self_confidence=belongs.round(DIGITS),
        uncertainty=_entropy(belongs).round(DIGITS),
        outlier=outlier,
        outlier_score=outlier_score.round(DIGITS),
    )
    return table, non_iid_p


def _entropy(shares: np.ndarray) -> np.ndarray:
    """The entropy of a yes or no in bits: (rows,)."""
    shares = np.clip(shares, 1e-12, 1 - 1e-12)
    return -(shares * np.log2(shares) + (1 - shares) * np.log2(1 - shares))
