"""What git holds of rows: ledgers, manifest, suspects, decisions, frozen test, tombstones."""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from seedbed.decisions import Decision, parse_decisions
from seedbed.errors import RowsError
from seedbed.ledger import Drop
from seedbed.rows import SIDES
from seedbed.versions.dvc_cache import parquet_files
from seedbed.versions.revisions import Files

MIN_PREFIX = 6
SHOWN = 60  # characters of a broken line
MANIFEST = ("id", "digest", "label", "split")
COUNTS = "data/manifest/counts.csv"
SINGLE = (
    "reports/suspects.csv",
    "data/ledger/decided.csv",
    "data/frozen_test.csv",
    "data/tombstones.csv",
)
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
    """Read them all from one version. A file that is not there is empty.

    Raises RowsError, with file and line, where one is broken or a row stands in two manifests.
    """
    table = _read(files)
    metrics = {
        stage: json_of(table.texts, f"reports/metrics/{stage}.json", table.place)
        for stage in STAGES
    }
    drops = {
        line[0]: (stage, Drop._make(line))
        for stage in reversed(STAGES)  # the first stage that dropped it is the one that did
        for line in table.lines(f"data/ledger/{stage}.csv", Drop._fields)
    }
    tombstones = table.lines("data/tombstones.csv", ("id", "digest"))
    return Records(
        drops,
        _manifest(table, files),
        {line["id"]: line for line in table.records("reports/suspects.csv")},
        _decisions(table),
        dict(table.lines("data/frozen_test.csv", ("id", "digest"))),
        {row for row, _ in tombstones},
        {stage: found["rows"] for stage, found in metrics.items() if "rows" in found},
        metrics["find_label_errors"].get("policy", ""),
        {line["id"]: line for line in table.records("data/ledger/decided.csv")},
        frozenset(digest for _, digest in tombstones) - {""},
    )


def json_of(texts: Mapping[str, str], path: str, place: str) -> dict[str, Any]:
    """What a JSON file holds, {} where it is not there. Raises RowsError where it is broken."""
    try:
        return json.loads(texts.get(path) or "{}")
    except ValueError:
        raise RowsError(
            f"{place}{path}",
            "no JSON",
            "what a stage wrote",
            "take one side of it, if a merge left both, and run `dvc repro`",
        ) from None


class _Texts(NamedTuple):
    """The texts of all files, by path, and what stands before a path in an error."""

    texts: dict[str, str]
    place: str

    def lines(self, path: str, header: Sequence[str]) -> list[list[str]]:
        """The cells of each line, in the order of `header`, which the file must have."""
        if not (text := self.texts.get(path)):
            return []
        lines = list(csv.reader(io.StringIO(text, newline="")))
        if lines[0] != list(header):
            raise self._broken(path, 1, ",".join(lines[0]), header)
        if {*map(len, lines)} != {len(header)}:
            number = next(n for n, line in enumerate(lines) if len(line) != len(header))
            raise self._broken(path, number + 1, ",".join(lines[number]), header)
        return lines[1:]

    def records(self, path: str) -> list[dict[str, str]]:
        """Each line by column, whatever the columns are."""
        text = self.texts.get(path)
        if not text:
            return []
        header = next(csv.reader([text.split("\n", 1)[0]]), [])
        return [dict(zip(header, line, strict=True)) for line in self.lines(path, header)]

    def _broken(self, path: str, line: int, found: str, header: Sequence[str]) -> RowsError:
        conflict = found.startswith(("<<<<<<<", "=======", ">>>>>>>"))
        return RowsError(
            f"{self.place}{path}:{line}",
            "a merge left both sides here" if conflict else f"`{found[:SHOWN]}`",
            f"{len(header)} cells: {','.join(header)}",
            "stages write this file: take one side of it and run `dvc repro`",
        )


def _read(files: Files) -> _Texts:
    folders = [("data/manifest", ".csv"), ("data/decisions", ".jsonl")]
    listed = [path for name, end in folders for path in files.names(name) if path.endswith(end)]
    stages = [
        path
        for stage in STAGES
        for path in (f"data/ledger/{stage}.csv", f"reports/metrics/{stage}.json")
    ]
    return _Texts(files.read_many([*listed, *stages, *SINGLE]), files.place)


def _manifest(table: _Texts, files: Files) -> dict[str, Placed]:
    if COUNTS in table.texts:
        return _manifest_of_split(table, files)
    manifest: dict[str, Placed] = {}
    rows = 0
    for path in table.texts:
        if path.startswith("data/manifest/"):
            batch = PurePosixPath(path).stem
            lines = table.lines(path, MANIFEST)
            rows += len(lines)
            manifest |= {row: Placed._make((batch, *cells)) for row, *cells in lines}
    if rows != len(manifest):
        raise RowsError(
            f"{table.place}data/manifest",
            f"{rows - len(manifest)} ids stand twice",
            "each row once, in the file of its batch",
            "run `dvc repro`",
        )
    return manifest


def _manifest_of_split(table: _Texts, files: Files) -> dict[str, Placed]:
    """The rows of data/split, of a version whose manifest has counts alone."""
    counted = {
        line["batch"]: sum(int(line[side]) for side in SIDES) for line in table.records(COUNTS)
    }
    paths = parquet_files(files, "split")
    if not paths:
        raise RowsError(
            f"{table.place}{COUNTS}",
            f"counts of {sum(counted.values()):,} rows alone: they are in data/split, which is not "
            "here",
            "the rows of a version with more than split.max_rows_in_git",
            "run `dvc fetch --all-commits data/split`" if files.revision else "run `dvc pull`",
        )
    import pyarrow.parquet as pq

    columns = ["id", "batch", *MANIFEST[1:]]
    parts = [pq.read_table(path, columns=columns).to_pydict() for path in paths]
    manifest = {
        row: Placed._make(cells)
        for part in parts
        for row, *cells in zip(*(part[name] for name in columns), strict=True)
    }
    if Counter(one.batch for one in manifest.values()) != counted:
        raise RowsError(
            f"{table.place}{COUNTS}",
            f"{len(manifest):,} rows in data/split, {sum(counted.values()):,} here",
            "rows and counts of one run",
            "run `dvc checkout`, or `dvc repro`",
        )
    return manifest


def _decisions(table: _Texts) -> dict[str, list[Decision]]:
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
            "none and stands in data/quarantine.csv; of another version, ask with `--rev`"
        )
    raise RowsError(
        f"{place}: row `{prefix}`", wrong, f"a row id, or {MIN_PREFIX} or more of its digits", step
    )
