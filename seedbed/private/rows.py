"""The rows of a dataset without their personal values; their texts go through the memo."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd

from seedbed.core.texts import changed, columns_of, different_texts, each_texts, naming_rows
from seedbed.private.conversations import Value, shared_values, without_values
from seedbed.private.detection import NAME_DATA, Change, TooSlow, changes, scan
from seedbed.private.kinds import RESIDUALS, AnonymizeParams
from seedbed.running.engine import map_texts

TEXTS_AT_ONCE = 128  # with names a text takes 20 ms: shards of seconds, so that all cores get some


class Replaced(NamedTuple):
    """Replaced values by kind, the rows that had any, and the shapes that the scan still finds."""

    replaced_by_kind: dict[str, int]
    rows_touched: int
    residual_scan: dict[str, int]


def anonymize_rows(
    rows: pd.DataFrame, params: AnonymizeParams, key: bytes
) -> tuple[pd.DataFrame, Replaced]:
    """Return the rows with every text anonymized, and what was replaced.

    Raises TooSlow with a row's id for a project's own pattern that takes too long.
    """
    different = sorted(different_texts(rows))
    work = partial(changes, wanted=params.wanted, key=key, mode=params.mode)
    try:
        with naming_rows(rows):
            results = map_texts(work, different, libraries=NAME_DATA, batch=TEXTS_AT_ONCE)
    except TooSlow as error:
        pairs = zip(rows["id"], each_texts(rows), strict=True)
        row = next(row for row, texts in pairs if error.text in texts)
        raise TooSlow(error.name, error.text, f"row {row}") from None
    change_of: dict[str, Change] = dict(zip(different, results, strict=True))
    values: Sequence[frozenset[Value]] = [frozenset()] * len(rows)
    if "answer" in rows:
        found = {text for text, (_, counts, _) in change_of.items() if counts}
        values = shared_values(rows, found, params.wanted)
    # Counted over rows: each of several copies of a text counts.
    replaced, residual, touched = Counter[str](), Counter(dict.fromkeys(RESIDUALS, 0)), 0
    columns = columns_of(rows.columns)
    cells: list[list[str]] = []
    for shared, *row in zip(values, *(rows[name] for name in columns), strict=True):
        own = _Change(change_of, shared, params, key)
        cells.append([changed(*cell, own) for cell in zip(columns, row, strict=True)])
        touched += any(own.replaced.values())
        replaced += own.replaced
        residual.update(own.residual)
    anonymized = rows.assign(**dict(zip(columns, zip(*cells, strict=True), strict=True)))
    return anonymized, Replaced(dict(sorted(replaced.items())), touched, dict(residual))


class _Change:
    """What changes the texts of one row, and counts what it replaces and leaves."""

    def __init__(
        self,
        change_of: dict[str, Change],
        shared: frozenset[Value],
        params: AnonymizeParams,
        key: bytes,
    ) -> None:
        self.replaced, self.residual = Counter[str](), Counter[str]()
        self._change_of, self._shared = change_of, shared
        self._params, self._key = params, key

    def __call__(self, text: str) -> str:
        after, counts, left = self._change_of.get(text, (None, {}, {}))
        text = text if after is None else after
        self.replaced.update(counts)
        if self._shared:
            text, more = without_values(text, self._shared, self._key, self._params.mode)
            self.replaced.update(more)
            left = scan(text) if more else left
        self.residual.update(left)
        return text
