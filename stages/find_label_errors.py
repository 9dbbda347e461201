"""Find suspected label errors by out-of-fold models; apply the policy to train only.

data/split/, data/embed/, data/cv/, data/decisions/ -> data/label_scores/, reports/suspects.csv,
reports/outliers.csv, data/find_label_errors/, data/ledger/find_label_errors.csv,
reports/metrics/find_label_errors.json
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from seedbed.approaches import NAMES
from seedbed.core.decisions import FOLDER, DisagreementRule, in_force, read_decisions
from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.files import fresh_folder, write_csv
from seedbed.core.labels import in_line
from seedbed.core.metrics import settle
from seedbed.core.params import Section, read_params
from seedbed.core.rows import COLUMNS, EMBED, SIDES, SPLIT, SUSPECTS, read_rows, write_results
from seedbed.core.stage import script
from seedbed.encoding.vectors import read_vectors
from seedbed.label_errors import out_of_fold, ranking
from seedbed.label_errors.out_of_fold import MODELS, can_be_judged, ensemble
from seedbed.label_errors.ranking import (
    PolicyParams,
    apply_policy,
    candidates,
    check_policy,
)
from seedbed.tasks import Task
from seedbed.tasks.named import read_task
from seedbed.training.resampling import read_out_of_fold

CV = Path("data/cv")
LABEL_SCORES = Path("data/label_scores")
OUTLIERS = Path("reports/outliers.csv")
AGREEING = 5


class JudgeParams(Section):
    """The part of params.yaml section `find_label_errors` about how labels are judged."""

    models: list[str] = Field(min_length=1)
    ranking: ranking.Ranking
    min_probability: float = Field(ge=0, le=1)
    near_copy_min_cosine: float = Field(gt=0, le=1)


class Params(PolicyParams, JudgeParams):
    """params.yaml section `find_label_errors`."""


def judge(
    task: Task, rows: pd.DataFrame, vectors: np.ndarray, verified: set[str], params: Params
) -> tuple[pd.DataFrame, ranking.NoiseFigures, float | None]:
    """Return the judged rows in their order (columns of SUSPECTS, judged, self_confidence,
    uncertainty, outlier and outlier_score), the noise, and the p-value of "the order of arrival is
    random".

    A row is not judged if its class is in its fold alone. `nearest` are the ids of the nearest rows
    with the suggested label, a near copy first.
    """
    classes = sorted(set(rows["label"]))
    labels = task.targets(rows["label"], classes)
    folds, ids = rows["fold"].to_numpy(), rows["id"].to_numpy(dtype=object)
    ready = {
        name: read_out_of_fold(CV / f"{name}.parquet", list(ids), classes)
        for name in params.models
        if name in NAMES
    }
    settled, judged = np.isin(ids, sorted(verified)), can_be_judged(labels, folds)
    near = out_of_fold.near_rows(vectors, list(rows["batch"]))
    probabilities = ensemble(params.models, rows, vectors, ready, near).round(ranking.DIGITS)
    counted = judged & ~settled
    quality = ranking.label_quality(labels, probabilities, folds, counted, params.ranking)
    joint = ranking.confident_joint(labels[counted], probabilities[counted], calibrated=True)
    judgement = ranking.judge_labels(
        task, labels, probabilities, quality, params.min_probability, judged, joint
    )
    copies = out_of_fold.near_copies(near, labels, params.near_copy_min_cosine)
    judgement = ranking.with_near_copies(judgement, labels, copies, judged, settled)
    arrival = out_of_fold.order_of_arrival(rows)
    outlier, outlier_score, non_iid_p = out_of_fold.check_whole_set(near, arrival)
    suspected = np.flatnonzero(judgement.reason != "")
    nearest = np.full(len(rows), "", dtype=object)
    agree = out_of_fold.agreeing(near, labels, suspected, judgement.suggested[suspected], AGREEING)
    for row, similar in zip(suspected, agree, strict=True):
        near_copy = judgement.copy[row : row + 1]
        similar = np.concatenate([near_copy[near_copy >= 0], similar[similar != near_copy[0]]])
        nearest[row] = " ".join(ids[similar[:AGREEING]])
    judged_rows = rows[["id", "split", "label"]].assign(
        suggested=np.array(task.labels(judgement.suggested, classes), dtype=object),
        score=judgement.score,
        reason=judgement.reason,
        nearest=nearest,
        judged=judged,
        self_confidence=task.given(probabilities, labels),
        uncertainty=task.uncertainty(probabilities),
        outlier=outlier,
        outlier_score=outlier_score.round(ranking.DIGITS),
    )
    return judged_rows, ranking.noise_figures(classes, joint), non_iid_p


def counted_by_side(rows: pd.DataFrame) -> dict[str, int]:
    """Return the number of rows on each side."""
    return {side: int((rows["split"] == side).sum()) for side in SIDES}


def write_scores(judged: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Write the scores of every row, one Parquet file per batch."""
    with fresh_folder(LABEL_SCORES) as folder:
        for batch, members in judged.groupby(rows["batch"]):
            table = pa.Table.from_pandas(members, preserve_index=False)
            pq.write_table(table.replace_schema_metadata(None), folder / f"{batch}.parquet")


@script
def main() -> str:
    params = read_params("find_label_errors", Params)
    if unknown := sorted(set(params.models) - {*MODELS, *NAMES}):
        raise ParamsError(
            "params.yaml: find_label_errors.models",
            f"`{unknown[0]}`",
            f"some of {', '.join([*MODELS, *NAMES])}",
            "correct the name",
        )
    check_policy(params)
    rows = read_rows(SPLIT)
    vectors, missing = read_vectors(EMBED, list(rows["id"]))
    if missing.any():
        raise RowsError(
            str(EMBED), f"no vector for {missing.sum()} rows", "one for each", "run `dvc repro`"
        )
    rule = read_params("apply_decisions", DisagreementRule)
    verified = set(in_force(read_decisions(FOLDER), rows, rule).settled)
    judged, noise, non_iid_p = judge(read_task(), rows, vectors, verified, params)
    suspects = judged[(judged["reason"] != "") & ~judged["id"].isin(verified)]
    suspects = suspects.sort_values(["score", "id"])
    outliers = judged[judged["outlier"]].sort_values(["outlier_score", "id"])
    kept, dropped = apply_policy(rows, candidates(judged, verified, params), params)
    unjudged = Counter(judged["label"][~judged["judged"]])
    metrics = ranking.LabelErrorMetrics(
        rows=settle("find_label_errors", rows["id"], kept["id"], dropped),
        suspects=len(suspects),
        suspects_by_side=counted_by_side(suspects),
        suspects_by_reason=dict(sorted(Counter(suspects["reason"]).items())),
        outliers_by_side=counted_by_side(outliers),
        verified_rows=len(verified),
        not_judged_by_class=dict(sorted(unjudged.items())),
        policy=params.policy,
        noise=noise,
        non_iid_p=non_iid_p,
    )
    write_results("find_label_errors", metrics, kept, dropped)
    write_scores(judged, rows)
    write_csv(SUSPECTS, COLUMNS[SUSPECTS], suspects[COLUMNS[SUSPECTS]].to_numpy())
    shown = ["id", "split", "label", "outlier_score"]
    write_csv(OUTLIERS, shown, outliers[shown].to_numpy())
    line = f"{len(suspects)} suspects, policy {params.policy}, {len(dropped)} rows dropped"
    if unjudged:
        line += f"; not judged, as in one fold alone: {in_line(sorted(unjudged))}"
    return line
