"""Rank what a person should label next, by out-of-fold and validation figures alone.

data/split/, data/embed/, data/label_scores/, data/decisions/, reports/choice.json,
reports/metrics/evaluate/APPROACH/validation.json -> reports/next.csv
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pydantic import Field

from seedbed.decisions import FOLDER, Rule, in_force, read_decisions
from seedbed.errors import RowsError
from seedbed.files import read_json, write_csv
from seedbed.params import Section, read_params
from seedbed.priorities import COLUMNS, density, prioritized, uncertainty, votes, weakness
from seedbed.rows import read_rows
from seedbed.stage import run
from seedbed.vectors import read_vectors

ROWS = Path("data/split")
VECTORS = Path("data/embed")
SCORES = Path("data/label_scores")
CHOICE = Path("reports/choice.json")
METRICS = Path("reports/metrics/evaluate")
NEXT = Path("reports/next.csv")


class Params(Section):
    """params.yaml section `prioritize`."""

    rows: int = Field(ge=0)
    neighbours: int = Field(ge=1)


def judged(rows: pd.DataFrame, vectors: np.ndarray, scores: Path, neighbours: int) -> pd.DataFrame:
    """Rows (id, split, label) with `suggested` and `uncertainty`: of labelled ones as
    find_label_errors has scored them out of fold, of others by their nearest labelled rows."""
    files = [pq.read_table(file).to_pandas() for file in sorted(scores.glob("*.parquet"))]
    scored = pd.concat(files).set_index("id")
    result = rows[["id", "split", "label"]].copy()
    result["suggested"] = result["id"].map(scored["suggested"])
    result["uncertainty"] = result["id"].map(scored["uncertainty"])
    bare = (rows["label"] == "").to_numpy()
    if bare.any():
        classes, numbers = np.unique(rows["label"][~bare], return_inverse=True)
        found = votes(vectors[bare], vectors[~bare], numbers, len(classes), neighbours)
        result.loc[bare, "suggested"] = classes[found.argmax(1)]
        result.loc[bare, "uncertainty"] = uncertainty(found)
    return result


def main() -> str:
    params = read_params("prioritize", Params)
    rule = read_params("apply_decisions", Rule)
    rows = read_rows(ROWS)
    verified = set(in_force(read_decisions(FOLDER), rows, rule).settled)
    # Not validation or test: there, what models doubt is reviewed blind, among random rows.
    rows = rows[~rows["split"].isin(["validation", "test"])].reset_index(drop=True)
    vectors, missing = read_vectors(VECTORS, list(rows["id"]))
    if missing.any():
        found = f"no vector for {missing.sum()} rows"
        raise RowsError(str(VECTORS), found, "one for each", "run `dvc repro`")
    approach = read_json(CHOICE)["approach"]
    weak = weakness(read_json(METRICS / approach / "validation.json")["per_class"])
    doubted = judged(rows, vectors, SCORES, params.neighbours)
    ranked = prioritized(doubted, density(vectors, params.neighbours), weak)
    ranked = ranked[~ranked["id"].isin(verified)]
    shown = ranked.head(params.rows)
    write_csv(NEXT, COLUMNS, shown.to_numpy())
    return f"{len(shown)} of {len(ranked):,} rows that nobody has verified, by priority: {NEXT}"


if __name__ == "__main__":
    run("prioritize", main)
