"""The last run: `seedbed summary`, and the memo behind it: `seedbed memo`."""

import sys
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from seedbed.approaches import NAMES
from seedbed.core.errors import RowsError
from seedbed.core.files import read_json
from seedbed.core.metrics import read_metrics
from seedbed.core.stage import PREDICTION_COSTS, last_costs
from seedbed.pages.numbers import interval
from seedbed.running.memo import MEMO, Store, clear, is_on, limit_bytes
from seedbed.scoring.metrics_files import Choice, ModelCosts, read_test, read_validation

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


def costs(models: dict[str, ModelCosts]) -> dict[str, dict[str, float]]:
    """Collect, by approach, what was measured on this machine.

    That is training seconds (of the whole stage, with start-up and validation), tokens per second
    in them, peak megabytes, the model's megabytes, and predictions per second.
    """
    stages, predicted = last_costs(), last_costs(PREDICTION_COSTS)
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


memo = typer.Typer(
    help="The memo of costly per-text results, .seedbed/memo.sqlite.", no_args_is_help=True
)


@memo.command()
def stats() -> None:
    """How many results are kept, by operation, and how large the file is."""
    table = Table("operation", "results", "MB", box=None)
    size = 0
    if MEMO.exists():
        size = MEMO.stat().st_size
        with Store() as store:
            for kept in store.stats():
                table.add_row(kept.operation, f"{kept.results:,}", f"{kept.bytes / 2**20:,.1f}")
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(table)
    console.print(
        f"{MEMO}: {size / 2**20:,.1f} MB of at most {limit_bytes() / 2**20:,.0f} MB"
        + ("" if is_on() else "; SEEDBED_MEMO=off: not in use"),
        highlight=False,
    )


@memo.command(name="clear")
def clear_memo() -> None:
    """Forget all results; the next run works them out again and gives the same."""
    print(f"{MEMO}: {clear():,} results forgotten")
