"""Adapt the encoder to the texts of train and of unlabelled sources, and measure what that brings.

data/deduplicate/, data/split/, data/embed/ -> models/adapted/, reports/metrics/adapt.json
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.files import fresh_folder, sha256_of, write_json
from seedbed.core.params import read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import run
from seedbed.encoding.encoder_files import EncoderParams
from seedbed.making.ablation import Arms, drawn, sizes, verdict
from seedbed.training.loop_params import AdaptationParams
from seedbed.training.unlabelled import unlabelled_rows

SOURCE = Path("data/deduplicate")
SPLIT = Path("data/split")
VECTORS = Path("data/embed")
ENCODER = Path("models/adapted")
METRICS = Path("reports/metrics/adapt.json")
STRENGTH = 10.0  # C of the heads that measure; the same on both sides


class Params(AdaptationParams):
    """params.yaml section `adapt`."""

    run: bool
    seed: int
    seeds: list[int] = Field(min_length=2)
    rows_per_class: list[int] = Field(min_length=1)


def scores(
    vectors: np.ndarray, rows: pd.DataFrame, number: int, seeds: list[int]
) -> dict[int, float]:
    """Validation macro-F1 of logistic regression on the vectors by seed, each of which draws its
    train rows: it shows the encoder and nothing else."""
    from sklearn.linear_model import LogisticRegression

    from seedbed.scoring.metrics import macro_f1_of

    place = {row: number for number, row in enumerate(rows["id"])}
    train = rows[rows["split"] == "train"].assign(parent="", weight=1.0)
    held = (rows["split"] == "validation").to_numpy()
    classes = sorted(set(train["label"]))
    numbers = np.searchsorted(classes, rows["label"].to_numpy(dtype=object))
    found = {}
    for seed in seeds:
        few = drawn(Arms(train, train, False), number, seed)[0]
        places = few["id"].map(place).to_numpy()
        head = LogisticRegression(C=STRENGTH, max_iter=2000)
        head.fit(vectors[places], numbers[places], few["weight"])
        found[seed] = macro_f1_of(numbers[held], head.predict(vectors[held]))
    return found


def measured(rows: pd.DataFrame, params: Params, encoder: EncoderParams) -> dict[str, Any]:
    """What the adapted encoder brings on validation, by rows a class."""
    from seedbed.encoding.row_vectors import vectors_of

    digest = sha256_of(ENCODER / "model.safetensors")
    changed = encoder.model_copy(update={"name": str(ENCODER), "sha256": digest})
    before = vectors_of(rows, VECTORS, encoder, SPLIT)
    after = vectors_of(rows, None, changed, SPLIT)
    train = rows[rows["split"] == "train"].assign(parent="")
    found = {}
    for number in sizes(Arms(train, train, False), params.rows_per_class):
        both = (scores(vectors, rows, number, params.seeds) for vectors in (before, after))
        found[str(number) if number else "all"] = verdict(*both)
    return found


def main() -> str:
    params, encoder = read_params("adapt", Params), read_params("encoder", EncoderParams)
    shingle_words = read_params("split.shingle_words", int)
    min_jaccard = read_params("split.twin_min_jaccard", float)
    if not params.run:
        with fresh_folder(ENCODER) as folder:
            write_json(folder / "adapted.json", {"run": False})
        write_json(METRICS, {"run": False, "measured": {}})
        return "off in params.yaml"
    from seedbed.encoding.encoder import precision
    from seedbed.encoding.encoder_files import encoder_folder
    from seedbed.encoding.truncation import truncation_of
    from seedbed.training.adaptation import adapt
    from seedbed.training.checkpoints import folder_of

    split = read_rows(SPLIT)
    rows = split[split["split"] != "test"].reset_index(drop=True)
    train = rows[rows["split"] == "train"]
    more = unlabelled_rows(read_rows(SOURCE), split, shingle_words, min_jaccard)
    texts = pd.concat([train, more])
    source = encoder_folder(encoder)
    cut = truncation_of(encoder, source, SPLIT)
    with fresh_folder(ENCODER) as folder:
        columns = list(texts["text"]), list(texts["text_pair"])
        dtype = precision(encoder.precision)
        way, curve = adapt(source, *columns, cut, params, params.seed, dtype, folder)
        write_json(folder / "adapted.json", {"run": True, "way": way})
    shutil.rmtree(folder_of("adapt"), ignore_errors=True)
    found = measured(rows, params, encoder)
    metrics = {
        "run": True,
        "way": way,
        "texts": {"train": len(train), "unlabelled": len(more)},
        "loss_by_epoch": [point["train_loss"] for point in curve],
        "measured_on": "validation",
        "measured": found,
    }
    write_json(METRICS, metrics)
    words = [f"{size}: {one['verdict']} ({one['gain']:+.3f})" for size, one in found.items()]
    return f"{way} on {len(texts):,} texts; rows a class {', '.join(words)}"


if __name__ == "__main__":
    run("adapt", main)
