"""Metrics of answers: the one table of them, and the figures of each row that they are made from.

A row has two figures for each metric, an amount and a weight. The metric of any set of rows is the
sum of the amounts over the sum of the weights: a mean of rows where each weighs 1, a ratio of sums
elsewhere. So intervals, slices, paired tests and the gate treat every metric alike. A row whose
weight is 0 is not counted: a metric that no row counts for has no figure.

ROUGE-L and chrF are those of the libraries rouge-score and sacrebleu, which are loaded when they
are needed. Words are those of seedbed/core/text_units.py in all scripts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from seedbed.core.text_units import language_of, length_of, units_of
from seedbed.scoring.answers.predictions import AnswerPredictions, Written
from seedbed.scoring.metrics import View
from seedbed.tasks.answer_task import is_same, token_f1

NGRAM = 4  # words that count as repeated where they stand in the same order again
Better = Literal["higher", "lower", ""]
Source = Literal["texts", "losses", "refusals"]  # what a metric is computed from


class Parts(NamedTuple):
    """What each row adds to a metric: amounts and weights, (rows,) float64 each."""

    amounts: np.ndarray
    weights: np.ndarray


Figures = dict[str, Parts]  # by metric of the table


@dataclass(frozen=True)
class Judged:
    """The answers of one model next to the true ones. `refusal` is the text of params that answers
    questions of negative sources, `min_chars` the characters from which a language is detected."""

    targets: Sequence[str]
    written: Written
    refusal: str
    min_chars: int

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The true answer of each row and the one that was written."""
        return list(zip(self.targets, self.written.texts, strict=True))

    @cached_property
    def refused(self) -> np.ndarray:
        """Which rows the model refuses to answer: (rows,) bool."""
        return np.array([refuses(text, self.refusal) for text in self.written.texts], dtype=bool)

    @cached_property
    def to_refuse(self) -> np.ndarray:
        """Which rows have the refusal as their true answer: (rows,) bool."""
        return np.array([refuses(text, self.refusal) for text in self.targets], dtype=bool)


class AnswerMetric(NamedTuple):
    """A metric of answers: its name and title, what it is computed from, which direction is better,
    where it is shown, and the least and greatest value that it can have. `is_log`: the figure is e
    to the power of the ratio."""

    name: str
    title: str
    of: Source
    better: Better
    parts: Callable[[Judged], Parts]
    shown_in: tuple[View, ...]
    span: tuple[float, float] = (0.0, 1.0)
    is_log: bool = False

    def value(self, amounts: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the metric at sums of amounts and of weights; NaN where no row counts."""
        ratio = np.divide(amounts, weights, out=np.full(np.shape(weights), np.nan),
                          where=np.asarray(weights) > 0)  # fmt: skip
        return np.exp(ratio) if self.is_log else ratio


def refuses(answer: str, refusal: str) -> bool:
    """Return whether an answer is the refusal, or begins with it."""
    said, words = units_of(answer), units_of(refusal)
    return bool(words) and said[: len(words)] == words


class UnitTokenizer:
    """The tokenizer that rouge-score is given: its own drops every letter beyond a to z."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words and signs of a text."""
        return units_of(text)


def _mean_of(values: Sequence[float] | np.ndarray) -> Parts:
    amounts = np.asarray(values, dtype=np.float64)
    return Parts(amounts, np.ones(len(amounts)))


def _token_f1(judged: Judged) -> Parts:
    return _mean_of([token_f1(*pair) for pair in judged.pairs])


def _exact_match(judged: Judged) -> Parts:
    return _mean_of([is_same(*pair) for pair in judged.pairs])


def _rouge_l(judged: Judged) -> Parts:
    """F-measure of the longest common subsequence of words (Lin, 2004)."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=UnitTokenizer())
    return _mean_of([scorer.score(*pair)["rougeL"].fmeasure for pair in judged.pairs])


def _chrf(judged: Judged) -> Parts:
    """chrF2 of each answer (Popović, 2015), as a share."""
    from sacrebleu.metrics.chrf import CHRF

    scorer = CHRF()
    return _mean_of(
        [scorer.sentence_score(said, [true]).score / 100 for true, said in judged.pairs]
    )


def _loss_over(weights: np.ndarray, judged: Judged) -> Parts:
    known = np.isfinite(judged.written.loss)
    return Parts(np.where(known, judged.written.loss, 0.0), np.where(known, weights, 0.0))


def _per_token(judged: Judged) -> Parts:
    return _loss_over(judged.written.tokens, judged)


def _per_character(judged: Judged) -> Parts:
    """By characters models with different tokenizers can be compared."""
    return _loss_over(np.array([len(target) for target in judged.targets], dtype=float), judged)


def _refusal_precision(judged: Judged) -> Parts:
    return Parts(1.0 * (judged.refused & judged.to_refuse), 1.0 * judged.refused)


def _refusal_recall(judged: Judged) -> Parts:
    return Parts(1.0 * (judged.refused & judged.to_refuse), 1.0 * judged.to_refuse)


def _length_ratio(judged: Judged) -> Parts:
    lengths = [(length_of(said), length_of(true)) for true, said in judged.pairs]
    said, true = np.array(lengths, dtype=np.float64).reshape(-1, 2).T
    return Parts(said, true)


def repeated_share(text: str) -> float:
    """Return the share of a text's runs of NGRAM words that stood there before (Welleck et al.,
    2020); 0 for fewer words."""
    units = units_of(text)
    runs = list(zip(*(units[start:] for start in range(NGRAM)), strict=False))
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def _repetition(judged: Judged) -> Parts:
    return _mean_of([repeated_share(text) for text in judged.written.texts])


def _ended(judged: Judged) -> Parts:
    return _mean_of(judged.written.ended)


def _language_kept(judged: Judged) -> Parts:
    """Of pairs in which both texts are long enough to detect their language."""
    long = np.array([min(map(length_of, pair)) >= judged.min_chars for pair in judged.pairs], bool)
    kept = [
        counts and language_of(true) == language_of(said)
        for (true, said), counts in zip(judged.pairs, long, strict=True)
    ]
    return Parts(np.array(kept, dtype=np.float64), long.astype(np.float64))


EVERYWHERE: tuple[View, ...] = (
    "approaches", "chosen", "differences", "gate", "comparison", "card",
)  # fmt: skip
COMPARED: tuple[View, ...] = ("approaches", "chosen", "differences", "comparison", "card")
FLOORS: tuple[View, ...] = ("chosen", "gate", "comparison", "card")
ENDLESS = (0.0, float("inf"))
ANSWER_METRICS = {
    metric.name: metric
    for metric in (
        AnswerMetric("token_f1", "token F1", "texts", "higher", _token_f1, EVERYWHERE),
        AnswerMetric("exact_match", "exact match", "texts", "higher", _exact_match, EVERYWHERE),
        AnswerMetric("rouge_l", "ROUGE-L", "texts", "higher", _rouge_l, FLOORS),
        AnswerMetric("chrf", "chrF", "texts", "higher", _chrf, EVERYWHERE),
        AnswerMetric(
            "perplexity_token", "perplexity a token", "losses", "lower", _per_token, COMPARED,
            (1.0, float("inf")), is_log=True,
        ),
        AnswerMetric(
            "perplexity_character", "perplexity a character", "losses", "lower", _per_character,
            COMPARED, (1.0, float("inf")), is_log=True,
        ),
        AnswerMetric(
            "refusal_precision", "refusal precision", "refusals", "higher", _refusal_precision,
            FLOORS,
        ),
        AnswerMetric(
            "refusal_recall", "refusal recall", "refusals", "higher", _refusal_recall, FLOORS
        ),
        AnswerMetric(
            "length_ratio", "length ratio", "texts", "", _length_ratio, ("chosen", "card"), ENDLESS
        ),
        AnswerMetric(
            "repetition", "repetition", "texts", "lower", _repetition, ("chosen", "comparison")
        ),
        AnswerMetric("ended", "share that ends", "texts", "higher", _ended, FLOORS),
        AnswerMetric(
            "language_kept", "language kept", "texts", "higher", _language_kept, FLOORS
        ),
    )
}  # fmt: skip


def answer_metrics_in(view: View) -> list[AnswerMetric]:
    """Return the metrics of a view, in order."""
    return [metric for metric in ANSWER_METRICS.values() if view in metric.shown_in]


def figures_of(judged: Judged) -> Figures:
    """Compute what each row adds to every metric."""
    return {name: metric.parts(judged) for name, metric in ANSWER_METRICS.items()}


def figures_by_seed(
    predictions: AnswerPredictions, refusal: str, min_chars: int
) -> dict[str, Figures]:
    """Compute the same for the model of each seed."""
    return {
        seed: figures_of(Judged(predictions.targets, written, refusal, min_chars))
        for seed, written in predictions.by_seed.items()
    }
