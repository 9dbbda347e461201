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
from seedbed.versions.revisions import Files
from seedbed.versions.row_records import Records, read_records, whole_id

DATA = Path("data")
SHOWN = 10
WIDTH = max(map(len, ROW_STAGES)) + 2


def explain(row: str, revision: str = "") -> list[str]:
    """The lines to print on the row whose id is, or begins with, `row`.

    `revision`: what git calls a commit; "" means the workspace. Raises RowsError for an unknown
    row, RevisionError for an unknown revision.
    """
    place = revision or "workspace"
    records = read_records(Files(revision))
    data = {} if revision else _data_ids()
    row_id = whole_id(row, records.ids | set(data), place)
    if revision or not data:
        found, made = {}, []
    else:
        found, made = _in_data(row_id), _children(row_id)
    if not (records.counts or found or row_id in records.ids):
        raise RowsError(place, "no stage has run", "a run", "run `dvc repro`")
    header = [f"Row {row_id}, {f'revision {revision}' if revision else 'workspace'}", ""]
    lines = [*header, *_stages(row_id, records, found, made), *_caused(row_id, records)]
    lines += [*_judged(row_id, records)]
    if not data:
        lines += ["", f"This is what git holds{'' if revision else '; `dvc pull` gives more'}."]
    return lines


def in_one_line(row_id: str, records: Records) -> str:
    """A row's life in short."""
    if row_id in records.drops:
        stage, drop = records.drops[row_id]
        because = f", because of row {drop.cause}" if drop.cause else ""
        return f"row {row_id} was dropped by {stage}: {in_words(drop.reason)}{because}"
    if row_id in records.manifest:
        placed = records.manifest[row_id]
        return f"row {row_id} was kept: {placed.label}, {placed.split}, batch {placed.batch}"
    return f"row {row_id} is not in this version"


def _stages(
    row_id: str, records: Records, found: dict[str, dict[str, Any]], made: list[str]
) -> list[str]:
    parent, mark = row_id.split("-")[0], "-" in row_id
    stages = ROW_STAGES[ROW_STAGES.index("augment") :] if mark else ROW_STAGES
    lines = [f"Made of a row: {in_one_line(parent, records)}.", ""] if mark else []
    dropped_by, drop = records.drops.get(row_id, ("", None))
    if not (drop or found or parent in records.manifest):
        return [*lines, "No stage of this version kept or dropped it: it is gone, or never came."]
    before: dict[str, Any] = {}
    for stage in stages:
        if stage not in records.counts:
            lines.append(f"{stage:<{WIDTH}}has not run")
            continue
        if drop and stage == dropped_by:
            lines.append(f"{stage:<{WIDTH}}DROPPED: {in_words(drop.reason)}")
            if drop.cause:
                lines.append(f"{'':<{WIDTH}}its cause: {in_one_line(drop.cause, records)}")
            return lines
        now = found.get(stage, {})
        counts = records.counts[stage]
        done = "made" if mark and stage == "augment" else "kept"
        words = [done, *_told(stage, now, before), *_placed(stage, row_id, records, now)]
        if stage == "augment" and made:
            words.append(f"{len(made)} rows made of it: {_some(made)}")
        of_all = f"{counts['kept']:,} of {counts['read'] + counts['made']:,} rows were"
        lines.append(f"{stage:<{WIDTH}}{'; '.join(words)} ({of_all})")
        before = now or before
    return lines


def _told(stage: str, now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Return what the data have of this stage; nothing if they are missing."""
    if not now:
        return []
    if stage == "collect":
        from_ = json.loads(now["provenance"])
        return [
            f"from {from_.get('file')}:{from_.get('line')}",
            f"source {now['source']}, batch {now['batch']}, date {now['date'] or 'unknown'}",
            f"licence {from_.get('licence')}",
            f"sha256 of the file {str(from_.get('sha256'))[:12]}",
            f"label {now['label']}" if now["label"] else "no label",
        ]
    words = []
    if before and (now["text"], now["text_pair"]) != (before["text"], before["text_pair"]):
        words.append("text changed")
    if before and now["label"] != before["label"]:
        words.append(f"label {before['label']} -> {now['label']}")
    if before and now["weight"] != before["weight"]:
        words.append(f"weight {before['weight']:g} -> {now['weight']:g}")
    if stage == "split":
        words.append(f"fold {now['fold']}" if now["fold"] >= 0 else "in no fold")
        words += [f"group {now['group']}"] if now["group"] else []
    return words


def _placed(stage: str, row_id: str, records: Records, now: dict[str, Any]) -> list[str]:
    """Return the split, and, if the data are missing, batch and label from the manifest."""
    if stage != "split" or row_id not in records.manifest:
        return []
    placed = records.manifest[row_id]
    frozen = " (frozen)" if row_id in records.frozen else ""
    side = f"in {placed.split}{frozen}"
    return [side] if now else [side, f"label {placed.label}", f"batch {placed.batch}"]


def _caused(row_id: str, records: Records) -> list[str]:
    ids = sorted(drop.id for _, drop in records.drops.values() if drop.cause == row_id)
    return ["", f"Dropped because of it: {len(ids)} rows: {_some(ids)}"] if ids else []


def _judged(row_id: str, records: Records) -> list[str]:
    """Suspicion, decisions, tombstone."""
    lines = []
    if row_id in records.suspects:
        suspect = records.suspects[row_id]
        near = ", ".join(suspect.get("nearest", "").split())
        lines.append(
            f"Suspect: {suspect['label']} is suspected, {suspect['suggested']} suggested; label "
            f"quality score {suspect['score']} (low is suspicious); {in_words(suspect['reason'])}; "
            f"policy {records.policy or 'unknown'}"
            + (f"; nearest rows with {suspect['suggested']}: {near}" if near else "")
        )
    placed = records.manifest.get(row_id)
    for decision in records.decisions.get(row_id, []):
        void = placed is not None and placed.digest != decision.digest
        lines.append(
            f"Decision: {decision.given} -> {decision.decided}, by {decision.who}, {decision.when}"
            + (f", {decision.note}" if decision.note else "")
            + ("; void, since the text has changed" if void else "")
        )
    if row_id in records.tombstones:
        lines.append("Tombstone: it was forgotten on request; collect drops it if it comes again")
    return ["", *lines] if lines else []


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more


def _parquet_files(stage: str) -> list[Path]:
    return [] if stage == "tokenize" else sorted((DATA / stage).glob("*.parquet"))


def _data_ids() -> dict[str, None]:
    ids: dict[str, None] = {}
    for stage in ("collect", "augment"):
        for file in _parquet_files(stage):
            ids |= dict.fromkeys(pq.read_table(file, columns=["id"])["id"].to_pylist())
    return ids


def _in_data(row_id: str) -> dict[str, dict[str, Any]]:
    """The row as each stage left it, where its folder is there."""
    found = {}
    for stage in ROW_STAGES:
        for file in _parquet_files(stage):
            for row in pq.read_table(file, filters=[("id", "==", row_id)]).to_pylist():
                found[stage] = row
    return found


def _children(row_id: str) -> list[str]:
    files = _parquet_files("augment")
    tables = [
        pq.read_table(one, columns=["id"], filters=[("parent", "==", row_id)]) for one in files
    ]
    return sorted(one for table in tables for one in table["id"].to_pylist())
