"""The rows that a version keeps: batch, digest, label and side of each, by id."""

from collections import Counter
from pathlib import PurePosixPath
from typing import NamedTuple

from seedbed.core.errors import RowsError
from seedbed.core.rows import SIDES
from seedbed.versions.cached_files import parquet_files
from seedbed.versions.git_texts import Texts
from seedbed.versions.revisions import Files

HEADER = ("id", "digest", "label", "split")
COUNTS = "data/manifest/counts.csv"


class Placed(NamedTuple):
    """A row of the manifest."""

    batch: str
    digest: str
    label: str
    split: str


def read_manifest(table: Texts, files: Files) -> dict[str, Placed]:
    """The kept rows of a version by id, out of git, or of data/split where git has counts alone.
    Raises RowsError where a row stands twice, or data/split is not here, or of another run."""
    if COUNTS in table.texts:
        return _of_split(table, files)
    manifest: dict[str, Placed] = {}
    rows = 0
    for path in table.texts:
        if path.startswith("data/manifest/"):
            batch = PurePosixPath(path).stem
            lines = table.lines(path, HEADER)
            rows += len(lines)
            manifest |= {row: Placed._make((batch, *cells)) for row, *cells in lines}
    if rows != len(manifest):
        raise RowsError(
            f"{table.place}data/manifest",
            f"{rows - len(manifest)} ids stand twice",
            "each row once, in the file of its batch",
            "run `dvc repro`",
        )
    return manifest


def _of_split(table: Texts, files: Files) -> dict[str, Placed]:
    """The rows of data/split, of a version whose manifest has counts alone."""
    counted = {
        line["batch"]: sum(int(line[side]) for side in SIDES) for line in table.records(COUNTS)
    }
    paths = parquet_files(files, "split")
    if not paths:
        raise RowsError(
            f"{table.place}{COUNTS}",
            f"counts of {sum(counted.values()):,} rows alone: they are in data/split, which is not "
            "here",
            "the rows of a version with more than split.max_rows_in_git",
            "run `dvc fetch --all-commits data/split`" if files.revision else "run `dvc pull`",
        )
    import pyarrow.parquet as pq

    columns = ["id", "batch", *HEADER[1:]]
    parts = [pq.read_table(path, columns=columns).to_pydict() for path in paths]
    manifest = {
        row: Placed._make(cells)
        for part in parts
        for row, *cells in zip(*(part[name] for name in columns), strict=True)
    }
    if Counter(one.batch for one in manifest.values()) != counted:
        raise RowsError(
            f"{table.place}{COUNTS}",
            f"{len(manifest):,} rows in data/split, {sum(counted.values()):,} here",
            "rows and counts of one run",
            "run `dvc checkout`, or `dvc repro`",
        )
    return manifest
