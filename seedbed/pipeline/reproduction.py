"""Whether this run gave what the commit has: rows byte for byte, figures within their intervals.

Stages that pass rows on give the same bytes on every processor. Vectors, models and what is
measured on them differ in the last bits, since processors add up floats in other orders: there a
difference is a fault only where a score leaves the 95 % interval that is committed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seedbed.approaches import NAMES
from seedbed.core.errors import PipelineError
from seedbed.core.files import read_text
from seedbed.core.git import git, git_paths
from seedbed.core.metrics import EVALUATE, parse_metrics
from seedbed.core.rows import HELD_OUT
from seedbed.core.stage import ROW_STAGES
from seedbed.pipeline import dvc
from seedbed.pipeline.freshness import freshness
from seedbed.scoring.metrics_files import Evaluation, Validation

MEASURED = {"data/label_scores"}  # outputs of stages that pass rows on which hold floats
SHOWN = 5


class Reproduction(NamedTuple):
    """A run compared with the commit: outputs and row outputs compared, those whose bytes differ,
    scores inside their committed intervals, sentences on those that are not, and the files of git
    that the run has changed."""

    outputs: int
    row_outputs: int
    differing: list[str]
    differing_rows: list[str]
    inside: int
    outside: list[str]
    changed: list[str]

    @property
    def is_reproduced(self) -> bool:
        """Whether all rows are the same bytes, and all scores inside."""
        return not self.differing_rows and not self.outside

    @property
    def verdict(self) -> str:
        """One line."""
        if not self.differing:
            return f"reproduced: all {self.outputs} outputs have the bytes of the commit"
        same, scores = self.row_outputs - len(self.differing_rows), self.inside + len(self.outside)
        start = "reproduced" if self.is_reproduced else "NOT reproduced"
        return (
            f"{start}: {same} of {self.row_outputs} row outputs have the bytes of the commit, "
            f"{self.inside} of {scores} scores are inside its 95 % intervals; "
            f"{len(self.differing)} of {self.outputs} outputs differ"
            + ", in floats, as on another processor"
            * self.is_reproduced
        )

    @property
    def details(self) -> list[str]:
        """What is not reproduced, and how to go back to the files of the commit."""
        found = [f"{path}: other rows than in the commit" for path in self.differing_rows]
        found += self.outside
        if len(found) > SHOWN:
            found[SHOWN:] = [f"and {len(found) - SHOWN} more"]
        if self.changed:
            # Whatever git holds in reports/, stages wrote.
            paths = {"reports" if path.startswith("reports/") else path for path in self.changed}
            step = f"git restore -- {' '.join(sorted(paths))}"
            found.append(f"{len(self.changed)} files of git differ: {step}")
        return found


def reproduction(revision: str = "HEAD") -> Reproduction:
    """Compare the run in this folder with the one that a revision holds.

    Raises RevisionError or PipelineError where there is none, where this folder's last run is not
    whole or its outputs are not here, or where code, params or sources are not those of the
    revision.
    """
    committed = dvc.parse_lock(git("show", f"{revision}:{dvc.LOCK}"), f"{revision}:{dvc.LOCK}")
    if stale := freshness().names:
        found = f"{len(stale)} stages have to run again, {stale[0]} first"
        raise PipelineError(dvc.LOCK, found, "a finished run", "run `dvc repro`")
    now = dvc.parse_lock(read_text(Path(dvc.LOCK)))
    made = {path for stage in now.values() for path in stage.outputs}
    if other := list(dict.fromkeys(_other_inputs(committed, now, made))):
        found = f"other inputs than this run: {', '.join(other[:SHOWN])}"
        step = "commit this run; the next one can be compared with it"
        raise PipelineError(revision, found, "the same code, params and sources", step)
    outputs = {path: name for name, stage in now.items() for path in stage.outputs}
    with dvc.opened_pipeline() as pipeline:
        other = [path for path, name in outputs.items()
                 if pipeline.digest(path) != now[name].outputs[path]]  # fmt: skip
    if other:
        found = f"{len(other)} outputs in this folder are of another run, {other[0]} first"
        step = "run `dvc repro`, or `dvc checkout` where DVC's cache has them"
        raise PipelineError(dvc.LOCK, found, "the outputs that it names", step)
    rows = [
        path
        for path, name in outputs.items()
        if name in ROW_STAGES and path.startswith("data/") and path not in MEASURED
    ]
    differing = [
        path
        for path, name in outputs.items()
        if now[name].outputs[path] != committed[name].outputs.get(path)
    ]
    inside, outside = _scores(revision)
    return Reproduction(
        len(outputs),
        len(rows),
        differing,
        [path for path in rows if path in differing],
        inside,
        outside,
        git_paths("diff", "-z", "--name-only", revision, "--", dvc.LOCK, *outputs),
    )


def _other_inputs(
    committed: dict[str, dvc.LockedStage], now: dict[str, dvc.LockedStage], made: set[str]
) -> Iterator[str]:
    """What stages read that no stage writes, where it is not what the commit names."""
    for name in sorted({*committed, *now}):
        if name not in committed or name not in now:
            yield f"stage {name}"
            continue
        before, after = committed[name], now[name]
        for path in sorted({*before.deps, *after.deps} - made):
            if before.deps.get(path) != after.deps.get(path):
                yield path
        if before.params != after.params:
            yield f"params of {name}"


def _scores(revision: str) -> tuple[int, list[str]]:
    """How many scores are inside the intervals of a revision, and a sentence on each other one."""
    inside, outside = 0, []
    for name in NAMES:
        for side in HELD_OUT:
            file = EVALUATE / name / f"{side}.json"
            model = Validation if side == "validation" else Evaluation
            texts = [git("show", f"{revision}:{file.as_posix()}"), read_text(file)]
            if any('"run": false' in text for text in texts):
                continue
            before, after = (parse_metrics(text, model, str(file)) for text in texts)
            for metric, known in before.estimates.items():
                value = after[metric].mean
                if known.low <= value <= known.high:
                    inside += 1
                else:
                    limits = f"[{known.low:.4f}, {known.high:.4f}]"
                    outside.append(f"{file}: {metric} is {value:.4f}, outside of {limits}")
    return inside, outside
