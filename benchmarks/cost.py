"""What each approach cost on this machine beside how good it is: seconds, memory, speed.

python -m benchmarks.cost, after `make` -> benchmarks/results/cost.json
"""

import os
from pathlib import Path
from typing import Any

from seedbed.approaches import NAMES
from seedbed.commands.repository import costs
from seedbed.core.files import write_json
from seedbed.core.params import read_params
from seedbed.encoding.encoder import precision
from seedbed.encoding.vectors import EncoderParams
from seedbed.scoring.metrics_files import read_validation

METRICS = Path("reports/metrics/evaluate")
RESULT = Path("benchmarks/results/cost.json")


def main() -> None:
    validations = {name: found for name in NAMES if (found := read_validation(name, METRICS))}
    measured = costs({name: found.model for name, found in validations.items()})
    wanted = read_params("encoder", EncoderParams).precision
    lines: dict[str, Any] = {
        name: {"validation_macro_f1": found["macro_f1"].mean, **measured[name]}
        for name, found in validations.items()
    }
    used = str(precision(wanted)).removeprefix("torch.")
    write_json(RESULT, {"cores": os.cpu_count(), "precision": used, "approaches": lines})
    for name, line in lines.items():
        print(name, line)


if __name__ == "__main__":
    main()
