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
from seedbed.core.stage import last_costs
from seedbed.scoring.costs import costs

METRICS = Path("reports/metrics")
CHOICE = Path("reports/choice.json")
REPORT = Path("reports/report.md")


def summary() -> None:
    """The last run in short: rows, suspects, scores, cost, and where the report is."""
    if not REPORT.exists():
        raise RowsError(str(REPORT), "no report yet", "a finished run", "run `dvc repro`")
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(_rows_table(), _scores_table(), _costs_table(), sep="\n")
    console.print(read_json(CHOICE)["why"], highlight=False)
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
        sides = {
            side: read_json(METRICS / "evaluate" / name / f"{side}.json")
            for side in ("validation", "test")
        }
        if not sides["test"]["run"]:
            table.add_row(name, "off", "", "")
            continue
        cells = [
            sides["validation"]["macro_f1"],
            sides["test"]["accuracy"],
            sides["test"]["macro_f1"],
        ]
        table.add_row(
            name, *(f"{one['mean']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in cells)
        )
    return table


def _costs_table() -> Table:
    """What each approach cost on this machine; training counts its whole stage."""
    table = Table("approach", "training s", "tokens/s", "peak MB", "model MB", "predictions/s",
                  box=None)  # fmt: skip
    metrics = {name: read_json(METRICS / "evaluate" / name / "validation.json") for name in NAMES}
    models = {name: found["model"] for name, found in metrics.items() if found["run"]}
    keys = ("training_seconds", "training_tokens_a_second", "peak_mb", "model_mb",
            "predictions_a_second")  # fmt: skip
    for name, found in costs(models).items():
        table.add_row(name, *(f"{found[key]:,}" if key in found else "" for key in keys))
    return table
