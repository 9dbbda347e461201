"""What each approach costs on this machine: clock readings, which no stage output may hold.

Seconds and memory of whole stages are noted by `core.stage`, the speed of predictions here, in
`.seedbed/prediction_costs.jsonl`, which is in neither git nor DVC.
"""

import json
from pathlib import Path

from seedbed.core.stage import last_costs
from seedbed.scoring.metrics_files import ModelCosts

PREDICTIONS = Path(".seedbed/prediction_costs.jsonl")


def note_predictions(approach: str, rows: int, tokens: int, seconds: float) -> None:
    """Note how long a loaded model took for these rows."""
    PREDICTIONS.parent.mkdir(exist_ok=True)
    line = {"approach": approach, "rows": rows, "tokens": tokens, "seconds": round(seconds, 3)}
    with PREDICTIONS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def costs(models: dict[str, ModelCosts]) -> dict[str, dict[str, float]]:
    """Collect, by approach, what was measured on this machine.

    That is training seconds (of the whole stage, with start-up and validation), tokens per second
    in them, peak megabytes, the model's megabytes, and predictions per second.
    """
    stages, predicted = last_costs(), _last_predictions()
    result = {}
    for name, model in models.items():
        cost: dict[str, float] = {"model_mb": model.megabytes}
        if spent := stages.get(f"finetune@{name}"):
            cost |= {"training_seconds": spent["seconds"], "peak_mb": spent["peak_mb"]}
            if model.training_tokens and spent["seconds"]:
                rate = model.training_tokens / spent["seconds"]
                cost["training_tokens_a_second"] = round(rate)
        if (last := predicted.get(name)) and last["seconds"]:
            cost["predictions_a_second"] = round(last["rows"] / last["seconds"])
        result[name] = cost
    return result


def _last_predictions() -> dict[str, dict[str, float]]:
    if not PREDICTIONS.exists():
        return {}
    lines = [json.loads(line) for line in PREDICTIONS.read_text(encoding="utf-8").splitlines()]
    return {line["approach"]: line for line in lines}
