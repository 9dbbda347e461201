"""What git holds of rows: ledgers, manifest, suspects, decisions, frozen test, tombstones."""

import csv
import io
import json
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from seedbed.decisions import Decision, parse_decisions
from seedbed.errors import RowsError
from seedbed.ledger import Drop
from seedbed.versions.revisions import Files

MIN_PREFIX = 6
STAGES = (  # those that read and write rows, in the order of the pipeline
    "collect",
    "clean",
    "anonymize",
    "apply_decisions",
    "deduplicate",
    "split",
    "find_label_errors",
    "augment",
    "balance",
    "tokenize",
)


class Placed(NamedTuple):
    """A row of the manifest."""

    batch: str
    digest: str
    label: str
    split: str


class Records(NamedTuple):
    """Everything by row id, but `counts` and `policy`: the rows of a stage and what became of
    suspects. A stage without counts has not run."""

    drops: dict[str, tuple[str, Drop]]  # stage and fate
    manifest: dict[str, Placed]
    suspects: dict[str, dict[str, str]]
    decisions: dict[str, list[Decision]]
    frozen: set[str]
    tombstones: set[str]
    counts: dict[str, dict[str, Any]]
    policy: str

    @property
    def ids(self) -> set[str]:
        """Every row that a file in git names."""
        causes = {drop.cause for _, drop in self.drops.values()} - {""}
        parts = (self.drops, self.manifest, self.suspects, self.decisions)
        return causes.union(*parts, self.frozen, self.tombstones)


def read_records(files: Files) -> Records:
    """Read them all from one version. A file that is not there is empty."""
    metrics = {stage: _json(files, f"reports/metrics/{stage}.json") for stage in STAGES}
    drops = {
        line["id"]: (stage, Drop(**line))
        for stage in reversed(STAGES)  # the first stage that dropped it is the one that did
        for line in _csv(files, f"data/ledger/{stage}.csv")
    }
    manifest = {
        line.pop("id"): Placed(PurePosixPath(path).stem, **line)
        for path in files.names("data/manifest")
        if path.endswith(".csv")
        for line in _csv(files, path)
    }
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for path in files.names("data/decisions"):
        if path.endswith(".jsonl"):
            for decision in parse_decisions(files.read(path) or "", path):
                decisions[decision.id].append(decision)
    return Records(
        drops,
        manifest,
        {line["id"]: line for line in _csv(files, "reports/suspects.csv")},
        dict(decisions),
        {line["id"] for line in _csv(files, "data/frozen_test.csv")},
        {line["id"] for line in _csv(files, "data/tombstones.csv")},
        {stage: found["rows"] for stage, found in metrics.items() if "rows" in found},
        metrics["find_label_errors"].get("policy", ""),
    )


def _csv(files: Files, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files.read(path) or "")))


def _json(files: Files, path: str) -> dict[str, Any]:
    return json.loads(files.read(path) or "{}")


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
            "none and stands in data/quarantine.csv; of another version, ask with `--rev`"
        )
    raise RowsError(
        f"{place}: row `{prefix}`", wrong, f"a row id, or {MIN_PREFIX} or more of its digits", step
    )
