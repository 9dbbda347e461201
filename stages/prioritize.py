"""Rank what a person should label next, and list what the model needs, by out-of-fold and
validation figures alone.

data/deduplicate/, data/split/, data/embed/, data/label_scores/, data/decisions/,
data/frozen_test.csv, reports/choice.json, reports/metrics/learning_curve.json,
reports/metrics/evaluate/APPROACH/validation.json -> reports/next.csv, reports/next.md
"""

from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from seedbed.core.decisions import FOLDER, DisagreementRule, in_force, read_decisions
from seedbed.core.errors import reading
from seedbed.core.files import write_csv, write_text
from seedbed.core.metrics import CHOICE, EVALUATE, read_if_run, read_metrics
from seedbed.core.params import Section, read_params
from seedbed.core.rows import COLUMNS, DEDUPLICATE, EMBED, NEXT, SPLIT, read_parquet, read_rows
from seedbed.core.stage import script
from seedbed.encoding.nearest_rows import neighbour_distances
from seedbed.encoding.vectors import EncoderParams, vectors_of
from seedbed.pages.rendering import page_markdown
from seedbed.reporting.needs import page, page_without_classes
from seedbed.scoring import priorities
from seedbed.scoring.metrics_files import Choice, Validation
from seedbed.splitting.sides import FROZEN, assign_sides, read_frozen
from seedbed.splitting.splits import SplitParams, unlabelled_rows
from seedbed.tasks import ClassTask
from seedbed.tasks.named import has_no_classes, not_for_task, read_class_task
from seedbed.training.resampling import LearningCurveMetrics

SCORES = Path("data/label_scores")
CURVE_METRICS = Path("reports/metrics/learning_curve.json")
PAGE = Path("reports/next.md")
ISOLATED = 5  # most isolated rows that the page lists


class Params(Section):
    """params.yaml section `prioritize`."""

    rows: int = Field(ge=0, le=10**9)
    neighbours: int = Field(ge=1, le=10_000)


def with_uncertainty(
    task: ClassTask, rows: pd.DataFrame, vectors: np.ndarray, scores: Path, neighbours: int
) -> pd.DataFrame:
    """Add `suggested` and `uncertainty` to rows (id, split, label): labelled ones as
    find_label_errors scored them out of fold, others by their nearest labelled rows."""
    with reading(scores):
        files = [read_parquet(file).to_pandas() for file in sorted(scores.glob("*.parquet"))]
        scored = pd.concat(files).set_index("id")
        result = rows[["id", "split", "label"]].join(scored[["suggested", "uncertainty"]], on="id")
    bare = (rows["label"] == "").to_numpy()
    if bare.any():
        labels = rows["label"][~bare]
        classes = task.classes(labels)
        targets = task.targets(labels, classes)
        one_hot = task.one_hot(targets, len(classes))
        probabilities = priorities.votes(vectors[bare], vectors[~bare], one_hot, neighbours)
        result.loc[bare, "suggested"] = task.labels(task.decode(probabilities), classes)
        result.loc[bare, "uncertainty"] = task.uncertainty(probabilities)
    return result


def candidates(split: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Give the rows of train, and rows without a label that would be in train, with their vectors
    (rows, width).

    Rows of validation and test are left out: there, suspects are reviewed blind, among random rows.
    """
    rows = split[split["split"] == "train"]
    every = read_rows(DEDUPLICATE)
    if (every["label"] == "").any():
        params = read_params("split", SplitParams)
        bare = unlabelled_rows(every, split, params.shingle_words, params.twin_min_jaccard)
        side = assign_sides(bare.assign(split=""), read_frozen(FROZEN), params)["split"]
        rows = pd.concat([rows, bare[(side == "train").to_numpy()].assign(split="train")])
    rows = rows.reset_index(drop=True)
    return rows, vectors_of(rows, EMBED, read_params("encoder", EncoderParams), SPLIT)


@script
def main() -> str:
    params = read_params("prioritize", Params)
    if has_no_classes():
        write_csv(NEXT, COLUMNS[NEXT], [])
        write_text(PAGE, page_markdown(page_without_classes()))
        return not_for_task()
    rule = read_params("apply_decisions", DisagreementRule)
    split = read_rows(SPLIT)
    rows, vectors = candidates(split)
    verified = set(in_force(read_decisions(FOLDER), rows, rule).settled)
    approach = read_metrics(CHOICE, Choice).approach
    validation = read_metrics(EVALUATE / approach / "validation.json", Validation)
    weak = priorities.weakness(validation.per_class)
    task = read_class_task()
    scored = with_uncertainty(task, rows, vectors, SCORES, params.neighbours)
    ranked = priorities.prioritized(
        task, scored, priorities.density(vectors, params.neighbours), weak
    )
    ranked = ranked[~ranked["id"].isin(verified)]
    shown = ranked.head(params.rows)
    write_csv(NEXT, COLUMNS[NEXT], shown.to_numpy())
    # The page lists what train and validation lack: no row of test is looked at.
    kept = split[split["split"] != "test"].reset_index(drop=True)
    vectors = vectors_of(kept, EMBED, read_params("encoder", EncoderParams), SPLIT)
    far = neighbour_distances(vectors, params.neighbours)
    isolated = [
        (kept["id"][row], kept["label"][row], float(far[row]))
        for row in np.argsort(-far, kind="stable")[:ISOLATED]
    ]
    by_class = priorities.class_counts(task, kept["label"][kept["split"] == "train"])
    newest = priorities.newest_batch(task, kept, vectors)
    curve = read_if_run(CURVE_METRICS, LearningCurveMetrics)
    needs = page(
        task, approach, validation, dict(sorted(by_class.items())), isolated, newest, shown, curve
    )
    write_text(PAGE, page_markdown(needs))
    return f"{len(shown)} of {len(ranked):,} rows that nobody has verified, by priority: {NEXT}"
