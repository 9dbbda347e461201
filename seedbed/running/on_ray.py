"""Ray Core: shards as tasks on the nodes of a cluster, or given to actors that keep a loaded model.

The cluster is that of RAY_ADDRESS, or the one that runs on this machine. Each node has this project
installed in the same versions, which is checked before any work and again in every worker process,
so that nodes may join later. A shard whose node or process dies is given to another one.
"""

import importlib
import os
import pickle
import platform
import re
import socket
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, NamedTuple

from seedbed.core.errors import CLIP, SeedbedError
from seedbed.running import engines
from seedbed.running.code_versions import Versions, version_of
from seedbed.running.processes import DEATHS
from seedbed.running.worker import Failure, attempt

ADDRESS = re.compile(r"(?:ray://)?\[?([^/]+?)\]?:([0-9]{1,5})")
CONNECT_SECONDS = 10.0
WAIT_SECONDS = 2.0  # after which nodes that have joined get work
CHECK_SECONDS = 120.0  # for a node's answer before any work: its first process imports the code
SHOWN = 5  # differences of a node


class Task(NamedTuple):
    """What a worker process gets besides the shard: the function, the one whose version counts
    and the distributions it loads from, pickled; that version; and the driver's folder."""

    function: bytes
    versioned: bytes
    version: Versions
    folder: str


def finished_on_ray(job: engines.Job, shards: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Yield the index and the result of each shard, in the order they are done.

    Raises SeedbedError without a cluster, for a node of other versions and for a shard on which
    three processes died; and what the function raised for the first shard for which it did.
    """
    ray = _connected()
    task = _task(job)
    _check_nodes(ray, task)
    crew = _Crew(ray, ray.put(task), job)
    waiting, deaths, failed = deque(range(len(shards))), Counter[int](), dict[int, Exception]()
    try:
        while (waiting and not failed) or any(at < min(failed, default=at + 1) for at in crew.at()):
            while waiting and not failed and crew.has_room(len(waiting)):
                index = waiting.popleft()
                crew.give(index, shards[index])
            for index, reply in crew.replies():
                if isinstance(reply, Exception):
                    deaths[index] += 1
                    waiting.appendleft(index)
                    if deaths[index] == DEATHS:
                        failed[index] = _died(index, reply)
                    continue
                is_done, result = pickle.loads(reply)
                if is_done and not failed:
                    yield index, result
                elif not is_done:
                    failed[index] = result.error()
    finally:
        crew.dismiss()
    if failed:
        raise failed[min(failed)]


def _connected() -> Any:
    """Return the module ray, connected. Raises SeedbedError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        # No import statement: whether Ray is installed changes no result, and no version of code.
        ray = importlib.import_module("ray")
    except ModuleNotFoundError:
        step = "`pip install 'seedbed[ray]'`, or choose another engine"
        raise SeedbedError("engine ray", "Ray is not installed", "it", step) from None
    if not ray.is_initialized():
        address = os.environ.get("RAY_ADDRESS") or "auto"
        try:
            # Ray itself tries for ten minutes.
            if match := ADDRESS.fullmatch(address):
                socket.create_connection((match[1], int(match[2])), CONNECT_SECONDS).close()
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except Exception as error:
            said = " ".join(str(error).split())[:CLIP]
            place = f"engine ray: RAY_ADDRESS {os.environ.get('RAY_ADDRESS') or '(not set)'}"
            step = "start its first node by `ray start --head`, and set RAY_ADDRESS=HOST:6379"
            raise SeedbedError(place, said, "a Ray cluster that answers", step) from None
    return ray


def _task(job: engines.Job) -> Task:
    work = job.function
    while isinstance(work, partial):
        work = work.keywords.get("work", work.func)
    version = job.version or version_of(work, job.libraries)
    versioned = pickle.dumps((work, job.libraries))
    return Task(pickle.dumps(job.function), versioned, version.content, os.getcwd())


def _check_nodes(ray: Any, task: Task) -> None:
    """Raise SeedbedError if a node has other versions, before any of them works."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    affinity = importlib.import_module("ray.util.scheduling_strategies")
    for node in nodes:
        where = affinity.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        check = ray.remote(_answer).options(num_cpus=0, max_retries=0, scheduling_strategy=where)
        try:
            reply = ray.get(check.remote(task, None), timeout=CHECK_SECONDS)
        except (ray.exceptions.NodeDiedError, ray.exceptions.TaskUnschedulableError):
            continue  # it has left the cluster
        except Exception as error:
            raise _defect(error, node["NodeManagerAddress"]) from None
        is_right, failure = pickle.loads(reply)
        if not is_right:
            raise failure.error()


def _answer(task: Task, shard: bytes | None) -> bytes:
    """Return the reply for a shard, in a process of a node; without one, for the versions alone."""
    if found := _differences(task.versioned, pickle.dumps(task.version)):
        error = SeedbedError(
            f"Ray node {platform.node()}",
            f"other versions than the driver's: {found}",
            "the same versions on every node",
            "install the driver's version of seedbed and its requirements.lock there",
        )
        return pickle.dumps((False, Failure.of(error)))
    with suppress(OSError):  # a relative path of a model means the driver's; texts need none
        os.chdir(task.folder)
    return attempt(task.function, shard)


@lru_cache(maxsize=64)
def _differences(versioned: bytes, expected: bytes) -> str:
    """Return in which versions this process differs from the driver's, "" if in none."""
    function, libraries = pickle.loads(versioned)
    here: Versions = version_of(function, libraries).content
    there: Versions = pickle.loads(expected)
    pairs = [("Python", here.python, there.python)]
    for own, other in ((here.libraries, there.libraries), (here.files, there.files)):
        names = sorted({*own, *other})
        pairs += [(name, own.get(name, "none"), other.get(name, "none")) for name in names]
    differences = [
        f"{name} {own[:12]} ({other[:12]} in the driver)"
        for name, own, other in pairs
        if own != other
    ]
    more = len(differences) - SHOWN
    return ", ".join(differences[:SHOWN]) + (f" and {more} more" if more > 0 else "")


class _Holder:
    """An actor: a process that keeps what the work has loaded, such as an encoder."""

    def ready(self) -> None:
        """Return once the process runs."""

    def answer(self, task: Task, shard: bytes) -> bytes:
        """Return the reply for a shard."""
        return _answer(task, shard)


class _Crew:
    """The workers of a map: tasks, or actors for work that loads a model."""

    def __init__(self, ray: Any, task: Any, job: engines.Job) -> None:
        self._ray, self._task = ray, task
        self._cpus = max(1, job.threads or 1)
        self._uses_gpu = bool(job.threads) and engines.has_gpu()
        needs = {"num_cpus": self._cpus} | ({"num_gpus": 1} if self._uses_gpu else {})
        self._call: Any = ray.remote(_answer).options(
            max_retries=0, scheduling_strategy="SPREAD", **needs
        )
        self._actor: Any = None
        if job.threads or job.libraries:
            self._actor = ray.remote(_Holder).options(
                max_restarts=0, scheduling_strategy="SPREAD", **needs
            )
        self._given: dict[Any, tuple[int, Any]] = {}  # by the reference of a result
        self._starting: dict[Any, Any] = {}  # actors by the reference of their readiness
        self._free: list[Any] = []
        self._lost = 0  # actors that died before they were ready

    def at(self) -> list[int]:
        """Return the indices of the shards that are given out."""
        return [index for index, _ in self._given.values()]

    def has_room(self, waiting: int) -> bool:
        """Whether a worker can take a shard now; start actors for those `waiting` if not."""
        places = self._places()
        if self._actor is None:
            return len(self._given) < 2 * places  # one that runs, one that is next
        actors = len(self._given) + len(self._starting) + len(self._free)
        for _ in range(min(places - actors, waiting - len(self._starting) - len(self._free))):
            actor = self._actor.remote()
            self._starting[actor.ready.remote()] = actor
        return bool(self._free)

    def _places(self) -> int:
        resources = self._ray.cluster_resources()
        if self._uses_gpu:
            return max(1, int(resources.get("GPU", 0)))
        return max(1, int(resources.get("CPU", 0)) // self._cpus)

    def give(self, index: int, shard: Any) -> None:
        """Give a shard to a worker; `has_room` says whether there is one."""
        content = pickle.dumps(shard)
        if self._actor is None:
            self._given[self._call.remote(self._task, content)] = (index, None)
        else:
            actor = self._free.pop()
            self._given[actor.answer.remote(self._task, content)] = (index, actor)

    def replies(self) -> Iterator[tuple[int, Any]]:
        """Wait a little, and yield the index of each shard that came back with its reply, or with
        the error of Ray for a worker that died. Raises SeedbedError for a defect."""
        waiting = [*self._given, *self._starting]
        ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        ready = ready or self._ray.wait(waiting, num_returns=1, timeout=WAIT_SECONDS)[0]
        for reference in ready:
            index, actor = self._given.pop(reference, (None, self._starting.pop(reference, None)))
            try:
                reply = self._ray.get(reference)
            except self._ray.exceptions.RayTaskError as error:
                raise _defect(error, "a node") from None
            except self._ray.exceptions.RayError as error:
                reply = error
                self._lost += index is None
                if self._lost > DEATHS * self._places():
                    raise _defect(error, "a node") from None
            else:
                self._free += [] if actor is None else [actor]
            if index is not None:
                yield index, reply

    def dismiss(self) -> None:
        """Cancel what is given out and end the actors."""
        for reference, (_, actor) in self._given.items():
            with suppress(Exception):
                if actor is None:
                    self._ray.cancel(reference, force=True)
                else:
                    self._ray.kill(actor)
        for actor in [*self._free, *self._starting.values()]:
            with suppress(Exception):
                self._ray.kill(actor)


def _defect(error: Exception, place: str) -> SeedbedError:
    """Return the error for a process that did not come to the work, as without this project."""
    cause = getattr(error, "cause", None) or error
    said = " ".join(str(cause).split())[:CLIP]
    step = "install the driver's version of seedbed and its requirements.lock there"
    return SeedbedError(f"Ray node {place}", f"{type(cause).__name__}: {said}", "an answer", step)


def _died(index: int, error: Exception) -> SeedbedError:
    """Return the error for a shard on which three processes died."""
    is_memory = type(error).__name__ == "OutOfMemoryError"
    how = "because memory ran out" if is_memory else f"({type(error).__name__})"
    return SeedbedError(
        "a Ray worker",
        f"it died {DEATHS} times on shard {index + 1}, last {how}",
        "a result for each text",
        "give nodes fewer CPUs (`ray start --num-cpus`) or more memory, or choose another engine",
    )
