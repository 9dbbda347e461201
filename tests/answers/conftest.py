"""Answers of made-up models."""

import numpy as np

from seedbed.scoring.answers.predictions import AnswerPredictions, Written

REFUSAL = "I am sorry, but I cannot answer that."


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
