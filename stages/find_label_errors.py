"""Find rows whose label is doubtful by out-of-fold models; apply the policy to train only.

data/split/, data/embed/, data/cv/, data/decisions/ -> data/label_scores/, reports/suspects.csv,
data/find_label_errors/, data/ledger/find_label_errors.csv, reports/metrics/find_label_errors.json
"""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from seedbed.approaches import NAMES
from seedbed.cross_validation import read_out_of_fold
from seedbed.decisions import FOLDER, Rule, in_force, read_decisions
from seedbed.errors import ParamsError, RowsError
from seedbed.files import fresh_folder, write_csv, write_json
from seedbed.label_errors import MODELS, can_be_judged, ensemble, find_suspects
from seedbed.ledger import Drop, settle, write_ledger
from seedbed.params import Section, read_params
from seedbed.priorities import uncertainty
from seedbed.rows import SIDES, read_rows, write_rows
from seedbed.stage import run
from seedbed.vectors import read_vectors

SOURCE = Path("data/split")
VECTORS = Path("data/embed")
OUT_OF_FOLD = Path("data/cv")
ROWS = Path("data/find_label_errors")
SCORES = Path("data/label_scores")
SUSPECTS = Path("reports/suspects.csv")
LEDGER = Path("data/ledger/find_label_errors.csv")
METRICS = Path("reports/metrics/find_label_errors.json")

Policy = Literal["flag", "drop", "relabel", "weight"]


class Params(Section):
    """params.yaml section `find_label_errors`."""

    models: list[str] = Field(min_length=1)
    min_probability: float = Field(ge=0, le=1)
    policy: Policy
    max_score: float = Field(ge=0, le=1)
    suspect_weight: float = Field(ge=0, le=1)


def judge(rows: pd.DataFrame, vectors: np.ndarray, params: Params) -> pd.DataFrame:
    """One line a row: id, split, label, suggested, score, reason, judged,
    uncertainty; in the order of `rows`.
    Rows that cannot be judged, since their class stands in their fold alone, are no suspects."""
    classes = np.unique(rows["label"].to_numpy(dtype=object))
    numbers = np.searchsorted(classes, rows["label"].to_numpy(dtype=object))
    judged = can_be_judged(numbers, rows["fold"].to_numpy())
    ready = {
        name: read_out_of_fold(OUT_OF_FOLD / f"{name}.parquet", list(rows["id"]), list(classes))
        for name in params.models
        if name in NAMES
    }
    probabilities = ensemble(params.models, rows, vectors, ready)
    found = find_suspects(numbers, probabilities, params.min_probability, judged)
    return rows[["id", "split", "label"]].assign(
        suggested=classes[found.suggested],
        score=found.score,
        reason=found.reason,
        judged=judged,
        uncertainty=uncertainty(probabilities),
    )


def suspects_of(judged: pd.DataFrame, verified: set[str]) -> pd.DataFrame:
    """The doubted rows that no person has verified, most doubtful first."""
    found = judged[(judged["reason"] != "") & ~judged["id"].isin(verified)]
    return found.sort_values(["score", "id"], ignore_index=True)


def apply_policy(
    rows: pd.DataFrame, suspects: pd.DataFrame, params: Params
) -> tuple[pd.DataFrame, list[Drop]]:
    """What the policy makes of the train rows that are suspects with a score of at most
    `max_score`; validation and test rows are never touched, and a class whose train rows are all
    chosen keeps them as they are, since it could be learnt no more."""
    chosen = suspects[(suspects["split"] == "train") & (suspects["score"] <= params.max_score)]
    train = rows[rows["split"] == "train"]
    left = set(train["label"][~train["id"].isin(chosen["id"])])
    chosen = chosen[chosen["label"].isin(left)]
    hit = rows["id"].isin(chosen["id"])
    if params.policy == "drop":
        return rows[~hit], [
            Drop(row, reason) for row, reason in zip(chosen["id"], chosen["reason"], strict=True)
        ]
    if params.policy == "relabel":
        suggested = dict(zip(chosen["id"], chosen["suggested"], strict=True))
        labels = [
            suggested.get(row, given) for row, given in zip(rows["id"], rows["label"], strict=True)
        ]
        return rows.assign(label=pd.Series(labels, index=rows.index, dtype="str")), []
    if params.policy == "weight":
        return rows.assign(weight=rows["weight"].where(~hit, params.suspect_weight)), []
    return rows, []


def write_scores(judged: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Scores of every row, one Parquet file per batch."""
    with fresh_folder(SCORES) as folder:
        for batch in sorted(set(rows["batch"])):
            members = judged[(rows["batch"] == batch).to_numpy()]
            table = pa.Table.from_pandas(members, preserve_index=False)
            pq.write_table(table.replace_schema_metadata(None), folder / f"{batch}.parquet")


def main() -> str:
    params = read_params("find_label_errors", Params)
    if unknown := sorted(set(params.models) - {*MODELS, *NAMES}):
        raise ParamsError(
            "params.yaml: find_label_errors.models",
            unknown[0],
            f"some of {', '.join([*MODELS, *NAMES])}",
            "correct the name",
        )
    rows = read_rows(SOURCE)
    vectors, missing = read_vectors(VECTORS, list(rows["id"]))
    if missing.any():
        raise RowsError(
            str(VECTORS), f"no vector for {missing.sum()} rows", "one for each", "run `dvc repro`"
        )
    judged = judge(rows, vectors, params)
    decided = in_force(read_decisions(FOLDER), rows, read_params("apply_decisions", Rule))
    suspects = suspects_of(judged, set(decided.settled))
    kept, dropped = apply_policy(rows, suspects, params)
    counts = settle("find_label_errors", rows["id"], kept["id"], dropped)
    columns = ["id", "split", "label", "suggested", "score", "reason"]
    by_side = suspects["split"].value_counts()
    unjudged = judged["label"][~judged["judged"]].value_counts()
    metrics = {
        "rows": counts,
        "suspects": len(suspects),
        "suspects_by_side": {side: int(by_side.get(side, 0)) for side in SIDES},
        "verified_rows": len(decided.settled),
        "not_judged_by_class": {str(name): int(n) for name, n in unjudged.sort_index().items()},
        "policy": params.policy,
    }
    write_scores(judged, rows)
    write_rows(ROWS, kept)
    write_csv(SUSPECTS, columns, suspects[columns].to_numpy())
    write_ledger(LEDGER, dropped)
    write_json(METRICS, metrics)
    line = f"{len(suspects)} suspects, policy {params.policy}, {len(dropped)} rows dropped"
    if len(unjudged):
        line += f"; in one fold alone, so not judged: {', '.join(sorted(unjudged.index))}"
    return line


if __name__ == "__main__":
    run("find_label_errors", main)
