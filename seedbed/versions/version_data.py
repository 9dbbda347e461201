"""What only the data of a version tells, where it is here.

policy_labels(files: Files, records: Records) -> dict | None labels that the policy gave train rows
"""

from seedbed.versions.cached_files import parquet_files
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import Records

JUDGED = "find_label_errors"


def policy_labels(files: Files, records: Records) -> dict[str, str] | None:
    """The labels, by row id, that `find_label_errors.policy: relabel` gave rows of this version;
    None where it did and its data is not here: git has no trace of them."""
    if records.policy != "relabel":
        return {}
    paths = parquet_files(files, JUDGED)
    if not paths:
        return None
    import pyarrow.parquet as pq

    tables = [pq.read_table(path, columns=["id", "label"]) for path in paths]
    labels = {
        row: label
        for table in tables
        for row, label in zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True)
    }
    kept = records.manifest
    return {row: label for row, label in labels.items() if row in kept and label != kept[row].label}
