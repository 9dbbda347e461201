"""Models that answer, over three seeds: the example of task `answer` with a model for each.

python -m benchmarks.answers [--threads N] -> benchmarks/results/answers.json

Everything is as in examples/answers/params.yaml but `finetune.seeds`, and where N is given the
threads. The run uses the example's own project, `.seedbed/answers`, whose data stages it shares.
Validation chooses the approach; test rows are read once a run (benchmarks/test_reads.csv).
"""

import argparse
import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from seedbed.core.files import read_json, write_json
from seedbed.core.metrics import EVALUATE
from seedbed.core.rows import HELD_OUT, PREDICTIONS
from seedbed.scoring.answers import evaluation
from seedbed.scoring.answers.metrics import answer_metrics_in
from seedbed.scoring.metrics_files import AnswerEvaluation, read_evaluation
from seedbed.training.chat.approaches import NAMES

RESULT = Path("benchmarks/results/answers.json")
PROJECT = Path(".seedbed/answers")
SEEDS = [0, 1, 2]


def prepare(threads: int) -> None:
    """Make the example's project with the seeds and threads of this benchmark."""
    subprocess.run(["examples/answers/run.sh", "collect"], check=True)
    yaml, file = YAML(), PROJECT / "params.yaml"
    content = yaml.load(file)
    content["finetune"]["seeds"] = SEEDS
    if threads:
        content["chat"]["threads"] = content["encoder"]["threads"] = threads
    yaml.dump(content, file)


def scores(found: AnswerEvaluation) -> dict[str, Any]:
    """Mean, interval and spread over the seeds of each metric that was measured."""
    return {
        metric.name: found[metric.name].model_dump(mode="json")
        for metric in answer_metrics_in("chosen")
        if metric.name in found.estimates
    }


def figures() -> dict[str, Any]:
    """What the project's run says of every approach and of the base model, and the choice."""
    choice = read_json(Path("reports/choice.json"))
    chosen, by_side = choice["approach"], {}
    for side in HELD_OUT:
        read = {name: read_evaluation(name, side, EVALUATE) for name in NAMES}
        found = {name: one for name, one in read.items() if one}
        predictions = evaluation.with_base(found, PREDICTIONS, side)
        pairs = evaluation.pairs_of(chosen, found, predictions)
        every = evaluation.and_base(found)
        by_side[side] = {
            "rows": found[chosen].rows,
            "approaches": {name: scores(one) for name, one in every.items()},
            "less than chosen": {
                name: {
                    "p": pair.p_holm,
                    **{of: gap.model_dump(mode="json") for of, gap in pair.differences.items()},
                }
                for name, pair in pairs.items()
            },
        }
    return {"seeds": SEEDS, "chosen": chosen, "why": choice["why"], **by_side}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=0, help="of torch; as in params.yaml")
    threads = parser.parse_args().threads
    prepare(threads)
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    for name in NAMES:  # one after the other, as they become ready
        command = [sys.executable, "-m", "dvc", "repro", f"evaluate@{name}"]
        subprocess.run(command, cwd=PROJECT, env=environment, check=True)
    subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "select"], cwd=PROJECT, env=environment, check=True
    )
    with chdir(PROJECT):
        found = figures()
    write_json(RESULT, {"threads": threads, **found})


if __name__ == "__main__":
    main()
