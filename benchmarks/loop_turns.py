"""Two training loops in threads of one process that take a step each in turn.

Neither loop is written out here: each calls `step` once in every step of its own, from a hook that
it has anyway, so that all it does between two calls counts: fetching and collating a batch, the
step itself, clipping, schedules, logging. While one works the other waits, so process time is its.
"""

import threading
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

PATIENCE_SECONDS = 3600  # after that the other loop is taken for dead


class Over(Exception):
    """Raised inside a loop once it has taken all its steps."""


class Turns:
    """Seconds and tokens of each loop's steps, `rounds` of them after a first one that warms up."""

    def __init__(self, names: tuple[str, str], rounds: int):
        self._other = dict(zip(names, reversed(names), strict=True))
        self._turn = {name: threading.Semaphore(0) for name in names}
        self._since: dict[str, tuple[float, float]] = {}
        self.rounds, self.failed = rounds, False
        self.seconds: dict[str, list[float]] = {name: [] for name in names}
        self.cpu_seconds: dict[str, list[float]] = {name: [] for name in names}
        self.tokens: dict[str, list[int]] = {name: [] for name in names}
        self._turn[names[0]].release()

    def step(self, name: str) -> None:
        """End the loop's step, let the other take one, begin the next. The first call begins only.
        Raises Over after the last."""
        if name in self._since:
            wall, cpu = self._since[name]
            self.seconds[name].append(time.perf_counter() - wall)
            self.cpu_seconds[name].append(time.process_time() - cpu)
            self._turn[self._other[name]].release()
            if len(self.seconds[name]) > self.rounds:
                raise Over
        if not self._turn[name].acquire(timeout=PATIENCE_SECONDS) or self.failed:
            raise Over
        self._since[name] = time.perf_counter(), time.process_time()

    def run(self, loops: Mapping[str, Callable[[], object]]) -> None:
        """Run both loops to their ends. An error of either ends both and is raised."""
        errors: list[BaseException] = []

        def guarded(name: str) -> None:
            try:
                loops[name]()
            except Over:
                pass
            except BaseException as error:
                errors.append(error)
                self.failed = True
            finally:
                self._turn[self._other[name]].release()

        threads = [threading.Thread(target=guarded, args=(name,)) for name in loops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def figures(self) -> dict[str, Any]:
        """Medians of tokens a second, by wall and by processor, and of their ratios, the first loop
        to the second, over pairs of steps that follow each other."""
        found: dict[str, Any] = {"steps": self.rounds}
        for kind, taken in (("wall", self.seconds), ("processor", self.cpu_seconds)):
            speeds = {
                name: [
                    count / seconds
                    for count, seconds in zip(self.tokens[name][1:], values[1:], strict=False)
                ]
                for name, values in taken.items()
            }
            ours, theirs = speeds.values()
            found[kind] = {name: median(values) for name, values in speeds.items()}
            ratios = [a / b for a, b in zip(ours, theirs, strict=False)]
            found[kind]["times_as_fast"] = median(ratios)
        return found
