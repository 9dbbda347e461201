"""What computes per-text work: this process, processes of this machine, or Ray.

`--engine NAME` of a stage script or SEEDBED_ENGINE overrules `engine` in params.yaml:

    serial          this process alone
    processes       as many processes as this one may use cores (the default); processes:4 has four
    ray             the Ray cluster of RAY_ADDRESS (extra `ray`)

No engine changes a byte: all compute the same shards, and results are put together by key.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from seedbed.core.errors import ParamsError
from seedbed.core.params import has_section, read_params
from seedbed.core.stage_options import ENGINE
from seedbed.running import processes
from seedbed.running.code_versions import Version

SERIAL, PROCESSES, RAY = "serial", "processes", "ray"
ALL = 0  # threads of work that takes all there are
FORM = re.compile(rf"({SERIAL}|{RAY}|{PROCESSES}(?::([1-9][0-9]{{0,3}}))?)")


class Engine(NamedTuple):
    """An engine, and the number of its processes; 0: as many as there are cores."""

    name: str
    processes: int = 0


class Job(NamedTuple):
    """The function of a map, which takes a shard; the version of the code behind it; the
    distributions that it loads models from; and the threads it computes on (see `map_texts`)."""

    function: Callable[[Any], Any]
    version: Version | None = None
    libraries: tuple[str, ...] = ()
    threads: int | None = None

    def is_current(self) -> bool:
        """Whether this process runs the code that is in the files."""
        return self.version is None or self.version.is_current()


def chosen() -> Engine:
    """Return the engine for this run. Raises ParamsError for a name that no engine has."""
    if value := os.environ.get(ENGINE):
        return _parsed(value, f"--engine or environment {ENGINE}")
    try:
        has_name = has_section("engine")
    except ParamsError:  # reported by whoever needs the file; a model in use does not
        has_name = False
    name = read_params("engine", str) if has_name else PROCESSES
    return _parsed(name, "params.yaml: engine")


def _parsed(value: str, place: str) -> Engine:
    match = FORM.fullmatch(value)
    if not match:
        expected = f"{SERIAL}, {PROCESSES}, {PROCESSES}:N with N from 1 to 9999, or {RAY}"
        raise ParamsError(place, f"`{value[:60]}`", expected, "correct the name")
    return Engine(match[1].partition(":")[0], int(match[2] or 0))


def map_shards(function: Callable[[Any], Any], shards: Sequence[Any]) -> list[Any]:
    """Return `function(shard)` of each shard, in the order of the shards.

    `function` is a module-level function, or functools.partial of one. Raises what it raises for
    the first shard for which it does, and SeedbedError for workers that cannot do the work.
    """
    results = dict(finished(Job(function), chosen(), shards))
    return [results[index] for index in range(len(shards))]


def finished(job: Job, engine: Engine, shards: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Yield the index and the result of each shard, in the order they are done."""
    if engine.name == RAY and len(shards) > 1:
        from seedbed.running.on_ray import finished_on_ray

        yield from finished_on_ray(job, shards)
        return
    allowed = 1 if engine.name == SERIAL else _processes(engine, job.threads)
    if allowed == 1 or len(shards) < 3:  # see processes.finished: the third shard may be a helper's
        yield from ((index, job.function(shard)) for index, shard in enumerate(shards))
        return
    yield from processes.finished(job.function, shards, allowed, job.is_current)


def _processes(engine: Engine, threads: int | None) -> int:
    """Return how many processes may work on a map, so that each thread has a core."""
    if threads == ALL or (threads and has_gpu()):
        return 1
    return max(1, (engine.processes or processes.cores()) // (threads or 1))


def has_gpu() -> bool:
    """Whether this process computes networks on CUDA."""
    return "torch" in sys.modules and sys.modules["torch"].cuda.is_available()
