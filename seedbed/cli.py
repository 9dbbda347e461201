"""The `seedbed` command: what people type. `dvc repro` stays the way to run the pipeline."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from seedbed.approaches import NAMES
from seedbed.costs import costs
from seedbed.errors import ForgetError, RowsError, SeedbedError
from seedbed.files import read_json
from seedbed.memo_store import MEMO, Store, clear, is_on, limit_bytes
from seedbed.review_command import review
from seedbed.stage import last_costs

METRICS = Path("reports/metrics")
CHOICE = Path("reports/choice.json")
REPORT = Path("reports/report.md")
BEST = Path("models/best")

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
memo = typer.Typer(
    help="The memo of costly per-text results, .seedbed/memo.sqlite.", no_args_is_help=True
)
app.add_typer(memo, name="memo")
app.command()(review)


@app.callback()
def _commands() -> None:
    """Keeps typer from taking a lone command for the whole program."""


@app.command()
def summary() -> None:
    """The last run in short: rows, suspects, scores, cost, and where the report is."""
    if not REPORT.exists():
        raise RowsError(str(REPORT), "no report yet", "a finished run", "run `dvc repro`")
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(_rows_table(), _scores_table(), _costs_table(), sep="\n")
    console.print(read_json(CHOICE)["why"], highlight=False)
    console.print(f"Report: {REPORT}")


@app.command()
def explain(
    row_id: Annotated[str, typer.Argument(help="a row id, or its first six or more digits")],
    rev: Annotated[str, typer.Option(help="a git revision; without it the workspace")] = "",
) -> None:
    """The life of one row through all stages, in plain words; never its text."""
    from seedbed.explain import explain as lines_on

    print("\n".join(lines_on(row_id, rev)))


@app.command()
def forget(
    row_id: Annotated[str, typer.Option("--id", help="forget this row, not a value")] = "",
    purge: Annotated[
        bool, typer.Option(help="delete old versions in DVC's cache, remotes")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Forget one person or row everywhere. The value is asked for, or read from stdin."""
    from seedbed.forgetting.dvc_remotes import check_purged, check_within_reach
    from seedbed.forgetting.forget import carry_out, plan, told, told_after

    found = plan(row_id=row_id) if row_id else plan(value=_value(yes))
    print("\n".join(told(found, purge)))
    if purge:
        check_within_reach(found.remotes)
    if not yes:
        typer.confirm("Forget this?", abort=True)
    failed = carry_out(found, purge)
    print("\n".join(told_after(found)))
    if purge:
        check_purged(found.remotes, failed)


@app.command()
def freeze(
    replace: Annotated[bool, typer.Option(help="take out rows that are not in test now")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Freeze the present test side: its rows stay in test, and may not be lost or changed."""
    from seedbed.freezing import carry_out, plan, told

    found = plan(replace)
    print("\n".join(told(found)))
    if found.is_new:
        if not yes:
            typer.confirm("Freeze this?", abort=True)
        carry_out(found)
        print("Written. Now run `dvc repro`, and commit data/frozen_test.csv with what it changes.")


@app.command()
def predict(
    source: Annotated[Path, typer.Argument(metavar="IN", help="a table: CSV, TSV, JSONL, Parquet")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="what is written, likewise")],
    column: Annotated[str, typer.Option(help="the column that holds the text")] = "text",
    pair_column: Annotated[str, typer.Option(help="for a model of pairs: the second text")] = "",
    model: Annotated[Path, typer.Option(help="a folder that stage select wrote")] = BEST,
    prefix: Annotated[str, typer.Option(help="before the names of the new columns")] = "",
    chunk_rows: Annotated[int, typer.Option(min=1, help="rows in memory at a time")] = 2048,
) -> None:
    """Label the rows of a table: columns label, probability and, if the model can, out_of_scope."""
    from seedbed.predicting import Columns
    from seedbed.predicting import predict as write_predictions

    counts = write_predictions(
        source, target, model, Columns(column, pair_column, prefix), chunk_rows
    )
    others = {"out of scope": counts["out_of_scope"], "without text": counts["without_text"]}
    told = "".join(f", {number:,} {what}" for what, number in others.items() if number)
    print(f"{target}: {counts['rows']:,} rows{told}")


def _value(yes: bool) -> str:
    """From a prompt that does not show it, or a pipe; never an argument, which other users of the
    machine and the shell's history would see."""
    if sys.stdin.isatty():
        return typer.prompt("Value to forget", hide_input=True)
    if not yes:
        raise ForgetError(
            "stdin", "a value, and nobody to ask", "a terminal, or `--yes`", "add `--yes`"
        )
    return sys.stdin.read().strip()


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


def main() -> None:
    """Run a command; a person's mistake ends in one paragraph and exit code 1."""
    try:
        app()
    except SeedbedError as error:
        print(f"\nseedbed: {error}\n", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
