"""The life of one row through all stages, in plain words; never its text.

The files in git tell where it was dropped, why, and what people decided. Where the data folders
are there, they add where it came from, what changed, its fold and the rows made of it.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seedbed.core.errors import RowsError
from seedbed.core.reasons import in_words
from seedbed.core.stage import ROW_STAGES
from seedbed.core.texts import columns_of
from seedbed.pages.document import listed
from seedbed.tasks import Task
from seedbed.versions.revisions import Files, cells
from seedbed.versions.row_changes import fate_in_words, noun_of
from seedbed.versions.row_records import Records, read_records

SHOWN = 10
MIN_PREFIX = 6
UNLABELLED = "no label"
ELSEWHERE = (
    "look ids up in data/manifest/ and data/ledger/; a row that could not be read has none and is "
    "in data/quarantine.csv; of another version, ask with `--rev`"
)
WIDTH = max(map(len, ROW_STAGES)) + 2


def explain(row: str, revision: str = "") -> list[str]:
    """The lines to print on the row whose id is, or begins with, `row`.

    `revision`: what git calls a commit; "" means the workspace. Raises RowsError for an unknown
    row, RevisionError for an unknown revision.
    """
    place = revision or "workspace"
    records = read_records(Files(revision))
    files = [] if revision else [*_parquet_files("collect"), *_parquet_files("augment")]
    data = {one for (one,) in cells(files, ["id"])}
    row_id = _whole_id(row, records.ids | data, place)
    found, made = _in_data(row_id) if data else ({}, [])
    if not (records.counts or found or row_id in records.ids):
        raise RowsError(place, "no stage has run", "a run", "run `dvc repro`")
    header = [f"Row {row_id}, {f'revision {revision}' if revision else place}", ""]
    lines = [*header, *_stages(row_id, records, found, made)]
    if caused := sorted(one for one, fate in records.drops.items() if fate.cause == row_id):
        lines += ["", f"Dropped because of it: {len(caused)} rows: {listed(caused, SHOWN)}"]
    lines += _judged(row_id, records)
    if not data:
        lines += ["", f"This is what git holds{'' if revision else '; `dvc pull` gives more'}."]
    return lines


def _whole_id(prefix: str, known: set[str], place: str) -> str:
    """The one row id that begins with `prefix`, at least six characters.

    Raises RowsError where there is none, or more than one.
    """
    if prefix in known:
        return prefix
    found = sorted(one for one in known if len(prefix) >= MIN_PREFIX and one.startswith(prefix))
    # A made row has the id of its parent and a mark after it; a prefix of both means the parent.
    found = [one for one in found if "-" in prefix or "-" not in one]
    if len(found) == 1:
        return found[0]
    step = "give more of the id"
    if len(prefix) < MIN_PREFIX:
        wrong = f"{len(prefix)} characters"
    elif found:
        wrong = f"{len(found)} rows begin so"
    else:
        wrong, step = "no row has this id", ELSEWHERE
    raise RowsError(
        f"{place}: row `{prefix}`", wrong, f"a row id, or {MIN_PREFIX} or more of its digits", step
    )


def _in_one_line(row_id: str, records: Records) -> str:
    """A row's life in short."""
    if row_id in records.drops:
        return f"row {row_id} was dropped by {fate_in_words(records.drops[row_id])}"
    if row_id in records.manifest:
        placed = records.manifest[row_id]
        label = records.task.shown(placed.label)
        return f"row {row_id} was kept: {label}, {placed.split}, batch {placed.batch}"
    return f"row {row_id} is not in this version"


def _stages(
    row_id: str, records: Records, found: dict[str, dict[str, Any]], made: list[str]
) -> list[str]:
    parent, mark = row_id.split("-")[0], "-" in row_id
    stages = ROW_STAGES[ROW_STAGES.index("augment") :] if mark else ROW_STAGES
    lines = [f"Made of a row: {_in_one_line(parent, records)}.", ""] if mark else []
    drop = records.drops.get(row_id)
    if not (drop or found or parent in records.manifest):
        return [*lines, "No stage of this version kept or dropped it: it is gone, or never came."]
    before: dict[str, Any] = {}
    for stage in stages:
        if stage not in records.counts:
            lines.append(f"{stage:<{WIDTH}}has not run")
            continue
        if drop and stage == drop.stage:
            lines.append(f"{stage:<{WIDTH}}DROPPED: {in_words(drop.reason)}")
            if drop.cause:
                lines.append(f"{'':<{WIDTH}}its cause: {_in_one_line(drop.cause, records)}")
            return lines
        now = found.get(stage, {})
        counts = records.counts[stage]
        done = "made" if mark and stage == "augment" else "kept"
        words = [done, *(_told(records.task, stage, now, before or now) if now else [])]
        if stage == "split" and row_id in records.manifest:
            placed = records.manifest[row_id]
            words.append(f"in {placed.split}{' (frozen)' if row_id in records.frozen else ''}")
            words += (
                []
                if now
                else [
                    f"{noun_of(records.task)} {records.task.shown(placed.label)}",
                    f"batch {placed.batch}",
                ]
            )
        if stage == "augment" and made:
            words.append(f"{len(made)} rows made of it: {listed(made, SHOWN)}")
        of_all = f"{counts.kept:,} of {counts.read + counts.made:,} rows were"
        lines.append(f"{stage:<{WIDTH}}{'; '.join(words)} ({of_all})")
        before = now or before
    return lines


def _told(task: Task, stage: str, now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Return what the data have of the row in this stage, against the one before."""
    if stage == "collect":
        from_ = json.loads(now["provenance"])
        return [
            f"from {from_.get('file')}:{from_.get('line')}",
            f"source {now['source']}, batch {now['batch']}, date {now['date'] or 'unknown'}",
            f"licence {from_.get('licence')}",
            f"sha256 of the file {str(from_.get('sha256'))[:12]}",
            f"{noun_of(task)} {task.shown(now['label'])}" if now["label"] else UNLABELLED,
        ]
    words = []
    changed = [name for name in columns_of(now) if now[name] != before.get(name, "")]
    if changed:
        # Of a conversation which part of it; elsewhere a text is a text.
        words.append(f"{' and '.join(changed) if 'answer' in now else 'text'} changed")
    if now["label"] != before["label"]:
        words.append(f"{noun_of(task)} {_changed(task, before['label'], now['label'])}")
    if now["weight"] != before["weight"]:
        words.append(f"weight {before['weight']:g} -> {now['weight']:g}")
    if stage == "split":
        words.append(f"fold {now['fold']}" if now["fold"] >= 0 else "in no fold")
        words += [f"group {now['group']}"] if now["group"] else []
    return words


def _changed(task: Task, before: str, after: str) -> str:
    """Two labels, and what was added and taken."""
    change = task.difference(before, after)
    return f"{task.shown(before)} -> {task.shown(after)}" + (f" ({change})" if change else "")


def _judged(row_id: str, records: Records) -> list[str]:
    """Suspicion, decisions, tombstone."""
    lines, shown = [], records.task.shown
    if row_id in records.suspects:
        suspect = records.suspects[row_id]
        near = ", ".join(suspect.get("nearest", "").split())
        label, suggested = (shown(suspect[name]) for name in ("label", "suggested"))
        change = records.task.difference(suspect["label"], suspect["suggested"])
        nearest = f" with {change or suggested}" if change or suggested else ""
        of_answers = noun_of(records.task) != "label"
        doubt = f"{label} is suspected, {suggested} suggested{f' ({change})' if change else ''}"
        lines.append(
            f"Suspect: {'its answer is suspected' if of_answers else doubt}; "
            f"{'' if of_answers else 'label '}quality score {suspect['score']} (low is "
            f"suspicious); {in_words(suspect['reason'])}; "
            f"policy {records.figures['find_label_errors'].policy or 'unknown'}"
            + (f"; nearest rows{nearest}: {near}" if near else "")
        )
    placed = records.manifest.get(row_id)
    for decision in records.decisions.get(row_id, []):
        void = placed is not None and placed.digest != decision.digest
        lines.append(
            f"Decision: {shown(decision.given)} -> {shown(decision.decided)}, by {decision.who}, "
            f"{decision.when}"
            + (f", {decision.note}" if decision.note else "")
            + ("; void, since the text has changed" if void else "")
        )
    if row_id in records.tombstones:
        lines.append("Tombstone: it was forgotten on request; collect drops it if it comes again")
    return ["", *lines] if lines else []


def _parquet_files(stage: str) -> list[Path]:
    return sorted(Path("data", stage).glob("*.parquet"))


def _in_data(row_id: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The row as each stage left it, where its folder is there; the rows made of it."""
    found = {
        stage: row
        for stage in ROW_STAGES
        for file in _parquet_files(stage)
        for row in pq.read_table(file, filters=[("id", "==", row_id)]).to_pylist()
    }
    made = cells(_parquet_files("augment"), ["id"], ("parent", "==", row_id))
    return found, sorted(row for (row,) in made)
