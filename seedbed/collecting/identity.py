"""What names a row for good: its id and its digest, both keyed hashes."""

from collections import Counter
from collections.abc import Sequence

from seedbed.collecting.raw_rows import RawRow
from seedbed.collecting.record_versions import VERSIONS
from seedbed.core.keys import keyed_hash
from seedbed.core.reasons import Reason


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
