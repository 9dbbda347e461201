"""Whether dvc.lock is that of this code, these params and these files, without any data.

Code, params and files in git are compared with what the lock says each stage ran with. Data that
is not here is compared lock with lock: what a stage read must be what the stage before it wrote, or
what a `.dvc` file names. DVC's own `dvc status` asks for the data itself.
"""

import json
from collections.abc import Iterator
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.core.files import read_text
from seedbed.core.params import check_file
from seedbed.pipeline import dvc


class Stale(NamedTuple):
    """One thing about a stage that is not as in dvc.lock."""

    stage: str
    what: str


class Freshness(NamedTuple):
    """What is stale; how many stages and digests were looked at."""

    stale: list[Stale]
    stages: int
    compared: int

    @property
    def names(self) -> list[str]:
        """The stages that have something stale, in order."""
        return list(dict.fromkeys(one.stage for one in self.stale))


def freshness() -> Freshness:
    """Compare this folder with its dvc.lock. Raises PipelineError where a file cannot be read, and
    ParamsError where params.yaml has names that are no text."""
    check_file()
    text = read_text(Path(dvc.LOCK)) if Path(dvc.LOCK).exists() else ""
    locked = dvc.parse_lock(text)
    with dvc.opened_pipeline() as pipeline:
        comparing = _Comparing(pipeline, locked)
        found = [
            Stale(stage.name, what)
            for stage in pipeline.stages
            for what in comparing.differences(stage)
        ]
        names = {stage.name for stage in pipeline.stages}
    gone = "is in dvc.lock, but not in dvc.yaml"
    found += [Stale(name, gone) for name in locked if name not in names]
    return Freshness(found, len(names), comparing.compared)


class _Comparing:
    """Stage by stage; each file is read once."""

    def __init__(self, pipeline: dvc.Pipeline, locked: dict[str, dvc.LockedStage]) -> None:
        self.locked, self.compared = locked, 0
        self.data = dvc.tracked_data() | {
            path: locked[stage.name].outputs.get(path, "") if stage.name in locked else ""
            for stage in pipeline.stages
            for path in stage.cached
        }
        self.digest, self.values = cache(pipeline.digest), cache(pipeline.values)

    def differences(self, stage: dvc.Stage) -> Iterator[str]:
        """What is not as the lock says, in words."""
        if stage.name not in self.locked:
            yield "is not in dvc.lock: it has not run"
            return
        locked = self.locked[stage.name]
        if locked.command != stage.command:
            yield f"its command was `{locked.command}`"
        if not stage.frozen:
            yield from self._paths("dependency", stage.deps, locked.deps)
            yield from self._params(stage, locked)
        # Outputs in git count by their bytes; of those in DVC's cache, whether the lock has them.
        rest = {path: digest for path, digest in locked.outputs.items() if path not in stage.cached}
        yield from self._paths("output", stage.in_git, rest)
        for path in sorted(set(stage.cached) - set(locked.outputs)):
            yield f"output {path} is not in dvc.lock"

    def _paths(self, kind: str, declared: list[str], locked: dict[str, str]) -> Iterator[str]:
        for path in declared:
            if "://" in path:
                continue
            if path not in locked:
                yield f"{kind} {path} is not in dvc.lock"
            elif (now := self.data[path] if path in self.data else self.digest(path)) is None:
                yield f"{kind} {path} is not here, and no `.dvc` file names its digest"
            elif now != locked[path]:
                made = " by another run" if path in self.data else ""
                yield f"{kind} {path} has changed{made}"
            self.compared += 1
        for path in locked:
            if path not in declared:
                yield f"{kind} {path} is in dvc.lock, but not in dvc.yaml"

    def _params(self, stage: dvc.Stage, locked: dvc.LockedStage) -> Iterator[str]:
        for file, keys in stage.params.items():
            known = locked.params.get(file, {})
            now: Any = self.values(file)
            for key in keys or now:
                self.compared += 1
                try:
                    value = reduce(getitem, key.split("."), now)
                except (KeyError, TypeError):
                    yield f"param {key} is not in {file}"
                    continue
                if key not in known:
                    yield f"param {key} is not in dvc.lock"
                elif json.dumps(value, default=str) != json.dumps(known[key], default=str):
                    yield f"param {key} has changed"
            for key in known if keys else ():
                if key not in keys:
                    yield f"param {key} is in dvc.lock, but not in dvc.yaml"
