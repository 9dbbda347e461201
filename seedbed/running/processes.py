"""Helper processes of this machine, which share the work of a map with the driver.

The driver works on shards itself from the start. It starts helpers only once the shards that it has
timed show that the rest takes longer than a helper takes to start, so small work costs nothing
more. Helpers stay for later maps of the same process. They end when their pipe closes, which
happens however the driver ends.
"""

import atexit
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from seedbed.core.errors import SeedbedError
from seedbed.running.worker import receive, send

WORTH_SECONDS = 2.0  # of work that is left, from which helpers are started
DEATHS = 3  # of the process that has a shard, after which the shard is given up
# A helper has one core; torch is given its threads by the work.
ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
) | {"TOKENIZERS_PARALLELISM": "false"}
START = """import sys; sys.path[:] = {path!r}
from seedbed.running.worker import main
main()"""

Finished = tuple[int, bool, Any]  # the shard's index, whether it was done, result or error


class _Map:
    """The shards of a map that nobody has taken yet, and what is done of it."""

    def __init__(
        self, function: Callable[[Any], Any], shards: Sequence[Any], is_current: Callable[[], bool]
    ) -> None:
        self.function, self.shards, self.is_current = function, shards, is_current
        self.pickled = pickle.dumps(function)
        self.finished: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._waiting = deque(range(len(shards)))

    def take(self) -> int | None:
        """Return the index of the next shard; None if there is none."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def left(self) -> int:
        """Return how many shards nobody has taken yet."""
        return len(self._waiting)

    def stop(self) -> int:
        """Let nobody take another shard, and return how many were left."""
        left = 0
        while self.take() is not None:
            left += 1
        return left


class _Helper:
    """A worker process, and the thread of the driver that talks to it."""

    def __init__(self) -> None:
        self.maps: queue.SimpleQueue[_Map] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock, self._is_closed = threading.Lock(), False
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            work = self.maps.get()
            # What it imports for the function, it imports before it takes a shard from others.
            self._asked(pickle.dumps((work.pickled, None)))
            while (index := work.take()) is not None:
                work.finished.put((index, *self._result(work, index)))

    def _result(self, work: _Map, index: int) -> tuple[bool, Any]:
        request = pickle.dumps((work.pickled, pickle.dumps(work.shards[index])))
        code: int | None = None
        for _ in range(DEATHS):
            reply = self._asked(request)
            if reply is not None and not work.is_current():
                return False, edited()
            if reply is not None:
                done, result = pickle.loads(reply)
                return done, result if done else result.error()
            code = self.end()
        return False, died(index, code)

    def _asked(self, request: bytes) -> bytes | None:
        """Return the reply of the process, which is started if there is none; None if it died."""
        try:
            process = self._started()
            if process is None or process.stdin is None or process.stdout is None:
                return None
            send(process.stdin, request)
            return receive(process.stdout)
        except (OSError, ValueError):  # a closed pipe
            return None

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._process is None and not self._is_closed:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", START.format(path=sys.path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=os.environ | ENVIRONMENT,
                )
            return self._process

    def end(self, for_good: bool = False) -> int | None:
        """Kill the process, and return its exit status."""
        with self._lock:
            process, self._process, self._is_closed = self._process, None, for_good
        if process is None:
            return None
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        return code


_HELPERS: list[_Helper] = []


def died(index: int, code: int | None) -> SeedbedError:
    """Return the error for a shard whose worker ended three times, with its last exit status."""
    how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    memory = ", which the system sends when memory runs out" if code == -signal.SIGKILL else ""
    return SeedbedError(
        "a worker process",
        f"it died {DEATHS} times on shard {index + 1}, last by {how}{memory}",
        "a result for each text",
        "run fewer processes (`SEEDBED_ENGINE=processes:2`, or `serial`), or a larger machine",
    )


def edited() -> SeedbedError:
    """Return the error for code that was edited while a stage runs."""
    return SeedbedError(
        "a worker process",
        "the code was edited after this stage had started: a worker may run another version",
        "one version of the code",
        "run the same command again",
    )


def finished(
    function: Callable[[Any], Any],
    shards: Sequence[Any],
    processes: int,
    is_current: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[int, Any]]:
    """Yield (index of the shard, `function(shard)`) of every shard, in the order they are done, by
    this process and at most `processes` - 1 helpers.

    `is_current`: whether the code that helpers import is that of this process. Raises SeedbedError
    if it is not, or if a helper dies again and again; and what `function` raised for the first
    shard, in order, for which it did.
    """
    work = _Map(function, shards, is_current)
    done, expected, helping, failed = 0, len(shards), False, dict[int, Exception]()
    try:
        while done < expected:
            start = time.perf_counter()
            if (index := work.take()) is not None:
                work.finished.put((index, *_own(function, shards[index])))
                seconds = (time.perf_counter() - start) * work.left()
                # The first shard takes what loading a model takes, and says nothing of the rest.
                if index and not helping and processes > 1 and seconds > WORTH_SECONDS:
                    helping = True
                    _help(work, min(processes - 1, work.left()))
            for number, is_done, value in _drained(work.finished, wait=index is None):
                done += 1
                if not is_done:
                    failed[number] = value
                    expected -= work.stop()
                elif not failed:
                    yield number, value
    finally:
        work.stop()
    if failed:
        raise failed[min(failed)]


def _own(function: Callable[[Any], Any], shard: Any) -> tuple[bool, Any]:
    try:
        return True, function(shard)
    except Exception as error:
        return False, error


def _drained(results: "queue.SimpleQueue[Finished]", wait: bool) -> Iterator[Finished]:
    """Yield what is in the queue; `wait` for the first."""
    with suppress(queue.Empty):
        if wait:
            yield results.get()
        while True:
            yield results.get_nowait()


def _help(work: _Map, number: int) -> None:
    while len(_HELPERS) < number:
        _HELPERS.append(_Helper())
    for helper in _HELPERS[:number]:
        helper.maps.put(work)


@atexit.register
def end_helpers() -> None:
    """Kill all helper processes; a later map starts new ones."""
    for helper in _HELPERS:
        helper.end(for_good=True)
    _HELPERS.clear()


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
