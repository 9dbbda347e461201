"""`seedbed summary`: the last run in short."""

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from seedbed.approaches import NAMES
from seedbed.core.errors import RowsError
from seedbed.core.files import read_json
from seedbed.core.metrics import read_metrics
from seedbed.core.stage import last_costs
from seedbed.pages.numbers import interval
from seedbed.scoring.costs import costs
from seedbed.scoring.metrics_files import Choice, read_test, read_validation

METRICS = Path("reports/metrics")
EVALUATE = METRICS / "evaluate"
CHOICE = Path("reports/choice.json")
REPORT = Path("reports/report.md")


def summary() -> None:
    """The last run in short: rows, suspects, scores, cost, and where the report is."""
    if not REPORT.exists():
        raise RowsError(str(REPORT), "no report yet", "a finished run", "run `dvc repro`")
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(_rows_table(), _scores_table(), _costs_table(), sep="\n")
    console.print(read_metrics(CHOICE, Choice).why, highlight=False)
    console.print(f"Report: {REPORT}")


def _rows_table() -> Table:
    stages = last_costs()
    table = Table("stage", "rows kept", "dropped, by reason", "seconds", "peak MB", box=None)
    for name in _stage_names():
        file = METRICS / f"{name}.json"
        found: dict[str, Any] = read_json(file) if file.exists() else {}
        rows = found.get("rows", {})
        reasons = ", ".join(f"{n:,} {why}" for why, n in rows.get("dropped_by_reason", {}).items())
        if "suspects" in found:
            reasons = ", ".join(filter(None, [reasons, f"{found['suspects']} suspects"]))
        cost = stages.get(name, {})
        table.add_row(
            name,
            f"{rows['kept']:,}" if rows else "",
            reasons,
            str(cost.get("seconds", "")),
            f"{cost.get('peak_mb', '')}",
        )
    return table


def _stage_names() -> list[str]:
    """The stages in the order of dvc.yaml, finetune@full and the like for those with a matrix."""
    stages = YAML(typ="safe").load(Path("dvc.yaml"))["stages"]
    return [
        full
        for name, stage in stages.items()
        for full in (
            [f"{name}@{item}" for item in stage["matrix"]["approach"]]
            if "matrix" in stage
            else [name]
        )
    ]


def _scores_table() -> Table:
    table = Table("approach", "validation macro-F1", "test accuracy", "test macro-F1", box=None)
    for name in NAMES:
        validation, test = read_validation(name, EVALUATE), read_test(name, EVALUATE)
        if not validation or not test:
            table.add_row(name, "off", "", "")
            continue
        cells = (validation["macro_f1"], test["accuracy"], test["macro_f1"])
        table.add_row(name, *map(interval, cells))
    return table


def _costs_table() -> Table:
    """What each approach cost on this machine; training counts its whole stage."""
    table = Table("approach", "training s", "tokens/s", "peak MB", "model MB", "predictions/s",
                  box=None)  # fmt: skip
    models = {name: found.model for name in NAMES if (found := read_validation(name, EVALUATE))}
    keys = ("training_seconds", "training_tokens_a_second", "peak_mb", "model_mb",
            "predictions_a_second")  # fmt: skip
    for name, cost in costs(models).items():
        table.add_row(name, *(f"{cost[key]:,}" if key in cost else "" for key in keys))
    return table
