"""Answers of made-up models, and stand-ins for the libraries of extra `chat`, whose own figures are
tested where these are installed (`make test-chat`)."""

from types import SimpleNamespace

import numpy as np
import pytest

from seedbed.scoring.answers import metrics
from seedbed.scoring.answers.predictions import AnswerPredictions, Written
from seedbed.tasks.answer_task import token_f1

REFUSAL = "I am sorry, but I cannot answer that."


class Scorer:
    """Token F1 under the names of both libraries."""

    def __init__(self, kinds=(), tokenizer=None):
        self.tokenizer = tokenizer

    def score(self, target, prediction):
        return {"rougeL": SimpleNamespace(fmeasure=token_f1(target, prediction))}

    def sentence_score(self, prediction, targets):
        return SimpleNamespace(score=100 * token_f1(targets[0], prediction))


@pytest.fixture
def stand_ins(monkeypatch):
    """Libraries as if they were installed."""
    both = SimpleNamespace(RougeScorer=Scorer, CHRF=Scorer)
    monkeypatch.setattr(metrics, "library", lambda module: both)


def written(texts, ended=True, loss=2.0, tokens=4, reasons=None) -> Written:
    rows = len(texts)
    return Written(
        list(texts),
        np.full(rows, ended) if isinstance(ended, bool) else np.array(ended, dtype=bool),
        list(reasons or [""] * rows),
        np.full(rows, loss) if isinstance(loss, float) else np.array(loss, dtype=np.float64),
        np.full(rows, tokens) if isinstance(tokens, int) else np.array(tokens, dtype=np.int64),
    )


def predictions(targets, by_seed, groups=None, sources=None) -> AnswerPredictions:
    """Predictions of `by_seed`: texts, or Written."""
    rows = len(targets)
    return AnswerPredictions(
        [f"{index:016x}" for index in range(rows)],
        list(groups or [""] * rows),
        list(sources or ["faq"] * rows),
        [f"Question {index}?" for index in range(rows)],
        list(targets),
        {
            seed: texts if isinstance(texts, Written) else written(texts)
            for seed, texts in by_seed.items()
        },
    )
