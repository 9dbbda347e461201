"""Which side a row is on: a pure function of the row, in one of four ways.

hash: hash(seed, the row's group if it has one, else its id) against the shares. time: the row's
date against two days. source: the row's source against two lists. given: the side that the source
itself gives, train where it gives none.

No way looks at another row, so a row never moves when others come or go. A way that names no
validation (no day, no source; `given` with a validation_share above 0) has it cut by hash from
what would be train, whole groups at a time. Frozen test rows are in test in every way.
"""

import datetime
import hashlib
from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.params import Section

# The params that belong to one way alone; with another way they must be empty.
OWN = {"time": ("validation_from", "test_from"), "source": ("validation_sources", "test_sources")}


class SideParams(Section):
    """The part of params.yaml section `split` that says which side a row is on."""

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
    def hashed_validation_share(self) -> float:
        """The share that is cut by hash from what would be train, in the ways other than hash."""
        named = self.validation_from if self.way == "time" else self.validation_sources
        return 0.0 if named else self.validation_share

    @property
    def hashed_shares(self) -> dict[str, float]:
        """The sides that are cut by hash, and their shares of the rows on them together."""
        if self.way == "hash":
            cut = {"validation": self.validation_share, "test": self.test_share}
        elif self.hashed_validation_share:
            cut = {"validation": self.hashed_validation_share}
        else:
            return {}
        return {"train": 1 - sum(cut.values()), **cut}


def side_of(seed: int, unit: str, validation_share: float, test_share: float) -> str:
    """train, validation or test by hash, for a row's group or id. Raising one share moves rows
    into that side only from train."""
    digest = hashlib.sha256(f"{seed}:{unit}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < test_share:
        return "test"
    # Validation is cut from the other end, so that a larger test share leaves it as it is.
    return "validation" if place >= 1 - validation_share else "train"


def units_of(rows: pd.DataFrame) -> np.ndarray:
    """The group of each row, its id where it has none: what is hashed and what folds keep whole."""
    return np.where(rows["group"] == "", rows["id"], rows["group"])


def assign_sides(rows: pd.DataFrame, frozen: Collection[str], params: SideParams) -> pd.DataFrame:
    """Rows (id, group, date, source, split as given) with their side as `split`.

    Raises ParamsError where the params fit neither each other nor the rows, RowsError where a row
    without a date would have to be placed by it.
    """
    check_side_params(params)
    named = _named_sides(rows, frozen, params)
    shares = (params.validation_share, params.test_share)
    if params.way != "hash":
        shares = (params.hashed_validation_share, 0.0)
    chosen = [
        "test"
        if row in frozen
        else side_of(params.seed, unit, *shares)
        if side == "train"
        else side
        for row, unit, side in zip(rows["id"], units_of(rows), named, strict=True)
    ]
    return rows.assign(split=chosen)


def _named_sides(rows: pd.DataFrame, frozen: Collection[str], params: SideParams) -> list[str]:
    """The side that the way itself names, before anything is cut by hash from train."""
    if params.way == "time":
        dates = rows["date"].tolist()
        _check_dates(dates, rows["id"].tolist(), frozen)
        first = params.validation_from or params.test_from
        return [
            "train" if date < first else "validation" if date < params.test_from else "test"
            for date in dates
        ]
    if params.way == "source":
        sources = rows["source"].tolist()
        _check_sources(set(sources), params)
        held = dict.fromkeys(params.validation_sources, "validation")
        held |= dict.fromkeys(params.test_sources, "test")
        return [held.get(source, "train") for source in sources]
    if params.way == "given":
        given = rows["split"].tolist()
        _check_given(given.count("validation"), params)
        return [side or "train" for side in given]
    return ["train"] * len(rows)


def check_side_params(params: SideParams) -> None:
    """Raise ParamsError where the params do not fit each other."""
    for way, names in OWN.items():
        for name in names:
            if params.way != way and getattr(params, name):
                _refuse(name, "a value", f"nothing: it belongs to `way: {way}`", "empty it")
    if params.way == "hash" and params.validation_share + params.test_share >= 1:
        step = "lower one of them"
        _refuse("validation_share", "with test_share 1 or more", "something left for train", step)
    if params.way == "time" and not params.test_from:
        _refuse("test_from", "nothing", "the first day of test, YYYY-MM-DD", "set it")
    if params.way == "time" and params.validation_from >= params.test_from:
        found = f"{params.validation_from}, and test_from {params.test_from}"
        _refuse("validation_from", found, "a day before test_from", "correct one of them")
    if params.way == "source" and not params.test_sources:
        _refuse("test_sources", "nothing", "names of sources that are held out", "set it")
    if both := sorted(set(params.test_sources) & set(params.validation_sources)):
        _refuse("test_sources", f"`{both[0]}`, and in validation_sources", "one side", "choose one")
    named = params.validation_from or params.validation_sources or params.way == "given"
    if not params.validation_share and not named:
        _refuse("validation_share", "0", "above 0: validation is cut by hash", "raise it")


def _check_dates(dates: Sequence[str], ids: Sequence[str], frozen: Collection[str]) -> None:
    without = [row for row, date in zip(ids, dates, strict=True) if not date and row not in frozen]
    if without:
        raise RowsError(
            "split",
            f"{len(without)} rows without a date, such as {', '.join(without[:3])}",
            "a date in every row, since split.way is time",
            "give their source `date` or `columns.date`, or choose another way",
        )


def _check_sources(there: set[str], params: SideParams) -> None:
    shown = ", ".join(sorted(there))
    for name in ("test_sources", "validation_sources"):
        if unknown := sorted(set(getattr(params, name)) - there):
            _refuse(name, f"`{unknown[0]}`", f"sources with rows: {shown}", "correct it")


def _check_given(given: int, params: SideParams) -> None:
    # Cutting by hash only where no row is given validation would move rows back into train as soon
    # as one is; so a person says which it is.
    if given and params.validation_share:
        _refuse(
            "validation_share",
            f"{params.validation_share:g}, and sources give {given} validation rows",
            "one of both",
            "set it to 0 to take what the sources give, or call those rows train",
        )


def _refuse(name: str, found: str, expected: str, next_step: str) -> None:
    raise ParamsError(f"params.yaml: split.{name}", found, expected, next_step)
