"""Fine-tune the encoder by one approach, one model per seed.

data/tokenize/, data/embed/, reports/metrics/cv.json, models/adapted/ -> models/APPROACH/,
reports/plots/learning/APPROACH.csv
"""

import json
import shutil
from collections.abc import Callable
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, JsonValue

from seedbed.core.errors import reading
from seedbed.core.files import ADAPTED, MODELS, read_json, write_csv, write_json
from seedbed.core.metrics import read_if_run
from seedbed.core.params import Section, Seed, check_names, read_params
from seedbed.core.rows import COLUMNS, CURVES, EMBED, TOKENIZE
from seedbed.core.stage import script
from seedbed.encoding.encoder import SentenceEncoder, computing, load_model, outputs, pooling_of
from seedbed.encoding.examples import read_datasets
from seedbed.encoding.vectors import EncoderParams, completed, encoder_folder
from seedbed.tasks.named import read_class_task, read_task
from seedbed.training.classifier import TrainingData
from seedbed.training.loop import CHECKPOINTS, LOSS, MACRO_F1, Curve
from seedbed.training.models import SharedParams, with_shared
from seedbed.training.resampling import CvMetrics
from seedbed.training.together import group, together, written
from seedbed.training.trainer import ApproachTrainer

CV_METRICS = Path("reports/metrics/cv.json")
# From a seed and a folder to the curve of the model that is saved there.
FineTune = Callable[[int, Path], Curve]


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


def fine_tuning(approach: str, checkpoints: Path) -> FineTune | None:
    """What tunes one model by an approach; None where it is off."""
    trainer = ApproachTrainer(approach, **chosen_by_cv(approach))
    if not trainer.params.run:
        return None
    return partial(
        trainer.fine_tune, training_data(read_params("encoder", EncoderParams), checkpoints)
    )


def chat_tuning(approach: str, checkpoints: Path) -> FineTune | None:
    """The same for an approach of task `answer`."""
    from seedbed.training.chat import approaches
    from seedbed.training.chat.datasets import read_chat_datasets
    from seedbed.training.chat.tuning import chat_data

    check_names("approaches", approaches.NAMES)
    module, shared = approaches.load(approach), read_params("training", SharedParams)
    own = read_params(f"approaches.{approach}", dict)
    params = with_shared(f"approaches.{approach}", own, shared, module.Params)
    if not params.run:
        return None
    encoder = encoder_folder(read_params("encoder", EncoderParams))
    data = chat_data(read_chat_datasets(TOKENIZE), encoder, checkpoints)
    return lambda seed, folder: module.fine_tune(data, params, seed, folder)


@script
@together
def main(approach: str) -> str:
    is_chat, checkpoints = read_task().TARGET == "answer", CHECKPOINTS / approach
    fine_tune = (chat_tuning if is_chat else fine_tuning)(approach, checkpoints)
    seeds = read_params("finetune", Params).seeds if fine_tune else []
    curves: list[list[Any]] = []
    epochs = {}
    with written(MODELS / approach) as folder:
        for seed in seeds:
            target = folder / f"seed-{seed}"
            target.mkdir()
            curve = fine_tune(seed, target) if fine_tune else []
            for point in curve:
                score = point.get(MACRO_F1, point.get(LOSS, ""))
                curves.append([seed, point["epoch"], point.get("train_loss", ""), score])
            epochs[str(seed)] = sum("train_loss" in point for point in curve)
        used = [int(seed) for seed in epochs]
        runs = {"run": bool(used), "seeds": used, "epochs": epochs}
        by = group().facts() if any(epochs.values()) else {}
        write_json(folder / "runs.json", {**runs, **by})
    if not group().is_main:
        return ""
    shutil.rmtree(checkpoints, ignore_errors=True)
    write_csv(CURVES / f"{approach}.csv", COLUMNS[CURVES], curves)
    if fine_tune is None:
        return "off in params.yaml"
    trained_by = "".join(f", {number} {name}" for name, number in by.items())
    scores = [score for *_, score in curves if score != ""]
    if not scores:  # of an approach that looks answers up
        return f"{len(seeds)} model(s)"
    best = f"loss {min(scores):.3f} a token" if is_chat else f"macro-F1 {max(scores):.3f}"
    return f"{len(seeds)} model(s), best validation {best}{trained_by}"
