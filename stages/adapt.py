"""Adapt the encoder to the texts of train and of unlabelled sources, and measure the gain.

data/deduplicate/, data/split/, data/embed/ -> models/adapted/, reports/metrics/adapt.json
"""

import shutil

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.files import ADAPTED, fresh_folder, sha256_of, write_json
from seedbed.core.metrics import METRICS
from seedbed.core.params import Seed, read_params
from seedbed.core.rows import DEDUPLICATE, EMBED, SPLIT, read_rows, write_results
from seedbed.core.stage import script
from seedbed.encoding.vectors import EncoderParams
from seedbed.making.balancing import (
    AdaptMetrics,
    Arms,
    Gain,
    RowsPerClass,
    drawn,
    sizes,
    verdict,
)
from seedbed.splitting.splits import unlabelled_rows
from seedbed.tasks.named import has_no_classes, not_for_task, read_class_task
from seedbed.training.models import AdaptationParams, SharedParams, with_shared

STRENGTH = 10.0  # C of the heads that compare the encoders


class Params(AdaptationParams):
    """params.yaml section `adapt`."""

    run: bool
    seed: Seed
    seeds: list[Seed] = Field(min_length=2, max_length=1000)
    rows_per_class: list[RowsPerClass] = Field(min_length=1, max_length=100)


def scores(
    vectors: np.ndarray, rows: pd.DataFrame, number: int, seeds: list[int]
) -> dict[int, float]:
    """Validation macro-F1 of logistic regression on the vectors, by seed. Each seed draws its own
    train rows, so that scores differ by the encoder and the rows alone."""
    from threadpoolctl import threadpool_limits

    from seedbed.scoring.metrics import macro_f1_of

    position = pd.Series(range(len(rows)), rows["id"])
    train = rows[rows["split"] == "train"].assign(parent="", weight=1.0)
    held = (rows["split"] == "validation").to_numpy()
    task = read_class_task()
    classes = task.classes(train["label"])
    labels = task.targets(rows["label"], classes)
    by_seed = {}
    for seed in seeds:
        sample = drawn(Arms(train, train, False), number, seed, task)[0]
        drawn_at = position[sample["id"]]
        head = task.regression(STRENGTH)
        with threadpool_limits(1):  # or the number of threads would decide the last bits
            head.fit(vectors[drawn_at], labels[drawn_at], sample["weight"])
        by_seed[seed] = macro_f1_of(task, labels[held], head.predict(vectors[held]))
    return by_seed


def measured(rows: pd.DataFrame, params: Params, encoder: EncoderParams) -> dict[str, Gain]:
    """The gain of the adapted encoder on validation, by rows per class."""
    from seedbed.encoding.vectors import vectors_of

    digest = sha256_of(ADAPTED / "model.safetensors")
    adapted = encoder.model_copy(update={"name": str(ADAPTED), "sha256": digest})
    before = vectors_of(rows, EMBED, encoder, SPLIT)
    after = vectors_of(rows, None, adapted, SPLIT)
    train = rows[rows["split"] == "train"].assign(parent="")
    verdicts = {}
    for number in sizes(Arms(train, train, False), params.rows_per_class, read_class_task()):
        both = (scores(vectors, rows, number, params.seeds) for vectors in (before, after))
        verdicts[str(number or "all")] = verdict(*both)
    return verdicts


@script
def main() -> str:
    shared = read_params("training", SharedParams)
    params = with_shared("adapt", read_params("adapt", dict), shared, Params)
    encoder = read_params("encoder", EncoderParams)
    shingle_words = read_params("split.shingle_words", int)
    min_jaccard = read_params("split.twin_min_jaccard", float)
    outside = has_no_classes("adapt.run", params.run, "false")
    if not params.run:
        with fresh_folder(ADAPTED) as folder:
            write_json(folder / "adapted.json", {"run": False})
        write_json(METRICS / "adapt.json", {"run": False, "measured": {}})
        return not_for_task() if outside else "off in params.yaml"
    from seedbed.encoding.encoder import computing
    from seedbed.encoding.tokens import TextTokenizer, truncation_of
    from seedbed.encoding.vectors import encoder_folder
    from seedbed.training.loop import CHECKPOINTS, Run
    from seedbed.training.objectives import adapt

    split = read_rows(SPLIT)
    rows = split[split["split"] != "test"].reset_index(drop=True)
    train = rows[rows["split"] == "train"]
    more = unlabelled_rows(read_rows(DEDUPLICATE), split, shingle_words, min_jaccard)
    texts = pd.concat([train, more])
    source = encoder_folder(encoder)
    tokenizer = TextTokenizer(source, truncation_of(encoder, source, SPLIT))
    tokens = tokenizer(list(texts["text"]), list(texts["text_pair"]))
    dtype, checkpoints = computing(encoder.precision, encoder.threads), CHECKPOINTS / "adapt"
    with fresh_folder(ADAPTED) as folder:
        training = Run("adapt", params, params.seed, dtype, checkpoints)
        way, curve = adapt(source, tokens, training, folder)
        write_json(folder / "adapted.json", {"run": True, "way": way})
    shutil.rmtree(checkpoints, ignore_errors=True)
    verdicts = measured(rows, params, encoder)
    metrics = AdaptMetrics(
        run=True,
        way=way,
        texts={"train": len(train), "unlabelled": len(more)},
        loss_by_epoch=[point["train_loss"] for point in curve],
        measured_on="validation",
        measured=verdicts,
    )
    write_results("adapt", metrics)
    words = [f"{size}: {result.verdict} ({result.gain:+.3f})" for size, result in verdicts.items()]
    return f"{way} on {len(texts):,} texts; by rows per class {', '.join(words)}"
