"""All that `seedbed diff` reports of two versions: rows, params, code, drift, texts.

changes(base: str = "", head: str = "", with_texts: bool = True) -> Changes

reads git and, where they are here, texts; `base` and `head` are what git calls commits, "" the
default: the merge base with the main branch, and the workspace.
"""

from typing import NamedTuple

from seedbed.core.errors import RevisionError
from seedbed.versions.diff_texts import Texts, texts_of
from seedbed.versions.manifest import policy_labels
from seedbed.versions.revisions import Files, VersionTables, base_revision
from seedbed.versions.row_changes import Difference
from seedbed.versions.row_diff import difference
from seedbed.versions.row_records import Records, read_records
from seedbed.versions.run_diff import ParamChange, changed_code, changed_params
from seedbed.versions.version_drift import Drift, drift

NONE = Texts(None, {}, {}, [])
COLLECT = "reports/metrics/collect.json"
INPUTS = ("params.yaml", "dvc.lock", COLLECT)


class Changes(NamedTuple):
    """`base`, `head`: names to show. `code`: changed modules by stage. `texts`: by row id, of
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


class _Side(NamedTuple):
    files: Files
    records: Records
    inputs: dict[str, str]


def changes(base: str = "", head: str = "", with_texts: bool = True) -> Changes:
    """Compare two versions. `with_texts`: join the data where it is here; False: git alone.

    Raises RevisionError where git has no such version, or one that has no manifest though it was
    run; RowsError where a file of either is broken.
    """
    sides = [_side(base or base_revision()), _side(head)]
    old, new = sides
    notes = _notes(old, new)
    if with_texts:
        old, new = _with_policy_labels(old, notes), _with_policy_labels(new, notes)
    rows = difference(old.records, new.records)
    kept = (old.records.manifest, new.records.manifest)
    texts = NONE
    if with_texts:
        texts = texts_of(old.files, new.files, kept, rows)
    params, lock = ([side.inputs.get(name, "") for side in sides] for name in INPUTS[:2])
    collected = [VersionTables(side.inputs, side.files.place).json(COLLECT) for side in sides]
    return Changes(
        _name(base or old.files.commit, old.files, default=not base),
        _name(head, new.files),
        rows,
        changed_params(*params),
        changed_code(*lock),
        drift(old.records, new.records, rows, texts.kept, (collected[0], collected[1])),
        texts.shown,
        texts.shown_before,
        [*notes, *texts.notes],
    )


def _side(revision: str) -> _Side:
    files = Files(revision)
    return _Side(files, read_records(files), files.read_many(INPUTS))


def _with_policy_labels(side: _Side, notes: list[str]) -> _Side:
    found = policy_labels(side.files, side.records.policy, side.records.manifest)
    if found is None:
        notes.append(
            f"Which labels find_label_errors.policy changed in {side.files.revision or 'workspace'}"
            " is unknown: its data is not here (run `dvc pull`)."
        )
    return side._replace(records=side.records._replace(policy_labels=found or {}))


def _name(revision: str, files: Files, default: bool = False) -> str:
    if not files.revision:
        return "workspace"
    short = files.commit[:9]
    if default:
        return f"{short} (where the branch left the main branch)"
    return short if files.commit.startswith(revision) else f"{revision} ({short})"


def _notes(old: _Side, new: _Side) -> list[str]:
    for side in (old, new):
        ran = "dvc.lock" in side.inputs
        if not side.records.manifest and (ran or side is new):
            raise RevisionError(
                f"{side.files.place or 'workspace:'} data/manifest".replace(": ", ":"),
                "no row: this version is from before there was a manifest" if ran else "no run",
                "what `dvc repro` writes there",
                "run `dvc repro` and commit it, or name another version",
            )
    notes = []
    if not old.records.manifest:
        notes.append("The base has no run in git, so every row counts as added.")
    if old.files.commit == (new.files.commit or Files("HEAD").commit):
        notes.append(
            "Both are the same commit."
            if new.files.commit
            else "The base is the last commit: "
            "these changes are not committed yet. Name a BASE, such as HEAD~1, for older changes."
        )
    quarantined = [
        one.records.counts.get("collect", {}).get("quarantined", 0) for one in (old, new)
    ]
    if quarantined[0] != quarantined[1]:
        notes.append(
            f"Rows in quarantine: {quarantined[0]:,} → {quarantined[1]:,}; data/quarantine.csv "
            "says why."
        )
    return notes
