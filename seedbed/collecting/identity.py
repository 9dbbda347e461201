"""What identifies a row: its id and digest, versions of one record, and rows to be forgotten.

Batches are immutable, so a source with keys corrects a record by sending it again in a later batch.
The newest version keeps the record's id; an older one is dropped. A record that arrives again
unchanged, as exports of the last thirty days do, changes nothing: its first version stays.

data/tombstones.csv, in git, holds keyed hashes only: nobody without the key learns who was
forgotten.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from seedbed.collecting.raw_rows import RawRow
from seedbed.core.errors import RowsError
from seedbed.core.files import keyed_hash, read_csv, write_csv
from seedbed.core.reasons import Reason

TOMBSTONES = Path("data/tombstones.csv")
HEADER = ("id", "digest")
VERSIONS = (Reason.CAME_AGAIN, Reason.SUPERSEDED)


def identified(rows: Sequence[RawRow], key: bytes) -> list[str]:
    """An id for each row, in the order of `rows`; "" for a row without text.

    A row with a key of its own is named by it, another by its text and how many rows of the same
    text stand before it; rows in quarantine count, so that mending a label changes no other id.
    """
    seen: Counter[tuple[str, str]] = Counter()
    ids = []
    for row in rows:
        if row.key and row.reason in VERSIONS:
            ids.append(keyed_hash(key, "version", row.source, row.key, row.batch))
        elif row.key:
            ids.append(record_id(row, key))
        elif row.text and row.reason != Reason.MISSING_ID:
            texts = (row.text, row.text_pair)
            ids.append(keyed_hash(key, "text", *texts, str(seen[texts])))
            seen[texts] += 1
        else:
            ids.append("")
    return ids


def record_id(row: RawRow, key: bytes) -> str:
    """The id of the record that a row with a key is a version of, the same in every batch."""
    return keyed_hash(key, "key", row.source, row.key)


def digest_of(row: RawRow, key: bytes) -> str:
    """The keyed hash of a row's source text, to which decisions and tombstones hold."""
    return keyed_hash(key, "digest", row.text, row.text_pair)


def with_versions(rows: Sequence[RawRow]) -> list[RawRow]:
    """The rows in their order (batch, source, file, line), versions that do not count with their
    reason. A row in quarantine is no version: what stood before it goes on to count."""
    counts: dict[tuple[str, str], int] = {}
    reasons: dict[int, str] = {}
    for index, row in enumerate(rows):
        if not row.key or row.reason not in ("", Reason.LABEL_DROPPED):
            continue
        before = counts.setdefault((row.source, row.key), index)
        if before == index:
            continue
        if _content(rows[before]) == _content(row):
            reasons[index] = Reason.CAME_AGAIN
        else:
            reasons[before] = Reason.SUPERSEDED
            counts[(row.source, row.key)] = index
    return [row._replace(reason=reasons.get(index, row.reason)) for index, row in enumerate(rows)]


def _content(row: RawRow) -> tuple[object, ...]:
    """What makes a version another one. Not the date, which may be that of the batch."""
    return row.text, row.text_pair, row.label, row.group, row.split, row.meta, row.reason


class Tombstones(NamedTuple):
    """Ids and digests of forgotten rows; a row with one of either is dropped."""

    ids: frozenset[str]
    digests: frozenset[str]


def read_tombstones(path: Path = TOMBSTONES) -> Tombstones:
    """The tombstones. Raises RowsError where the file is missing, since whoever was forgotten
    would come back then, or has another header."""
    step = "restore it with `git checkout -- data/tombstones.csv`"
    if not path.exists():
        raise RowsError(str(path), "no such file", "a CSV file, header `id,digest`", step)
    first = path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    if first != ",".join(HEADER):
        raise RowsError(str(path), "another header", "header `id,digest`", step)
    lines = read_csv(path)
    return Tombstones(
        frozenset(line["id"] for line in lines) - {""},
        frozenset(line["digest"] for line in lines) - {""},
    )


def add_tombstones(rows: Iterable[tuple[str, str]], path: Path = TOMBSTONES) -> None:
    """Add (id, digest) of rows; the file stays sorted, and each line is in it once."""
    read_tombstones(path)
    before = {(line["id"], line["digest"]) for line in read_csv(path)}
    write_csv(path, HEADER, sorted(before | set(rows)))


def without_forgotten(
    rows: Sequence[RawRow], ids: Sequence[str], tombstones: Tombstones, key: bytes
) -> list[RawRow]:
    """Give usable rows whose id or digest has a tombstone the reason `forgotten`."""
    if not (tombstones.ids or tombstones.digests):
        return list(rows)
    return [
        row._replace(reason=Reason.FORGOTTEN)
        if not row.reason
        and (row_id in tombstones.ids or digest_of(row, key) in tombstones.digests)
        else row
        for row, row_id in zip(rows, ids, strict=True)
    ]
