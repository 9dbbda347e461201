"""Accuracy in parts of the rows: source, batch, date, length, language, class, nearness to train.

If a figure falls in one part alone, the mean over all rows hides it.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from seedbed.cleaning.rows import UNKNOWN_LANGUAGE, language_of
from seedbed.running.engine import map_texts
from seedbed.scoring.intervals import shares
from seedbed.scoring.metrics import Scored
from seedbed.scoring.metrics_files import Slice

Columns = dict[str, Sequence[str]]

MAX_PERIODS = 8
DATE_PARTS = (10, 7, 4)  # characters of an ISO date: day, month, year
NO_DATE = "no date"


def languages_of(texts: Sequence[str], min_chars: int) -> list[str]:
    """Detect the language of each text, from the memo if known: for slices, never for a row.

    ISO 639 codes, "unknown" for a text of less than `min_chars` characters (py3langid).
    """
    return map_texts(partial(_languages, min_chars=min_chars), texts)


def _languages(texts: Sequence[str], min_chars: int) -> list[str]:
    return [language_of(text) if len(text) >= min_chars else UNKNOWN_LANGUAGE for text in texts]


def thirds(values: Sequence[float] | np.ndarray, names: str) -> list[str]:
    """Name the third that each value falls into, "short third" for `names` "short middle long";
    equal values in the order given."""
    order = np.argsort(np.asarray(values), kind="stable")
    index = np.empty(len(order), dtype=int)
    index[order] = np.arange(len(order)) * 3 // max(1, len(order))
    thirds_of = [f"{name} third" for name in names.split()]
    return [thirds_of[third] for third in index]


def periods(dates: Sequence[str], every: Sequence[str]) -> list[str]:
    """Give the period of each ISO date, "no date" for "".

    Periods are days, months or years: the finest of which `every` (all dates of the dataset) has at
    most 8, else years.
    """
    known = {date for date in every if date}
    part = next((n for n in DATE_PARTS if len({date[:n] for date in known}) <= MAX_PERIODS), 4)
    return [date[:part] or NO_DATE for date in dates]


def columns_of(
    rows: pd.DataFrame, dates: Sequence[str], languages: Sequence[str], cosines: np.ndarray
) -> Columns:
    """Compute the columns that rows are sliced by. `dates`: all that the dataset has; `cosines`
    (rows,): of each row to its nearest train row."""
    return {
        "source": list(rows["source"]),
        "batch": list(rows["batch"]),
        "date": periods(list(rows["date"]), dates),
        "length": thirds(rows["text"].str.len(), "short middle long"),
        "language": list(languages),
        "class": list(rows["label"]),
        "nearness to train": thirds(cosines, "far middle near"),
    }


def slices(scored: Scored, columns: Columns, samples: np.ndarray) -> dict[str, dict[str, Slice]]:
    """Compute accuracy for each value of each column; columns of one value are left out.

    `samples`: bootstrap counts (draws, rows).
    """
    correct = scored.labels == scored.predicted
    result = {}
    for column, values in columns.items():
        names, index = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
        if len(names) > 1:
            members = np.arange(len(names))[:, None] == index
            found = shares(correct, members, samples, scored.clusters)
            result[column] = dict(zip(map(str, names), found, strict=True))
    return result
