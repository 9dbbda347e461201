"""What the last run cost on this machine, stage by stage: seconds (start-up included), peak memory.

python -m benchmarks.pipeline, after `make` in a new clone -> benchmarks/results/pipeline.json
"""

import os
from pathlib import Path

from seedbed.encoder import precision
from seedbed.files import write_json
from seedbed.stage import last_costs

RESULT = Path("benchmarks/results/pipeline.json")
PREPARE_ENDS_WITH = "tokenize"


def main() -> None:
    costs = last_costs()
    names = list(costs)
    prepare = names[: names.index(PREPARE_ENDS_WITH) + 1]
    result = {
        "cores": os.cpu_count(),
        "precision": str(precision("auto")),
        "seconds": sum(cost["seconds"] for cost in costs.values()),
        "seconds_of_prepare_stages": sum(costs[name]["seconds"] for name in prepare),
        "peak_mb": max(cost["peak_mb"] for cost in costs.values()),
        "stages": {name: [cost["seconds"], cost["peak_mb"]] for name, cost in costs.items()},
    }
    write_json(RESULT, result)
    print(
        f"{result['seconds']:.0f} s, prepare {result['seconds_of_prepare_stages']:.0f} s, "
        f"{result['peak_mb']:,} MB"
    )


if __name__ == "__main__":
    main()
