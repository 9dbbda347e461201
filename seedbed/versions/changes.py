"""All that `seedbed diff` reports of two versions: rows, params, code, drift, texts.

`changes` reads git and, where they are here, texts; `base` and `head` are what git calls commits,
"" the default: the merge base with the main branch, and the workspace. `as_json` writes it all.
"""

import json
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import BaseModel

from seedbed.core.errors import ParamsError, RevisionError
from seedbed.core.files import parse_yaml, rounded
from seedbed.pages.document import for_json
from seedbed.pipeline.code_deps import is_code
from seedbed.pipeline.dvc import LOCK, parse_lock
from seedbed.tasks import Task
from seedbed.versions.diff_texts import Drift, Texts, drift_of, texts_of
from seedbed.versions.revisions import Files, base_revision, cells
from seedbed.versions.row_changes import Difference, Relabelled
from seedbed.versions.row_diff import difference
from seedbed.versions.row_records import PARAMS, KnownRows, Records, read_records


class ParamChange(NamedTuple):
    """A value of params.yaml: section.key, an entry of a list by its `name`. None: missing."""

    key: str
    before: Any
    after: Any


class Changes(NamedTuple):
    """`base`, `head`: names to show. `task`: of head; `task_change`: in words, "" where it is that
    of base. `code`: changed modules by stage. `texts`: by row id, of
    sources with `show_text: true` alone; `texts_before`: of edited rows. `notes`: what a reader
    must know of how this was made."""

    base: str
    head: str
    rows: Difference
    params: list[ParamChange]
    code: dict[str, list[str]]
    drift: Drift
    texts: dict[str, str]
    texts_before: dict[str, str]
    notes: list[str]
    task: Task
    task_change: str

    @property
    def alarms(self) -> list[str]:
        """What must not be, or cannot be compared, in words; empty where all is well."""
        return [*filter(None, [self.task_change]), *self.rows.alarms]


def changes(base: str = "", head: str = "", with_texts: bool = True) -> Changes:
    """Compare two versions. `with_texts`: join the data where it is here; False: git alone.

    Raises RevisionError where git has no such version, or one that has no manifest though it was
    run; RowsError where a file of either is broken.
    """
    old, new = (read_records(Files(name)) for name in (base or base_revision(), head))
    notes = _notes(old, new)
    if with_texts:
        old, new = (_with_policy_labels(one, notes) for one in (old, new))
    rows = difference(old, new)
    texts = texts_of(old, new, rows) if with_texts else Texts()
    params, lock = ([one.files.read(name) or "" for one in (old, new)] for name in (PARAMS, LOCK))
    return Changes(
        _name(base or old.files.commit, old.files, default=not base),
        _name(head, new.files),
        rows,
        _changed_params(*params),
        _changed_code(*lock),
        drift_of(old, new, rows, texts),
        texts.shown,
        texts.shown_before,
        [*notes, *texts.notes],
        new.task,
        _task_change(old, new),
    )


def _task_change(old: Records, new: Records) -> str:
    if old.task.NAME == new.task.NAME or not old.manifest:
        return ""
    return (
        f"the task has changed, {old.task.NAME} → {new.task.NAME}: labels of one are written "
        "otherwise than those of the other, so relabelled rows say nothing of what people meant"
    )


def _with_policy_labels(records: Records, notes: list[str]) -> Records:
    """With the labels that `find_label_errors.policy: relabel` gave to kept rows, out of the data:
    git does not hold them."""
    if records.figures["find_label_errors"].policy != "relabel":
        return records
    paths = records.files.parquet("find_label_errors")
    if not paths:
        place = records.files.revision or "workspace"
        notes.append(
            f"Which labels find_label_errors.policy changed in {place} is unknown: its data is not "
            "here (run `dvc pull`)."
        )
    kept = records.manifest
    labels = ((row, label) for row, label in cells(paths, ["id", "label"]) if row in kept)
    found = {row: label for row, label in labels if label != kept[row].label}
    return replace(records, policy_labels=found)


def _name(revision: str, files: Files, default: bool = False) -> str:
    if not files.revision:
        return "workspace"
    short = files.commit[:9]
    if default:
        return f"{short} (where the branch left the main branch)"
    return short if files.commit.startswith(revision) else f"{revision} ({short})"


def _notes(old: Records, new: Records) -> list[str]:
    for one in (old, new):
        ran = one.files.read(LOCK) is not None
        if not one.manifest and (ran or one is new):
            raise RevisionError(
                f"{one.files.place or 'workspace:'}data/manifest",
                "no row: this version is from before there was a manifest" if ran else "no run",
                "what `dvc repro` writes there",
                "run `dvc repro` and commit it, or name another version",
            )
    notes = []
    if not old.manifest:
        notes.append("The base has no run in git, so every row counts as added.")
    if old.files.commit == (new.files.commit or Files("HEAD").commit):
        notes.append(
            "Both are the same commit."
            if new.files.commit
            else "The base is the last commit: "
            "these changes are not committed yet. Name a BASE, such as HEAD~1, for older changes."
        )
    before, after = (one.counts.get("collect", KnownRows()).quarantined for one in (old, new))
    if before != after:
        notes.append(f"Rows in quarantine: {before:,} → {after:,}; data/quarantine.csv says why.")
    return notes


def _changed_params(base: str, head: str) -> list[ParamChange]:
    """Return every value that differs, in the order of head's file, then of base's.

    Raises ParamsError if one is not YAML.
    """
    if base == head:
        return []
    before, after = (_flat(parse_yaml(text, PARAMS, ParamsError) or {}) for text in (base, head))
    found = (ParamChange(key, before.get(key), after.get(key)) for key in {**after, **before})
    return [one for one in found if one.before != one.after]


def _changed_code(base: str, head: str) -> dict[str, list[str]]:
    """Return by stage, in the order of head's dvc.lock, the code whose content differs.

    dvc.lock records what each stage ran: it is the run that made the data. A stage that only one
    side has run is left out: there is nothing to compare.
    """
    if base == head:
        return {}
    before, after = parse_lock(base), parse_lock(head)
    code = {}
    for stage in filter(before.get, after):
        differ = {path for path, _ in before[stage].deps.items() ^ after[stage].deps.items()}
        if paths := sorted(filter(is_code, differ)):
            code[stage] = paths
    return code


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested sections as one dict, section.key by section.key; named entries by their name."""
    if isinstance(value, list) and all(isinstance(one, dict) and one.get("name") for one in value):
        value = {str(entry["name"]): entry for entry in value} or value
    if isinstance(value, dict) and value:
        parts = [
            _flat(inner, f"{key}.{name}" if key else str(name)) for name, inner in value.items()
        ]
        return {name: inner for part in parts for name, inner in part.items()}
    return {key: value}


def as_json(changes: Changes, rows: int | None = None) -> str:
    """Everything, in lists sorted by row id.

    `rows`: entries of each list at most; `left_out` counts the others.
    """
    found = changes.rows
    lists = {name: part for name, part in found._asdict().items() if isinstance(part, list)}
    content = {
        "base": changes.base,
        "head": changes.head,
        "alarms": changes.alarms,
        "notes": changes.notes,
        "counts": {name: len(part) for name, part in lists.items()},
        "rows": {label: _pairs(by_side) for label, by_side in found.rows.items()},
        "batches": _pairs(found.batches),
        "stages": _pairs(found.stages),
        "params": _plain(changes.params),
        "code": changes.code,
        "drift": _plain(changes.drift),
        "changes": {
            name: [_with_more(one, changes) for one in part[:rows]] for name, part in lists.items()
        },
        "left_out": {
            name: len(part) - rows
            for name, part in lists.items()
            if rows is not None and len(part) > rows
        },
    }
    return for_json(json.dumps(rounded(content), indent=2, ensure_ascii=False)) + "\n"


def _pairs(numbers: dict[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    return {
        name: dict(zip(("before", "after"), pair, strict=True)) for name, pair in numbers.items()
    }


def _plain(value: Any) -> Any:
    """Named tuples as dicts, all the way down."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _with_more(one: Any, changes: Changes) -> Any:
    """An entry with its texts, and the labels added to and taken from a relabelled row."""
    entry = _plain(one)
    if isinstance(one, Relabelled) and (change := changes.task.difference(one.before, one.after)):
        entry["change"] = change
    if isinstance(entry, dict):
        for key, texts in (("text", changes.texts), ("text_before", changes.texts_before)):
            if entry["id"] in texts:
                entry[key] = texts[entry["id"]]
    return entry
