"""The rows that a version keeps, by id: batch, digest, label and split of each.

Git holds them, or, for a large version, counts alone; then the rows are read from data/split.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from seedbed.core.errors import RowsError
from seedbed.core.rows import SIDES
from seedbed.versions.revisions import Files, VersionTables

HEADER = ("id", "digest", "label", "split")
COUNTS = "data/manifest/counts.csv"


class Placed(NamedTuple):
    """A row of the manifest."""

    batch: str
    digest: str
    label: str
    split: str


def read_manifest(table: VersionTables, files: Files) -> dict[str, Placed]:
    """Return the kept rows of a version by id, from git, or from data/split if git has counts.

    Raises RowsError if a row is listed twice, or if data/split is missing or of another run.
    """
    if COUNTS in table.texts:
        return _from_split(table, files)
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
            f"{rows - len(manifest)} ids are listed twice",
            "each row once, in the file of its batch",
            "run `dvc repro`",
        )
    return manifest


def _from_split(table: VersionTables, files: Files) -> dict[str, Placed]:
    """The rows of data/split, for a version whose manifest has counts alone."""
    counted = {
        line["batch"]: sum(int(line[side]) for side in SIDES) for line in table.records(COUNTS)
    }
    paths = files.parquet("split")
    if not paths:
        raise RowsError(
            f"{table.place}{COUNTS}",
            f"counts of {sum(counted.values()):,} rows, but their data/split is not here",
            next_step="run `dvc fetch --all-commits data/split`"
            if files.revision
            else "run `dvc pull`",
        )
    columns = ["id", "batch", *HEADER[1:]]
    manifest = {row: Placed._make(cells) for row, *cells in _columns(paths, columns)}
    if Counter(row.batch for row in manifest.values()) != counted:
        raise RowsError(
            f"{table.place}{COUNTS}",
            f"{len(manifest):,} rows in data/split, {sum(counted.values()):,} here",
            "rows and counts of one run",
            "run `dvc checkout`, or `dvc repro`",
        )
    return manifest


def policy_labels(files: Files, policy: str, manifest: dict[str, Placed]) -> dict[str, str] | None:
    """Return the labels, by row id, that `find_label_errors.policy: relabel` gave to kept rows.

    None if this version has some and its data is not here: git does not hold them.
    """
    if policy != "relabel":
        return {}
    paths = files.parquet("find_label_errors")
    if not paths:
        return None
    labels = ((row, label) for row, label in _columns(paths, ["id", "label"]) if row in manifest)
    return {row: label for row, label in labels if label != manifest[row].label}


def _columns(paths: list[Path], columns: list[str]) -> Iterator[tuple[str, ...]]:
    """The cells of these columns, row by row."""
    import pyarrow.parquet as pq  # only for data that is not in git

    for path in paths:
        table = pq.read_table(path, columns=columns).to_pydict()
        yield from zip(*(table[name] for name in columns), strict=True)
