"""Accuracy in parts of the rows: source, batch, date, length, language, class, nearness to train.

Where a figure falls in one part alone, the mean over all rows hides it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seedbed.scoring.intervals import shares

MAX_PERIODS = 8
DATE_PARTS = (10, 7, 4)  # characters of an ISO date: day, month, year
NO_DATE = "no date"


def thirds(values: Sequence[float] | np.ndarray, what: str) -> list[str]:
    """Which third each value falls into: "short third", for `what` "short middle long"; equal
    values in the order given."""
    order = np.argsort(np.asarray(values), kind="stable")
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order)) * 3 // max(1, len(order))
    names = [f"{word} third" for word in what.split()]
    return [names[number] for number in place]


def periods(dates: Sequence[str], every: Sequence[str]) -> list[str]:
    """The period of each ISO date: days, months or years, the finest of which `every` (all dates
    there are) has at most 8, else years; "no date" for ""."""
    known = {date for date in every if date}
    part = next((n for n in DATE_PARTS if len({date[:n] for date in known}) <= MAX_PERIODS), 4)
    return [date[:part] or NO_DATE for date in dates]


def columns_of(
    rows: pd.DataFrame, dates: Sequence[str], languages: Sequence[str], cosines: np.ndarray
) -> dict[str, Sequence[str]]:
    """What the rows are sliced by. `dates`: all that the dataset has; `cosines` (rows,): of each
    row to its nearest train row."""
    return {
        "source": list(rows["source"]),
        "batch": list(rows["batch"]),
        "date": periods(list(rows["date"]), dates),
        "length": thirds(rows["text"].str.len(), "short middle long"),
        "language": list(languages),
        "class": list(rows["label"]),
        "nearness to train": thirds(cosines, "far middle near"),
    }


def slices(
    right: np.ndarray,
    columns: dict[str, Sequence[str]],
    samples: np.ndarray,
    units: np.ndarray,
) -> dict[str, Any]:
    """Accuracy, its 95 % interval and rows in each value of each column; columns of one value are
    left out. `right` (rows,) bool; `samples`: bootstrap counts (draws, rows)."""
    result: dict[str, Any] = {}
    for column, values in columns.items():
        names, place = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
        if len(names) > 1:
            members = np.arange(len(names))[:, None] == place
            found = shares(right, members, samples, units)
            result[column] = dict(zip(map(str, names), found, strict=True))
    return result
