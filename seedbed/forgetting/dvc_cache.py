"""What DVC keeps of old versions in its local cache, and what the stages have written."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

PIPELINE = Path("dvc.yaml")


class Cache(NamedTuple):
    """The folders of the local cache."""

    folders: tuple[Path, ...]


def read_cache() -> Cache:
    """The cache of this project; an empty one where DVC was never set up."""
    if not Path(".dvc").is_dir():
        return Cache(())
    from dvc.repo import Repo  # takes a second, so only here

    with Repo() as repo:
        # Objects of DVC before version 3 stand right in the cache folder, the new ones below it.
        paths = {Path(repo.cache.legacy.path), Path(repo.cache.local.path)}
    whole = [path for path in paths if not any(other in path.parents for other in paths)]
    return Cache(tuple(sorted(path for path in whole if path.is_dir())))


def objects(cache: Cache) -> Iterator[Path]:
    """Every file in the cache, but the run cache, which holds hashes alone."""
    for folder in cache.folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.relative_to(folder).parts[0] != "runs":
                yield file


def rows_in(files: Iterable[Path | bytes], ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The rows of these ids in those of the files, or contents of files, that are Parquet with ids
    and texts."""
    wanted = sorted(ids)
    for file in files:
        if _begin(file) != b"PAR1":
            continue
        try:
            names = pq.read_schema(_opened(file)).names
            if {"id", "digest", "text"} <= set(names):
                yield from pq.read_table(_opened(file), filters=[("id", "in", wanted)]).to_pylist()
        except (pa.ArrowException, OSError):
            continue  # no whole table: the scan looks at its bytes


def _begin(file: Path | bytes) -> bytes:
    if isinstance(file, bytes):
        return file[:4]
    with file.open("rb") as opened:
        return opened.read(4)


def _opened(file: Path | bytes) -> Path | pa.BufferReader:
    return pa.BufferReader(file) if isinstance(file, bytes) else file


def outputs() -> tuple[list[Path], list[Path]]:
    """What the stages have written: paths that DVC caches, and those that git holds."""
    if not PIPELINE.exists():
        return [], []
    stages = YAML(typ="safe").load(PIPELINE.read_text(encoding="utf-8")).get("stages", {})
    cached: set[Path] = set()
    in_git: set[Path] = set()
    for stage in stages.values():
        for entry in [*stage.get("outs", []), *stage.get("metrics", [])]:
            path, options = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
            (cached if options.get("cache", True) else in_git).update(_expanded(path, stage))
    return _there(cached), _there(in_git)


def _expanded(path: str, stage: dict[str, Any]) -> list[Path]:
    """A path for each item of the stage's matrix, the values of `${item.NAME}`."""
    paths = [path]
    for name, items in stage.get("matrix", {}).items():
        paths = [one.replace(f"${{item.{name}}}", str(item)) for one in paths for item in items]
    return [Path(one) for one in paths]


def _there(paths: set[Path]) -> list[Path]:
    return sorted(path for path in paths if path.exists())
