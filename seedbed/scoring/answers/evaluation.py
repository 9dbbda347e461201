"""All figures of the answers of one approach on one split, approaches compared on the same rows,
and the rows that a page shows side by side.

Nothing here loads a model: what models wrote goes in, figures come out.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.errors import RowsError
from seedbed.core.params import Section
from seedbed.core.text_units import length_of
from seedbed.core.turns import read_turns
from seedbed.scoring.answers.estimates import differences, estimates, figure
from seedbed.scoring.answers.metrics import ANSWER_METRICS, Figures, figures_by_seed
from seedbed.scoring.answers.predictions import AnswerPredictions, read_answers
from seedbed.scoring.evaluation import Columns, periods, thirds
from seedbed.scoring.intervals import shares
from seedbed.scoring.metrics_files import AnswerEvaluation, ModelCosts, Right, Slice
from seedbed.scoring.predictions import Pair
from seedbed.scoring.significance import holm, mcnemar

SHOWN = 20  # rows side by side
BASE = "base"  # in place of a seed: the model that was not tuned
PAIRED_TESTS: dict[Right, str] = {
    "exact_match": "McNemar's exact test",
    "token_f1": "a test by random signs of the differences of token F1",
}


class SideBySide(NamedTuple):
    """A row of a source that allows its texts to be shown, and what each approach answers."""

    id: str
    question: str
    target: str
    answers: dict[str, str]


class AnswerParams(Section):
    """How answers are judged: what counts as right of a row, the refusal (`negatives.answer`), and
    from how many characters on the language of a text is detected."""

    right: Right = "token_f1"
    refusal: str = ""
    min_language_chars: int = Field(default=40, ge=1, le=10_000)


def judging_of(figures: AnswerEvaluation) -> AnswerParams:
    """Return how the answers behind figures were judged."""
    return AnswerParams(
        right=figures.right,
        refusal=figures.refusal,
        min_language_chars=figures.min_language_chars,
    )


def judged(predictions: AnswerPredictions, params: AnswerParams) -> dict[str, Figures]:
    """Return what each row adds to every metric, by seed.

    Raises RowsError without rows.
    """
    if not predictions.ids:
        raise RowsError("answers", "no rows", "at least one", "run `dvc repro`")
    return figures_by_seed(predictions, params.refusal, params.min_language_chars)


def best_seed(by_seed: Mapping[str, Figures], right: Right) -> str:
    """Return the seed with the best answers on validation, the first of equals."""
    return max(by_seed, key=lambda seed: figure(ANSWER_METRICS[right], by_seed[seed]))


def evaluated(
    predictions: AnswerPredictions,
    by_seed: Mapping[str, Figures],
    columns: Columns,
    params: AnswerParams,
    seed: str,
    model: ModelCosts,
) -> AnswerEvaluation:
    """Compute all figures of one split; `by_seed` is what `judged` gives, `seed` the one that is
    shown, which validation decides."""
    clusters, written = predictions.clusters(), predictions.by_seed[seed]
    right = by_seed[seed][params.right].amounts
    return AnswerEvaluation(
        run=True,
        model=model,
        rows=len(predictions.ids),
        estimates=estimates(by_seed, clusters),
        right=params.right,
        refusal=params.refusal,
        min_language_chars=params.min_language_chars,
        seed_shown=seed,
        without_answer=dict(sorted(Counter(filter(None, written.reasons)).items())),
        without_loss=int((~np.isfinite(written.loss)).sum()),
        slices=slices(right, clusters, columns),
    )


def answer_columns(
    rows: pd.DataFrame, dates: Sequence[str], languages: Sequence[str], cosines: np.ndarray
) -> Columns:
    """Compute the columns that rows are sliced by. `dates`: all that the dataset has; `languages`:
    of the questions; `cosines` (rows,): of each question to the nearest train question."""
    turns = [len(read_turns(cell)) for cell in rows["context"]]
    named = {
        "source": list(rows["source"]),
        "batch": list(rows["batch"]),
        "date": periods(list(rows["date"]), dates),
        "category": list(rows["label"]),
        "question": thirds(rows["text"].map(length_of), "short middle long"),
        "answer": thirds(rows["answer"].map(length_of), "short middle long"),
        "earlier turns": ["none" if not count else "some" for count in turns],
        "language": list(languages),
        "nearness to train": thirds(cosines, "far middle near"),
    }
    return {name: [(value,) for value in values] for name, values in named.items()}


def slices(
    right: np.ndarray, clusters: np.ndarray, columns: Columns
) -> dict[str, dict[str, Slice]]:
    """Compute the mean of `right`, (rows,), for each value of each column; columns of one value are
    left out."""
    result = {}
    for column, cells in columns.items():
        values = np.array([value for (value,) in cells], dtype=object)
        names = sorted(set(values))
        if len(names) > 1:
            members = np.stack([values == name for name in names])
            result[column] = dict(zip(names, shares(right, members, clusters), strict=True))
    return result


def answer_pairs(
    reference: str,
    by_approach: Mapping[str, Mapping[str, Figures]],
    seeds: Mapping[str, str],
    clusters: np.ndarray,
    right: Right,
) -> dict[str, Pair]:
    """Compare every approach with the reference, which may be the base model untouched.

    `by_approach`: what `judged` gives for the same rows, `seeds` the seed of each that is shown;
    p-values are corrected for all pairs.
    """
    base = by_approach[reference]
    ours = {name: other for name, other in by_approach.items() if name != reference}
    shown = base[seeds[reference]][right].amounts
    tests = [mcnemar(one[seeds[name]][right].amounts, shown) for name, one in ours.items()]
    return {
        name: Pair(
            differences(list(one.values()), list(base.values()), clusters),
            test,
            p_holm,
            PAIRED_TESTS[right],
        )
        for (name, one), test, p_holm in zip(
            ours.items(), tests, holm([test.p for test in tests]), strict=True
        )
    }


def side_by_side(
    by_approach: Mapping[str, AnswerPredictions],
    seeds: Mapping[str, str],
    shown_sources: Collection[str],
    count: int = SHOWN,
) -> list[SideBySide]:
    """Return what each approach answers to the same few questions, chosen by a hash of the row's
    id, of sources with `show_text: true` alone."""
    first = next(iter(by_approach.values()))
    allowed = [index for index, name in enumerate(first.sources) if name in shown_sources]

    def order(index: int) -> str:
        return hashlib.sha256(f"side by side {first.ids[index]}".encode()).hexdigest()

    return [
        SideBySide(
            id=first.ids[index],
            question=first.questions[index],
            target=first.targets[index],
            answers={
                name: one.by_seed[seeds[name]].texts[index] for name, one in by_approach.items()
            },
        )
        for index in sorted(allowed, key=order)[:count]
    ]


def and_base(figures: Mapping[str, AnswerEvaluation]) -> dict[str, AnswerEvaluation]:
    """Return the figures of approaches, and as BASE those of the model that was not tuned, where
    one of them has these."""
    bases = [one.base for one in figures.values() if one.base]
    return dict([*figures.items(), *((BASE, base) for base in bases)])


def with_base(
    figures: Mapping[str, AnswerEvaluation], folder: Path, side: str
) -> dict[str, AnswerPredictions]:
    """Read what approaches wrote for a split, and as BASE what the model that was not tuned did."""
    places = {name: folder / name / side for name in figures}
    bases = [places[name] / BASE for name, one in figures.items() if one.base]
    every = [*places.items(), *((BASE, place) for place in bases)]
    return {name: read_answers(place) for name, place in every}


def pairs_of(
    reference: str,
    figures: Mapping[str, AnswerEvaluation],
    predictions: Mapping[str, AnswerPredictions],
) -> dict[str, Pair]:
    """Compare what was predicted with the approach `reference`, judged as its figures were."""
    own, every = figures[reference], and_base(figures)
    params = judging_of(own)
    by_approach = {name: judged(one, params) for name, one in predictions.items()}
    seeds = {name: one.seed_shown for name, one in every.items()}
    clusters = predictions[reference].clusters()
    return answer_pairs(reference, by_approach, seeds, clusters, own.right)
