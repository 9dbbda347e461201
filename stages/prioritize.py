"""Rank what a person should label next, and list what the model needs, by out-of-fold and
validation figures alone.

data/deduplicate/, data/split/, data/embed/, data/label_scores/, data/decisions/,
data/frozen_test.csv, reports/choice.json, reports/metrics/learning_curve.json,
reports/metrics/evaluate/APPROACH/validation.json -> reports/next.csv, reports/next.md
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pydantic import Field

from seedbed.collecting.diversity import counts, neighbour_distances
from seedbed.core.decisions import FOLDER, DisagreementRule, in_force, read_decisions
from seedbed.core.files import write_csv, write_text
from seedbed.core.metrics import read_if_run, read_metrics
from seedbed.core.params import Section, read_params
from seedbed.core.rows import read_rows
from seedbed.core.stage import run
from seedbed.encoding.vectors import EncoderParams, vectors_of
from seedbed.pages.document import Page
from seedbed.pages.markdown import page_markdown
from seedbed.reporting.needs import page
from seedbed.scoring.confidence import uncertainty
from seedbed.scoring.metrics_files import Choice, Validation
from seedbed.scoring.priorities import (
    COLUMNS,
    density,
    newest_batch,
    prioritized,
    votes,
    weakness,
)
from seedbed.splitting.frozen_test import read_frozen
from seedbed.splitting.sides import SideParams, assign_sides
from seedbed.splitting.splits import unlabelled_rows
from seedbed.training.resampling import LearningCurveMetrics

DEDUPLICATE = Path("data/deduplicate")
SPLIT = Path("data/split")
VECTORS = Path("data/embed")
SCORES = Path("data/label_scores")
FROZEN = Path("data/frozen_test.csv")
CHOICE = Path("reports/choice.json")
EVALUATE = Path("reports/metrics/evaluate")
CURVE_METRICS = Path("reports/metrics/learning_curve.json")
NEXT = Path("reports/next.csv")
PAGE = Path("reports/next.md")
ISOLATED = 5  # most isolated rows that the page lists


class Params(Section):
    """params.yaml section `prioritize`."""

    rows: int = Field(ge=0)
    neighbours: int = Field(ge=1)


def with_uncertainty(
    rows: pd.DataFrame, vectors: np.ndarray, scores: Path, neighbours: int
) -> pd.DataFrame:
    """Add `suggested` and `uncertainty` to rows (id, split, label): labelled ones as
    find_label_errors scored them out of fold, others by their nearest labelled rows."""
    files = [pq.read_table(file).to_pandas() for file in sorted(scores.glob("*.parquet"))]
    scored = pd.concat(files).set_index("id")
    result = rows[["id", "split", "label"]].copy()
    result["suggested"] = result["id"].map(scored["suggested"])
    result["uncertainty"] = result["id"].map(scored["uncertainty"])
    bare = (rows["label"] == "").to_numpy()
    if bare.any():
        classes, indices = np.unique(rows["label"][~bare], return_inverse=True)
        probabilities = votes(vectors[bare], vectors[~bare], indices, len(classes), neighbours)
        result.loc[bare, "suggested"] = classes[probabilities.argmax(1)]
        result.loc[bare, "uncertainty"] = uncertainty(probabilities)
    return result


def candidates(split: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Give the rows of train, and rows without a label that would be in train, with their vectors
    (rows, width).

    Rows of validation and test are left out: there, suspects are reviewed blind, among random rows.
    """
    rows = split[split["split"] == "train"]
    every = read_rows(DEDUPLICATE)
    if (every["label"] == "").any():
        shingle_words = read_params("split.shingle_words", int)
        min_jaccard = read_params("split.twin_min_jaccard", float)
        bare = unlabelled_rows(every, split, shingle_words, min_jaccard).assign(split="")
        side = assign_sides(bare, read_frozen(FROZEN), read_params("split", SideParams))["split"]
        rows = pd.concat([rows, bare[(side == "train").to_numpy()].assign(split="train")])
    rows = rows.reset_index(drop=True)
    return rows, vectors_of(rows, VECTORS, read_params("encoder", EncoderParams), SPLIT)


def needs(
    split: pd.DataFrame,
    ranked: pd.DataFrame,
    approach: str,
    neighbours: int,
    validation: Validation,
) -> Page:
    """Make the page reports/next.md; rows of test are taken out of `split` first."""
    rows = split[split["split"] != "test"].reset_index(drop=True)
    vectors = vectors_of(rows, VECTORS, read_params("encoder", EncoderParams), SPLIT)
    train = rows["label"][rows["split"] == "train"]
    far = neighbour_distances(vectors, neighbours)
    isolated = [
        (rows["id"][row], rows["label"][row], float(far[row]))
        for row in np.argsort(-far, kind="stable")[:ISOLATED]
    ]
    newest = newest_batch(rows, vectors)
    return page(
        approach,
        validation,
        counts(train),
        isolated,
        newest,
        ranked,
        read_if_run(CURVE_METRICS, LearningCurveMetrics),
    )


def main() -> str:
    params = read_params("prioritize", Params)
    rule = read_params("apply_decisions", DisagreementRule)
    split = read_rows(SPLIT)
    rows, vectors = candidates(split)
    verified = set(in_force(read_decisions(FOLDER), rows, rule).settled)
    approach = read_metrics(CHOICE, Choice).approach
    validation = read_metrics(EVALUATE / approach / "validation.json", Validation)
    weak = weakness(validation.per_class)
    scored = with_uncertainty(rows, vectors, SCORES, params.neighbours)
    ranked = prioritized(scored, density(vectors, params.neighbours), weak)
    ranked = ranked[~ranked["id"].isin(verified)]
    shown = ranked.head(params.rows)
    write_csv(NEXT, COLUMNS, shown.to_numpy())
    write_text(PAGE, page_markdown(needs(split, shown, approach, params.neighbours, validation)))
    return f"{len(shown)} of {len(ranked):,} rows that nobody has verified, by priority: {NEXT}"


if __name__ == "__main__":
    run("prioritize", main)
