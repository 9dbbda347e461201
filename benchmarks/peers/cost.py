"""What a piece of work costs in this process; both sides of a comparison are measured by this.

Standard library alone: peers run it in environments that hold nothing of Seedbed.
"""

import json
import resource
import time
from collections.abc import Callable
from typing import Any


def measured(work: Callable[[], Any]) -> dict[str, Any]:
    """What the work gave ("made"), its wall and processor seconds, and the process's peak memory.

    `peak_mb` counts all that the process did up to now, imports too.
    """
    start, cpu_start = time.perf_counter(), time.process_time()
    made = work()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb, "made": made}


def tell(cost: dict[str, Any]) -> None:
    """Print a cost as the one line that benchmarks/turns.py reads."""
    print(json.dumps(cost))
