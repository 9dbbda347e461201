"""Score the models of one approach on validation and on test, apart.

data/tokenize/, data/balance/, data/embed/, data/ledger/decided.csv, models/APPROACH/,
reports/plots/learning/, tests/model/ -> data/evaluate/APPROACH/{validation,test}/,
reports/metrics/evaluate/APPROACH/{validation,test}.json,
reports/plots/{confusion,reliability,risk_coverage}/
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pydantic import Field

from seedbed.core.files import fresh_folder, read_csv, read_json, write_csv, write_json
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import run
from seedbed.encoding.encoder import precision
from seedbed.encoding.encoder_files import EncoderParams
from seedbed.encoding.examples import Examples, Tokenized, read_datasets
from seedbed.encoding.nearest_rows import nearest_cosines
from seedbed.encoding.vectors import read_vectors
from seedbed.scoring.calibration import reliability_curve
from seedbed.scoring.costs import note_predictions
from seedbed.scoring.decided_rows import DecidedRow, read_decided, without_decisions
from seedbed.scoring.evaluation import Decided, check_outside, decided, figures
from seedbed.scoring.intervals import resampled_counts
from seedbed.scoring.languages import languages_of
from seedbed.scoring.model_checks import cases_of, invariance_of
from seedbed.scoring.predictions import Predictions, write_predictions
from seedbed.scoring.risk_coverage import risk_coverage_curve
from seedbed.scoring.slices import columns_of
from seedbed.training.classifier import Classifier
from seedbed.training.saved_models import read_card

DATASETS = Path("data/tokenize")
ROWS = Path("data/balance")
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
SIDES = ("validation", "test")


class Params(Section):
    """params.yaml section `evaluate`."""

    seed: int
    behaviour_rows: int = Field(ge=0)


def predicted(
    part: Examples, rows: pd.DataFrame, models: dict[str, Classifier], dtype: torch.dtype
) -> Predictions:
    """Every seed's probabilities for the rows of one side. No model sees a label."""
    ids, found = part.row_ids, {}
    for seed, model in models.items():
        logits = part.pooled(model.logits(part, dtype, f"seed {seed}"))
        found[seed] = torch.from_numpy(logits).double().softmax(1).numpy()
    return Predictions(ids, list(rows.loc[ids, "group"]), part.row_labels, found)


def cosines_to_train(ids: list[str], train: list[str]) -> np.ndarray:
    """Cosine of each row to the nearest train row that embed has seen: (rows,). Made rows, which
    come after embed, are not among these."""
    vectors, missing = read_vectors(VECTORS, train)
    return nearest_cosines(read_vectors(VECTORS, ids)[0], vectors[~missing])


def model_facts(approach: str, seed: str, train: Examples) -> dict[str, Any]:
    """What the model cost, without a clock: size on disk, numbers and tokens that were trained.

    `training_tokens`: tokens of train times the epochs that were run; 0 where the encoder is
    frozen and its vectors were made before.
    """
    folder = MODELS / approach / f"seed-{seed}"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    points = [line for line in read_csv(CURVES / f"{approach}.csv") if line["seed"] == seed]
    epochs = sum(line["train_loss"] != "" for line in points)
    return {
        "megabytes": round(size / 1e6, 1),
        "trainable_parameters": read_card(folder).trainable_parameters,
        "epochs": epochs,
        "training_tokens": epochs * sum(map(len, train.ids)),
    }


def write_plots(
    approach: str, raw: Predictions | None, found: Decided | None, shown: list[str]
) -> None:
    """Validation confusion (a line a row), reliability and risk-coverage: choices may be made on
    these."""
    pairs: list[tuple[str, str]] = []
    reliability: list[dict[str, float]] = []
    risk: list[dict[str, float]] = []
    if raw is not None and found is not None:
        told = raw.with_outside(found.thresholds)
        said = told.probabilities[found.seed].argmax(1)
        pairs = sorted((shown[a], shown[b]) for a, b in zip(told.labels, said, strict=True))
        inside = raw.inside(found.seed)
        reliability, risk = reliability_curve(*inside), risk_coverage_curve(*inside)
    name = f"{approach}.csv"
    write_csv(CONFUSION / name, ["actual", "predicted"], pairs)
    header = ["confidence", "accuracy", "rows"]
    write_csv(RELIABILITY / name, header, [tuple(one.values()) for one in reliability])
    header = ["coverage", "risk", "confidence"]
    write_csv(RISK_COVERAGE / name, header, [tuple(one.values()) for one in risk])


def write_off(approach: str) -> str:
    """The outputs of an approach that is off, which say so."""
    for side in SIDES:
        with fresh_folder(PREDICTIONS / approach / side) as folder:
            write_json(folder / "not_run.json", {"run": False})
        write_json(METRICS / approach / f"{side}.json", {"run": False})
    write_plots(approach, None, None, [])
    return "off in params.yaml"


def predictions_of(
    approach: str,
    datasets: Tokenized,
    rows: pd.DataFrame,
    models: dict[str, Classifier],
    dtype: torch.dtype,
) -> dict[str, Predictions]:
    """Predictions of both sides, and what they cost."""
    start = time.perf_counter()
    parts = {side: datasets.parts[side] for side in SIDES}
    raw = {side: predicted(part, rows, models, dtype) for side, part in parts.items()}
    number = len(models) * sum(len(one.ids) for one in raw.values())
    tokens = len(models) * sum(sum(map(len, part.ids)) for part in parts.values())
    note_predictions(approach, number, tokens, time.perf_counter() - start)
    check_outside(raw["validation"].labels, raw["test"].labels, str(DATASETS))
    return raw


def columns(rows: pd.DataFrame, ids: list[str], min_chars: int) -> dict[str, Sequence[str]]:
    """What the rows of one side are sliced by."""
    members, train = rows.loc[ids], list(rows.index[rows["split"] == "train"])
    languages = languages_of(list(members["text"]), min_chars)
    return columns_of(members, list(rows["date"]), languages, cosines_to_train(ids, train))


def checks(
    model: Classifier,
    rows: pd.DataFrame,
    raw: Predictions,
    found: Decided,
    params: Params,
    dtype: torch.dtype,
) -> dict[str, Any]:
    """Behaviour of the model that is shown: edited validation texts, and plain cases, which are
    asked of no model of pairs."""
    members = rows.loc[raw.ids]
    before = raw.probabilities[found.seed].argmax(1)
    number, seed = params.behaviour_rows, params.seed
    is_paired = bool(members["text_pair"].any())
    return {
        "invariance": invariance_of(model, members, before, raw.units(), number, seed, dtype),
        "minimum_functionality": {} if is_paired else cases_of(model, CASES, dtype),
    }


def without_people(
    raw: Predictions, found: Decided, side: str, shown: list[str], people: list[DecidedRow]
) -> dict[str, Any]:
    """The side's headline figures as they would be if nobody had decided on its rows."""
    told = raw.with_outside(found.thresholds)
    samples = resampled_counts(told.units())
    decided_here = [one for one in people if one.side == side]
    return without_decisions(told.labels, told.predicted(), told.ids, samples, shown, decided_here)


def main(approach: str) -> str:
    runs = read_json(MODELS / approach / "runs.json")
    if not runs["run"]:
        return write_off(approach)
    params = read_params("evaluate", Params)
    dtype = precision(read_params("encoder", EncoderParams).precision)
    outside = read_params("negatives.label", str)
    min_chars = read_params("clean.min_chars_for_language", int)
    datasets, rows = read_datasets(DATASETS), read_rows(ROWS).set_index("id")
    models = {str(seed): Classifier(MODELS / approach / f"seed-{seed}") for seed in runs["seeds"]}
    raw = predictions_of(approach, datasets, rows, models, dtype)
    found = decided(raw["validation"])
    facts = model_facts(approach, found.seed, datasets.parts["train"])
    shown = [*datasets.classes, outside] if found.thresholds else datasets.classes
    people, score = read_decided(DECIDED), ""
    for side, one in raw.items():
        parts = columns(rows, one.ids, min_chars)
        metas = list(rows.loc[one.ids, "meta"])
        result = figures(one, found, side, datasets.classes, outside, parts, metas)
        result["without_decisions"] = without_people(one, found, side, shown, people)
        if side == "validation":
            behaviour = checks(models[found.seed], rows, one, found, params, dtype)
            paired = bool(rows["text_pair"].any())
            result |= {"paired": paired, "thresholds": found.thresholds, "behaviour": behaviour}
            score = "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**result["macro_f1"])
        write_json(METRICS / approach / f"{side}.json", {"run": True, "model": facts} | result)
        write_predictions(PREDICTIONS / approach / side, one.with_outside(found.thresholds))
    write_plots(approach, raw["validation"], found, shown)
    return f"validation macro-F1 {score} on {len(raw['validation'].ids)} rows"


if __name__ == "__main__":
    run(f"evaluate@{sys.argv[1]}", lambda: main(sys.argv[1]))
