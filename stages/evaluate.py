"""Score the models of one approach on validation and on test.

data/tokenize/, data/balance/, data/embed/, data/ledger/decided.csv, models/APPROACH/,
tests/model/ -> data/evaluate/APPROACH/{validation,test}/,
reports/metrics/evaluate/APPROACH/{validation,test}.json,
reports/plots/{confusion,reliability,risk_coverage}/
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from pydantic import Field

from seedbed.core.decisions import DECIDED
from seedbed.core.errors import reading
from seedbed.core.files import MODELS, fresh_folder, read_csv, read_json, write_csv, write_json
from seedbed.core.metrics import EVALUATE, write_metrics
from seedbed.core.params import Section, Seed, read_params
from seedbed.core.rows import (
    BALANCE,
    EMBED,
    HELD_OUT,
    PREDICTIONS,
    TOKENIZE,
    read_rows,
    sides,
)
from seedbed.core.stage import note_predictions, script
from seedbed.encoding.encoder import computing, pooled_windows
from seedbed.encoding.examples import Examples, Tokenized, read_datasets
from seedbed.encoding.nearest_rows import nearest_cosines
from seedbed.encoding.vectors import read_vectors
from seedbed.running.engine import map_texts
from seedbed.scoring import evaluation
from seedbed.scoring.answers.evaluation import (
    BASE,
    AnswerParams,
    answer_columns,
    best_seed,
    evaluated,
    judged,
)
from seedbed.scoring.answers.predictions import AnswerPredictions, write_answers
from seedbed.scoring.behaviour import cases_of, invariance_of
from seedbed.scoring.confidence import reliability_curve, risk_coverage_curve
from seedbed.scoring.evaluation import Columns, columns_of
from seedbed.scoring.metrics import Scored
from seedbed.scoring.metrics_files import (
    AnswerEvaluation,
    Behaviour,
    MinimumFunctionality,
    ModelCosts,
    Right,
)
from seedbed.scoring.predictions import Predictions, write_predictions
from seedbed.tasks import ClassTask
from seedbed.tasks.named import read_class_task, read_task
from seedbed.training.classifier import Classifier
from seedbed.training.models import read_card
from seedbed.training.together import group, together

if TYPE_CHECKING:
    from seedbed.training.chat.tuning import Answerer

CASES = Path("tests/model")
CONFUSION = Path("reports/plots/confusion")
RELIABILITY = Path("reports/plots/reliability")
RISK_COVERAGE = Path("reports/plots/risk_coverage")
AS_WRITTEN = ("id", "group", "source", "text", "answer")
PLOTS = {
    CONFUSION: ["actual", "predicted"],
    RELIABILITY: ["confidence", "accuracy", "rows"],
    RISK_COVERAGE: ["coverage", "risk", "confidence"],
}


class Params(Section):
    """params.yaml section `evaluate`."""

    seed: Seed
    behaviour_rows: int = Field(ge=0, le=10**9)
    right: Right = "token_f1"  # of an older file


def predictions_of(
    approach: str,
    task: ClassTask,
    datasets: Tokenized,
    rows: pd.DataFrame,
    models: dict[str, Classifier],
    dtype: torch.dtype,
) -> dict[str, Predictions]:
    """Compute every seed's probabilities for the rows of both splits, and note what that cost. No
    model sees a label."""
    start = time.perf_counter()
    raw, tokens = {}, 0
    for side in HELD_OUT:
        part, by_seed = datasets.parts[side], {}
        for seed, model in models.items():
            logits = part.pooled(model.logits(part, dtype, f"seed {seed}"))
            by_seed[seed] = task.probabilities(logits)
        ids = part.row_ids
        raw[side] = Predictions(task, ids, list(rows.loc[ids, "group"]), part.row_labels, by_seed)
        tokens += len(models) * sum(map(len, part.ids))
    number = len(models) * sum(len(predictions.ids) for predictions in raw.values())
    note_predictions(approach, number, tokens, time.perf_counter() - start)
    evaluation.check_outside(task, raw["validation"].labels, raw["test"].labels, str(TOKENIZE))
    return raw


def model_costs(approach: str, seed: str, train: Examples, epochs: int) -> ModelCosts:
    """Measure what the model cost, without a clock."""
    folder = MODELS / approach / f"seed-{seed}"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return ModelCosts(
        megabytes=round(size / 1e6, 1),
        trainable_parameters=read_card(folder).trainable_parameters,
        epochs=epochs,
        training_tokens=epochs * sum(map(len, train.ids)),
    )


def columns(task: ClassTask, rows: pd.DataFrame, ids: list[str], min_chars: int) -> Columns:
    """Compute what the rows of one split are sliced by.

    Nearness is the cosine to the nearest train row that embed has seen; made rows, which come after
    embed, are not among these.
    """
    members, train = rows.loc[ids], list(rows.index[rows["split"] == "train"])
    languages_of = partial(evaluation.languages_of, min_chars=min_chars)
    languages = map_texts(languages_of, list(members["text"]))
    vectors, missing = read_vectors(EMBED, train)
    cosines = nearest_cosines(read_vectors(EMBED, ids)[0], vectors[~missing])
    return columns_of(task, members, list(rows["date"]), languages, cosines)


def checks(
    model: Classifier,
    rows: pd.DataFrame,
    raw: Predictions,
    fitted: evaluation.Fitted,
    params: Params,
    dtype: torch.dtype,
) -> Behaviour:
    """Measure the behaviour of the model shown: edited validation texts, and plain cases, which
    are not run on models of pairs."""

    def predict(texts: list[str], pairs: list[str] | None, label: str) -> np.ndarray:
        encoded = model.tokenizer(texts, pairs)
        logits = pooled_windows(model.logits(encoded, dtype, label), encoded.windows)
        task = model.task
        return task.decode(task.answered(task.probabilities(logits), fitted.shown))

    members, task = rows.loc[raw.ids], raw.task
    given = task.answered(raw.probabilities[fitted.seed], fitted.shown)
    before = Scored.of(task, raw.labels, task.decode(given), clusters=raw.clusters())
    invariance = invariance_of(predict, members, before, params.behaviour_rows, params.seed)
    paired = members["text_pair"].any()
    cases = (
        MinimumFunctionality() if paired else cases_of(predict, model.task, model.classes, CASES)
    )
    return Behaviour(invariance=invariance, minimum_functionality=cases)


def write_plots(
    approach: str, raw: Predictions, fitted: evaluation.Fitted, shown: list[str]
) -> None:
    """Write confusion (a line per row, of sets one per pair of labels), reliability and
    risk-coverage on validation, on which choices may be based."""
    task, (labels, given) = raw.task, raw.inside(fitted.seed)
    scored = raw.ruled(fitted.thresholds).scored()[fitted.seed]
    true, said = (task.one_hot(part, len(shown)) for part in (scored.labels, scored.predicted))
    pairs = [
        (shown[label], shown[prediction])
        for one, other in zip(true, said, strict=True)
        for label, prediction in product(np.flatnonzero(one), np.flatnonzero(other))
    ]
    lines: dict[Path, Sequence[tuple[object, ...]]] = {
        CONFUSION: sorted(pairs),
        RELIABILITY: reliability_curve(task, labels, given),
        RISK_COVERAGE: risk_coverage_curve(task, labels, task.answered(given, fitted.shown)),
    }
    for folder, header in PLOTS.items():
        write_csv(folder / f"{approach}.csv", header, lines[folder])


def answers_of(
    approach: str, models: Mapping[str, "Answerer"], parts: dict[str, pd.DataFrame], most: int
) -> dict[str, AnswerPredictions]:
    """What the model of each seed writes for both splits, in at most `most` tokens, and what it
    makes of the true answers, which it does not see when it writes; notes what that cost."""
    from seedbed.training.chat.datasets import chat_rows
    from seedbed.training.chat.tuning import as_written

    start, written, found = time.perf_counter(), 0, {}
    for side, rows in parts.items():
        dialogues, by_seed = chat_rows(rows).dialogues, {}
        for seed, model in models.items():
            said, losses = model.answers(dialogues, most), model.losses(dialogues)
            by_seed[seed] = as_written(said, losses)
            written += sum(answer.tokens for answer in said)
        ids, groups, sources, questions, targets = (list(rows[name]) for name in AS_WRITTEN)
        found[side] = AnswerPredictions(ids, groups, sources, questions, targets, by_seed)
    number = len(models) * sum(map(len, parts.values()))
    note_predictions(approach, number, written, time.perf_counter() - start)
    return found


def evaluate_answers(approach: str, epochs: dict[str, int]) -> str:
    """Score the models of an approach to task `answer`; with that of OF_BASE the model as it was
    before it was tuned, too."""
    from seedbed.training.chat import approaches, datasets

    params = read_params("evaluate", Params)
    min_chars = read_params("clean.min_chars_for_language", int)
    content, every = datasets.read_chat_datasets(TOKENIZE), read_rows(BALANCE)
    judging = AnswerParams(
        right=params.right, refusal=content.refusal, min_language_chars=min_chars
    )
    dtype = computing(content.params.precision, content.params.threads)
    parts = {side: rows for side, rows in sides(every).items() if side in HELD_OUT}
    columns = {side: columns_of_answers(rows, every, min_chars) for side, rows in parts.items()}
    seeds = {seed: MODELS / approach / f"seed-{seed}" for seed in epochs}
    loaded: dict[str, Answerer] = {}
    for seed, folder in seeds.items():
        loaded[seed] = approaches.load(approach).load(folder, read_card(folder), dtype)

    most, by_place = content.params.max_new_tokens, {"": loaded}
    if approach == approaches.OF_BASE:
        one = next(iter(seeds.values()))
        by_place[BASE] = {BASE: approaches.as_base(one, read_card(one), dtype)}
    predicted = {
        place: answers_of(approach, models, parts, most) for place, models in by_place.items()
    }
    if not group().is_main:
        return ""

    def scored(place: str) -> dict[str, AnswerEvaluation]:
        """Write what the models of a place answer to it in the folder of each split; the
        figures."""
        predictions = predicted[place]
        figures = {side: judged(one, judging) for side, one in predictions.items()}
        seed = best_seed(figures["validation"], judging.right)
        first = seed if seed in epochs else next(iter(epochs))
        costs = model_costs(approach, first, content.examples["train"], epochs[first])
        for side, one in predictions.items():
            write_answers(PREDICTIONS / approach / side / place, one)
        return {
            side: evaluated(one, figures[side], columns[side], judging, seed, costs)
            for side, one in predictions.items()
        }

    found = scored("")
    base = scored(BASE) if BASE in predicted else {}
    masked = datasets.read_masked_rows(TOKENIZE / datasets.MASKED)
    datasets.write_masked_rows(PREDICTIONS / approach / "validation" / datasets.MASKED, masked)
    for side, figures in found.items():
        whole = figures.model_copy(update={"base": base.get(side)})
        write_metrics(EVALUATE / approach / f"{side}.json", whole)
    write_empty_plots(approach)
    score = found["validation"][judging.right]
    interval = f"{score.mean:.3f} [{score.low:.3f}, {score.high:.3f}]"
    return f"validation {judging.right} {interval} on {len(parts['validation'])} rows"


def columns_of_answers(rows: pd.DataFrame, every: pd.DataFrame, min_chars: int) -> Columns:
    """Compute what the rows of one split are sliced by, as `columns` does for classes."""
    train, ids = list(every["id"][every["split"] == "train"]), list(rows["id"])
    languages_of = partial(evaluation.languages_of, min_chars=min_chars)
    languages = map_texts(languages_of, list(rows["text"]))
    vectors, missing = read_vectors(EMBED, train)
    cosines = nearest_cosines(read_vectors(EMBED, ids)[0], vectors[~missing])
    return answer_columns(rows, list(every["date"]), languages, cosines)


def write_empty_plots(approach: str) -> None:
    """Write plots of classes where there are none."""
    for plot, header in PLOTS.items():
        write_csv(plot / f"{approach}.csv", header, [])


def evaluate_classes(approach: str, epochs: dict[str, int]) -> str:
    """Score the models of an approach to a task of classes."""
    params = read_params("evaluate", Params)
    dtype = computing(read_params("encoder.precision", str), read_params("encoder.threads", int))
    min_chars = read_params("clean.min_chars_for_language", int)
    datasets, rows = read_datasets(TOKENIZE), read_rows(BALANCE).set_index("id")
    models = {seed: Classifier(MODELS / approach / f"seed-{seed}") for seed in epochs}
    task = read_class_task()
    raw = predictions_of(approach, task, datasets, rows, models, dtype)
    fitted = evaluation.fit(raw["validation"])
    shown = models[fitted.seed]
    behaviour = checks(shown, rows, raw["validation"], fitted, params, dtype)
    if not group().is_main:
        return ""
    costs = model_costs(approach, fitted.seed, datasets.parts["train"], epochs[fitted.seed])
    classes = evaluation.Classes(datasets.classes, read_params("negatives.label", str))
    people = [
        evaluation.DecidedRow(**line) for line in read_csv(DECIDED, evaluation.DecidedRow._fields)
    ]
    for side, predictions in raw.items():
        ids, decided = predictions.ids, [row for row in people if row.side == side]
        sliced_by, metas = columns(task, rows, ids, min_chars), list(rows.loc[ids, "meta"])
        part = evaluation.Part(side, predictions, sliced_by, metas, decided)
        figures = evaluation.evaluate(part, fitted, classes, costs)
        if side == "validation":
            paired, score = bool(rows["text_pair"].any()), figures["macro_f1"]
            figures = evaluation.with_behaviour(figures, paired, fitted, behaviour)
        write_metrics(EVALUATE / approach / f"{side}.json", figures)
        ruled = predictions.ruled(fitted.thresholds)
        write_predictions(PREDICTIONS / approach / side, ruled)
    names = task.ruled_classes(classes.names, classes.outside, fitted.shown)
    write_plots(approach, raw["validation"], fitted, names)
    interval = f"{score.mean:.3f} [{score.low:.3f}, {score.high:.3f}]"
    return f"validation macro-F1 {interval} on {len(raw['validation'].ids)} rows"


@script
@together
def main(approach: str) -> str:
    with reading(MODELS / approach / "runs.json") as file:
        is_on, epochs = itemgetter("run", "epochs")(read_json(file))
    if not is_on and not group().is_main:
        return ""
    if not is_on:
        for side in HELD_OUT:
            with fresh_folder(PREDICTIONS / approach / side) as folder:
                write_json(folder / "not_run.json", {"run": False})
            write_json(EVALUATE / approach / f"{side}.json", {"run": False})
        write_empty_plots(approach)
        return "off in params.yaml"
    is_chat = read_task().TARGET == "answer"
    return (evaluate_answers if is_chat else evaluate_classes)(approach, epochs)
