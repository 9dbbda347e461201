"""Outside evaluation files, whose questions no train row may have.

The files are read as sources of conversations are, and compared with train by the join that the
leak gate uses, so that every near copy is found, not most of them.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from seedbed.collecting.conversations import Reading, tables_of
from seedbed.collecting.kinds.file import FileSource
from seedbed.collecting.source import CONTEXT, QUESTION
from seedbed.core.errors import ParamsError, SourceError
from seedbed.core.files import parse_yaml, read_text
from seedbed.core.metrics import Drop
from seedbed.core.params import validated
from seedbed.core.reasons import Reason
from seedbed.splitting.splits import Contaminated, NearTexts, SplitParams
from seedbed.tasks import Task

DVC = Path("dvc.yaml")
PLACE = "params.yaml: split.contamination"


def evaluation_questions(files: Sequence[str], task: Task) -> pd.DataFrame:
    """Return the questions of the files as test rows; their ids are file and line.

    Raises ParamsError for another task than answer, SourceError for a file without questions.
    """
    if files and task.TARGET != "answer":
        step = "delete the files; in other tasks freeze the rows of a test set"
        raise ParamsError(PLACE, f"{len(files)} files, and task {task.NAME}", "task answer", step)
    rows: list[dict[str, str]] = []
    for path in files:
        entry: dict[str, Any] = {"name": "evaluation", "kind": "file", "path": path}
        entry |= {"batch": "2000-01", "licence": "unknown"}
        source = validated(PLACE, entry, FileSource)
        found = len(rows)
        for _, table in tables_of(source, task, Reading()):
            rows += [
                {"id": f"{path}:{record.line}#{number}", "text": str(record.cells[QUESTION]),
                 "context": str(record.cells[CONTEXT]), "answer": "", "split": "test"}
                for number, record in enumerate(table.table.records)
                if str(record.cells.get(QUESTION, "")).strip()
            ]  # fmt: skip
        if found == len(rows):
            raise SourceError(path, "no question", "questions to compare", "correct the file")
    return pd.DataFrame(rows, columns=["id", "text", "context", "answer", "split"])


def check_declared(files: Iterable[str]) -> None:
    """Raise ParamsError where dvc.yaml does not list a file for stage split: dvc.lock would not
    depend on it."""
    if not DVC.exists():
        return
    content = parse_yaml(read_text(DVC), DVC.as_posix(), ParamsError) or {}
    listed = content.get("stages", {}).get("split", {}).get("deps", [])
    missing = [path for path in files if path not in listed]
    if missing:
        raise ParamsError(
            "dvc.yaml: stages: split: deps",
            f"`{missing[0]}` is not listed",
            "every file of split.contamination",
            "add under `deps:`" + "".join(f"\n      - {path}" for path in missing),
        )


def without_contaminated(
    rows: pd.DataFrame, questions: pd.DataFrame, params: SplitParams
) -> tuple[pd.DataFrame, list[Drop], list[Contaminated]]:
    """Return the rows without train rows that have a question of the files, the drops, and each
    pair of a row and a place in a file."""
    if questions.empty:
        return rows, [], []
    train = rows[rows["split"] == "train"][questions.columns]
    both = pd.concat([train, questions], ignore_index=True).assign(text_pair="", group="")
    pairs = NearTexts(both, params.shingle_words, params.twin_min_jaccard).across(both)
    found = [Contaminated(id=row, **_place(place)) for row, place in pairs]
    gone = sorted({pair.id for pair in found})
    kept = rows[~rows["id"].isin(gone)].reset_index(drop=True)
    return kept, [Drop(row, Reason.IN_EVALUATION_FILE) for row in gone], found


def _place(name: str) -> dict[str, Any]:
    file, _, line = name.rpartition("#")[0].rpartition(":")
    return {"file": file, "line": int(line)}


def near_frozen(drops: Iterable[Drop], frozen: Collection[str], file: Path) -> list[Contaminated]:
    """Return the drops that a frozen test row caused, as pairs."""
    twins = (drop for drop in drops if drop.reason == Reason.TWIN_IN_TEST and drop.cause in frozen)
    return [Contaminated(id=one.id, file=file.as_posix(), other_id=one.cause) for one in twins]
