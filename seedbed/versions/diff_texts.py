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
from typing import NamedTuple

from seedbed.core.errors import ParamsError
from seedbed.core.files import parse_yaml
from seedbed.versions.revisions import Files, cells
from seedbed.versions.row_changes import Difference

PARAMS = "params.yaml"
COLUMNS = ["id", "text", "text_pair", "source", "digest"]
MAX_ROWS = 20_000  # of a side, for drift; ids are hashes, so the first of them are any


class Texts(NamedTuple):
    """`kept`: texts of kept rows by id, of base and of head, or None where one is not here.
    `shown`: those that may be shown, the newest of each changed row; `shown_before`: of edited
    rows, what they were."""

    kept: tuple[dict[str, str], dict[str, str]] | None = None
    shown: dict[str, str] = {}
    shown_before: dict[str, str] = {}
    notes: Sequence[str] = ()


def texts_of(base: Files, head: Files, kept: Sequence[Collection[str]], rows: Difference) -> Texts:
    """`kept`: the ids of the rows that base keeps, and head."""
    paths = [files.parquet("anonymize") for files in (base, head)]
    if not any(paths):
        return Texts()
    lists = (part for part in rows if isinstance(part, list))
    changed = {one if isinstance(one, str) else one.id for part in lists for one in part}
    samples = [_sample(ids, rows) for ids in kept]
    sides = [_read(side, changed.union(ids)) for side, ids in zip(paths, samples, strict=True)]
    allowed, gone = _shown_sources(head, base), _forgotten(head, base)
    old, new = (
        {
            row: one.text
            for row, one in side.items()
            if row in changed and one.source in allowed and gone.isdisjoint((row, one.digest))
        }
        for side in sides
    )
    shown_before = {row.id: old[row.id] for row in rows.edited if row.id in old and row.id in new}
    in_base, in_head = (
        {row: side[row].text for row in ids if row in side}
        for side, ids in zip(sides, samples, strict=True)
    )
    notes = [] if allowed else ["No source has show_text: true, so no text is shown."]
    return Texts((in_base, in_head) if all(paths) else None, old | new, shown_before, notes)


def _sample(ids: Collection[str], rows: Difference) -> list[str]:
    """The kept rows whose texts are compared, those that came among them."""
    new = sorted(row.id for row in rows.added if row.id in ids)[:MAX_ROWS]
    return sorted({*sorted(ids)[:MAX_ROWS], *new})


def _forgotten(*versions: Files) -> set[str]:
    """Ids and digests of all tombstones of these versions and of the workspace."""
    texts = (files.read("data/tombstones.csv") or "" for files in (*versions, Files()))
    return {cell for text in texts for line in text.splitlines() for cell in line.split(",")} - {""}


def _shown_sources(head: Files, base: Files) -> set[str]:
    """The sources whose texts may be shown. A source may have an entry a batch: one that does not
    say so speaks for all."""
    allowed: dict[str, bool] = {}
    for files in (base, head, Files()):  # the last one that names a source is right
        here: dict[str, bool] = {}
        params = parse_yaml(files.read(PARAMS) or "", PARAMS, ParamsError) or {}
        for source in params.get("sources") or []:
            name = str(source.get("name"))
            here[name] = here.get(name, True) and source.get("show_text") is True
        allowed |= here
    return {name for name, shown in allowed.items() if shown}


class _Row(NamedTuple):
    text: str
    source: str
    digest: str


def _read(paths: Iterable[Path], wanted: Iterable[str]) -> dict[str, _Row]:
    """The wanted rows by id."""
    rows = cells(paths, COLUMNS, ("id", "in", sorted(wanted)))
    return {
        row: _Row(f"{text}\n{pair}" if pair else text, source, digest)
        for row, text, pair, source, digest in rows
    }
