"""What git holds of rows: ledgers, manifest, suspects, decisions, frozen test, tombstones."""

from collections import defaultdict
from typing import Any, NamedTuple

from seedbed.core.decisions import Decision, parse_decisions
from seedbed.core.errors import RowsError
from seedbed.core.metrics import Drop
from seedbed.core.stage import ROW_STAGES
from seedbed.versions.manifest import Placed, read_manifest
from seedbed.versions.revisions import Files, VersionTables

MIN_PREFIX = 6
SINGLE = (
    "reports/suspects.csv",
    "data/ledger/decided.csv",
    "data/frozen_test.csv",
    "data/tombstones.csv",
)


class Records(NamedTuple):
    """Everything by row id, but `counts`, `policy`, `digests`: the rows of a stage, what became of
    suspects, the digests of forgotten rows. A stage without counts has not run."""

    drops: dict[str, tuple[str, Drop]]  # stage and fate
    manifest: dict[str, Placed]
    suspects: dict[str, dict[str, str]]
    decisions: dict[str, list[Decision]]
    frozen: dict[str, str]  # digest
    tombstones: set[str]
    counts: dict[str, dict[str, Any]]
    policy: str
    decided: dict[str, dict[str, str]] = {}  # what counted of the decisions: side, given, decided
    digests: frozenset[str] = frozenset()  # of tombstones
    policy_labels: dict[str, str] = {}  # what the policy relabelled; only the data has it, not git

    @property
    def ids(self) -> set[str]:
        """Every row that a file in git names."""
        causes = {drop.cause for _, drop in self.drops.values()} - {""}
        parts = (self.drops, self.manifest, self.suspects, self.decisions)
        return causes.union(*parts, self.frozen, self.tombstones)


def read_records(files: Files) -> Records:
    """Read them all from one version. A missing file is empty.

    Raises RowsError, with file and line, if one is broken or a row is in two manifests.
    """
    table = _read(files)
    metrics = {stage: table.json(f"reports/metrics/{stage}.json") for stage in ROW_STAGES}
    drops = {
        line[0]: (stage, Drop._make(line))
        for stage in reversed(ROW_STAGES)  # the first stage that dropped it is the one that did
        for line in table.lines(f"data/ledger/{stage}.csv", Drop._fields)
    }
    tombstones = table.lines("data/tombstones.csv", ("id", "digest"))
    return Records(
        drops,
        read_manifest(table, files),
        {line["id"]: line for line in table.records("reports/suspects.csv")},
        _decisions(table),
        dict(table.lines("data/frozen_test.csv", ("id", "digest"))),
        {row for row, _ in tombstones},
        {stage: found["rows"] for stage, found in metrics.items() if "rows" in found},
        metrics["find_label_errors"].get("policy", ""),
        {line["id"]: line for line in table.records("data/ledger/decided.csv")},
        frozenset(digest for _, digest in tombstones) - {""},
    )


def _read(files: Files) -> VersionTables:
    folders = [("data/manifest", ".csv"), ("data/decisions", ".jsonl")]
    listed = [path for name, end in folders for path in files.names(name) if path.endswith(end)]
    stages = [
        path
        for stage in ROW_STAGES
        for path in (f"data/ledger/{stage}.csv", f"reports/metrics/{stage}.json")
    ]
    return VersionTables(files.read_many([*listed, *stages, *SINGLE]), files.place)


def _decisions(table: VersionTables) -> dict[str, list[Decision]]:
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for path, text in table.texts.items():
        if path.startswith("data/decisions/"):
            for decision in parse_decisions(text, f"{table.place}{path}"):
                decisions[decision.id].append(decision)
    return dict(decisions)


def whole_id(prefix: str, known: set[str], place: str) -> str:
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
    if len(prefix) < MIN_PREFIX:
        wrong, step = f"{len(prefix)} characters", "give more of the id"
    elif found:
        wrong, step = f"{len(found)} rows begin so", "give more of the id"
    else:
        wrong = "no row has this id"
        step = (
            "look ids up in data/manifest/ and data/ledger/; a row that could not be read has "
            "none and is in data/quarantine.csv; of another version, ask with `--rev`"
        )
    raise RowsError(
        f"{place}: row `{prefix}`", wrong, f"a row id, or {MIN_PREFIX} or more of its digits", step
    )
