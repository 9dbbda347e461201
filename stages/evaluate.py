"""Score the models of one approach on validation and on test.

data/tokenize/, data/balance/, data/embed/, data/ledger/decided.csv, models/APPROACH/,
reports/plots/learning/, tests/model/ -> data/evaluate/APPROACH/{validation,test}/,
reports/metrics/evaluate/APPROACH/{validation,test}.json,
reports/plots/{confusion,reliability,risk_coverage}/
"""

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pydantic import Field

from seedbed.core.files import fresh_folder, read_csv, read_json, write_csv, write_json
from seedbed.core.metrics import write_metrics
from seedbed.core.params import Section, read_params
from seedbed.core.rows import HELD_OUT, read_rows
from seedbed.core.stage import note_predictions, run
from seedbed.encoding.encoder import pooled_windows, precision
from seedbed.encoding.examples import Examples, Tokenized, read_datasets
from seedbed.encoding.nearest_rows import nearest_cosines
from seedbed.encoding.vectors import EncoderParams, read_vectors
from seedbed.scoring.behaviour import cases_of, invariance_of
from seedbed.scoring.confidence import reliability_curve, risk_coverage_curve
from seedbed.scoring.evaluation import (
    Classes,
    Fitted,
    Part,
    check_outside,
    evaluate,
    fit,
    read_decided,
    with_behaviour,
)
from seedbed.scoring.metrics_files import Behaviour, MinimumFunctionality, ModelCosts
from seedbed.scoring.predictions import Predictions, write_predictions
from seedbed.scoring.slices import Columns, columns_of, languages_of
from seedbed.training.classifier import Classifier
from seedbed.training.saved_models import read_card

DATASETS = Path("data/tokenize")
BALANCE = Path("data/balance")
VECTORS = Path("data/embed")
DECIDED = Path("data/ledger/decided.csv")
MODELS = Path("models")
CURVES = Path("reports/plots/learning")
CASES = Path("tests/model")
PREDICTIONS = Path("data/evaluate")
METRICS = Path("reports/metrics/evaluate")
CONFUSION = Path("reports/plots/confusion")
RELIABILITY = Path("reports/plots/reliability")
RISK_COVERAGE = Path("reports/plots/risk_coverage")


class Params(Section):
    """params.yaml section `evaluate`."""

    seed: int
    behaviour_rows: int = Field(ge=0)


def probabilities_of(
    part: Examples, rows: pd.DataFrame, models: dict[str, Classifier], dtype: torch.dtype
) -> Predictions:
    """Compute every seed's probabilities for the rows of one split. No model sees a label."""
    ids, by_seed = part.row_ids, {}
    for seed, model in models.items():
        logits = part.pooled(model.logits(part, dtype, f"seed {seed}"))
        by_seed[seed] = torch.from_numpy(logits).double().softmax(1).numpy()
    return Predictions(ids, list(rows.loc[ids, "group"]), part.row_labels, by_seed)


def predictions_of(
    approach: str,
    datasets: Tokenized,
    rows: pd.DataFrame,
    models: dict[str, Classifier],
    dtype: torch.dtype,
) -> dict[str, Predictions]:
    """Predict both splits, and note what that cost."""
    start = time.perf_counter()
    parts = {side: datasets.parts[side] for side in HELD_OUT}
    raw = {side: probabilities_of(part, rows, models, dtype) for side, part in parts.items()}
    number = len(models) * sum(len(predictions.ids) for predictions in raw.values())
    tokens = len(models) * sum(sum(map(len, part.ids)) for part in parts.values())
    note_predictions(approach, number, tokens, time.perf_counter() - start)
    check_outside(raw["validation"].labels, raw["test"].labels, str(DATASETS))
    return raw


def model_costs(approach: str, seed: str, train: Examples) -> ModelCosts:
    """Measure what the model cost, without a clock."""
    folder = MODELS / approach / f"seed-{seed}"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    points = [line for line in read_csv(CURVES / f"{approach}.csv") if line["seed"] == seed]
    epochs = sum(line["train_loss"] != "" for line in points)
    return ModelCosts(
        megabytes=round(size / 1e6, 1),
        trainable_parameters=read_card(folder).trainable_parameters,
        epochs=epochs,
        training_tokens=epochs * sum(map(len, train.ids)),
    )


def columns(rows: pd.DataFrame, ids: list[str], min_chars: int) -> Columns:
    """Compute what the rows of one split are sliced by.

    Nearness is the cosine to the nearest train row that embed has seen; made rows, which come after
    embed, are not among these.
    """
    members, train = rows.loc[ids], list(rows.index[rows["split"] == "train"])
    languages = languages_of(list(members["text"]), min_chars)
    vectors, missing = read_vectors(VECTORS, train)
    cosines = nearest_cosines(read_vectors(VECTORS, ids)[0], vectors[~missing])
    return columns_of(members, list(rows["date"]), languages, cosines)


def classes_of(
    model: Classifier, dtype: torch.dtype, texts: list[str], pairs: list[str] | None, label: str
) -> np.ndarray:
    """Predict texts that no stage has tokenized: class indices (texts,)."""
    encoded = model.tokenizer(texts, pairs)
    return pooled_windows(model.logits(encoded, dtype, label), encoded.windows).argmax(1)


def checks(
    model: Classifier,
    rows: pd.DataFrame,
    raw: Predictions,
    fitted: Fitted,
    params: Params,
    dtype: torch.dtype,
) -> Behaviour:
    """Measure the behaviour of the model shown: edited validation texts, and plain cases, which
    are not run on models of pairs."""
    members, predict = rows.loc[raw.ids], partial(classes_of, model, dtype)
    before = raw.scored()[fitted.seed]
    is_paired = bool(members["text_pair"].any())
    return Behaviour(
        invariance=invariance_of(predict, members, before, params.behaviour_rows, params.seed),
        minimum_functionality=MinimumFunctionality()
        if is_paired
        else cases_of(predict, model.classes, CASES),
    )


def write_plots(
    approach: str, raw: Predictions | None, fitted: Fitted | None, shown: list[str]
) -> None:
    """Write confusion (a line per row), reliability and risk-coverage on validation, on which
    choices may be based."""
    pairs: list[tuple[str, str]] = []
    reliability: list[dict[str, float]] = []
    risk: list[dict[str, float]] = []
    if raw is not None and fitted is not None:
        scored = raw.with_outside(fitted.thresholds).scored()[fitted.seed]
        both = zip(scored.labels, scored.predicted, strict=True)
        pairs = sorted((shown[label], shown[prediction]) for label, prediction in both)
        inside = raw.inside(fitted.seed)
        reliability, risk = reliability_curve(*inside), risk_coverage_curve(*inside)
    name = f"{approach}.csv"
    write_csv(CONFUSION / name, ["actual", "predicted"], pairs)
    header = ["confidence", "accuracy", "rows"]
    write_csv(RELIABILITY / name, header, [tuple(point.values()) for point in reliability])
    header = ["coverage", "risk", "confidence"]
    write_csv(RISK_COVERAGE / name, header, [tuple(point.values()) for point in risk])


def write_off(approach: str) -> str:
    """Write the outputs of an approach that is off."""
    for side in HELD_OUT:
        with fresh_folder(PREDICTIONS / approach / side) as folder:
            write_json(folder / "not_run.json", {"run": False})
        write_json(METRICS / approach / f"{side}.json", {"run": False})
    write_plots(approach, None, None, [])
    return "off in params.yaml"


def main(approach: str) -> str:
    runs = read_json(MODELS / approach / "runs.json")
    if not runs["run"]:
        return write_off(approach)
    params = read_params("evaluate", Params)
    dtype = precision(read_params("encoder", EncoderParams).precision)
    min_chars = read_params("clean.min_chars_for_language", int)
    datasets, rows = read_datasets(DATASETS), read_rows(BALANCE).set_index("id")
    models = {str(seed): Classifier(MODELS / approach / f"seed-{seed}") for seed in runs["seeds"]}
    raw = predictions_of(approach, datasets, rows, models, dtype)
    fitted = fit(raw["validation"])
    costs = model_costs(approach, fitted.seed, datasets.parts["train"])
    classes = Classes(datasets.classes, read_params("negatives.label", str))
    people = read_decided(DECIDED)
    for side, predictions in raw.items():
        metas = list(rows.loc[predictions.ids, "meta"])
        decided = [row for row in people if row.side == side]
        part = Part(side, predictions, columns(rows, predictions.ids, min_chars), metas, decided)
        figures = evaluate(part, fitted, classes, costs)
        if side == "validation":
            behaviour = checks(models[fitted.seed], rows, predictions, fitted, params, dtype)
            paired, score = bool(rows["text_pair"].any()), figures["macro_f1"]
            figures = with_behaviour(figures, paired, fitted, behaviour)
        write_metrics(METRICS / approach / f"{side}.json", figures)
        write_predictions(
            PREDICTIONS / approach / side, predictions.with_outside(fitted.thresholds)
        )
    write_plots(approach, raw["validation"], fitted, classes.predictable(fitted))
    number = len(raw["validation"].ids)
    return (
        f"validation macro-F1 {score.mean:.3f} [{score.low:.3f}, {score.high:.3f}] on {number} rows"
    )


if __name__ == "__main__":
    run(f"evaluate@{sys.argv[1]}", lambda: main(sys.argv[1]))
