"""Whether dvc.lock is that of this code, these params and these files, without any data.

Code, params and files in git are compared with what the lock says each stage ran with. Data that
is not here is compared lock with lock: what a stage read must be what the stage before it wrote, or
what a `.dvc` file names. DVC's own `dvc status` asks for the data itself.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.pipeline.dvc import Pipeline, Stage, opened_pipeline, read_yaml, tracked_data
from seedbed.pipeline.lock import LOCK, LockedStage, parse_lock


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
    """Compare this folder with its dvc.lock. Raises PipelineError where a file cannot be read."""
    text = Path(LOCK).read_text(encoding="utf-8") if Path(LOCK).exists() else ""
    locked = parse_lock(text)
    with opened_pipeline() as pipeline:
        comparing = _Comparing(pipeline, locked)
        found = [
            Stale(stage.name, what)
            for stage in pipeline.stages
            for what in comparing.differences(stage)
        ]
        names = {stage.name for stage in pipeline.stages}
    gone = [name for name in locked if name not in names]
    found += [Stale(name, "is in dvc.lock, but not in dvc.yaml") for name in gone]
    return Freshness(found, len(names), comparing.compared)


class _Comparing:
    """Stage by stage; each file is read once."""

    def __init__(self, pipeline: Pipeline, locked: dict[str, LockedStage]) -> None:
        self.pipeline, self.locked, self.compared = pipeline, locked, 0
        cached = {
            one.path: stage.name
            for stage in pipeline.stages
            for one in stage.outputs
            if not one.in_git
        }
        self.data = tracked_data() | {
            path: locked[name].outputs.get(path, "") if name in locked else ""
            for path, name in cached.items()
        }
        self.digests: dict[str, str | None] = {}
        self.params: dict[str, Any] = {}

    def differences(self, stage: Stage) -> Iterator[str]:
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
        yield from self._outputs(stage, locked)

    def _outputs(self, stage: Stage, locked: LockedStage) -> Iterator[str]:
        """Those in git by their bytes; of those in DVC's cache, whether the lock has them."""
        cached = {one.path for one in stage.outputs if not one.in_git}
        in_git = tuple(one.path for one in stage.outputs if one.in_git)
        rest = {path: digest for path, digest in locked.outputs.items() if path not in cached}
        yield from self._paths("output", in_git, rest)
        for path in sorted(cached - set(locked.outputs)):
            yield f"output {path} is not in dvc.lock"

    def _paths(self, kind: str, declared: tuple[str, ...], locked: dict[str, str]) -> Iterator[str]:
        for path in declared:
            if "://" in path:
                continue
            if path not in locked:
                yield f"{kind} {path} is not in dvc.lock"
            elif (now := self._digest(path)) is None:
                yield f"{kind} {path} is not here, and no `.dvc` file names its digest"
            elif now != locked[path]:
                made = " by another run" if path in self.data else ""
                yield f"{kind} {path} has changed{made}"
            self.compared += 1
        for path in locked:
            if path not in declared:
                yield f"{kind} {path} is in dvc.lock, but not in dvc.yaml"

    def _digest(self, path: str) -> str | None:
        if path in self.data:
            return self.data[path]
        if path not in self.digests:
            self.digests[path] = self.pipeline.digest(path)
        return self.digests[path]

    def _params(self, stage: Stage, locked: LockedStage) -> Iterator[str]:
        for file, keys in stage.params.items():
            known = locked.params.get(file, {})
            now = self._values(file)
            for key in keys or tuple(now):
                self.compared += 1
                found, value = _looked_up(now, key)
                if not found:
                    yield f"param {key} is not in {file}"
                elif key not in known:
                    yield f"param {key} is not in dvc.lock"
                elif json.dumps(value, default=str) != json.dumps(known[key], default=str):
                    yield f"param {key} has changed"
            for key in known if keys else ():
                if key not in keys:
                    yield f"param {key} is in dvc.lock, but not in dvc.yaml"

    def _values(self, file: str) -> dict[str, Any]:
        if file not in self.params:
            suffix = Path(file).suffix
            if suffix == ".json":
                self.params[file] = json.loads(Path(file).read_text(encoding="utf-8"))
            elif suffix == ".toml":
                import tomllib

                self.params[file] = tomllib.loads(Path(file).read_text(encoding="utf-8"))
            else:
                self.params[file] = read_yaml(file) or {}
        return self.params[file]


def _looked_up(content: Any, key: str) -> tuple[bool, Any]:
    for part in key.split("."):
        if not isinstance(content, dict) or part not in content:
            return False, None
        content = content[part]
    return True, content
