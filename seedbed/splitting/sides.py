"""The side of a row: a pure function of the row, in one of four ways.

hash: hash(seed, the row's group, or its id if it has none) against the shares. time: the row's
date against two days. source: the row's source against two lists. given: the side that the source
itself gives, and train if it gives none.

No way looks at another row, so a row never moves when others come or go. If a way names no
validation rows (no day, no source; `given` with a validation_share above 0), validation is cut by
hash from train, whole groups at a time.

data/frozen_test.csv holds ids and digests of the test rows that a person froze. A frozen row is in
test whatever the params say, is kept where it has copies, and may not be lost or changed. New rows
may join test; they are frozen when a person runs `seedbed freeze` again.

The figures of split set the rows by side and class next to what hashing leads to expect.
"""

import datetime
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field, field_validator

from seedbed.core.errors import LeakError, ParamsError, RowsError, SeedbedError
from seedbed.core.files import hash_number, read_csv, write_csv
from seedbed.core.labels import in_line
from seedbed.core.metrics import Metrics
from seedbed.core.params import Section, Seed
from seedbed.core.rows import DEDUPLICATE, HELD_OUT, SIDES, SPLIT, read_rows
from seedbed.tasks import Task
from seedbed.tasks.counting import strata

FROZEN = Path("data/frozen_test.csv")
HEADER = ["id", "digest"]
SHOWN = 10
NEXT_STEP = "restore it with `git checkout -- data/frozen_test.csv`"
# The params that belong to one way alone; with another way they must be empty.
OWN = {"time": ("validation_from", "test_from"), "source": ("validation_sources", "test_sources")}


class SideParams(Section):
    """The part of params.yaml section `split` that decides the side of a row: all that is read by
    those who need sides before split has run."""

    # The section has other keys, which the stage split checks.
    model_config = ConfigDict(extra="ignore", frozen=True)

    way: Literal["hash", "time", "source", "given"]
    seed: Seed
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
                expected = f"sources with rows: {in_line(sorted(known))}"
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


def read_frozen(path: Path = FROZEN) -> dict[str, str]:
    """Return the digest of each frozen test row by id.

    Raises RowsError if the file is missing or contains an id twice, and DamagedError, with the
    line, if it has another header or what is no id.
    """
    if not path.exists():
        raise RowsError(
            str(path),
            "no such file",
            "a CSV file with the header `id,digest`, and no other line until you freeze",
            NEXT_STEP,
        )
    lines = read_csv(path, HEADER, dict.fromkeys(HEADER, r"\S(?:.*\S)?"))
    frozen = {line["id"]: line["digest"] for line in lines}
    if len(frozen) < len(lines):
        repeated = len(lines) - len(frozen)
        raise RowsError(str(path), f"{repeated} repeated ids", "unique ids", NEXT_STEP)
    return frozen


def write_frozen(frozen: Mapping[str, str]) -> None:
    """Write the file, sorted by id."""
    write_csv(FROZEN, HEADER, sorted(frozen.items()))


def check_frozen(rows: pd.DataFrame, frozen: Mapping[str, str]) -> None:
    """Raise LeakError if a frozen test row is missing from `rows` (id, digest) or has changed."""
    digests = dict(zip(rows["id"], rows["digest"], strict=True))
    lost = sorted(row for row, digest in frozen.items() if digests.get(row) != digest)
    if lost:
        raise LeakError(
            str(FROZEN),
            f"{len(lost)} frozen test rows are missing or changed: {', '.join(lost[:SHOWN])}",
            "every frozen row with its digest",
            "restore the rows (`seedbed explain ROW_ID` shows where one was dropped), or have a "
            "person run `seedbed freeze --replace`, which removes them from the frozen test",
        )


class Freeze(NamedTuple):
    """A freeze to carry out: the content of data/frozen_test.csv (digest by id), whether it differs
    from the present file, and the changes in words, with ids."""

    rows: dict[str, str]
    is_new: bool
    in_words: list[str]


def plan_freeze(replace: bool) -> Freeze:
    """Return the freeze of the present test rows.

    If split has refused the frozen test, there are no test rows; with `replace`, the frozen rows
    that remain in the input of split are taken, as they are now. Raises SeedbedError if a frozen
    row would be lost or changed and `replace` is not set.
    """
    frozen = read_frozen()
    refused = replace and not SPLIT.exists() and DEDUPLICATE.exists()
    source = DEDUPLICATE if refused else SPLIT
    rows = read_rows(source)
    test = rows[rows["id"].isin(frozen) if refused else rows["split"] == "test"]
    after = dict(zip(test["id"], test["digest"], strict=True))
    removed = sorted(frozen.keys() - after.keys())
    changed = sorted(row for row in after.keys() & frozen.keys() if after[row] != frozen[row])
    if (removed or changed) and not replace:
        raise SeedbedError(
            str(FROZEN),
            f"{len(removed)} frozen rows would be removed, {len(changed)} changed: "
            f"{_listed(removed + changed)}",
            "every frozen row in test, unchanged",
            "run `dvc repro` so that data/split is current, or add --replace if later figures need "
            "not be compared with earlier ones",
        )
    added = sorted(after.keys() - frozen.keys())
    lines = [
        f"{len(ids):,} rows {change}: {_listed(ids)}"
        for change, ids in (("added", added), ("removed", removed), ("with another text", changed))
        if ids
    ]
    will = f"{FROZEN} will contain {len(after):,} rows, from {source}"
    told = [*lines, will] if lines else [f"{FROZEN} already contains the test rows"]
    return Freeze(after, bool(lines), told)


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more


class Share(Metrics):
    """The rows of one side: their number, where it is not that of `by_class`, and share; if the
    side is cut by hash, the expected share with its 95 % interval."""

    rows: int | None = None
    share: float
    expected_share: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None


def rows_by_class(rows: pd.DataFrame, task: Task) -> dict[str, dict[str, int]]:
    """Return the number of rows on each side by class."""
    classes = strata(rows["label"], task)
    table = pd.crosstab(classes.to_numpy(), rows["split"][classes.index].to_numpy())
    table = table.reindex(columns=list(SIDES), fill_value=0)
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
