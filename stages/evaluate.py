"""Score the models of one approach on validation and on test, apart.

data/tokenize/, data/balance/, models/APPROACH/ -> data/evaluate/APPROACH/{validation,test}/,
reports/metrics/evaluate/APPROACH/{validation,test}.json, reports/plots/{confusion,reliability}/
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from seedbed.classifier import Classifier
from seedbed.datasets_on_disk import read_datasets
from seedbed.encoder import precision
from seedbed.encoder_files import EncoderParams
from seedbed.errors import RowsError
from seedbed.files import fresh_folder, read_json, write_csv, write_json
from seedbed.params import read_params
from seedbed.predictions import Predictions, write_predictions
from seedbed.rows import NEGATIVE, read_rows
from seedbed.scope_detection import chosen_threshold, detection, outside_score
from seedbed.scoring import (
    OUTSIDE,
    calibration,
    confusion,
    headline,
    per_class,
    reliability_curve,
    slices,
)
from seedbed.stage import run

DATASETS = Path("data/tokenize")
ROWS = Path("data/balance")
MODELS = Path("models")
PREDICTIONS = Path("data/evaluate")
METRICS = Path("reports/metrics/evaluate")
PLOTS = Path("reports/plots")
LENGTHS = ["short third", "middle third", "long third"]


def predict(models: Path, seeds: list[int], dtype: torch.dtype) -> dict[str, Predictions]:
    """Probabilities of every seed's model on validation and test. No model sees a label."""
    parts = read_datasets(DATASETS).parts
    rows = read_rows(ROWS).set_index("id")
    loaded = {str(seed): Classifier(models / f"seed-{seed}") for seed in seeds}
    result = {}
    for side in ("validation", "test"):
        part = parts[side]
        ids = part.row_ids
        found = {}
        for seed, model in loaded.items():
            logits = part.pooled(model.logits(part, dtype, f"{side} seed {seed}"))
            found[seed] = torch.from_numpy(logits).double().softmax(1).numpy()
        result[side] = Predictions(ids, list(rows.loc[ids, "group"]), part.row_labels, found)
    return result


def thresholds_of(validation: Predictions, test: Predictions) -> dict[str, float]:
    """By seed, the confidence below which a prediction is out of scope, chosen on validation; empty
    where every row has a class. Raises RowsError where only test has rows without one."""
    if not (validation.labels == OUTSIDE).any():
        if (test.labels == OUTSIDE).any():
            raise RowsError(
                str(DATASETS),
                "rows out of scope in test alone",
                "some in validation, to choose the threshold on",
                "add rows of the negative sources",
            )
        return {}
    found = validation.probabilities
    return {seed: chosen_threshold(validation.labels, one) for seed, one in found.items()}


def scope_figures(
    raw: Predictions, rows: pd.DataFrame, seed: str, outside: str, classes: list[str], low: float
) -> dict[str, Any]:
    """How well negatives are told from the rest, by the class `outside` or by the threshold `low`;
    empty where the side has only one of both. `raw`: as the model gave them."""
    number = OUTSIDE if outside not in classes else classes.index(outside)
    is_outside, found = raw.labels == number, raw.probabilities[seed]
    if is_outside.all() or not is_outside.any():
        return {}
    flagged = found.max(1) < low if number == OUTSIDE else found.argmax(1) == number
    kinds = rows["meta"].map(lambda meta: json.loads(meta).get(NEGATIVE, "")).to_numpy(dtype=object)
    kinds = np.where(is_outside & (kinds == ""), "unnamed", kinds)
    scores = outside_score(found, number)
    how = {"how": "threshold", "threshold": low} if number == OUTSIDE else {"how": "class"}
    return {"label": outside} | how | detection(is_outside, scores, flagged, kinds, raw.units())


def figures(
    predictions: Predictions, raw: Predictions, rows: pd.DataFrame, classes: list[str], seed: str
) -> dict[str, Any]:
    """All figures of one side; per class, confusion, calibration and slices are those of `seed`.
    Calibration is that of the rows in scope, as the model gave them (`raw`).

    `rows` are the side's rows in the order of the predictions.
    """
    labels, found = predictions.labels, predictions.probabilities[seed]
    predicted = found.argmax(1)
    chars = rows["text"].str.len().rank(method="first") / len(rows)
    third = np.minimum((chars * 3).astype(int), 2).map(dict(enumerate(LENGTHS)))
    columns = {"source": rows["source"], "batch": rows["batch"], "length": third}
    return {
        "rows": len(labels),
        **headline(labels, predictions.predicted(), predictions.units()),
        "seed_shown": seed,
        "calibration": calibration(*raw.inside(seed)),
        "per_class": per_class(labels, predicted, classes),
        "confusion": confusion(labels, predicted, classes),
        "slices": slices(labels, predicted, columns),
    }


def best_seed(predictions: Predictions) -> str:
    """The seed with the best validation macro-F1; the first of equals."""
    scores = headline(predictions.labels, predictions.predicted(), predictions.units())
    by_seed = scores["macro_f1"]["by_seed"]
    return max(by_seed, key=lambda seed: by_seed[seed])


def write_plots(
    approach: str,
    predictions: Predictions | None,
    raw: Predictions | None,
    classes: list[str],
    seed: str,
) -> None:
    """Validation confusion (a line a row) and reliability: choices may be made on these."""
    pairs: list[tuple[str, str]] = []
    bins: list[dict[str, float]] = []
    if predictions is not None and raw is not None:
        found = predictions.probabilities[seed]
        pairs = sorted(
            (classes[given], classes[said])
            for given, said in zip(predictions.labels, found.argmax(1), strict=True)
        )
        bins = reliability_curve(*raw.inside(seed))
    write_csv(PLOTS / "confusion" / f"{approach}.csv", ["actual", "predicted"], pairs)
    write_csv(
        PLOTS / "reliability" / f"{approach}.csv",
        ["confidence", "accuracy", "rows"],
        [tuple(part.values()) for part in bins],
    )


def model_facts(folder: Path) -> dict[str, Any]:
    """Size of one model on disk, and how many numbers were trained."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "megabytes": round(size / 1e6, 1),
        "trained_numbers": read_json(folder / "seedbed.json")["trained_numbers"],
    }


def main(approach: str) -> str:
    runs = read_json(MODELS / approach / "runs.json")
    sides = ("validation", "test")
    if not runs["run"]:
        for side in sides:
            with fresh_folder(PREDICTIONS / approach / side) as folder:
                write_json(folder / "not_run.json", {"run": False})
            write_json(METRICS / approach / f"{side}.json", {"run": False})
        write_plots(approach, None, None, [], "")
        return "off in params.yaml"
    dtype = precision(read_params("encoder", EncoderParams).precision)
    raw = predict(MODELS / approach, runs["seeds"], dtype)
    outside, classes = read_params("negatives.label", str), read_datasets(DATASETS).classes
    rows = read_rows(ROWS).set_index("id")
    lows = thresholds_of(raw["validation"], raw["test"])
    predictions = {side: one.with_outside(lows) for side, one in raw.items()}
    shown = [*classes, outside] if lows else classes
    seed = best_seed(predictions["validation"])
    facts = model_facts(MODELS / approach / f"seed-{seed}")
    for side in sides:
        members = rows.loc[raw[side].ids]
        found = figures(predictions[side], raw[side], members, shown, seed)
        scope = scope_figures(raw[side], members, seed, outside, classes, lows.get(seed, 0.0))
        if scope:
            found["out_of_scope"] = scope
        write_predictions(PREDICTIONS / approach / side, predictions[side])
        write_json(METRICS / approach / f"{side}.json", {"run": True, "model": facts, **found})
    write_plots(approach, predictions["validation"], raw["validation"], shown, seed)
    score = read_json(METRICS / approach / "validation.json")["macro_f1"]
    of = f"{score['mean']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"
    return f"validation macro-F1 {of} on {len(predictions['validation'].ids)} rows"


if __name__ == "__main__":
    run(f"evaluate@{sys.argv[1]}", lambda: main(sys.argv[1]))
