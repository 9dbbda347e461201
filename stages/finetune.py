"""Fine-tune the encoder in one way, once a seed.

data/tokenize/, data/embed/, reports/metrics/cv.json, models/adapted/ -> models/APPROACH/,
reports/plots/learning/APPROACH.csv
"""

import importlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from pydantic import Field

from seedbed.core.files import fresh_folder, read_json, write_csv, write_json
from seedbed.core.params import Section, read_params, with_changes
from seedbed.core.stage import run
from seedbed.encoding.datasets_on_disk import read_datasets
from seedbed.encoding.encoder import SentenceEncoder, load_model, outputs, pooling_of, precision
from seedbed.encoding.encoder_files import EncoderParams, encoder_folder
from seedbed.encoding.examples import Examples
from seedbed.encoding.vectors import read_vectors
from seedbed.training.checkpoints import folder_of
from seedbed.training.task import Task

DATASETS = Path("data/tokenize")
VECTORS = Path("data/embed")
CHOSEN = Path("reports/metrics/cv.json")
ADAPTED = Path("models/adapted")
MODELS = Path("models")
CURVES = Path("reports/plots/learning")


class Params(Section):
    """params.yaml section `finetune`."""

    seeds: list[int] = Field(min_length=1)


def load_task(params: EncoderParams, checkpoints: Path) -> Task:
    """The rows, tokenized and embedded, the encoder, and where a killed training goes on."""
    classes, parts, truncation = read_datasets(DATASETS)
    dtype = precision(params.precision)
    is_adapted = read_json(ADAPTED / "adapted.json")["run"]
    folder = ADAPTED if is_adapted else encoder_folder(params)
    looked_up = None if is_adapted else VECTORS  # embed's are those of the encoder as it came
    parts = {side: part.inside for side, part in parts.items()}
    return Task(
        classes=classes,
        train=parts["train"],
        validation=parts["validation"],
        vectors=lambda side: vectors_of(parts[side], looked_up, folder, dtype),
        encoder=folder,
        truncation=truncation,
        dtype=dtype,
        checkpoints=checkpoints,
    )


def vectors_of(
    part: Examples, looked_up: Path | None, folder: Path, dtype: torch.dtype
) -> np.ndarray:
    """Vectors of the rows: looked up, and made for those that came after embed (augmented), or all
    made where there is nothing to look up."""
    encoder = SentenceEncoder(load_model(folder), pooling_of(folder))
    if looked_up is None:
        return part.pooled(outputs(encoder, part, dtype, "embed"))
    vectors, missing = read_vectors(looked_up, part.row_ids)
    if missing.any():
        without = {row for row, lacks in zip(part.row_ids, missing, strict=True) if lacks}
        new = part.take(np.array([row in without for row in part.rows]))
        vectors[missing] = new.pooled(outputs(encoder, new, dtype, "embed made rows"))
    return vectors


def with_chosen(params: Section, approach: str) -> Section:
    """The approach's params with the values that cv chose on folds in their place."""
    chosen = read_json(CHOSEN)["approaches"].get(approach, {}).get("chosen", {})
    changes = {key: json.loads(value) for key, value in chosen.items()}
    return with_changes(params, f"cv.grid.{approach}", changes)


def main(approach: str) -> str:
    module = importlib.import_module(f"seedbed.approaches.{approach}")
    params = with_chosen(read_params(f"approaches.{approach}", module.Params), approach)
    seeds = read_params("finetune", Params).seeds
    encoder = read_params("encoder", EncoderParams)
    curves: list[tuple[object, ...]] = []
    checkpoints = folder_of(approach)
    with fresh_folder(MODELS / approach) as folder:
        if params.run:
            task = load_task(encoder, checkpoints)
            for seed in seeds:
                target = folder / f"seed-{seed}"
                target.mkdir()
                for point in module.fine_tune(task, params, seed, target):
                    curves.append(
                        (
                            seed,
                            point["epoch"],
                            point.get("train_loss", ""),
                            point["validation_macro_f1"],
                        )
                    )
        write_json(folder / "runs.json", {"run": params.run, "seeds": seeds if params.run else []})
    shutil.rmtree(checkpoints, ignore_errors=True)
    write_csv(
        CURVES / f"{approach}.csv", ["seed", "epoch", "train_loss", "validation_macro_f1"], curves
    )
    if not params.run:
        return "off in params.yaml"
    best = max(float(point[3]) for point in curves)
    return f"{len(seeds)} model(s), best validation macro-F1 {best:.3f}"


if __name__ == "__main__":
    run(f"finetune@{sys.argv[1]}", lambda: main(sys.argv[1]))
