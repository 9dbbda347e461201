"""Everything a reviewer is shown, read once from what the pipeline has written."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

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
from seedbed.core.ledger import Drop, read_ledger
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import read_rows
from seedbed.encoding.vectors import read_vectors
from seedbed.splitting.frozen_test import read_frozen
from seedbed.splitting.sides import SideParams, assign_sides

GIVEN = Path("data/anonymize")
KEPT = Path("data/split")
VECTORS = Path("data/embed")
SUSPECTS = Path("reports/suspects.csv")
NEXT = Path("reports/next.csv")
BY_PEOPLE = Path("data/ledger/apply_decisions.csv")
BY_SPLIT = Path("data/ledger/split.csv")
DUPLICATES = Path("data/ledger/deduplicate.csv")
CONFLICT, UNLABELLED = Reason.LABEL_CONFLICT, Reason.UNLABELLED
COLUMNS = (
    "id", "digest", "text", "text_pair", "label", "given", "source", "batch", "date", "group",
    "split", "fold", "fate", "provenance", "meta",
)  # fmt: skip
SUSPECT_COLUMNS = ("id", "split", "label", "suggested", "score", "reason", "nearest")


@dataclass
class Workspace:
    """What stands in the project now.

    rows: those that may be reviewed, sorted by id, with the columns COLUMNS: `given` is the
    label before any decision, `label` the one that counted at the last run, `fate` is "kept" or
    why the row was dropped: "label_conflict", "unlabelled", or by people. The side of a dropped
    row is where it would stand. suspects: reports/suspects.csv, most doubtful first. known: id
    and digest of every row that a decision can hold for. conflicts: drops for the same text
    with two labels. priorities: reports/next.csv (id, suggested, ...), the most worthwhile
    first; empty before its first run.
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
        """Read the decisions again, which others may have added to."""
        self.decisions = read_decisions(self.folder)

    def in_force(self) -> InForce:
        """The decisions that hold now."""
        return in_force(self.decisions, self.known, self.rule)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._places

    def row(self, row_id: str) -> pd.Series:
        """One row by its id. Raises RowsError where it is not among `rows`."""
        if row_id not in self._places:
            raise RowsError(
                f"row `{row_id}`",
                "it is not among the rows to review",
                "a row that is kept, in conflict with a copy, or dropped by a person",
                "`seedbed explain` tells what became of it",
            )
        return self.rows.iloc[self._places[row_id]]

    def nearest(self, row_id: str, n: int = 5) -> list[str]:
        """Ids of the kept rows nearest to a row by cosine of their vectors, nearest first; none
        where the row has no vector, since it is not kept."""
        ids, vectors = self.unit_vectors
        place = np.flatnonzero(ids == row_id)
        if not len(place):
            return []
        cosine = vectors @ vectors[place[0]]
        cosine[place[0]] = -np.inf
        order = np.lexsort((ids, -cosine))[:n]
        return [str(ids[one]) for one in order if np.isfinite(cosine[one])]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {row: place for place, row in enumerate(self.rows["id"])}

    @cached_property
    def unit_vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Ids of the kept rows (n,) and their vectors (n, width), of length 1."""
        ids = self.rows["id"][self.rows["fate"] == "kept"].to_numpy(dtype=object)
        vectors, missing = read_vectors(self.vectors, list(ids))
        vectors, ids = vectors[~missing], ids[~missing]
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return ids, vectors / np.where(length == 0, 1, length)


def read_workspace() -> Workspace:
    """The workspace of this folder. Raises a SeedbedError where the pipeline has not run."""
    given, kept = read_rows(GIVEN), read_rows(KEPT)
    conflicts = [drop for drop in _drops(DUPLICATES) if drop.reason == CONFLICT]
    bare = [drop for drop in _drops(BY_SPLIT) if drop.reason == UNLABELLED]
    fates = {drop.id: drop.reason for drop in [*conflicts, *bare, *_drops(BY_PEOPLE)]}
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
    return read_ledger(_there(path))


def _suspects() -> pd.DataFrame:
    lines: list[dict[str, Any]] = read_csv(_there(SUSPECTS))
    found = pd.DataFrame(lines, columns=SUSPECT_COLUMNS, dtype=object).fillna("")
    return found.assign(score=found["score"].astype(float))


def _there(path: Path) -> Path:
    if not path.exists():
        raise RowsError(str(path), "no such file", "what the pipeline writes", "run `dvc repro`")
    return path
