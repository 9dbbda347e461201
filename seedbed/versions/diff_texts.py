"""Texts of two versions, where the data is here: in the workspace, or, by dvc.lock, in DVC's cache.

texts_of(base: Files, head: Files, kept: (ids, ids), rows: Difference) -> Texts

Only data/anonymize is read, which has every row that reached it without the personal values
that were found; what came before is private. A text may be shown where its source has `show_text:
true` in params.yaml: by the newest version that names the source, the workspace first. The
text of a row that was forgotten, in either version or since, is never shown, though an old version
in the cache may still have it.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.versions.revisions import Files
from seedbed.versions.row_changes import Difference
from seedbed.versions.run_diff import params_of

STAGE = "anonymize"
COLUMNS = ["id", "text", "text_pair", "source", "digest"]
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
    paths = [files.parquet(STAGE) for files in (base, head)]
    if not any(paths):
        return Texts(None, {}, {}, [])
    changed = changed_ids(rows)
    samples = [_sample(ids, rows) for ids in kept]
    before, after = (
        _read(side, changed.union(ids)) for side, ids in zip(paths, samples, strict=True)
    )
    allowed, gone = shown_sources(head, base), _forgotten(head, base)
    old, new = (
        {
            row: one.text
            for row, one in side.items()
            if row in changed and one.source in allowed and gone.isdisjoint((row, one.digest))
        }
        for side in (before, after)
    )
    shown = old | new
    shown_before = {row.id: old[row.id] for row in rows.edited if row.id in old and row.id in new}
    both = None
    if all(paths):
        in_base, in_head = (
            {row: side[row].text for row in ids if row in side}
            for side, ids in zip((before, after), samples, strict=True)
        )
        both = in_base, in_head
    notes = [] if allowed else ["No source has show_text: true, so no text is shown."]
    return Texts(both, shown, shown_before, notes)


def _sample(ids: Collection[str], rows: Difference) -> list[str]:
    """The kept rows whose texts are compared, those that came among them."""
    new = sorted(row.id for row in rows.added if row.id in ids)[:MAX_ROWS]
    return sorted({*sorted(ids)[:MAX_ROWS], *new})


def _forgotten(*versions: Files) -> set[str]:
    """Ids and digests of all tombstones of these versions and of the workspace."""
    texts = (files.read("data/tombstones.csv") or "" for files in (*versions, Files()))
    return {cell for text in texts for line in text.splitlines() for cell in line.split(",")} - {""}


def changed_ids(rows: Difference) -> set[str]:
    """Every row that a list of rows or suspects names."""
    lists = (part for part in rows if isinstance(part, list))
    return {one if isinstance(one, str) else one.id for part in lists for one in part}


def shown_sources(head: Files, base: Files) -> set[str]:
    """The sources whose texts may be shown. A source may have an entry a batch: one that does not
    say so speaks for all."""
    allowed: dict[str, bool] = {}
    for files in (base, head, Files()):  # the last one that names a source is right
        here: dict[str, bool] = {}
        for source in params_of(files.read("params.yaml") or "").get("sources") or []:
            name = str(source.get("name"))
            here[name] = here.get(name, True) and source.get("show_text") is True
        allowed |= here
    return {name for name, shown in allowed.items() if shown}


class _Row(NamedTuple):
    text: str
    source: str
    digest: str


def _read(paths: list[Path], wanted: Iterable[str]) -> dict[str, _Row]:
    """The wanted rows by id."""
    if not paths:
        return {}
    import pyarrow.parquet as pq

    ids = sorted(wanted)
    tables = [pq.read_table(path, columns=COLUMNS, filters=[("id", "in", ids)]) for path in paths]
    return {
        row: _Row(f"{text}\n{pair}" if pair else text, source, digest)
        for table in tables
        for row, text, pair, source, digest in _rows(table)
    }


def _rows(table: Any) -> Iterable[tuple[str, ...]]:
    return zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)
