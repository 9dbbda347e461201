"""Texts of two versions, where the data is here: in the workspace, or, by dvc.lock, in DVC's cache.

texts_of(base: Files, head: Files, kept: (ids, ids), rows: Difference) -> Texts

Only data/anonymize is read, in which every row that reached it stands without the personal values
that were found; what came before is private. A text may be shown where its source has `show_text:
true` in params.yaml: the newest version that names the source says so, the workspace first. The
text of a forgotten row is never shown, though an old version in the cache may still have it.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.versions.revisions import Files
from seedbed.versions.row_changes import FORGOTTEN, Difference
from seedbed.versions.run_diff import params_of
from seedbed.versions.version_data import parquet_files

STAGE = "anonymize"
COLUMNS = ["id", "text", "text_pair", "source"]
MAX_ROWS = 20_000  # of a side, for drift; ids are hashes, so the first of them are any


class Texts(NamedTuple):
    """`kept`: texts of kept rows by id, of base and of head, or None where one is not here.
    `shown`: those that may be shown, the newest of each changed row; `shown_before`: of edited
    rows, what they were."""

    kept: tuple[dict[str, str], dict[str, str]] | None
    shown: dict[str, str]
    shown_before: dict[str, str]
    notes: list[str]


def texts_of(base: Files, head: Files, kept: Sequence[Collection[str]], rows: Difference) -> Texts:
    """`kept`: the ids of the rows that base keeps, and head."""
    paths = [parquet_files(files, STAGE) for files in (base, head)]
    if not any(paths):
        return Texts(None, {}, {}, [])
    changed = changed_ids(rows)
    samples = [_sample(ids, rows) for ids in kept]
    before, after = (
        _read(side, changed.union(ids)) for side, ids in zip(paths, samples, strict=True)
    )
    allowed = shown_sources(head, base)
    quotable = changed - _forgotten(rows)
    shown = {
        row: text
        for row, (text, source) in {**before, **after}.items()
        if row in quotable and source in allowed
    }
    shown_before = {
        row.id: before[row.id][0]
        for row in rows.edited
        if row.id in shown and row.id in before and before[row.id][1] in allowed
    }
    both = None
    if all(paths):
        both = tuple(
            {row: side[row][0] for row in ids if row in side}
            for side, ids in zip((before, after), samples, strict=True)
        )
    notes = [] if allowed else ["No source has show_text: true, so no text is shown."]
    return Texts(both, shown, shown_before, notes)


def _sample(ids: Collection[str], rows: Difference) -> list[str]:
    """The kept rows whose texts are compared, those that came among them."""
    new = sorted(row.id for row in rows.added if row.id in ids)[:MAX_ROWS]
    return sorted({*sorted(ids)[:MAX_ROWS], *new})


def _forgotten(rows: Difference) -> set[str]:
    gone = {row.id for row in rows.removed if row.fate.reason == FORGOTTEN}
    return gone.union(rows.new_tombstones, rows.gone_tombstones)


def changed_ids(rows: Difference) -> set[str]:
    """Every row that a list of rows or suspects names."""
    lists = (part for part in rows if isinstance(part, list))
    return {one if isinstance(one, str) else one.id for part in lists for one in part}


def shown_sources(head: Files, base: Files) -> set[str]:
    """The sources whose texts may be shown."""
    allowed: dict[str, bool] = {}
    for files in (base, head, Files()):  # the last one that names a source is right
        for source in params_of(files.read("params.yaml") or "").get("sources") or []:
            allowed[str(source.get("name"))] = source.get("show_text") is True
    return {name for name, shown in allowed.items() if shown}


def _read(paths: list[Path], wanted: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Text and source of the wanted rows, by id."""
    if not paths:
        return {}
    import pyarrow.parquet as pq

    ids = sorted(wanted)
    tables = [pq.read_table(path, columns=COLUMNS, filters=[("id", "in", ids)]) for path in paths]
    return {
        row: (f"{text}\n{pair}" if pair else text, source)
        for table in tables
        for row, text, pair, source in _rows(table)
    }


def _rows(table: Any) -> Iterable[tuple[str, ...]]:
    return zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)
