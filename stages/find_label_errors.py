"""Find suspected label errors by out-of-fold models, in task answer answers that do not belong to
their question; apply the policy to train only.

data/split/, data/embed/, data/cv/, data/decisions/ -> data/label_scores/, reports/suspects.csv,
reports/outliers.csv, data/find_label_errors/, data/ledger/find_label_errors.csv,
reports/metrics/find_label_errors.json
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from seedbed.approaches import NAMES
from seedbed.core.decisions import FOLDER, DisagreementRule, in_force, read_decisions
from seedbed.core.errors import ParamsError
from seedbed.core.files import fresh_folder, write_csv
from seedbed.core.labels import in_line
from seedbed.core.metrics import settle
from seedbed.core.params import Section, read_params
from seedbed.core.rows import COLUMNS, EMBED, SIDES, SPLIT, SUSPECTS, read_rows, write_results
from seedbed.core.stage import script
from seedbed.encoding.vectors import ANSWERS, every_vector
from seedbed.label_errors import judge_of, out_of_fold, ranking
from seedbed.label_errors.answer_rows import (
    AnswerVectors,
    check_policy_of_answers,
    judged_rows,
)
from seedbed.label_errors.answers import AnswerLosses
from seedbed.label_errors.out_of_fold import MODELS, ensemble, unseen_classes
from seedbed.label_errors.ranking import (
    PolicyParams,
    apply_policy,
    candidates,
    check_policy,
)
from seedbed.tasks import ClassTask
from seedbed.tasks.named import read_class_task, read_task
from seedbed.training.resampling import read_out_of_fold

CV = Path("data/cv")
LABEL_SCORES = Path("data/label_scores")
OUTLIERS = Path("reports/outliers.csv")
AGREEING = 5
BEGINNING = 160  # characters of an answer whose loss is computed: enough, and cheap


class JudgeParams(Section):
    """The part of params.yaml section `find_label_errors` about how labels are judged."""

    models: list[str] = Field(min_length=1)
    ranking: ranking.Ranking
    min_probability: float = Field(ge=0, le=1)
    near_copy_min_cosine: float = Field(gt=0, le=1)


class Params(PolicyParams, JudgeParams):
    """params.yaml section `find_label_errors`."""


class Judged(NamedTuple):
    """The rows in their order, with columns of SUSPECTS, judged, self_confidence, uncertainty,
    outlier and outlier_score; the noise, None of answers; rows with a class that is in their fold
    alone, by class; and the p-value of "the order of arrival is random"."""

    rows: pd.DataFrame
    noise: ranking.NoiseFigures | None
    not_judged: dict[str, int]
    non_iid_p: float | None


def judge(
    task: ClassTask, rows: pd.DataFrame, vectors: np.ndarray, verified: set[str], params: Params
) -> Judged:
    """Judge every row but those with a class that is in their fold alone.

    `nearest` are the ids of the nearest rows that agree with the suggestion, a near copy first.
    """
    classes, judge = task.classes(rows["label"]), judge_of(task)
    labels = task.targets(rows["label"], classes)
    folds, ids = rows["fold"].to_numpy(), rows["id"].to_numpy(dtype=object)
    ready = {
        name: read_out_of_fold(CV / f"{name}.parquet", list(ids), classes)
        for name in params.models
        if name in NAMES
    }
    unseen = unseen_classes(task.one_hot(labels, len(classes)), folds)
    settled, judged = np.isin(ids, sorted(verified)), ~np.any(unseen, axis=1)
    near = out_of_fold.near_rows(vectors, list(rows["batch"]))
    probabilities = ensemble(task, params.models, rows, vectors, ready, near)
    probabilities = probabilities.round(ranking.DIGITS)
    counted = judged & ~settled
    quality = judge.label_quality(labels, probabilities, folds, counted, params.ranking)
    joint = judge.confident_joint(labels[counted], probabilities[counted], calibrated=True)
    judgement = judge.judge_labels(
        task, labels, probabilities, quality, params.min_probability, judged, joint
    )
    cells = np.unique(rows["label"].to_numpy(dtype=object), return_inverse=True)[1]
    copies = out_of_fold.near_copies(near, cells, params.near_copy_min_cosine)
    judgement = ranking.with_near_copies(judgement, labels, copies, judged, settled)
    arrival = out_of_fold.order_of_arrival(rows)
    outlier, outlier_score, non_iid_p = out_of_fold.check_whole_set(near, arrival)
    suspected = np.flatnonzero(judgement.reason != "")
    nearest = np.full(len(rows), "", dtype=object)
    agrees = judge.agreement(labels, judgement.suggested, quality)
    agree = out_of_fold.agreeing(near, suspected, agrees, AGREEING)
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
    counts = unseen.sum(0).tolist()
    not_judged = {name: rows for name, rows in zip(classes, counts, strict=True) if rows}
    return Judged(judged_rows, judge.noise_figures(classes, joint), not_judged, non_iid_p)


def judged_answers(rows: pd.DataFrame, questions: np.ndarray) -> Judged:
    """Judge the answer of every row; `questions` are the vectors of the questions."""
    vectors = AnswerVectors(questions, every_vector(EMBED / ANSWERS, list(rows["id"])))
    losses = losses_of_answers if read_params("chat", dict) else None
    min_chars = read_params("clean.min_chars_for_language", int)
    refusal = read_params("negatives.answer", str)
    found, non_iid_p = judged_rows(rows, vectors, losses, min_chars, refusal)
    return Judged(found, None, {}, non_iid_p)


def losses_of_answers(rows: pd.DataFrame, other: np.ndarray) -> AnswerLosses:
    """Return how surprising the beginning of each answer is to the base model of params as it is:
    in its conversation, in that of the row `other`, and alone."""
    from seedbed.training.chat.bases import ChatParams  # torch
    from seedbed.training.chat.losses import base_losses

    params = read_params("chat", ChatParams)
    contexts, questions = rows["context"].to_numpy(), rows["text"].to_numpy()
    answers = rows["answer"].str.slice(0, BEGINNING)
    given, random = (
        base_losses(params, list(zip(contexts[asked], questions[asked], answers, strict=True)))
        for asked in (np.arange(len(rows)), other)
    )
    # Of the question nothing is read.
    alone = base_losses(params, [("", "?", answer) for answer in answers], with_question=False)
    return AnswerLosses(given[:, 0], random[:, 0], alone[:, 0], given[:, 1].astype(int))


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
    task = read_task()
    if task.TARGET == "answer":
        check_policy_of_answers(params.policy)
    rows = read_rows(SPLIT)
    vectors = every_vector(EMBED, list(rows["id"]))
    rule = read_params("apply_decisions", DisagreementRule)
    verified = set(in_force(read_decisions(FOLDER), rows, rule).settled)
    if task.TARGET == "answer":
        found = judged_answers(rows, vectors)
    else:
        found = judge(read_class_task(), rows, vectors, verified, params)
    judged = found.rows
    suspects = judged[(judged["reason"] != "") & ~judged["id"].isin(verified)]
    suspects = suspects.sort_values(["score", "id"])
    outliers = judged[judged["outlier"]].sort_values(["outlier_score", "id"])
    kept, dropped = apply_policy(task, rows, candidates(judged, verified, params), params)
    metrics = ranking.LabelErrorMetrics(
        rows=settle("find_label_errors", rows["id"], kept["id"], dropped),
        suspects=len(suspects),
        suspects_by_side=counted_by_side(suspects),
        suspects_by_reason=dict(sorted(Counter(suspects["reason"]).items())),
        outliers_by_side=counted_by_side(outliers),
        verified_rows=len(verified),
        not_judged_by_class=found.not_judged,
        policy=params.policy,
        noise=found.noise,
        non_iid_p=found.non_iid_p,
    )
    write_results("find_label_errors", metrics, kept, dropped)
    write_scores(judged, rows)
    write_csv(SUSPECTS, COLUMNS[SUSPECTS], suspects[COLUMNS[SUSPECTS]].to_numpy())
    shown = ["id", "split", "label", "outlier_score"]
    write_csv(OUTLIERS, shown, outliers[shown].to_numpy())
    line = f"{len(suspects)} suspects, policy {params.policy}, {len(dropped)} rows dropped"
    if found.not_judged:
        line += f"; not judged, as in one fold alone: {in_line(found.not_judged)}"
    return line
