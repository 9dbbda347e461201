"""How a stage runs: errors as one paragraph, costs recorded, progress shown.

No stage output contains a clock reading. The cost of a stage goes to `.seedbed/costs.jsonl`, the
speed of a model's predictions to `.seedbed/prediction_costs.jsonl`. Both are in neither git nor
DVC, and `seedbed summary` shows them.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import psutil

from seedbed.core.errors import SeedbedError

COSTS = Path(".seedbed/costs.jsonl")
PREDICTION_COSTS = Path(".seedbed/prediction_costs.jsonl")

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
    _note(COSTS, {"stage": name, "seconds": round(seconds, 1), "peak_mb": round(megabytes)})
    print(f"{name}: {line} ({seconds:.1f} s, {megabytes:,.0f} MB)", flush=True)


def last_costs() -> dict[str, dict[str, float]]:
    """Return the last cost of each stage on this machine: seconds and peak megabytes."""
    return _last(COSTS, "stage")


def note_predictions(approach: str, rows: int, tokens: int, seconds: float) -> None:
    """Note how long a loaded model took for these rows."""
    cost = {"approach": approach, "rows": rows, "tokens": tokens, "seconds": round(seconds, 3)}
    _note(PREDICTION_COSTS, cost)


def last_predictions() -> dict[str, dict[str, float]]:
    """Return the last speed of each approach's model on this machine: rows, tokens and seconds."""
    return _last(PREDICTION_COSTS, "approach")


def _note(file: Path, cost: Mapping[str, object]) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(cost) + "\n")


def _last(file: Path, key: str) -> dict[str, dict[str, float]]:
    if not file.exists():
        return {}
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return {line[key]: line for line in lines}


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
