"""Fine-tune the encoder by one approach, one model per seed.

data/tokenize/, data/embed/, reports/metrics/cv.json, models/adapted/ -> models/APPROACH/,
reports/plots/learning/APPROACH.csv
"""

import json
import shutil
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, JsonValue

from seedbed.core.errors import reading
from seedbed.core.files import ADAPTED, MODELS, fresh_folder, read_json, write_csv, write_json
from seedbed.core.metrics import read_if_run
from seedbed.core.params import Section, Seed, read_params
from seedbed.core.rows import COLUMNS, CURVES, EMBED, TOKENIZE
from seedbed.core.stage import script
from seedbed.encoding.encoder import SentenceEncoder, computing, load_model, outputs, pooling_of
from seedbed.encoding.examples import read_datasets
from seedbed.encoding.vectors import EncoderParams, completed, encoder_folder
from seedbed.tasks.named import read_class_task
from seedbed.training.classifier import TrainingData
from seedbed.training.loop import CHECKPOINTS
from seedbed.training.resampling import CvMetrics
from seedbed.training.trainer import ApproachTrainer

CV_METRICS = Path("reports/metrics/cv.json")


class Params(Section):
    """params.yaml section `finetune`."""

    seeds: list[Seed] = Field(min_length=1, max_length=1000)


def training_data(params: EncoderParams, checkpoints: Path) -> TrainingData:
    """The tokenized and embedded rows, and the encoder, adapted or as it is."""
    classes, parts, truncation = read_datasets(TOKENIZE)
    dtype = computing(params.precision, params.threads)
    with reading(ADAPTED / "adapted.json") as adapted:
        is_adapted = read_json(adapted)["run"]
    folder = ADAPTED if is_adapted else encoder_folder(params)
    task = read_class_task()
    parts = {side: part.inside(task) for side, part in parts.items()}

    def vectors(side: str) -> np.ndarray:
        rows = parts[side]
        model = SentenceEncoder(load_model(folder), pooling_of(folder))

        def compute(mask: np.ndarray) -> np.ndarray:
            new_ids = set(compress(rows.row_ids, mask))
            new = rows.take(np.array([row in new_ids for row in rows.rows]))
            return new.pooled(outputs(model, new, dtype, "embed")).astype(np.float32)

        # embed used the encoder as it is: an adapted one computes all vectors, and either computes
        # those of rows made since.
        return completed(None if is_adapted else EMBED, rows.row_ids, compute)

    return TrainingData(
        task=task,
        classes=classes,
        train=parts["train"],
        validation=parts["validation"],
        vectors=vectors,
        encoder=folder,
        truncation=truncation,
        dtype=dtype,
        checkpoints=checkpoints,
    )


def chosen_by_cv(approach: str) -> dict[str, JsonValue]:
    """The values that cv chose for an approach on its grid; none where it was not searched."""
    cv = read_if_run(CV_METRICS, CvMetrics)
    if cv is None or approach not in cv.approaches:
        return {}
    return {key: json.loads(value) for key, value in cv.approaches[approach].chosen.items()}


@script
def main(approach: str) -> str:
    trainer = ApproachTrainer(approach, **chosen_by_cv(approach))
    is_on = trainer.params.run
    seeds = read_params("finetune", Params).seeds if is_on else []
    checkpoints = CHECKPOINTS / approach
    curves: list[list[Any]] = []
    with fresh_folder(MODELS / approach) as folder:
        if is_on:
            data = training_data(read_params("encoder", EncoderParams), checkpoints)
        for seed in seeds:
            target = folder / f"seed-{seed}"
            target.mkdir()
            curve = trainer.fine_tune(data, seed, target)
            points = ({"train_loss": "", "seed": seed, **point} for point in curve)
            curves += ([point[column] for column in COLUMNS[CURVES]] for point in points)
        write_json(folder / "runs.json", {"run": is_on, "seeds": seeds})
    shutil.rmtree(checkpoints, ignore_errors=True)
    write_csv(CURVES / f"{approach}.csv", COLUMNS[CURVES], curves)
    if not is_on:
        return "off in params.yaml"
    return f"{len(seeds)} model(s), best validation macro-F1 {max(row[3] for row in curves):.3f}"
