"""Everything that a reviewer sees, read once from what the pipeline has written."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from seedbed.core.decisions import (
    FOLDER,
    Decision,
    DisagreementRule,
    InForce,
    in_force,
    read_decisions,
)
from seedbed.core.errors import RowsError
from seedbed.core.files import read_csv
from seedbed.core.metrics import Drop, read_ledger
from seedbed.core.params import read_params
from seedbed.core.reasons import NAMES, Reason
from seedbed.core.rows import read_rows
from seedbed.encoding.vectors import read_vectors
from seedbed.splitting.sides import SideParams, assign_sides, read_frozen

GIVEN = Path("data/anonymize")
KEPT = Path("data/split")
VECTORS = Path("data/embed")
SUSPECTS = Path("reports/suspects.csv")
NEXT = Path("reports/next.csv")
BY_PEOPLE = Path("data/ledger/apply_decisions.csv")
BY_SPLIT = Path("data/ledger/split.csv")
DUPLICATES = Path("data/ledger/deduplicate.csv")
QUARANTINE = Path("data/quarantine.csv")
CONFLICT, UNLABELLED = Reason.LABEL_CONFLICT, Reason.UNLABELLED
COLUMNS = (
    "id", "digest", "text", "text_pair", "label", "given", "source", "batch", "date", "group",
    "split", "fold", "fate", "provenance", "meta",
)  # fmt: skip
SUSPECT_COLUMNS = ("id", "split", "label", "suggested", "score", "reason", "nearest")


@dataclass
class Workspace:
    """The state of the project at its last run, with the decisions of now.

    `rows`: those that may be reviewed, sorted by id, with the columns COLUMNS. `given` is the label
    before any decision, `label` the one that counted at the last run, `fate` is "kept" or why the
    row was dropped: "label_conflict", "unlabelled", or by people. A dropped row has the side that
    it would be on. `suspects`: reports/suspects.csv, lowest label quality first. `known`: id and
    digest of every row that a decision can hold for. `conflicts`: drops for the same text with two
    labels. `priorities`: reports/next.csv, the most useful first; empty before its first run.
    """

    rows: pd.DataFrame
    suspects: pd.DataFrame
    classes: list[str]
    conflicts: list[Drop]
    known: pd.DataFrame
    rule: DisagreementRule
    priorities: pd.DataFrame = field(default_factory=pd.DataFrame)
    decisions: list[Decision] = field(default_factory=list)
    folder: Path = FOLDER
    vectors: Path = VECTORS

    def refresh(self) -> None:
        """Read the decisions again, because others may have added some."""
        self.decisions = read_decisions(self.folder)

    def in_force(self) -> InForce:
        """Return the decisions that hold now."""
        return in_force(self.decisions, self.known, self.rule)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._indices

    def row(self, row_id: str) -> pd.Series:
        """Return one row by its id. Raises RowsError if it is not among `rows`."""
        if row_id not in self._indices:
            raise RowsError(
                f"row `{row_id}`",
                "it is not among the rows to review",
                "a row that is kept, in conflict with a copy, or dropped by a person",
                f"run `seedbed explain {row_id}` to see its fate",
            )
        return self.rows.iloc[self._indices[row_id]]

    def nearest(self, row_id: str, n: int = 5) -> list[str]:
        """Return ids of the kept rows nearest to a row by cosine of their vectors, nearest first.

        A row that is not kept has no vector, and so no nearest rows.
        """
        ids, vectors = self.unit_vectors
        matches = np.flatnonzero(ids == row_id)
        if not len(matches):
            return []
        cosine = vectors @ vectors[matches[0]]
        cosine[matches[0]] = -np.inf
        order = np.lexsort((ids, -cosine))[:n]
        return [str(ids[index]) for index in order if np.isfinite(cosine[index])]

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {row: index for index, row in enumerate(self.rows["id"])}

    @cached_property
    def unit_vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Ids of the kept rows (n,) and their vectors (n, width), of length 1."""
        ids = self.rows["id"][self.rows["fate"] == "kept"].to_numpy(dtype=object)
        vectors, missing = read_vectors(self.vectors, list(ids))
        vectors, ids = vectors[~missing], ids[~missing]
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return ids, vectors / np.where(length == 0, 1, length)


def read_workspace() -> Workspace:
    """Read the workspace of this folder. Raises a SeedbedError if the pipeline has not run."""
    given, kept = read_rows(GIVEN), read_rows(KEPT)
    conflicts = [drop for drop in _drops(DUPLICATES) if drop.reason == CONFLICT]
    unlabelled = [drop for drop in _drops(BY_SPLIT) if drop.reason == UNLABELLED]
    fates = {drop.id: drop.reason for drop in [*conflicts, *unlabelled, *_drops(BY_PEOPLE)]}
    classes = {*given["label"], *read_params("collect.labels", list[str])} - {""}
    return Workspace(
        rows=_rows(given, kept, fates),
        suspects=_suspects(),
        classes=sorted(classes),
        conflicts=conflicts,
        known=given[["id", "digest"]],
        rule=read_params("apply_decisions", DisagreementRule),
        priorities=pd.DataFrame(
            read_csv(NEXT) if NEXT.exists() else [], columns=["id", "suggested"]
        ),
        decisions=read_decisions(FOLDER),
    )


def _rows(given: pd.DataFrame, kept: pd.DataFrame, fates: dict[str, str]) -> pd.DataFrame:
    labels = dict(zip(given["id"], given["label"], strict=True))
    dropped = assign_sides(given, read_frozen(), read_params("split", SideParams))
    dropped = dropped[given["id"].isin(fates) & ~given["id"].isin(kept["id"])]
    dropped = dropped.assign(fate=[fates[row] for row in dropped["id"]])
    rows = pd.concat([kept.assign(fate="kept"), dropped], ignore_index=True)
    rows = rows.assign(given=[labels.get(row, "") for row in rows["id"]])
    return rows[list(COLUMNS)].sort_values("id", ignore_index=True)


def _drops(path: Path) -> list[Drop]:
    return read_ledger(_existing(path))


def _suspects() -> pd.DataFrame:
    lines: list[dict[str, Any]] = read_csv(_existing(SUSPECTS))
    suspects = pd.DataFrame(lines, columns=SUSPECT_COLUMNS, dtype=object).fillna("")
    return suspects.assign(score=suspects["score"].astype(float))


def _existing(path: Path) -> Path:
    if not path.exists():
        raise RowsError(str(path), "no such file", "a file of the last run", "run `dvc repro`")
    return path


class Quarantined(NamedTuple):
    """A row that could not be read: where it is, why, and what to do.

    It has no id, so nobody decides on it: its source is fixed, and `dvc repro` reads it again.
    """

    source: str
    file: str
    line: int
    reason: str
    next_step: str


def read_quarantined() -> list[Quarantined]:
    """Read the rows in quarantine, in the order of the file. Raises RowsError before a run."""
    return [
        Quarantined(
            row["source"], row["file"], int(row["line"]), row["reason"], _repair(row["reason"])
        )
        for row in read_csv(_existing(QUARANTINE))
    ]


def _repair(reason: str) -> str:
    repair = Reason(reason).repair if reason in NAMES else ""
    return repair or "correct the row in its source, or delete it"
