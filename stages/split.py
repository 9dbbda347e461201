"""Assign each row its side and fold, drop twins across sides, prove that nothing leaks.

data/deduplicate/, data/frozen_test.csv -> data/split/, data/ledger/split.csv, data/manifest/,
reports/metrics/split.json
"""

from collections import Counter

import pandas as pd

from seedbed.core.errors import RowsError
from seedbed.core.files import fresh_folder, sha256_of, write_csv
from seedbed.core.labels import in_line
from seedbed.core.metrics import in_words, settle
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import (
    COLUMNS,
    COUNTS,
    DECIDING,
    DEDUPLICATE,
    MANIFEST,
    SIDES,
    read_rows,
    updated,
    write_results,
)
from seedbed.core.stage import script
from seedbed.core.texts import COLUMNS as TEXTS, columns_of
from seedbed.splitting import contamination, sides, splits
from seedbed.splitting.sides import FROZEN
from seedbed.splitting.splits import SplitMetrics, SplitParams as Params
from seedbed.tasks import Task
from seedbed.tasks.counting import strata
from seedbed.tasks.named import read_task


def with_folds(rows: pd.DataFrame, params: Params, task: Task) -> pd.DataFrame:
    """Return the rows with their fold."""
    return rows.assign(fold=splits.stratified_folds(rows, params.folds, params.seed, task))


def check_sides(rows: pd.DataFrame, params: Params, task: Task) -> None:
    """Raise RowsError if a side is empty, all rows have one label or folds lack rows."""
    for side in SIDES:
        if side not in set(rows["split"]):
            raise RowsError(
                "split",
                f"no row in {side}",
                "rows on every side",
                "add rows, or change what decides the side in params.yaml, section split",
            )
    if alone := task.nothing_to_learn(set(rows[task.TARGET])):
        raise RowsError(
            "split",
            f"{alone} in train",
            f"rows with two {task.TARGET}s or more",
            f"add rows with another {task.TARGET}; data/ledger/ lists the rows that were dropped",
        )
    inside = rows[rows["split"] != "test"]
    units = len(set(sides.units_of(inside)))
    if units < params.folds:
        raise RowsError(
            "split",
            f"{units} rows or groups in train + validation",
            f"at least one for each of {params.folds} folds",
            "add rows or lower split.folds",
        )


def write_manifest(rows: pd.DataFrame, max_rows: int) -> None:
    """Write one CSV per batch: id, digest, label and split of every kept row, sorted by id.

    More than `max_rows` rows would burden git for ever: then COUNTS alone is written, and readers
    take the rows from data/split, which is in DVC's cache.
    """
    counts = []
    with fresh_folder(MANIFEST) as folder:
        for batch, members in rows.groupby("batch", sort=True):
            file = folder / f"{batch}.csv"
            lines = members[COLUMNS[MANIFEST]].sort_values("id").to_numpy()
            write_csv(file, COLUMNS[MANIFEST], lines)
            if len(rows) > max_rows:
                by_side = members["split"].value_counts().reindex(SIDES, fill_value=0)
                counts.append([batch, *by_side, sha256_of(file)])
                file.unlink()
        if counts:
            write_csv(folder / COUNTS, COLUMNS[MANIFEST / COUNTS], counts)


def summary(metrics: SplitMetrics, warn_below: int, task: Task) -> str:
    """Return the line that the stage prints, with what a person should know."""
    by_side = ", ".join(f"{share.rows} {side}" for side, share in metrics.by_side.items())
    parts = [f"{by_side}, {in_words(metrics.rows)}, nothing leaks"]
    if bare := metrics.rows_without_words:
        parts = [
            f"{by_side}, {in_words(metrics.rows)}, nothing leaks among the rows with words or signs"
        ]
        parts.append(f"{bare} rows of punctuation alone were compared as whole texts only")
    if twins := metrics.twins_with_other_label:
        parts.append(f"{twins} rows dropped for a near copy in another split have another label")
    if gone := metrics.classes_not_in_train:
        dropped = metrics.rows.dropped_by_reason[Reason.CLASS_NOT_IN_TRAIN]
        parts.append(f"no row in train, so {dropped:,} rows dropped: {in_line(gone)}")
    if few := metrics.classes_with_few_test_rows:
        parts.append(f"fewer than {warn_below} test rows: {in_line(map(task.shown, few))}")
    return "; ".join(parts)


@script
def main() -> str:
    params, task = read_params("split", Params), read_task()
    rows, frozen = read_rows(DEDUPLICATE, (*DECIDING, *TEXTS)), sides.read_frozen(FROZEN)
    sides.check_frozen(rows, frozen)
    labelled, bare = splits.without_unlabelled(rows)
    near = splits.NearTexts(labelled, params.shingle_words, params.twin_min_jaccard)
    if task.TARGET != "answer":  # whose texts are compared with other files
        rows, labelled = (part.drop(columns=columns_of(part)) for part in (rows, labelled))
    contamination.check_declared(params.contamination)
    questions = contamination.evaluation_questions(params.contamination, task)
    kept, dropped = splits.split_rows(labelled, frozen, params, task, near)
    kept, known, pairs = contamination.without_contaminated(kept, questions, params)
    if task.TARGET == "answer":
        pairs += contamination.near_frozen(dropped, frozen, FROZEN)
    dropped += [*bare, *known]
    check_sides(kept, params, task)
    gate = splits.leak_gate(kept, near)
    kept = with_folds(kept, params, task)
    by_class = sides.rows_by_class(kept, task)
    classes = strata(kept["label"], task)
    parts = kept.loc[classes.index].groupby(classes.to_numpy(), sort=True)
    lost = {drop.id for drop in dropped if drop.reason == Reason.CLASS_NOT_IN_TRAIN}
    of_lost = (task.members(label) for label in rows["label"][rows["id"].isin(lost)])
    not_in_train = Counter(name for names in of_lost for name in names if name not in by_class)
    metrics = SplitMetrics(
        rows=settle("split", rows["id"], kept["id"], dropped),
        leak_gate=gate,
        twins_with_other_label=splits.twins_with_other_label(rows, dropped),
        rows_without_words=near.without_words(kept),
        way=params.way,
        by_side=sides.shares_of(kept, params, with_rows=True),
        by_class=by_class,
        shares_by_class={str(name): sides.shares_of(part, params) for name, part in parts},
        classes_with_few_test_rows=splits.classes_to_collect(by_class, params, params.warn_below),
        classes_not_in_train=dict(sorted(not_in_train.items())),
        frozen_test_rows=len(frozen),
    )
    if pairs:
        metrics = metrics.model_copy(update={"contamination": pairs})
    placed = updated(DEDUPLICATE, kept[["id", "split", "fold"]])
    write_results("split", metrics, placed, dropped)
    write_manifest(kept, params.max_rows_in_git)
    more = f"; {len(pairs)} questions of evaluations were in train" if pairs else ""
    return summary(metrics, params.warn_below, task) + more
