"""The Parquet files of a version: in the workspace, or, by dvc.lock, in DVC's cache."""

import configparser
import json
from pathlib import Path

from seedbed.versions.revisions import Files
from seedbed.versions.run_diff import locked


def parquet_files(files: Files, stage: str) -> list[Path]:
    """The Parquet files of data/STAGE in this version; none where they are not here."""
    there = [] if files.revision else sorted(Path("data", stage).glob("*.parquet"))
    return there or _cached(files, stage)


def _cached(files: Files, stage: str) -> list[Path]:
    """The version's files in DVC's cache, all of them or none."""
    ran = locked(files.read("dvc.lock") or "").get(stage)
    listing = _object(ran.outs.get(f"data/{stage}", "")) if ran else None
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
