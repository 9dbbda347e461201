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
from seedbed.private.languages import sampled
from seedbed.running.engine import map_texts

TEXTS_AT_ONCE = 128  # with names a text takes 20 ms: shards of seconds, so that all cores get some


class Replaced(NamedTuple):
    """Replaced values by kind, the rows that had any, and the shapes that the scan still finds."""

    replaced_by_kind: dict[str, int]
    rows_touched: int
    residual_scan: dict[str, int]


class RowAnonymizer:
    """Anonymizes every text of rows, chunk by chunk. Of answers, rows of one group are in one
    chunk, because a value of one may be in another."""

    def __init__(self, params: AnonymizeParams, key: bytes) -> None:
        self.sample: list[str] = []  # of the texts before
        self.ids: list[str] = []
        self._params, self._key = params, key
        # Counted over rows: each of several copies of a text counts.
        self._replaced, self._touched = Counter[str](), 0
        self._residual = Counter(dict.fromkeys(RESIDUALS, 0))

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a chunk with every text anonymized.

        Raises TooSlow with a row's id for a project's own pattern that takes too long.
        """
        different = sorted(different_texts(rows))
        self.sample = sampled([*self.sample, *different])
        self.ids += list(rows["id"])
        change_of = self._changes(rows, different)
        values: Sequence[frozenset[Value]] = [frozenset()] * len(rows)
        if "answer" in rows:
            found = {text for text, (_, counts, _) in change_of.items() if counts}
            values = shared_values(rows, found, self._params.wanted)
        columns = columns_of(rows.columns)
        cells: list[list[str]] = []
        for shared, *row in zip(values, *(rows[name] for name in columns), strict=True):
            own = _Change(change_of, shared, self._params, self._key)
            cells.append([changed(*cell, own) for cell in zip(columns, row, strict=True)])
            self._touched += any(own.replaced.values())
            self._replaced.update(own.replaced)
            self._residual.update(own.residual)
        return rows.assign(**dict(zip(columns, zip(*cells, strict=True), strict=True)))

    def _changes(self, rows: pd.DataFrame, different: Sequence[str]) -> dict[str, Change]:
        params = self._params
        work = partial(changes, wanted=params.wanted, key=self._key, mode=params.mode)
        try:
            with naming_rows(rows):
                results = map_texts(work, different, libraries=NAME_DATA, batch=TEXTS_AT_ONCE)
        except TooSlow as error:
            pairs = zip(rows["id"], each_texts(rows), strict=True)
            row = next(row for row, texts in pairs if error.text in texts)
            raise TooSlow(error.name, error.text, f"row {row}") from None
        return dict(zip(different, results, strict=True))

    def replaced(self) -> Replaced:
        """Return what was replaced in all chunks."""
        by_kind = dict(sorted(self._replaced.items()))
        return Replaced(by_kind, self._touched, dict(self._residual))


def anonymize_rows(
    rows: pd.DataFrame, params: AnonymizeParams, key: bytes
) -> tuple[pd.DataFrame, Replaced]:
    """Return what a RowAnonymizer makes of rows as one chunk, and what it replaced."""
    anonymizer = RowAnonymizer(params, key)
    return anonymizer(rows), anonymizer.replaced()


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
