"""What each approach costs on this machine: clock readings, which no stage output may hold.

Seconds and memory of whole stages are kept by `stage`; how fast a model predicts is kept here, in
`.seedbed/prediction_costs.jsonl`, which neither git nor DVC knows.
"""

import json
from pathlib import Path
from typing import Any

from seedbed.core.stage import last_costs

PREDICTIONS = Path(".seedbed/prediction_costs.jsonl")


def note_predictions(approach: str, rows: int, tokens: int, seconds: float) -> None:
    """Keep how long a loaded model took for these rows."""
    PREDICTIONS.parent.mkdir(exist_ok=True)
    line = {"approach": approach, "rows": rows, "tokens": tokens, "seconds": round(seconds, 3)}
    with PREDICTIONS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def costs(models: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """By approach: training seconds (of the whole stage, start-up and validation too), tokens a
    second in them, peak megabytes, the model's megabytes, predictions a second; only what was
    measured here. `models`: what validation.json says of each approach's `model`."""
    stages, predicted = last_costs(), _last_predictions()
    result = {}
    for name, model in models.items():
        found: dict[str, float] = {"model_mb": model["megabytes"]}
        if spent := stages.get(f"finetune@{name}"):
            found |= {"training_seconds": spent["seconds"], "peak_mb": spent["peak_mb"]}
            if model["training_tokens"] and spent["seconds"]:
                rate = model["training_tokens"] / spent["seconds"]
                found["training_tokens_a_second"] = round(rate)
        if (one := predicted.get(name)) and one["seconds"]:
            found["predictions_a_second"] = round(one["rows"] / one["seconds"])
        result[name] = found
    return result


def _last_predictions() -> dict[str, dict[str, float]]:
    if not PREDICTIONS.exists():
        return {}
    lines = [json.loads(line) for line in PREDICTIONS.read_text(encoding="utf-8").splitlines()]
    return {line["approach"]: line for line in lines}
