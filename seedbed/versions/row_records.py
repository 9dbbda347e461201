"""What git holds of rows: ledgers, manifest, suspects, decisions, frozen test, tombstones."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

from seedbed.core.decisions import Decision, last_lines, parse_decisions
from seedbed.core.errors import ParamsError, RowsError
from seedbed.core.files import parse_yaml
from seedbed.core.metrics import HEADER as LEDGER, Number
from seedbed.core.rows import COLUMNS, MANIFEST, SIDES
from seedbed.core.stage import ROW_STAGES
from seedbed.tasks import FIRST, Task, load
from seedbed.versions.revisions import Files, Known, cells
from seedbed.versions.row_changes import Fate

AFTER_SPLIT = frozenset(ROW_STAGES[ROW_STAGES.index("split") + 1 :])
COUNTS = "data/manifest/counts.csv"
PARAMS = "params.yaml"
SUSPECTS, DECIDED = "reports/suspects.csv", "data/ledger/decided.csv"
SUSPECT_HAS = ("id", "split", "label", "suggested", "score", "reason")  # in all versions
DECIDED_HAS = ("id", "side", "given", "decided")
SINGLE = (
    SUSPECTS,
    DECIDED,
    "data/frozen_test.csv",
    "data/tombstones.csv",
)


class Placed(NamedTuple):
    """A row of the manifest."""

    batch: str
    digest: str
    label: str
    split: str


class KnownRows(Known):
    """The rows of a stage, of its metrics file."""

    read: int = 0
    made: int = 0
    kept: int = 0
    quarantined: int = 0


class KnownStage(Known):
    """The metrics file of a stage that passes rows on; what a single stage has is named so."""

    rows: KnownRows | None = None
    chars_by_class: dict[str, dict[str, Number]] = {}  # collect
    leak_gate: dict[str, int] | None = None  # split
    rows_without_words: int = 0  # split
    policy: str = ""  # find_label_errors
    suspects_by_side: dict[str, int] = {}  # find_label_errors


@dataclass(frozen=True)
class Records:
    """Everything by row id, but `counts`, `figures`, `digests`: rows and metrics by stage, the
    digests of forgotten rows. A stage without counts has not run. `files`: those of its version."""

    files: Files
    drops: dict[str, Fate]
    manifest: dict[str, Placed]
    suspects: dict[str, dict[str, str]]
    decisions: dict[str, list[Decision]]
    frozen: dict[str, str]  # digest
    tombstones: set[str]
    counts: dict[str, KnownRows]
    figures: dict[str, KnownStage]
    decided: dict[str, dict[str, str]]  # what counted of the decisions: side, given, decided
    digests: frozenset[str]  # of tombstones
    policy_labels: dict[str, str]  # what the policy relabelled; only the data has it, not git
    task: Task

    @property
    def ids(self) -> set[str]:
        """Every row that a file in git names."""
        causes = {fate.cause for fate in self.drops.values()} - {""}
        parts = (self.drops, self.manifest, self.suspects, self.decisions)
        return causes.union(*parts, self.frozen, self.tombstones)

    def classes_of(self, label: str) -> tuple[str, ...]:
        """The classes that rows of this label are counted by; of the empty set the label itself."""
        return self.task.members(label) or (label,)

    # The manifest is the truth where a stale ledger says other. Made rows are no rows of git.
    @cached_property
    def dropped(self) -> dict[str, Fate]:
        """What dropped each row that is not kept."""
        fates = self.drops.items()
        return {row: fate for row, fate in fates if "-" not in row and row not in self.manifest}

    @cached_property
    def untrained(self) -> dict[str, Fate]:
        """What keeps each kept row from being trained on."""
        late = ((row, fate) for row, fate in self.drops.items() if fate.stage in AFTER_SPLIT)
        return {row: fate for row, fate in late if "-" not in row and row in self.manifest}

    def said(self, row: str) -> list[Decision]:
        """What people say of the row now, of its text as it is."""
        lines = last_lines(self.decisions.get(row, [])).values()
        placed = self.manifest.get(row)
        return sorted(
            (one for one in lines if placed is None or one.digest == placed.digest),
            key=lambda one: one.who,
        )

    def settled(self, row: str) -> str:
        """The label that people settled on, or ""."""
        if row in self.decided:
            return self.decided[row]["decided"]
        if self.decided:  # the stage wrote who settled what, and this row is not there
            return ""
        found = {one.decided for one in self.said(row)}
        return found.pop() if len(found) == 1 else ""


def read_records(files: Files) -> Records:
    """Read them all from one version. A missing file is empty.

    Raises RowsError, with file and line, if one is broken or a row is in two manifests.
    """
    manifests = [path for path in files.names("data/manifest") if path.endswith(".csv")]
    by_person = [path for path in files.names("data/decisions") if path.endswith(".jsonl")]
    metrics = {stage: f"reports/metrics/{stage}.json" for stage in ROW_STAGES}
    ledgers = {stage: f"data/ledger/{stage}.csv" for stage in ROW_STAGES}
    # All at once, in one call of git.
    files.read_many([*manifests, *by_person, *metrics.values(), *ledgers.values(), *SINGLE, PARAMS])
    known = {stage: files.known(path, KnownStage) for stage, path in metrics.items()}
    drops = {
        row: Fate(stage, reason, cause)
        for stage in reversed(ROW_STAGES)  # the first stage that dropped it is the one that did
        for row, reason, cause in files.lines(ledgers[stage], LEDGER)
    }
    tombstones = files.lines("data/tombstones.csv", ("id", "digest"))
    manifest = _manifest(files, manifests)
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for path, text in files.read_many(by_person).items():
        for decision in parse_decisions(text, f"{files.place}{path}"):
            decisions[decision.id].append(decision)
    return Records(
        files,
        drops,
        manifest,
        {line["id"]: line for line in files.records(SUSPECTS, SUSPECT_HAS)},
        dict(decisions),
        dict(files.lines("data/frozen_test.csv", ("id", "digest"))),
        {row for row, _ in tombstones},
        {stage: found.rows for stage, found in known.items() if found.rows},
        known,
        {line["id"]: line for line in files.records(DECIDED, DECIDED_HAS)},
        frozenset(digest for _, digest in tombstones) - {""},
        {},
        task_of(files),
    )


def task_of(files: Files) -> Task:
    """Return the task of a version, by its params.yaml. Raises ParamsError where that is broken, or
    names a task that this version of Seedbed has not."""
    content = parse_yaml(files.read(PARAMS) or "", f"{files.place}{PARAMS}", ParamsError)
    section = content.get("task") if isinstance(content, dict) else None
    return load(str(section.get("kind", FIRST)) if isinstance(section, dict) else FIRST)


def _manifest(files: Files, paths: list[str]) -> dict[str, Placed]:
    """Return the kept rows of a version by id, from git, or from data/split if git has counts.

    Raises RowsError if a row is listed twice, or if data/split is missing or of another run.
    """
    if COUNTS in paths:
        return _from_split(files)
    found = [
        (row, Placed(PurePosixPath(path).stem, *cells))
        for path in paths
        for row, *cells in files.lines(path, COLUMNS[MANIFEST])
    ]
    manifest = dict(found)
    if len(found) != len(manifest):
        raise RowsError(
            f"{files.place}data/manifest",
            f"{len(found) - len(manifest)} ids are listed twice",
            "each row once, in the file of its batch",
            "run `dvc repro`",
        )
    return manifest


def _from_split(files: Files) -> dict[str, Placed]:
    """The rows of data/split, for a version whose manifest has counts alone."""
    counted = {
        line["batch"]: sum(int(line[side]) for side in SIDES)
        for line in files.records(COUNTS, ("batch", *SIDES), SIDES)
    }
    paths = files.parquet("split")
    if not paths:
        raise RowsError(
            f"{files.place}{COUNTS}",
            f"counts of {sum(counted.values()):,} rows, but their data/split is not here",
            next_step=f"run `dvc {'fetch --all-commits data/split' if files.revision else 'pull'}`",
        )
    manifest = {row: Placed(*placed) for row, *placed in cells(paths, ["id", *Placed._fields])}
    if Counter(row.batch for row in manifest.values()) != counted:
        raise RowsError(
            f"{files.place}{COUNTS}",
            f"{len(manifest):,} rows in data/split, {sum(counted.values()):,} here",
            "rows and counts of one run",
            "run `dvc checkout`, or `dvc repro`",
        )
    return manifest
