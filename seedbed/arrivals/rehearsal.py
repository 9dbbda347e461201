"""Run the first stages on the rows of a new batch and those of the dataset, and write nothing.

What collect, clean, anonymize, deduplicate and split will do comes from their own functions, so
that the plan shows what a run will do. Without the data only copies of rows in git are detected.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from seedbed.arrivals.standing import Standing
from seedbed.collecting.collection import contract_rows, drop_of, read_entries
from seedbed.collecting.raw_rows import (
    CHOSEN,
    RawRow,
    digest_of,
    record_id,
    without_forgotten,
)
from seedbed.collecting.source import Source
from seedbed.core.keys import keyed_hash
from seedbed.core.ledger import Drop
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import DEFAULTS
from seedbed.splitting.deduplication import DeduplicateParams, deduplicate
from seedbed.splitting.frozen_test import check_frozen
from seedbed.splitting.sides import SideParams, assign_sides
from seedbed.splitting.splits import SplitParams, split_rows, without_unlabelled


class Rehearsal(NamedTuple):
    """What becomes of the rows of a batch. Every row read is in quarantine, dropped, without a
    label, or placed."""

    read: list[RawRow]
    quarantined: list[RawRow]
    drops: list[Drop]  # of its own rows, from collect to split
    replaced: list[str]  # records that are there, and that it has with other content
    placed: pd.DataFrame  # its rows that would stay, on their sides, texts as models see them
    lost: list[Drop]  # rows that are there, and that would go because of it
    personal: dict[str, Any]  # values replaced by kind, and rows touched


def rehearse(rows: Sequence[RawRow], source: Source, standing: Standing, key: bytes) -> Rehearsal:
    """Run the first stages on `rows`, as they were read. Raises what the stages raise."""
    ids = _ids(rows, standing, key)
    marked = _versions(rows, ids, standing, key)
    marked = without_forgotten(marked, ids, standing.tombstones, key)
    named = list(zip(marked, ids, strict=True))
    drops = [drop_of(row, row_id, key) for row, row_id in named if row.reason in CHOSEN]
    usable = [(row, row_id, source) for row, row_id in named if not row.reason]
    replaced = sorted({row_id for _, row_id, _ in usable} & set(standing.contents))
    quarantined = [row for row in marked if row.reason not in ("", *CHOSEN)]
    if not usable:
        return Rehearsal(list(rows), quarantined, drops, [], _no_rows(), [], {})
    frame = contract_rows(usable, key)
    ready, too, personal = _prepared(frame.assign(**_missing(frame)))
    placed, later, lost = _beside(ready, replaced, standing)
    return Rehearsal(
        list(rows), quarantined, [*drops, *too, *later], replaced, placed, lost, personal
    )


def _ids(rows: Sequence[RawRow], standing: Standing, key: bytes) -> list[str]:
    """The ids that collect will give. A row without a key is named by its text and how many of
    that text there are before it, which the ids that are taken tell."""
    seen: Counter[tuple[str, str]] = Counter()
    ids = []
    for row in rows:
        if row.key:
            ids.append(record_id(row, key))
            continue
        texts = (row.text, row.text_pair)
        while (one := keyed_hash(key, "text", *texts, str(seen[texts]))) in standing.named:
            seen[texts] += 1
        seen[texts] += 1
        ids.append(one)
    return ids


def _versions(
    rows: Sequence[RawRow], ids: Sequence[str], standing: Standing, key: bytes
) -> list[RawRow]:
    """Rows whose record is there with the same content get the reason `came_again`."""
    return [
        row._replace(reason=Reason.CAME_AGAIN)
        if row.key and not row.reason
        and standing.contents.get(row_id) == (digest_of(row, key), row.label)
        else row
        for row, row_id in zip(rows, ids, strict=True)
    ]  # fmt: skip


def _prepared(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Drop], dict[str, Any]]:
    """Clean texts and replace personal values: the rows, what clean drops, what was replaced.

    The memo keeps the results, so that the run that follows need not compute them again.
    """
    from seedbed.cleaning.rows import CleanParams, clean_rows, settings_of
    from seedbed.private.anonymized_rows import anonymize_rows
    from seedbed.private.settings import AnonymizeParams

    params = read_params("anonymize", AnonymizeParams)
    cleaned = clean_rows(frame, settings_of(read_params("clean", CleanParams)))
    after, replaced = anonymize_rows(cleaned.kept, params, _key(params))
    return after, cleaned.drops, replaced._asdict()


def _key(params: Any) -> bytes:
    from seedbed.core.keys import load_key

    return load_key(params.key_fingerprint)


def _beside(
    new: pd.DataFrame, replaced: Sequence[str], standing: Standing
) -> tuple[pd.DataFrame, list[Drop], list[Drop]]:
    """The new rows that stay on their sides, drops of new rows, drops of dataset rows."""
    known = _copies_by_digest(new, standing) if standing.rows is None else []
    rows = new[~new["id"].isin({drop.id for drop in known})]
    if standing.rows is not None:
        there = standing.rows[~standing.rows["id"].isin(replaced)]
        rows = pd.concat([there, rows], ignore_index=True)
    if rows.empty:
        return rows, known, []
    way = read_params("split.way", str)
    params = read_params("deduplicate", DeduplicateParams)
    drops, _ = deduplicate(rows, set(standing.frozen), params, way)
    unique = rows[~rows["id"].isin({drop.id for drop in drops})].reset_index(drop=True)
    placed, more = _placed(unique, standing)
    ids = set(new["id"])
    every = [*known, *drops, *more]
    own = [drop for drop in every if drop.id in ids]
    lost = [drop for drop in every if drop.id in standing.kept and drop.id not in ids]
    return placed[placed["id"].isin(ids)], own, lost


def _placed(rows: pd.DataFrame, standing: Standing) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows on their sides as split puts them, and what split drops."""
    if standing.rows is None:
        return _sides_alone(rows, standing), []
    check_frozen(rows, standing.frozen)
    labelled, bare = without_unlabelled(rows)
    placed, drops = split_rows(labelled, standing.frozen, read_params("split", SplitParams))
    return placed, [*drops, *bare]


def _sides_alone(rows: pd.DataFrame, standing: Standing) -> pd.DataFrame:
    """The side of each row, which depends on no other row. Held-out sources must exist."""
    known = {source.name for source in read_entries()}
    names = sorted(known | set(rows["source"]))
    others = pd.DataFrame({"id": [f"source {name}" for name in names], "source": names})
    others = others.assign(group="", split="", date="0001-01-01")
    placed = assign_sides(
        pd.concat([rows, others]), standing.frozen, read_params("split", SideParams)
    )
    return placed[~placed["id"].isin(others["id"])].reset_index(drop=True)


def _copies_by_digest(new: pd.DataFrame, standing: Standing) -> list[Drop]:
    """New rows whose very text is there, by the digests in the manifest."""
    first: dict[str, tuple[str, str]] = {}
    for row, one in sorted(standing.kept.items()):
        first.setdefault(one.digest, (row, one.label))
    drops = []
    for row in new.itertuples():
        there, label = first.get(row.digest, ("", ""))
        if there and there != row.id:
            reason = Reason.EXACT_DUPLICATE if label == row.label else Reason.LABEL_CONFLICT
            drops.append(Drop(row.id, reason, there))
    return drops


def _missing(frame: pd.DataFrame) -> dict[str, Any]:
    return {name: value for name, value in DEFAULTS.items() if name not in frame.columns}


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame({"id": [], "label": [], "split": [], "text": []})
