"""What a stage accounts for: its metrics file, and the fate of every row.

A metrics file is what stages hand to pages and gate as JSON, written and read as one model.

A model of a metrics file is in the room of the code that computes it, in a module that imports
nothing heavy. Its fields have the order of the file, so that a renamed key fails in mypy and in
tests, not at the end of a run.

A row is kept, or dropped for one reason, with the row that caused it. At each stage rows read +
made = kept + dropped (collect counts quarantined rows too). `settle` refuses a stage whose rows do
not add up; `check_chain` refuses a run in which one stage does not read what the one before it
kept. A ledger never holds text.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from seedbed.core.errors import LedgerError, PipelineError, reading
from seedbed.core.files import read_csv, read_json, write_csv, write_json
from seedbed.core.labels import Unused
from seedbed.core.reasons import NAMES

METRICS = Path("reports/metrics")  # a file per stage, NAME.json
EVALUATE = METRICS / "evaluate"  # a folder per approach, with validation.json and test.json
CHOICE = Path("reports/choice.json")  # what select chose, and why
HEADER = ("id", "reason", "cause")  # of a ledger
Number = int | float  # a figure that is written as it was computed: 0 stays 0, not 0.0


class Metrics(BaseModel):
    """Base of every model of a metrics file: no unknown keys, no changes after it is built."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WithUnused(Metrics):
    """What of its configuration a stage saw match nothing; left out of the file if all matched."""

    unused: Unused = {}

    def naming(self, unused: Unused) -> Self:
        """Return the same figures with the entries that match nothing."""
        return self.model_copy(update={"unused": unused}) if unused else self


class Bounds(Metrics):
    """A 95 % interval."""

    low: float
    high: float


class Interval(Metrics):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


class Difference(Metrics):
    """A difference and its 95 % interval."""

    difference: float
    low: float
    high: float


AnyMetrics = TypeVar("AnyMetrics", bound=Metrics)


def write_metrics(path: Path, metrics: Metrics) -> None:
    """Write a metrics file, keys in the order of the model's fields.

    A field that was not set is left out; one that was set to None is written as null.
    """
    write_json(path, metrics.model_dump(by_alias=True, exclude_unset=True))


def read_metrics(path: Path, model: type[AnyMetrics]) -> AnyMetrics:
    """Read a metrics file.

    Raises PipelineError if the file is missing, or is not one that this version of Seedbed writes.
    """
    if not path.exists():
        raise PipelineError(str(path), "no such file", "a metrics file", "run `dvc repro`")
    with reading(path):
        text = path.read_text(encoding="utf-8")
    return parse_metrics(text, model, str(path))


def read_if_run(path: Path, model: type[AnyMetrics]) -> AnyMetrics | None:
    """Read the metrics file of a stage that may be off: None if it was."""
    with reading(path):
        if path.exists() and read_json(path).get("run") is False:
            return None
    return read_metrics(path, model)


def parse_metrics(text: str, model: type[AnyMetrics], place: str) -> AnyMetrics:
    """Read the text of a metrics file, as git has it at another revision, too.

    Raises PipelineError that names `place` and the first key that is wrong.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        problem = f"`{key}`: {first['msg']}" if key else first["msg"]
        raise PipelineError(
            place, problem, "the keys that this version of Seedbed writes", "run `dvc repro`"
        ) from None


class Drop(NamedTuple):
    """One dropped row: its id, one reason that is true of it, and the id of the row that caused
    it ("" where no other row did)."""

    id: str
    reason: str
    cause: str = ""


class RowCounts(Metrics):
    """Rows of one stage, as its metrics file has them under `rows`; collect alone quarantines."""

    read: int
    made: int
    kept: int
    dropped: int
    dropped_by_reason: dict[str, int]
    quarantined: int = 0
    quarantined_by_reason: dict[str, int] = {}


def settle(
    stage: str,
    read: Sequence[str],
    kept: Sequence[str],
    dropped: Sequence[Drop],
    made: Sequence[str] = (),
) -> RowCounts:
    """Check that ids read + made are exactly ids kept + dropped, and return the counts.

    Raises LedgerError that names a row without a fate, with two, or from nowhere.
    """
    ids = [*read, *made], [*kept, *(drop.id for drop in dropped)]
    if sorted(ids[0]) != sorted(ids[1]):  # a count of each would take twice the memory
        before, after = map(Counter, ids)
        lost, extra = before - after, after - before
        found = [
            f"{name} such as {next(iter(ids))}: {ids.total()}"
            for name, ids in (("rows without a fate", lost), ("fates without a row", extra))
            if ids
        ]
        raise LedgerError(
            f"stage {stage}", "; ".join(found), "read + made = kept + dropped", "this is a bug"
        )
    reasons = Counter(str(drop.reason) for drop in dropped)
    if unknown := sorted(set(reasons) - NAMES):
        raise LedgerError(
            f"stage {stage}",
            f"reason `{unknown[0]}`",
            "a reason with a sentence in seedbed/core/reasons.py",
            "add an entry there",
        )
    return RowCounts(
        read=len(read),
        made=len(made),
        kept=len(kept),
        dropped=len(dropped),
        dropped_by_reason=dict(sorted(reasons.items())),
    )


def in_words(counts: RowCounts) -> str:
    """12 of 20 rows kept, 5 too_short, 3 too_long."""
    reasons = [f"{number:,} {reason}" for reason, number in counts.dropped_by_reason.items()]
    return ", ".join([f"{counts.kept:,} of {counts.read:,} rows kept", *reasons])


def write_ledger(path: Path, dropped: Iterable[Drop]) -> None:
    """Write the ledger of one stage, sorted by id: one dropped row a line."""
    write_csv(path, HEADER, sorted(dropped))


def read_ledger(path: Path) -> list[Drop]:
    """Read a ledger back."""
    return [Drop(**line) for line in read_csv(path, HEADER)]


def check_chain(stages: Sequence[tuple[str, RowCounts]]) -> None:
    """Check over a whole run that each stage read what the stage before it kept.

    `stages`: (name, the counts that `settle` gave) in the order of the pipeline.
    """
    for (before, given), (after, taken) in zip(stages, stages[1:], strict=False):
        if given.kept != taken.read:
            raise LedgerError(
                f"stages {before} and {after}",
                f"{before} kept {given.kept} rows, {after} read {taken.read}",
                "the same number",
                "the run is stale: run `dvc repro`",
            )
