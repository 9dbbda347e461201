"""One record of a source that came in several batches: which version of it counts.

Batches are immutable, so a source with keys corrects a record by sending it again in a later
batch. The newest version keeps the record's id; an older one is dropped. A record that comes again
unchanged, as exports of the last thirty days do, changes nothing: its first version stays.
"""

from collections.abc import Sequence

from seedbed.collecting.raw_rows import DROPPED, RawRow
from seedbed.core.reasons import Reason

CAME_AGAIN = Reason.CAME_AGAIN  # an earlier batch of its source has the same row
SUPERSEDED = Reason.SUPERSEDED  # a later batch of its source has this record with other content
VERSIONS = (CAME_AGAIN, SUPERSEDED)


def with_versions(rows: Sequence[RawRow]) -> list[RawRow]:
    """The rows in their order (batch, source, file, line), versions that do not count with their
    reason. A row in quarantine is no version: what stood before it goes on to count."""
    counts: dict[tuple[str, str], int] = {}
    reasons: dict[int, str] = {}
    for place, row in enumerate(rows):
        if not row.key or row.reason not in ("", DROPPED):
            continue
        before = counts.setdefault((row.source, row.key), place)
        if before == place:
            continue
        if _content(rows[before]) == _content(row):
            reasons[place] = CAME_AGAIN
        else:
            reasons[before] = SUPERSEDED
            counts[(row.source, row.key)] = place
    return [row._replace(reason=reasons.get(place, row.reason)) for place, row in enumerate(rows)]


def _content(row: RawRow) -> tuple:
    """What makes a version another one. Not the date, which may be that of the batch."""
    return row.text, row.text_pair, row.label, row.group, row.split, row.meta, row.reason
