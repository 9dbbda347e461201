"""How a stage runs: errors as one paragraph, costs recorded, progress shown.

No stage output contains a clock reading. The cost of a stage goes to `.seedbed/costs.jsonl`, which
is in neither git nor DVC, and `seedbed summary` shows it.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil

from seedbed.core.errors import SeedbedError

COSTS = Path(".seedbed/costs.jsonl")

Item = TypeVar("Item")


def run(name: str, main: Callable[[], str]) -> None:
    """Run a stage's `main`, which returns one line on what it did.

    Exit with 1 and one paragraph on a SeedbedError; any other error keeps its traceback.
    """
    gc.freeze()
    gc.enable()
    try:
        line = main()
    except SeedbedError as error:
        print(f"\nseedbed: {name}: {error}\n", file=sys.stderr)
        sys.exit(1)
    finally:
        gc.freeze()  # or the interpreter walks every object of torch once more before it ends
    seconds = time.time() - psutil.Process().create_time()  # imports are part of the cost
    usage = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    megabytes = usage / (2**20 if sys.platform == "darwin" else 2**10)
    COSTS.parent.mkdir(exist_ok=True)
    cost = {"stage": name, "seconds": round(seconds, 1), "peak_mb": round(megabytes)}
    with COSTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(cost) + "\n")
    print(f"{name}: {line} ({seconds:.1f} s, {megabytes:,.0f} MB)", flush=True)


def last_costs() -> dict[str, dict[str, float]]:
    """Return the last cost of each stage on this machine: seconds and peak megabytes."""
    if not COSTS.exists():
        return {}
    lines = [json.loads(line) for line in COSTS.read_text(encoding="utf-8").splitlines()]
    return {line["stage"]: line for line in lines}


def progress(items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items; on a terminal show a bar with the count and the time left.

    An empty label shows no bar, for work inside that of another bar.
    """
    if not label or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(items, total=total)
