"""The side of a row: a pure function of the row, in one of four ways.

hash: hash(seed, the row's group, or its id if it has none) against the shares. time: the row's
date against two days. source: the row's source against two lists. given: the side that the source
itself gives, and train if it gives none.

No way looks at another row, so a row never moves when others come or go. If a way names no
validation rows (no day, no source; `given` with a validation_share above 0), validation is cut by
hash from train, whole groups at a time. Frozen test rows are in test in every way.

The figures of split set the rows by side and class next to what hashing leads to expect.
"""

import datetime
import math
from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field, field_validator

from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.files import hash_number
from seedbed.core.metrics import Metrics, RowCounts
from seedbed.core.params import Section
from seedbed.core.rows import HELD_OUT, SIDES

# The params that belong to one way alone; with another way they must be empty.
OWN = {"time": ("validation_from", "test_from"), "source": ("validation_sources", "test_sources")}


class SideParams(Section):
    """The part of params.yaml section `split` that decides the side of a row: all that is read by
    those who need sides before split has run."""

    # The section has other keys, which the stage split checks.
    model_config = ConfigDict(extra="ignore", frozen=True)

    way: Literal["hash", "time", "source", "given"]
    seed: int
    validation_share: float = Field(ge=0, lt=1)
    test_share: float = Field(gt=0, lt=1)
    validation_from: str
    test_from: str
    validation_sources: list[str]
    test_sources: list[str]

    @field_validator("validation_from", "test_from", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        # YAML reads 2026-11-03 without quotes as a date.
        if isinstance(value, datetime.date):
            return value.isoformat()
        return value and datetime.date.fromisoformat(str(value)).isoformat()

    @property
    def hashed_shares(self) -> dict[str, float]:
        """The sides that are cut by hash, and their shares of the rows on them together."""
        named = self.validation_from or self.validation_sources
        if self.way == "hash":
            cut = {"validation": self.validation_share, "test": self.test_share}
        elif named or not self.validation_share:
            return {}
        else:
            cut = {"validation": self.validation_share}
        return {"train": 1 - sum(cut.values()), **cut}


def side_of(seed: int, unit: str, validation_share: float, test_share: float) -> str:
    """Return train, validation or test by the hash of a row's group or id.

    Raising one share moves rows into that side only from train.
    """
    position = hash_number(f"{seed}:{unit}") / 2**64
    if position < test_share:
        return "test"
    # Validation is cut from the other end, so that a larger test share leaves it as it is.
    return "validation" if position >= 1 - validation_share else "train"


def units_of(rows: pd.DataFrame) -> np.ndarray:
    """Return each row's group, or its id if it has none: what is hashed and kept in one fold."""
    return np.where(rows["group"] == "", rows["id"], rows["group"])


def assign_sides(rows: pd.DataFrame, frozen: Collection[str], params: SideParams) -> pd.DataFrame:
    """Return the rows (id, group, date, source, split as given) with their side as `split`.

    Raises ParamsError if the params contradict each other or the rows, RowsError if a row that is
    assigned by date has none.
    """
    check_side_params(params)
    named = _named_sides(rows, frozen, params)
    shares = [params.hashed_shares.get(side, 0.0) for side in HELD_OUT]
    held = np.where(rows["id"].isin(frozen), "test", named)
    sides = [
        side_of(params.seed, unit, *shares) if side == "train" else side
        for unit, side in zip(units_of(rows), held.tolist(), strict=True)
    ]
    return rows.assign(split=sides)


def _named_sides(rows: pd.DataFrame, frozen: Collection[str], params: SideParams) -> list[str]:
    """Return the side that the way itself names, before anything is cut by hash from train."""
    if params.way == "time":
        undated = rows["id"][(rows["date"] == "") & ~rows["id"].isin(frozen)]
        if len(undated):
            raise RowsError(
                "split",
                f"{len(undated)} rows without a date, such as {', '.join(undated.head(3))}",
                "a date in every row, since split.way is time",
                "set `date` or `columns.date` of their source, or choose another way",
            )
        first = params.validation_from or params.test_from
        return [
            "train" if date < first else "validation" if date < params.test_from else "test"
            for date in rows["date"]
        ]
    if params.way == "source":
        known = set(rows["source"])
        for name in ("test_sources", "validation_sources"):
            if unknown := sorted(set(getattr(params, name)) - known):
                expected = f"sources with rows: {', '.join(sorted(known))}"
                raise _wrong(name, f"`{unknown[0]}`", expected, "correct it")
        held_out = dict.fromkeys(params.validation_sources, "validation")
        held_out |= dict.fromkeys(params.test_sources, "test")
        return [held_out.get(source, "train") for source in rows["source"]]
    if params.way == "given":
        given = (rows["split"] == "validation").sum()
        # Cutting by hash only if no row is given validation would move rows back into train as soon
        # as one is; so a person chooses.
        if given and params.validation_share:
            raise _wrong(
                "validation_share",
                f"{params.validation_share:g}, and sources give {given} validation rows",
                "one of the two",
                "set it to 0 to use the rows that sources give, or call those rows train",
            )
        return [side or "train" for side in rows["split"]]
    return ["train"] * len(rows)


def check_side_params(params: SideParams) -> None:
    """Raise ParamsError if the params contradict each other."""
    for way, names in OWN.items():
        for name in names:
            if params.way != way and getattr(params, name):
                raise _wrong(name, "a value", f"empty, as it belongs to `way: {way}`", "empty it")
    both = sorted(set(params.test_sources) & set(params.validation_sources))
    named = params.validation_from or params.validation_sources or params.way == "given"
    if params.way == "hash" and params.validation_share + params.test_share >= 1:
        sums = f"{params.validation_share:g}, with test_share 1 or more"
        raise _wrong("validation_share", sums, "some rows left for train", "lower one of them")
    if params.way == "time" and not params.test_from:
        raise _wrong("test_from", "empty", "the first day of test, YYYY-MM-DD", "set it")
    if params.way == "time" and params.validation_from >= params.test_from:
        days = f"{params.validation_from}, and test_from {params.test_from}"
        raise _wrong("validation_from", days, "a day before test_from", "correct one of them")
    if params.way == "source" and not params.test_sources:
        raise _wrong("test_sources", "empty", "names of sources that are held out", "set it")
    if both:
        place = f"`{both[0]}`, and in validation_sources"
        raise _wrong("test_sources", place, "each source on one side", "delete it in one list")
    if not params.validation_share and not named:
        raise _wrong("validation_share", "0", "above 0: validation is cut by hash", "raise it")


def _wrong(name: str, found: str, expected: str, next_step: str) -> ParamsError:
    return ParamsError(f"params.yaml: split.{name}", found, expected, next_step)


class Share(Metrics):
    """The rows of one side: their number, where it is not that of `by_class`, and share; if the
    side is cut by hash, the expected share with its 95 % interval."""

    rows: int | None = None
    share: float
    expected_share: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None


class LeakGate(Metrics):
    """Pairs of rows on two sides with the same text, a near copy or the same group."""

    exact_pairs: int
    near_pairs: int
    group_pairs: int


class SplitMetrics(Metrics):
    """reports/metrics/split.json."""

    rows: RowCounts
    leak_gate: LeakGate
    way: str
    by_side: dict[str, Share]
    by_class: dict[str, dict[str, int]]  # rows by side
    shares_by_class: dict[str, dict[str, Share]]
    classes_with_few_test_rows: dict[str, int]  # about how many rows to collect
    classes_not_in_train: dict[str, int]
    frozen_test_rows: int


def rows_by_class(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return the number of rows on each side by class."""
    table = pd.crosstab(rows["label"], rows["split"]).reindex(columns=list(SIDES), fill_value=0)
    return {str(name): {side: int(line[side]) for side in SIDES} for name, line in table.iterrows()}


def shares_of(rows: pd.DataFrame, params: SideParams, with_rows: bool = False) -> dict[str, Share]:
    """Return the share of each side, with the number of rows if that is asked for."""
    cut = params.hashed_shares
    pool = rows[rows["split"].isin(cut)]
    _, sizes = np.unique(units_of(pool).astype(str), return_counts=True)
    part = len(pool) / len(rows)
    shares = {}
    for side in SIDES:
        members = rows["split"] == side
        figures: dict[str, Any] = {"rows": int(members.sum())} if with_rows else {}
        figures["share"] = float(members.mean())
        if side in cut and len(pool):
            low, high = hashing_interval(sizes, cut[side])
            figures["expected_share"] = cut[side] * part
            figures["expected_low"], figures["expected_high"] = low * part, high * part
        shares[side] = Share(**figures)
    return shares


def hashing_interval(sizes: np.ndarray, share: float) -> tuple[float, float]:
    """Return the 95 % interval of a side's share if units (rows, or groups of these sizes) are
    assigned to it independently with probability `share`.

    Binomial quantiles over the effective number of units, (sum of sizes)^2 / sum of squares (Kish
    1965), so that groups widen it.
    """
    from scipy.stats import binom  # half a second that other readers of this module do not need

    units = max(1, round(int(sizes.sum()) ** 2 / int((sizes.astype(np.int64) ** 2).sum())))
    low, high = binom.interval(0.95, units, share)
    return float(low) / units, float(high) / units


def classes_to_collect(
    by_class: dict[str, dict[str, int]], params: SideParams, warn_below: int
) -> dict[str, int]:
    """Return the classes with fewer than `warn_below` test rows, and about how many rows of each to
    collect. In the ways that do not hash test rows, these are rows of the held-out time, source or
    file."""
    missing = {name: warn_below - sides["test"] for name, sides in by_class.items()}
    share = params.test_share if params.way == "hash" else 1
    return {name: math.ceil(rows / share) for name, rows in missing.items() if rows > 0}
