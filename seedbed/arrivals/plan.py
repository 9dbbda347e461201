"""What adding a batch would do: read, checked and rehearsed, with nothing changed."""

from typing import Any, NamedTuple

from seedbed.arrivals.contents import Asked, check_labels, with_unknown
from seedbed.arrivals.entry import as_source, entry_for
from seedbed.arrivals.rehearsal import Rehearsal, rehearse
from seedbed.arrivals.standing import Changes, Standing, changes, read_standing
from seedbed.collecting.collection import CollectParams, read_all, read_entries, read_sources
from seedbed.collecting.source import Source
from seedbed.core.errors import ArrivalError
from seedbed.core.keys import load_key
from seedbed.core.params import read_params

SHOWN = 10


class Plan(NamedTuple):
    """A batch as it would be added, what became of its rows, and what it was compared with."""

    entry: dict[str, Any]
    source: Source
    rehearsal: Rehearsal
    standing: Standing
    changes: Changes
    known: set[str]  # names of the sources that are there
    waiting: list[str]  # batches that are registered, and that no run has read yet


def plan(asked: Asked, today: str) -> Plan:
    """Look at a batch and rehearse it. Raises ArrivalError where it cannot be added as it is, and
    what the readers and the stages raise. `today`: YYYY-MM-DD, for the name of the batch."""
    # The first source of all has none before it, which a run would not take.
    sources = read_sources() if read_entries() else []
    standing = read_standing()
    _check_is_new(asked, standing)
    entry = entry_for(asked, sources, today)
    source = as_source(entry, asked.path)
    _check_keys_go_on(source, sources)
    params = read_params("collect", CollectParams)
    here = source.model_copy(update={"path": asked.path})
    rows, _ = read_all([here], params.model_copy(update={"labels": []}))
    rows = with_unknown(rows, params.labels)
    negative = read_params("negatives.label", str)
    check_labels(rows, standing, asked, params.labels, negative)
    key = load_key(read_params("anonymize.key_fingerprint", str))
    found = rehearse(rows, source, standing, key)
    _check_quarantine(found, standing, params.max_quarantine_share)
    if not any(row.reason == "" for row in rows):
        raise ArrivalError(asked.path, "no usable row", "at least one", "correct the file")
    waiting = sorted({one.batch for one in sources} - set(standing.batches))
    return Plan(
        entry,
        source,
        found,
        standing,
        changes(found.placed, standing),
        {one.name for one in sources},
        waiting if standing.batches else [],
    )


def _check_is_new(asked: Asked, standing: Standing) -> None:
    if asked.batch in standing.batches:
        raise ArrivalError(
            f"batch {asked.batch}", "it is in the last dataset already",
            "a name of its own, since a batch never changes", "name another `--batch`",
        )  # fmt: skip


def _check_keys_go_on(source: Source, sources: list[Source]) -> None:
    """Rows keep their ids over batches by key: a batch without keys would bring each of them as a
    new row."""
    keyed = [one for one in sources if one.name == source.name and one.columns.id]
    if keyed and not source.columns.id:
        raise ArrivalError(
            f"source {source.name}",
            f"its batch {keyed[-1].batch} has keys, `{keyed[-1].columns.id}`, and this one none",
            "the column that has them, so that a row keeps its id",
            "say which with `--id-column NAME`, or give the file a `--source` of its own",
        )


def _check_quarantine(found: Rehearsal, standing: Standing, max_share: float) -> None:
    """Raise ArrivalError where collect would refuse its sources with this one among them."""
    bad = len(found.quarantined) + standing.quarantined
    read = len(found.read) + standing.read
    if not found.quarantined or bad <= max_share * read:
        return
    first = "".join(f"\n  {row.file}:{row.line} {row.reason}" for row in found.quarantined[:SHOWN])
    raise ArrivalError(
        found.quarantined[0].file,
        f"{len(found.quarantined):,} of its {len(found.read):,} rows cannot be used, {bad:,} of "
        f"{read:,} with the rows of the dataset; the first of them:{first}\n",
        f"at most collect.max_quarantine_share, {max_share:.2%}",
        "correct the rows and add the file again",
    )
