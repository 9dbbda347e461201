"""The rows that two models are scored on: the same, and such as neither was trained on.

The test side of the workspace, as its row files hold it. A row that the base had in train or
validation, by its id or its text, would flatter the base: it is left out, and the count is told.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from seedbed.core.errors import GateError, RowsError
from seedbed.core.rows import read_rows
from seedbed.splitting.frozen_test import SHOWN, check_frozen, read_frozen
from seedbed.versions.manifest import Placed

ROWS = Path("data/split")
MIN_KEPT_SHARE = 0.5  # of the test rows; below, the base was split another way


class TestSide(NamedTuple):
    """The rows that count, and the ids of those that the base has learnt from."""

    __test__ = False  # no test case, whatever pytest thinks of the name

    rows: pd.DataFrame
    left_out: list[str]


def read_test_side() -> pd.DataFrame:
    """The test rows of the workspace. Raises GateError where there are none."""
    rows = read_rows(ROWS)
    test = rows[rows["split"] == "test"].reset_index(drop=True)
    if test.empty:
        raise GateError(
            str(ROWS), "no test rows", "rows that no model was trained on", "see params.yaml: split"
        )
    return test


def check_run(test: pd.DataFrame, manifest: Mapping[str, Placed]) -> None:
    """Raises RowsError where the test rows are not those of data/manifest: of another run."""
    here = {row: (digest, label) for row, digest, label in _three(test)}
    named = {row: (one.digest, one.label) for row, one in manifest.items() if one.split == "test"}
    if here != named:
        differ = {row for row in here.keys() | named.keys() if here.get(row) != named.get(row)}
        raise RowsError(
            str(ROWS),
            f"{len(differ)} test rows are not those of data/manifest",
            "rows and manifest of one run",
            "run `dvc checkout`, or `dvc repro`",
        )


def _three(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(zip(rows["id"], rows["digest"], rows["label"], strict=True))


def check_none_lost(test: pd.DataFrame, base_frozen: set[str]) -> None:
    """Raises a SeedbedError where a test row that a person froze, here or in the base, is gone: a
    test side without its hard rows would flatter the head."""
    check_frozen(test, read_frozen())
    if lost := sorted(base_frozen - set(test["id"])):
        raise GateError(
            "data/frozen_test.csv of the base",
            f"{len(lost)} of its frozen test rows are not in test now: {', '.join(lost[:SHOWN])}",
            "every test row that was frozen then",
            "bring the rows back; where a person took them out on purpose, no earlier model can be "
            "compared with this one",
        )


def check_same_ids(base: Mapping[str, Placed], head: Mapping[str, Placed]) -> None:
    """Raises GateError where no row of the base is named here: with ids made by another key, what
    the base has learnt could not be told."""
    if base and not base.keys() & head.keys():
        raise GateError(
            "data/manifest of the base",
            "no id in common with data/manifest here",
            "ids made with the same key, of data that has grown",
            "other data, or another key, makes another line of models: judge this one by "
            "reports/report.md",
        )


def honest_rows(test: pd.DataFrame, base: Mapping[str, Placed]) -> TestSide:
    """Test rows without those that stood in the base's train or validation, by id or text.

    Raises GateError where the base names no rows, or where less than half of the rows is left.
    """
    if not base:
        raise GateError(
            "data/manifest of the base",
            "no rows",
            "the rows that its model was trained on",
            "name a revision whose pipeline has run",
        )
    learnt = [(row, one.digest) for row, one in base.items() if one.split != "test"]
    ids, digests = ({pair[place] for pair in learnt} for place in (0, 1))
    seen = test["id"].isin(ids) | test["digest"].isin(digests)
    kept = test[~seen].reset_index(drop=True)
    if len(kept) < MIN_KEPT_SHARE * len(test):
        raise GateError(
            "data/manifest of the base",
            f"{int(seen.sum())} of the {len(test)} test rows were in its train or validation",
            "a base that was split as this version is",
            "the split has changed: no earlier model can be compared with this one on these rows",
        )
    return TestSide(kept, list(test["id"][seen]))
