"""What adding a batch would do: read, checked, rehearsed and compared with the dataset as recorded
in git, with nothing changed.

What collect, clean, anonymize, deduplicate and split will do with the rows of the batch and those
of the dataset comes from their own functions, so that the plan shows what a run will do. Without
the data only copies of rows in git are detected.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from seedbed.arrivals.date_column import CHANGE
from seedbed.arrivals.entry import Asked, Entry, as_source, check_labels, entry_for, unused_options
from seedbed.collecting import collection, contract, raw_rows
from seedbed.collecting.joining import joined
from seedbed.collecting.source import Source
from seedbed.core.errors import SeedbedError
from seedbed.core.files import load_key, read_csv, read_json
from seedbed.core.labels import Unused, alike
from seedbed.core.metrics import METRICS, Drop
from seedbed.core.params import read_params
from seedbed.core.reasons import Reason
from seedbed.core.rows import APPLY_DECISIONS, COLLECT, COLUMNS, DEFAULTS, QUARANTINE, read_rows
from seedbed.scoring import drift
from seedbed.splitting.deduplication import DeduplicateParams, NearConflict, deduplicate
from seedbed.splitting.sides import SideParams, assign_sides, check_frozen, read_frozen
from seedbed.splitting.splits import SplitParams, split_rows, without_unlabelled
from seedbed.tasks import Task
from seedbed.tasks.counting import strata
from seedbed.tasks.named import read_task
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import Placed, read_records

SHOWN = 10
SIGNS = "`--separator`, `--quote` and `--escape` set how its lines are read"
# By reason: what may be wrong is not the row, but how it is read.
OPTIONS: dict[str, str] = {
    Reason.BAD_DATE: CHANGE,
    Reason.BAD_QUOTES: SIGNS,
    Reason.WRONG_COLUMN_COUNT: SIGNS,
    Reason.BAD_ENCODING: "`--encoding` names the encoding of the files",
}


class Standing(NamedTuple):
    """The last dataset. `rows` and `contents` need the data; without it they are None, or of the
    kept rows alone."""

    kept: dict[str, Placed]  # the manifest, by id
    named: frozenset[str]  # every id that git knows, dropped rows too
    contents: dict[str, tuple[str, str]]  # digest and label by id, as the source gave them
    rows: pd.DataFrame | None  # as deduplicate read them
    classes: Counter[str]  # kept rows by class, as `Task.strata` counts them
    batches: Counter[str]  # rows by batch, as collect kept them
    read: int  # rows that collect read, and of these
    quarantined: int
    frozen: dict[str, str]
    tombstones: frozenset[str]
    gone: list[str]  # sources of the last dataset that params.yaml no longer names


def read_standing(sources: Sequence[Source], task: Task) -> Standing:
    """The last dataset in this folder as far as the next run will have it: without the batches that
    `sources` no longer name. Empty where none was made yet."""
    records, entries = read_records(Files()), {(one.name, one.batch) for one in sources}
    batches = {batch for _, batch in entries}
    gone = {row for row, one in records.manifest.items() if one.batch not in batches}
    contents = {row: (one.digest, one.label) for row, one in records.manifest.items()}
    if any(COLLECT.glob("*.parquet")):
        raw = read_rows(COLLECT)
        pairs = zip(raw["digest"], raw["label"], strict=True)
        contents |= dict(zip(raw["id"], pairs, strict=True))
        origins = zip(raw["id"], raw["source"], raw["batch"], strict=True)
        gone |= {row for row, *origin in origins if tuple(origin) not in entries}
    kept = {row: one for row, one in records.manifest.items() if row not in gone}
    metrics = METRICS / "collect.json"
    collected = read_json(metrics) if metrics.exists() else {"rows": {}}
    by_batch = collected.get("by_batch", {})
    rows = read_rows(APPLY_DECISIONS) if any(APPLY_DECISIONS.glob("*.parquet")) else None
    if rows is not None:
        rows = rows[~rows["id"].isin(gone)].reset_index(drop=True)
    names = {source.name for source in sources}
    quarantine = read_csv(QUARANTINE, COLUMNS[QUARANTINE]) if QUARANTINE.exists() else []
    bad = sum(line["source"] in names for line in quarantine)
    left = sum(n for batch, n in by_batch.items() if batch not in batches)
    left += len(quarantine) - bad
    return Standing(
        kept=kept,
        named=frozenset(records.ids - gone) if batches & set(by_batch) else frozenset(),
        contents={row: content for row, content in contents.items() if row not in gone},
        rows=None if rows is None or rows.empty else rows,
        classes=Counter(name for one in kept.values() for name in task.strata(one.label)),
        batches=Counter({batch: n for batch, n in by_batch.items() if batch in batches}),
        read=max(0, collected["rows"].get("read", 0) - left),
        quarantined=bad,
        frozen=read_frozen(),
        tombstones=raw_rows.read_tombstones(),
        gone=[name for name in collected.get("by_source", {}) if name not in names],
    )


class Changes(NamedTuple):
    """By what was compared, as far as it could be: without the data only labels can. `shifts`:
    population stability index, and what chance alone stays below in 95 of 100 draws."""

    shifts: dict[str, tuple[float, float]]
    words: float | None = None  # Jensen-Shannon divergence of the vocabularies, in bits
    told_apart: drift.TwoSample | None = None


class Rehearsal(NamedTuple):
    """What becomes of the rows of a batch. Every row read is in quarantine, dropped, without a
    label, or placed."""

    read: list[raw_rows.RawRow]
    quarantined: list[raw_rows.RawRow]
    drops: list[Drop]  # of its own rows, from collect to split
    replaced: list[str]  # records that are there, and that it has with other content
    placed: pd.DataFrame  # its rows that would stay, on their sides, texts as models see them
    lost: list[Drop]  # rows that are there, and that would go because of it
    personal: dict[str, int]  # values replaced, by kind
    rows_touched: int = 0  # rows in which some were
    conflicts: Sequence[NearConflict] = ()  # kept near copies with two labels, one of them its row


class Plan(NamedTuple):
    """A batch as it would be added, what became of its rows, and what it was compared with."""

    entry: Entry
    source: Source
    rehearsal: Rehearsal
    standing: Standing
    changes: Changes
    known: set[str]  # names of the sources that are there
    waiting: list[str]  # batches that are registered, and that no run has read yet
    notes: list[str]  # how guesses were made, and how to change them
    alike: dict[str, str]  # labels of the batch that differ from others in form alone, and those
    unused: Unused  # options of the command, and params, that match nothing
    task: Task


def plan(asked: Asked, today: str) -> Plan:
    """Look at a batch and rehearse it. Raises SeedbedError where it cannot be added as it is, and
    what the readers and the stages raise. `today`: YYYY-MM-DD, for the name of the batch."""
    # The first source of all has none before it, which a run would not take.
    sources = collection.read_sources() if collection.read_entries() else []
    task = read_task()
    standing = read_standing(sources, task)
    if asked.batch in standing.batches:
        raise SeedbedError(
            f"batch {asked.batch}",
            "it is in the last dataset already",
            "a name of its own, since a batch never changes",
            "name another `--batch`",
        )
    from seedbed.private.published import check_published

    entry, notes, form = entry_for(asked, sources, today, task)
    source = as_source(entry, asked.path)
    _check_keys_go_on(source, sources)
    params = read_params("collect", collection.CollectParams)
    read_as = {"path": asked.path, "outside": True, **(form._asdict() if form else {})}
    here = source.model_copy(update=read_as)
    rows, _, told = collection.read_all(
        [here], params.model_copy(update={"labels": [], "join_labels": False}), task
    )
    check_published(raw_rows.published(rows, [source], params.not_personal, task, asked.path))
    notes = notes if form else [*told, *notes]
    labels = params.labels  # a row of any other gets the reason that collect will give
    # Without the rows of the empty set, which is no label.
    classes = Counter({one: n for one, n in standing.classes.items() if task.members(one)})
    first = labels or ([] if params.join_labels else list(classes))
    usable = (row.label for row in rows if row.label and not row.reason)
    mine = Counter(name for label in usable for name in task.members(label))
    forms = alike(classes + mine, first)
    negative = task.negative(*(read_params(f"negatives.{key}", str) for key in ("label", "as")))
    unused = unused_options(rows, asked, {*classes, *mine, negative}, task)
    if params.join_labels:
        rows, there = joined(rows, forms, [], task), classes
        classes = Counter()
        for label, number in there.items():
            classes[forms.get(label, label)] += number
    unknown = (bool(labels) and not set(task.members(row.label)) <= set(labels) for row in rows)
    rows = raw_rows.with_reason(rows, Reason.UNKNOWN_LABEL, unknown)
    if task.TARGET == "label":  # a category of answers is no decision for everyone
        check_labels(rows, classes, asked, labels, negative, task)
    key = load_key(read_params("anonymize.key_fingerprint", str))
    found = rehearse(rows, source, standing, key, task)
    _check_quarantine(found, standing, params.max_quarantine_share)
    if not any(row.reason == "" for row in rows):
        raise SeedbedError(asked.path, "no usable row", "at least one", "correct the file")
    known, batches = {one.name for one in sources}, {one.batch for one in sources}
    waiting = sorted(batches - set(standing.batches)) if standing.batches else []
    shift = changes(found.placed, standing, task)
    forms = {old: new for old, new in forms.items() if mine[old]}
    return Plan(entry, source, found, standing, shift, known, waiting, notes, forms, unused, task)


def _check_keys_go_on(source: Source, sources: list[Source]) -> None:
    """Rows keep their ids over batches by key: a batch without keys would bring each of them as a
    new row."""
    keyed = [one for one in sources if one.name == source.name and one.columns.id]
    if keyed and not source.columns.id:
        raise SeedbedError(
            f"source {source.name}",
            f"its batch {keyed[-1].batch} has keys, `{keyed[-1].columns.id}`, and this one none",
            "the column that has them, so that a row keeps its id",
            "say which with `--id-column NAME`, or give the file a `--source` of its own",
        )


def _check_quarantine(found: Rehearsal, standing: Standing, max_share: float) -> None:
    """Raise SeedbedError where collect would refuse its sources with this one among them."""
    bad = len(found.quarantined) + standing.quarantined
    read = len(found.read) + standing.read
    if not found.quarantined or bad <= max_share * read:
        return
    first = "".join(f"\n  {row.file}:{row.line} {row.reason}" for row in found.quarantined[:SHOWN])
    step = "; ".join(["correct the rows and add the file again", *options_for(found.quarantined)])
    raise SeedbedError(
        found.quarantined[0].file,
        f"{len(found.quarantined):,} of its {len(found.read):,} rows cannot be used, {bad:,} of "
        f"{read:,} with the rows of the dataset; the first of them:{first}\n",
        f"at most collect.max_quarantine_share, {max_share:.2%}",
        step,
    )


def options_for(rows: Sequence[raw_rows.RawRow]) -> list[str]:
    """The options that may make rows in quarantine readable."""
    counts = Counter(row.reason for row in rows)
    return [
        f"for {counts[one]:,} {one}: {option}" for one, option in OPTIONS.items() if counts[one]
    ]


def rehearse(
    rows: Sequence[raw_rows.RawRow], source: Source, standing: Standing, key: bytes, task: Task
) -> Rehearsal:
    """Run the first stages on `rows`, as they were read. Raises what the stages raise."""
    from seedbed.cleaning.rows import clean_rows
    from seedbed.cleaning.rules import CleanParams
    from seedbed.private.kinds import AnonymizeParams
    from seedbed.private.rows import anonymize_rows

    named = raw_rows.identified(rows, key, standing.named)
    again = (
        bool(row.key) and standing.contents.get(row.id) == (row.digest, row.label) for row in named
    )
    marked = raw_rows.with_reason(named, Reason.CAME_AGAIN, again)
    marked = raw_rows.without_forgotten(marked, standing.tombstones)
    drops = collection.drops_of(marked, key)
    usable = {row.id for row in marked if not row.reason}
    replaced = sorted(usable & set(standing.contents))
    quarantined = [row for row in marked if row.reason not in ("", *raw_rows.CHOSEN)]
    if not usable:
        return Rehearsal(list(rows), quarantined, drops, [], pd.DataFrame(), [], {})
    frame = contract.contract_rows(marked, [source], key, task)
    missing = {name: value for name, value in DEFAULTS.items() if name not in frame.columns}
    params = read_params("anonymize", AnonymizeParams)
    # The memo keeps the results, so that the run that follows need not compute them again.
    kept, cleaned, _ = clean_rows(frame.assign(**missing), read_params("clean", CleanParams))
    ready, found = anonymize_rows(kept, params, load_key(params.key_fingerprint))
    placed, later, lost, conflicts = _beside(ready, replaced, standing, task)
    drops += [*cleaned, *later]
    personal = (found.replaced_by_kind, found.rows_touched)
    return Rehearsal(list(rows), quarantined, drops, replaced, placed, lost, *personal, conflicts)


def _beside(
    new: pd.DataFrame, replaced: Sequence[str], standing: Standing, task: Task
) -> tuple[pd.DataFrame, list[Drop], list[Drop], list[NearConflict]]:
    """The new rows that stay on their sides, drops of new rows, drops of dataset rows, and the new
    rows' near copies with another label."""
    known = _copies_by_digest(new, standing) if standing.rows is None else []
    rows = new[~new["id"].isin({drop.id for drop in known})]
    if standing.rows is not None:
        there = standing.rows[~standing.rows["id"].isin(replaced)]
        rows = pd.concat([there, rows], ignore_index=True)
    if rows.empty:
        return rows, known, [], []
    way = read_params("split.way", str)
    params = read_params("deduplicate", DeduplicateParams)
    drops, conflicts = deduplicate(rows, set(standing.frozen), params, way)
    unique = rows[~rows["id"].isin({drop.id for drop in drops})].reset_index(drop=True)
    placed, more = _placed(unique, standing, task)
    ids = set(new["id"])
    every = [*known, *drops, *more]
    own = [drop for drop in every if drop.id in ids]
    lost = [drop for drop in every if drop.id in standing.kept and drop.id not in ids]
    conflicts = [pair for pair in conflicts if not ids.isdisjoint((pair.id, pair.other_id))]
    return placed[placed["id"].isin(ids)], own, lost, conflicts


def _placed(rows: pd.DataFrame, standing: Standing, task: Task) -> tuple[pd.DataFrame, list[Drop]]:
    """Rows on their sides as split puts them, and what split drops. Without the data each row gets
    its side alone, which depends on no other row; held-out sources must exist."""
    if standing.rows is not None:
        check_frozen(rows, standing.frozen)
        labelled, bare = without_unlabelled(rows)
        params = read_params("split", SplitParams)
        placed, drops = split_rows(labelled, standing.frozen, params, task)
        return placed, [*drops, *bare]
    names = sorted({source.name for source in collection.read_entries()} | set(rows["source"]))
    others = pd.DataFrame({"id": [f"source {name}" for name in names], "source": names})
    every = pd.concat([rows, others.assign(group="", split="", date="0001-01-01")])
    placed = assign_sides(every, standing.frozen, read_params("split", SideParams))
    return placed[~placed["id"].isin(others["id"])].reset_index(drop=True), []


def _copies_by_digest(new: pd.DataFrame, standing: Standing) -> list[Drop]:
    """New rows whose very text is there, by the digests in the manifest."""
    kept = sorted(standing.kept.items(), reverse=True)  # of copies the first by id counts
    first = {one.digest: (row, one.label) for row, one in kept}
    drops = []
    for row in new.itertuples():
        there, label = first.get(row.digest, ("", ""))
        if there and there != row.id:
            is_copy = label == row.label or "answer" in new  # whose digest is of the answer, too
            reason = Reason.EXACT_DUPLICATE if is_copy else Reason.LABEL_CONFLICT
            drops.append(Drop(row.id, reason, there))
    return drops


def changes(rows: pd.DataFrame, standing: Standing, task: Task) -> Changes:
    """Compare the rows of a batch that would stay with the rows of the dataset, both as models
    see them. Empty if one of them is empty."""
    if rows.empty or not standing.classes:
        return Changes({})
    there: list[str] = []
    if standing.rows is not None:
        there = standing.rows["text"][standing.rows["id"].isin(standing.kept)].tolist()
    texts = (there, rows["text"].tolist())
    shifts = drift.shifts((standing.classes, Counter(strata(rows["label"], task).dropna())), texts)
    if not there:
        return Changes(shifts)
    return Changes(shifts, drift.word_divergence(*texts), drift.two_sample_test(*texts))
