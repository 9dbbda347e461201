"""What the last run cost on this machine, stage by stage: seconds (start-up included), peak memory.

python -m benchmarks.pipeline, after `make` in a new clone ->
benchmarks/results/pipeline_PRECISION.json, where PRECISION is what the models were trained in
"""

import os
from pathlib import Path

from seedbed.core.files import write_json
from seedbed.core.params import read_params
from seedbed.core.stage import last_costs
from seedbed.encoding.encoder import precision
from seedbed.encoding.vectors import EncoderParams

RESULTS = Path("benchmarks/results")
PREPARE_ENDS_WITH = "tokenize"


def main() -> None:
    costs = last_costs()
    names = list(costs)
    prepare = names[: names.index(PREPARE_ENDS_WITH) + 1]
    wanted = read_params("encoder", EncoderParams).precision
    used = str(precision(wanted)).removeprefix("torch.")
    result = {
        "cores": os.cpu_count(),
        "precision": used,
        "seconds": sum(cost["seconds"] for cost in costs.values()),
        "seconds_of_prepare_stages": sum(costs[name]["seconds"] for name in prepare),
        "peak_mb": max(cost["peak_mb"] for cost in costs.values()),
        "stages": {name: [cost["seconds"], cost["peak_mb"]] for name, cost in costs.items()},
    }
    write_json(RESULTS / f"pipeline_{used}.json", result)
    print(
        f"{result['seconds']:.0f} s, prepare {result['seconds_of_prepare_stages']:.0f} s, "
        f"{result['peak_mb']:,} MB"
    )


if __name__ == "__main__":
    main()
