"""Texts of two versions, where the data is here: in the workspace, or, by dvc.lock, in DVC's cache.

texts_of(base: Files, head: Files, kept: (ids, ids), rows: Difference) -> Texts

Only data/anonymize is read, in which every row that reached it stands without the personal values
that were found; what came before is private. A text may be shown where its source has `show_text:
true` in params.yaml: the newest version that names the source says so, the workspace first.
"""

import configparser
import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.versions.revisions import Files
from seedbed.versions.row_changes import Difference
from seedbed.versions.run_diff import locked

STAGE, FOLDER = "anonymize", "data/anonymize"
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
    changed = changed_ids(rows)
    new = sorted(row.id for row in rows.added)[:MAX_ROWS]
    samples = [{*sorted(ids)[:MAX_ROWS], *new} & set(ids) for ids in kept]
    found = [_read(files, ids | changed) for files, ids in zip((base, head), samples, strict=True)]
    if found[0] is None and found[1] is None:
        return Texts(None, {}, {}, [])
    before, after = ({row: one for row, *one in side or []} for side in found)
    allowed = shown_sources(head, base)
    shown = {
        row: text
        for row, (text, source) in {**before, **after}.items()
        if row in changed and source in allowed
    }
    edited = {row.id for row in rows.edited} & before.keys() & shown.keys()
    both = None
    if found[0] is not None and found[1] is not None:
        both = tuple(
            {row: side[row][0] for row in ids if row in side}
            for side, ids in zip((before, after), samples, strict=True)
        )
    notes = [] if allowed else ["No source has `show_text: true`, so no text is shown."]
    return Texts(both, shown, {row: before[row][0] for row in edited}, notes)


def changed_ids(rows: Difference) -> set[str]:
    """Every row that a list of rows or suspects names."""
    lists = (part for part in rows if isinstance(part, list))
    return {one if isinstance(one, str) else one.id for part in lists for one in part}


def shown_sources(head: Files, base: Files) -> set[str]:
    """The sources whose texts may be shown."""
    from ruamel.yaml import YAML

    allowed: dict[str, bool] = {}
    for files in (base, head, Files()):  # the last one that names a source is right
        content = YAML(typ="safe").load(files.read("params.yaml") or "") or {}
        for source in content.get("sources") or []:
            allowed[str(source.get("name"))] = source.get("show_text") is True
    return {name for name, shown in allowed.items() if shown}


def _read(files: Files, wanted: set[str]) -> list[tuple[str, str, str]] | None:
    """(id, text, source) of the wanted rows, or None where this version's data is not here."""
    paths = [] if files.revision else sorted(Path(FOLDER).glob("*.parquet"))
    paths = paths or _cached(files)
    if not paths:
        return None
    import pyarrow.parquet as pq

    ids = sorted(wanted)
    tables = [pq.read_table(path, columns=COLUMNS, filters=[("id", "in", ids)]) for path in paths]
    return [
        (row, f"{text}\n{pair}" if pair else text, source)
        for table in tables
        for row, text, pair, source in _rows(table)
    ]


def _rows(table: Any) -> Iterable[tuple[str, ...]]:
    return zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)


def _cached(files: Files) -> list[Path]:
    """The version's Parquet files in DVC's cache, all of them or none."""
    stage = locked(files.read("dvc.lock") or "").get(STAGE)
    listing = _object(stage.outs.get(FOLDER, "")) if stage else None
    if listing is None or not listing.is_file():
        return []
    entries = json.loads(listing.read_text(encoding="utf-8"))
    paths = [_object(one["md5"]) for one in entries if one["relpath"].endswith(".parquet")]
    return paths if all(path.is_file() for path in paths) else []


def _object(md5: str) -> Path:
    return cache_folder() / "files" / "md5" / md5[:2] / md5[2:]


def cache_folder() -> Path:
    """Where DVC keeps objects: `cache.dir` of this project's own settings, else .dvc/cache."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read([".dvc/config", ".dvc/config.local"])
    return Path(".dvc") / settings.get("cache", "dir", fallback="cache")
